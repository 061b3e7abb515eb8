"""Figures of a study: what is counted of every session, and how the counts are drawn.

A figure counts one session at a time (`count`), and what it counts adds up: the counts of a study
are the sums over its sessions, kept in `tallies`, and no page ever reads all responses. `frame`
turns counts into a tidy table, and `chart` draws the table.

    class Confusion(Figure):
        name, title, reading = "confusion", "Confusion matrix", "Each row is …"

        def count(self, facts): return {key(t["label"], t["response"]): [1] for t in facts.counted}
        def frame(self, counts, content): ...
        def chart(self, frame, content): ...

A task names its figures in `Task.figures` as "module:Class". Counting needs neither pandas nor
Altair; they are imported by `frame` and `chart` when a page asks.
"""

from __future__ import annotations

import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from diptych import tasks
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

#: Key -> numbers that add up. A key has as many numbers in every session.
Counts = Mapping[str, Sequence[float]]

#: The figure of a study whose policy chooses levels of a number.
LEVELS = "diptych.figures.levels:LevelFunction"
COMMON = (
    "diptych.figures.common:ResponseTimes",
    "diptych.figures.common:Durations",
    "diptych.figures.common:QualityOverview",
)


class Figure(ABC):
    """One figure of a study.

    Attributes
    ----------
    name : ClassVar[str]
        Its name in addresses and in `tallies`, at most 48 characters.
    title : ClassVar[str]
        Its heading.
    reading : ClassVar[str]
        One sentence on how it is read.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reading: ClassVar[str]

    @classmethod
    def applies(cls, content: StudyContent) -> bool:
        """Say whether a study can have the figure; by default every study of the task can."""
        return True

    @abstractmethod
    def count(self, facts: SessionFacts) -> Counts:
        """Count one completed session. The host keeps only sums over sessions.

        Must not depend on anything but the session, so that it can be taken out again.
        """

    @abstractmethod
    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Return the counts as a tidy table, one row per mark; no rows if nothing was counted."""

    @abstractmethod
    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the table as an Altair chart of one view (layers are fine), without a size in x."""


def figures_of(content: StudyContent) -> tuple[Figure, ...]:
    """List the figures of a study: its levels', if it has any, its task's, and every study's."""
    task = tasks.REGISTRY.get(content.spec.task.name)
    kinds = map(_load, (LEVELS, *task.figures, *COMMON))
    return tuple(kind() for kind in kinds if kind.applies(content))


def _load(where: str) -> type[Figure]:
    module, _, name = where.partition(":")
    found: type[Figure] = getattr(importlib.import_module(module), name)
    return found


def key(*parts: str | float | None) -> str:
    """Join parts, which may hold any character, into a key of counts."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def parts(key: str) -> list[Any]:
    """Return the parts that `key` was made from."""
    found: list[Any] = json.loads(key)
    return found


def added(*several: Counts) -> dict[str, list[float]]:
    """Add counts, key by key."""
    total: dict[str, list[float]] = {}
    for counts in several:
        for name, numbers in counts.items():
            sums = total.setdefault(name, [0] * len(numbers))
            if len(sums) != len(numbers):
                raise ValueError(f"{name}: {len(numbers)} numbers to be added to {len(sums)}")
            for place, number in enumerate(numbers):
                sums[place] += number
    return total
