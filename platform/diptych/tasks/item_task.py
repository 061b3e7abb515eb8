"""What tasks whose trials show items have in common: which items there are, and enough of them."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from diptych.policies import Candidate, Past, Policy
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import PlannedTrial, Task, draw, not_shown, numbers_of, spread


class ItemTask(Task):
    """A task whose trials show items of `items.csv`. A policy chooses the items of the tests."""

    repeatable = True

    @abstractmethod
    def group_of(self, item: FrozenItem) -> str:
        """Return the group that an item belongs to, for the policy."""

    def needed(self) -> dict[str, int]:
        """Return the number of items that a session needs, by kind: one per trial of the phase."""
        return {kind: self.content.spec.trials(kind) for kind in self.phases}

    def item_of(self, trial: PlannedTrial) -> FrozenItem:
        """Return the item that a trial shows."""
        assert trial.item is not None
        return self.content.items[trial.item["item"]]

    @abstractmethod
    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        """Yield the faults of one item of the manifest `file`."""

    def candidates(self, kind: str) -> list[Candidate]:
        """Return the items of a kind, as a policy sees them."""
        items = self.content.items
        return [self._candidates[name] for name, item in items.items() if item.kind == kind]

    @cached_property
    def _candidates(self) -> dict[str, Candidate]:
        """Every item as a candidate, by its id."""
        return {
            item.item_id: Candidate(item.item_id, self.group_of(item), numbers_of(item.attributes))
            for item in self.content.items.values()
        }

    @cached_property
    def _tests(self) -> list[Candidate]:
        return self.candidates("test")

    def tests(self, policy: Policy, rng: random.Random) -> Sequence[Candidate | None]:
        """Return what the test trials show, in order; None for each that is chosen later."""
        trials = self.content.spec.trials("test")
        if policy.adaptive:
            return [None] * trials
        return draw(self._tests, trials, "test", policy, [], rng)

    def plan(self, policy: Policy, rng: random.Random) -> list[PlannedTrial]:
        """Plan practice, and then tests with the catch trials between them."""
        spec = self.content.spec
        tests = self.tests(policy, rng)
        catches = rng.sample(self.candidates("catch"), spec.trials("catch"))
        practice = rng.sample(self.candidates("practice"), spec.trials("practice"))
        order: list[tuple[str, Candidate | None]] = [("practice", each) for each in practice]
        order += spread(tests, catches, rng)
        notices: dict[int, str] = {0: "practice", len(practice): "phase_change"} if practice else {}
        return [
            self.planned(phase, candidate, rng, notices.get(index))
            for index, (phase, candidate) in enumerate(order)
        ]

    @abstractmethod
    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        """Return an item with the order in which its images are shown."""

    def planned(
        self,
        phase: str,
        candidate: Candidate | None,
        rng: random.Random,
        notice: str | None = None,
    ) -> PlannedTrial:
        """Return a trial of a plan; without an item where its candidate is chosen later."""
        item = None if candidate is None else self.arranged(candidate, rng)
        return PlannedTrial(phase, item, notice=notice)

    def choose(
        self, phase: str, policy: Policy, history: Sequence[Past], rng: random.Random
    ) -> Mapping[str, Any]:
        # Practice and catch trials are planned: a policy sees the tests, which it chooses.
        tests = [past for past in history if past.phase == "test"]
        return self.arranged(policy.choose(not_shown(self._tests, policy, tests), tests, rng), rng)

    def candidate_of(self, trial: PlannedTrial) -> Candidate:
        assert trial.item is not None
        return self._candidates[trial.item["item"]]

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
        for kind, trials in self.needed().items():
            needed = min(trials, 1) if kind == "test" and policy.repeats else trials
            there = len(self.candidates(kind))
            if there < needed:
                yield Fault(
                    spec.items.manifest,
                    "kind",
                    f"{there} items of kind {kind}",
                    f"{needed} or more, as many as trials",
                )
        yield from self.policy_faults(policy, policy_key, self._tests, spec.trials("test"))
