"""Which condition a participant gets, and whether there is a place left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, union_all

from diptych.domain.tables import RESULTS, SESSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms
from diptych.study.spec import Condition, StudySpec


@dataclass(frozen=True)
class Places:
    """The places that are taken: by who has completed, or is on the way and not silent too long.

    Attributes
    ----------
    kind : str
        Whose places: people's, or those of simulated participants, which never mix.
    taken : Counter[tuple[int, str]]
        Sessions by (id of the version, condition).
    """

    kind: str
    taken: Counter[tuple[int, str]]

    def full(self, spec: StudySpec) -> bool:
        """Say whether a study has all the people it wants; others than people never fill it."""
        return self.kind == "person" and self.taken.total() >= spec.recruitment.participants

    def condition(
        self, spec: StudySpec, rng: random.Random, version: Callable[[int], StudySpec]
    ) -> Condition:
        """Choose the condition with the fewest participants for its weight; draw lots on ties.

        A condition that other versions of the study have, too, is balanced over all of them.

        Parameters
        ----------
        spec : StudySpec
            The version whose conditions there are to choose from.
        rng : random.Random
            By which ties are broken.
        version : Callable[[int], StudySpec]
            Gives each version by its number.
        """
        taken = Counter[str]()
        for (number, name), count in self.taken.items():
            if spec.shares(version(number), name):
                taken[name] += count
        loads = {
            condition.name: (taken[condition.name] + 1) / condition.weight
            for condition in spec.conditions
            if condition.weight > 0
        }
        least = min(loads.values())
        tied = [name for name, load in loads.items() if load == least]
        return spec.condition(tied[rng.randrange(len(tied))])


def count_places(connection: Connection, study_id: int, spec: StudySpec, kind: str) -> Places:
    """Count the places of a study that are taken now, over all its versions.

    For a decision that must hold, the caller has locked the study: two arrivals at the same moment
    then see each other.
    """
    silent_since = now_ms() - int(spec.recruitment.dropout_minutes * 60_000)
    parameters = {"study": study_id, "kind": kind, "silent_since": silent_since}
    taken: Counter[tuple[int, str]] = Counter()
    for version_id, condition, count in connection.execute(_TAKEN, parameters):
        taken[version_id, condition] += count
    if spec.recruitment.replace_excluded:
        taken.subtract(count_excluded(connection, study_id, kind))
    return Places(kind, taken)


def count_excluded(connection: Connection, study_id: int, kind: str) -> Counter[tuple[int, str]]:
    """Return the completed sessions that are excluded, by (id of the version, condition)."""
    found = connection.execute(_EXCLUDED, {"study": study_id, "kind": kind})
    return Counter({(version_id, condition): count for version_id, condition, count in found})


def _counted(takes_a_place: ColumnElement[bool]) -> Select[Any]:
    return (
        select(SESSIONS.c.version_id, SESSIONS.c.condition, func.count())
        .where(
            SESSIONS.c.study_id == bindparam("study"),
            SESSIONS.c.kind == bindparam("kind"),
            SESSIONS.c.part == 1,
            takes_a_place,
            SESSIONS.c.condition.is_not(None),
        )
        .group_by(SESSIONS.c.version_id, SESSIONS.c.condition)
    )


# In two parts, each of which is answered by one index.
_TAKEN = union_all(
    _counted(SESSIONS.c.status == "completed"),
    _counted(SESSIONS.c.status.in_(LIVE) & (SESSIONS.c.last_seen_at > bindparam("silent_since"))),
)
_EXCLUDED = (
    select(SESSIONS.c.version_id, SESSIONS.c.condition, func.count())
    .join(RESULTS, RESULTS.c.session_id == SESSIONS.c.id)
    .where(
        RESULTS.c.study_id == bindparam("study"),
        RESULTS.c.kind == bindparam("kind"),
        RESULTS.c.excluded,
        SESSIONS.c.status == "completed",
        SESSIONS.c.part == 1,
    )
    .group_by(SESSIONS.c.version_id, SESSIONS.c.condition)
)
