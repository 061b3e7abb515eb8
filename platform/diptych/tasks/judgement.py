"""What tasks that ask one question about an item have in common: question, feedback, attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from diptych.policies import Policy
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import TaskParameters
from diptych.tasks.item_task import ItemTask

PHASES = ("practice", "test", "catch")


class JudgementParameters(TaskParameters):
    """Parameters that these tasks share."""

    question: str = Field(
        min_length=1,
        max_length=500,
        description='The question of every trial, such as `"Which has more dots?"`.',
    )
    attribute: str = Field(
        "",
        max_length=100,
        description="Numeric column of items.csv along which figures and the report show the "
        "answers. Empty: none.",
    )
    feedback: tuple[Literal["practice", "test", "catch"], ...] = Field(
        ("practice",),
        description="Phases in which the page shows the right answer, for items that have one.",
    )
    feedback_ms: int = Field(
        1000, ge=0, le=60_000, description="How long feedback stays, in ms; 0: until Continue."
    )
    enable_after_ms: int = Field(
        0, ge=0, le=60_000, description="Time before the page accepts an answer, in ms."
    )
    show_score: bool = Field(
        False, description="Whether the debrief shows the score, for items with a right answer."
    )


class JudgementTask(ItemTask):
    """One question about each item; items may have a right answer."""

    phases = PHASES
    public = ("enable_after_ms",)
    parameters: JudgementParameters

    @property
    def answer_column(self) -> str:
        """The column of items.csv with the right answer."""
        return "answer"

    def group_of(self, item: FrozenItem) -> str:
        return str(item.attributes.get("group") or "")

    def answer_of(self, item: FrozenItem) -> str | None:
        """Return the right answer as items.csv has it; None for an item without one."""
        found = item.attributes.get(self.answer_column)
        return None if found in (None, "") else str(found)

    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        yield from super().faults(policy, policy_key)
        items, name = self.content.items.values(), self.parameters.attribute
        if not name or not items:
            return
        known = {column for item in items for column in item.attributes}
        if name not in known:
            allowed = f"a column of items.csv: {', '.join(sorted(known)) or 'it has no others'}"
            yield Fault("study.toml", "task.attribute", repr(name), allowed)

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        if item.kind not in self.phases:
            yield Fault(file, f"{item.item_id}, kind", repr(item.kind), ", ".join(self.phases))
        if item.kind == "catch" and self.answer_of(item) is None:
            allowed = "the right answer, for an item of kind catch"
            yield Fault(file, f"{item.item_id}, {self.answer_column}", "nothing", allowed)
        name = self.parameters.attribute
        value = item.attributes.get(name) if name else None
        if value not in (None, "") and not isinstance(value, int | float):
            yield Fault(file, f"{item.item_id}, {name}", repr(value), "a number, or nothing")

    def level_of(self, item: FrozenItem) -> float | None:
        """Return the attribute that the study varies, as a number; None where there is none."""
        value = item.attributes.get(self.parameters.attribute)
        return float(value) if isinstance(value, int | float) else None

    def least_rt_ms(self) -> float:
        return float(self.parameters.enable_after_ms)
