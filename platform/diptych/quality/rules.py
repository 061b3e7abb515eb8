"""What a quality rule is, and the register of all of them.

A rule measures one number in a session. A study sets its threshold in `[quality]` under the rule's
name: `min_…` is the least and `max_…` the greatest value that is allowed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diptych import tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diptych.quality.related_sessions import Others
    from diptych.sessions.facts import SessionFacts
    from diptych.tasks import Task


@dataclass(frozen=True)
class Seen:
    """One session as the rules look at it.

    Attributes
    ----------
    facts : SessionFacts
        The session with its trials and events.
    others : Others
        What is known beyond the session.
    """

    facts: SessionFacts
    others: Others

    @property
    def session(self) -> Any:
        """The session's row."""
        return self.facts.session

    @cached_property
    def counted(self) -> Sequence[Mapping[str, Any]]:
        """The answered trials outside practice."""
        return self.facts.counted

    @cached_property
    def times(self) -> list[float]:
        """Response times outside practice, in ms."""
        return [float(trial["rt_ms"]) for trial in self.counted]

    @cached_property
    def task(self) -> Task:
        """The task, as the session's condition has it."""
        content = self.facts.content
        task_class = tasks.REGISTRY.get(content.spec.task.name)
        return task_class(content, content.spec.condition(self.session.condition))


@dataclass(frozen=True)
class Found:
    """What a rule has measured.

    Attributes
    ----------
    value : float
        The number that is held against the threshold.
    words : str
        What it was, as the beginning of a sentence: `7 of 10 catch trials were right`.
    """

    value: float
    words: str


@dataclass(frozen=True)
class Rule:
    """One quality rule.

    Attributes
    ----------
    name : str
        Its key in `[quality]`.
    title : str
        A few words for tables.
    description : str
        What it measures, and how, in a sentence or two.
    unit : str
        Of the value and the threshold; empty for shares and counts.
    measure : Callable[[Seen], Found | None]
        Finds the value in a session; None where there is nothing to measure.
    unfinished : bool
        Whether it says something of sessions that did not complete, too.
    soft : bool
        A hint that many honest sessions give, too: it never decides alone.
    """

    name: str
    title: str
    description: str
    unit: str
    measure: Callable[[Seen], Found | None]
    unfinished: bool = False
    soft: bool = False

    @property
    def least(self) -> bool:
        """Whether the threshold is the least value allowed, and not the greatest."""
        return self.name.startswith("min_")

    def breaks(self, value: float, threshold: float) -> bool:
        """Say whether a value speaks against the session; the threshold itself is allowed."""
        return value < threshold if self.least else value > threshold

    def evidence(self, found: Found, threshold: float) -> str:
        """Return one sentence for a person to decide by."""
        bound = "at least" if self.least else "at most"
        return f"{found.words}; allowed is {bound} {number(threshold)}{self.of_unit}."

    @property
    def of_unit(self) -> str:
        """The unit with a space before it; empty where there is none."""
        return f" {self.unit}" if self.unit else ""


#: Every rule by name, in the order in which they are shown.
RULES: dict[str, Rule] = {}
_MODULES = ("published", "answering", "behaviour", "visits", "addresses", "crowd")


def rule(
    name: str,
    title: str,
    description: str,
    *,
    unit: str = "",
    unfinished: bool = False,
    soft: bool = False,
) -> Callable[[Callable[[Seen], Found | None]], Rule]:
    """Make a rule of the function that measures it, and register it."""

    def register(measure: Callable[[Seen], Found | None]) -> Rule:
        made = Rule(name, title, description, unit, measure, unfinished, soft)
        RULES[name] = made
        return made

    return register


def number(value: float) -> str:
    """Write a number for people: 12,345, 0.8, 0.025; at most three significant decimals."""
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Return `1 answer`, `2 answers`."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def load() -> None:
    """Import every module of rules, once."""
    for module in _MODULES:
        importlib.import_module(f"diptych.quality.{module}")
