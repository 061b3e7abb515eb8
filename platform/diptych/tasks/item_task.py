"""What tasks whose trials show items have in common: which items there are, and enough of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from diptych.policies import Candidate, Policy
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import Task


class ItemTask(Task):
    """A task whose trials show items of `items.csv`. A policy orders the items of the tests."""

    @abstractmethod
    def group_of(self, item: FrozenItem) -> str:
        """Return the group that an item belongs to, for the policy."""

    @abstractmethod
    def needed(self) -> dict[str, int]:
        """Return the number of items that a session needs, by kind."""

    @abstractmethod
    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        """Yield the faults of one item of the manifest `file`."""

    def candidates(self, kind: str) -> list[Candidate]:
        """Return the items of a kind, as a policy sees them."""
        return [
            Candidate(item.item_id, self.group_of(item))
            for item in self.content.items.values()
            if item.kind == kind
        ]

    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        spec = self.content.spec
        if spec.items is None:
            yield Fault("study.toml", "items", "nothing", "a table [items] with the manifest")
            return
        for phase in spec.phases:
            if phase not in self.phases:
                yield Fault("study.toml", f"phases.{phase}", "a phase", ", ".join(self.phases))
        if spec.trials("test") == 0:
            yield Fault("study.toml", "phases.test", "0 trials", "at least one trial")
        if not self.content.items:
            return  # the manifest has said why
        for item in self.content.items.values():
            yield from self.item_faults(item, spec.items.manifest)
        for kind, needed in self.needed().items():
            there = len(self.candidates(kind))
            if there < needed:
                yield Fault(
                    spec.items.manifest,
                    "kind",
                    f"{there} items of kind {kind}",
                    f"{needed} or more, as many as trials",
                )
        if policy.adaptive:
            yield Fault("study.toml", f"{policy_key}.name", repr(policy.name), "no adaptive policy")
        else:
            for message in policy.faults(self.candidates("test"), spec.trials("test")):
                yield Fault("study.toml", policy_key, message, "a policy that fits the items")
