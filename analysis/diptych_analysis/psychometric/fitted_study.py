"""The psychometric functions of a study: of people, and of groups of people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.groups import Group, groups_of
from diptych_analysis.psychometric.judgements import Choices, Judgements, judgements_of
from diptych_analysis.psychometric.people import Person, Progress, fit_people, is_falling
from diptych_analysis.summary_display import Summarised, Table
from diptych_analysis.tables import Tables


@dataclass(frozen=True, repr=False)
class FittedStudy(Summarised):
    """The functions of a study.

    Attributes
    ----------
    name : str
        Of the data set.
    judgements : Judgements
        The answers that were used.
    settings : Settings
        How functions were fitted.
    people : list of Person
        By group and name, those without a function too.
    groups : list of Group
        By name.
    """

    name: str
    judgements: Judgements
    settings: Settings
    people: list[Person]
    groups: list[Group]

    @property
    def left_out(self) -> list[Person]:
        """The people who do not count in their group."""
        return [person for person in self.people if person.fault]

    def summary(self) -> Table:
        """Return the estimates, one row per group."""
        from diptych_analysis.psychometric.fit_tables import about, groups_table

        _, head, rows = groups_table(self, brief=True)
        return about(self), head, rows


def fit_study(
    tables: Tables,
    choices: Choices,
    settings: Settings,
    *,
    falling: bool | None = None,
    progress: Progress = lambda done, of: None,
) -> FittedStudy:
    """Fit a psychometric function to each person and group of a data set.

    Parameters
    ----------
    tables : Tables
        An exported or imported data set.
    choices : Choices
        Which answers, and how they are read.
    settings : Settings
        How functions are fitted.
    falling : bool, optional
        Direction of the functions; by default as all answers together say.
    progress : callable
        Called with the number of people done, and of all.

    Raises
    ------
    PsychometricFault
        If the answers cannot be read as judgements, or nobody's determine a function.
    """
    if settings.bayes:
        from diptych_analysis.psychometric.bayes import require_psignifit

        require_psignifit()
    found = judgements_of(tables, choices)
    frame = found.frame
    if choices.log and (frame["level"] <= 0).any():
        lowest = frame["level"].min()
        raise PsychometricFault(
            f"a level of {lowest:g} has no logarithm; use a linear axis, or levels above 0"
        )
    if falling is None:
        falling = is_falling(frame, log=choices.log)
    shape = replace(settings.shape, log=choices.log, falling=falling)
    settings = replace(settings, shape=shape)
    people = fit_people(frame, settings, progress)
    groups = groups_of(people, settings)
    if not groups:
        raise PsychometricFault(
            f"the answers of none of {len(people)} people determine a function. "
            f"{people[0].name}: {people[0].fault}"
        )
    return FittedStudy(tables.name, found, settings, people, groups)


def as_json(found: FittedStudy) -> dict[str, Any]:
    """Return the functions as JSON; a number that is not known is null."""
    told, settings = found.judgements, found.settings
    return {
        "kind": "psychometric",
        "name": found.name,
        "attribute": told.attribute,
        "reference": told.reference or None,
        "standard": number_or_none(told.standard),
        "positive": told.positive or "a right answer",
        "axis": "log" if settings.shape.log else "linear",
        "guess": settings.shape.guess,
        "falling": settings.shape.falling,
        "participant_kinds": list(told.kinds),
        "answers": len(told.frame),
        "method": "psignifit" if settings.bayes else "maximum likelihood",
        "interval": settings.level,
        "resamples": settings.resamples,
        "seed": settings.seed,
        "groups": [_group(each) for each in found.groups],
        "people": [_person(each) for each in found.people],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "group": group.name,
        "people": group.people,
        **{name: estimate_json(each) for name, each in group.estimates.items()},
        "pooled": {
            name: {
                "mean": estimate_json(each.mean),
                "spread": each.spread,
                "people": dict(each.people),
            }
            for name, each in group.pooled.items()
        },
    }


def _person(person: Person) -> dict[str, Any]:
    columns = ("level", "positive", "total")
    return {
        "participant": person.name,
        "group": person.group,
        "answers": person.answers,
        **{name: estimate_json(each) for name, each in person.estimates.items()},
        "fault": person.fault or None,
        "counts": {name: getattr(person.counts, name).tolist() for name in columns},
    }


def estimate_json(estimate: Estimate) -> Mapping[str, float | None]:
    """Return value and ends of an interval."""
    found = asdict(estimate)
    return {name: number_or_none(found[name]) for name in ("value", "low", "high")}


def number_or_none(value: float) -> float | None:
    """Return a number as JSON knows it."""
    return value if math.isfinite(value) else None
