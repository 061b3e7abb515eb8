"""d' and criterion of people and groups, from the answers of a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.detection import two_afc, yes_no
from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.fitted_study import estimate_json
from diptych_analysis.psychometric.groups import over_people
from diptych_analysis.psychometric.judgements import Choices, answers
from diptych_analysis.summary_display import Summarised, Table
from diptych_analysis.tables import Tables

Design = Literal["yes_no", "two_afc"]
_FORMULAS = {"yes_no": yes_no, "two_afc": two_afc}


@dataclass(frozen=True)
class Observer:
    """Sensitivity of one person in one group.

    Attributes
    ----------
    name, group : str
        Pseudonym and group.
    hits, signals, false_alarms, noises : int
        Counts as in `yes_no` and `two_afc`.
    d_prime, criterion : Estimate
        With intervals from resampled answers.
    """

    name: str
    group: str
    hits: int
    signals: int
    false_alarms: int
    noises: int
    d_prime: Estimate
    criterion: Estimate


@dataclass(frozen=True, repr=False)
class Sensitivities(Summarised):
    """Sensitivity of the people and groups of a study.

    Attributes
    ----------
    name : str
        Of the data set.
    design : str
        `yes_no` or `two_afc`.
    signal : str
        The label of a signal, and the response `yes` to it; in 2-AFC the first alternative.
    kinds : tuple of str
        Kinds of participants.
    people : list of Observer
        By group and name.
    groups : dict of str to (int, Estimate, Estimate)
        Number of people, d' and criterion, by group: means with bootstrap intervals over people.
    left_out : list of str
        Who has no d', and why.
    settings : Settings
        Level, resamples and seed.
    """

    name: str
    design: Design
    signal: str
    kinds: tuple[str, ...]
    people: list[Observer]
    groups: dict[str, tuple[int, Estimate, Estimate]]
    left_out: list[str]
    settings: Settings

    def summary(self) -> Table:
        """Return d' and criterion, one row per group."""
        _, head, rows = tables_of(self)[0]
        return about(self), head, rows


def sensitivities_of(
    tables: Tables, choices: Choices, settings: Settings, *, design: Design, signal: str = ""
) -> Sensitivities:
    """Compute d' and criterion of each person and group.

    Parameters
    ----------
    tables : Tables
        An exported or imported data set, with the right answer of each trial in `label`.
    choices : Choices
        Which answers, and their groups; `positive` is the response that says `yes`, by default
        the same word as the signal. Attribute and axis are not used.
    settings : Settings
        Level of the intervals, resamples and seed.
    design : str
        `yes_no`: one stimulus, signal or noise. `two_afc`: two, one of which is right.
    signal : str
        The label of a signal; for 2-AFC of the alternative that counts as the first, by default
        the first by name.

    Raises
    ------
    PsychometricFault
        If labels are missing, there are not exactly two of them, or none is the signal.
    """
    found, kinds = answers(tables, choices)
    found = found[found["label"].notna()]
    if found.empty:
        raise PsychometricFault("no trial has a right answer: column 'label' is empty")
    labels = sorted(found["label"].astype(str).unique())
    signal = _signal(labels, signal, design)
    yes = choices.positive or signal
    responses = found["response"].astype(str)
    if not (responses == yes).any():
        known = ", ".join(sorted(responses.unique())[:8])
        raise PsychometricFault(f"no response is {yes!r}; responses are: {known}")
    counted = pd.DataFrame({
        "group": found["group"],
        "person": found["person"],
        "signal": found["label"].astype(str) == signal,
        "yes": responses == yes,
    })  # fmt: skip
    people, left_out = [], []
    for number, ((group, name), part) in enumerate(counted.groupby(["group", "person"])):
        try:
            people.append(_observer(str(name), str(group), part, design, settings, number))
        except PsychometricFault as fault:
            left_out.append(f"{name} ({group}) does not count: {fault}.")
    if not people:
        raise PsychometricFault(f"nobody saw both kinds of trials. {left_out[0]}")
    groups = {
        group: _group([each for each in people if each.group == group], settings)
        for group in dict.fromkeys(each.group for each in people)
    }
    return Sensitivities(tables.name, design, signal, kinds, people, groups, left_out, settings)


def _signal(labels: Sequence[str], signal: str, design: Design) -> str:
    if len(labels) != 2:
        raise PsychometricFault(
            f"d' needs two kinds of trials; labels are: {', '.join(labels[:8])}"
            + (", …" if len(labels) > 8 else "")
        )
    if not signal and design == "yes_no":
        raise PsychometricFault(f"name the label of a signal; labels are: {', '.join(labels)}")
    if signal and signal not in labels:
        raise PsychometricFault(f"no label is {signal!r}; labels are: {', '.join(labels)}")
    return signal or labels[0]


def _observer(
    name: str, group: str, part: pd.DataFrame, design: Design, settings: Settings, number: int
) -> Observer:
    signal, yes = part["signal"].to_numpy(), part["yes"].to_numpy()
    counts = (
        int((signal & yes).sum()),
        int(signal.sum()),
        int((~signal & yes).sum()),
        int((~signal).sum()),
    )
    found = _FORMULAS[design](*counts)
    d_prime, criterion = resampled(*counts, design=design, settings=settings, number=number)
    ends = [np.quantile(values, settings.tails) for values in (d_prime, criterion)]
    return Observer(
        name,
        group,
        *counts,
        Estimate(found.d_prime, float(ends[0][0]), float(ends[0][1]), float(d_prime.std())),
        Estimate(found.criterion, float(ends[1][0]), float(ends[1][1]), float(criterion.std())),
    )


def resampled(
    hits: int,
    signals: int,
    false_alarms: int,
    noises: int,
    *,
    design: Design,
    settings: Settings,
    number: int = 0,
) -> tuple[Any, Any]:
    """Return d' and criterion of answers drawn with a person's corrected rates.

    Parameters
    ----------
    hits, signals, false_alarms, noises : int
        Counts as in `yes_no` and `two_afc`.
    design : str
        `yes_no` or `two_afc`.
    settings : Settings
        Resamples and seed.
    number : int
        Makes the draws of a person their own.

    Returns
    -------
    d_prime, criterion : ndarray of shape (n_resamples,)
    """
    from scipy.special import ndtri

    from diptych_analysis.psychometric.detection import rates

    hit, false = rates(hits, signals, false_alarms, noises)
    rng = np.random.default_rng([settings.seed, number])
    h = ndtri((rng.binomial(signals, hit, settings.resamples) + 0.5) / (signals + 1))
    f = ndtri((rng.binomial(noises, false, settings.resamples) + 0.5) / (noises + 1))
    scale = math.sqrt(2) if design == "two_afc" else 1.0
    return (h - f) / scale, -(h + f) / 2


def _group(people: Sequence[Observer], settings: Settings) -> tuple[int, Estimate, Estimate]:
    return (
        len(people),
        over_people([each.d_prime.value for each in people], settings),
        over_people([each.criterion.value for each in people], settings),
    )


def as_json(found: Sensitivities) -> dict[str, Any]:
    """Return the sensitivities as JSON; a number that is not known is null."""
    return {
        "kind": "detection",
        "name": found.name,
        "design": found.design,
        "signal": found.signal,
        "participant_kinds": list(found.kinds),
        "interval": found.settings.level,
        "resamples": found.settings.resamples,
        "seed": found.settings.seed,
        "groups": [
            {"group": name, "people": people, "d_prime": estimate_json(d),
             "criterion": estimate_json(c)}
            for name, (people, d, c) in found.groups.items()
        ],
        "people": [
            {
                "participant": each.name,
                "group": each.group,
                **{n: getattr(each, n) for n in ("hits", "signals", "false_alarms", "noises")},
                "d_prime": estimate_json(each.d_prime),
                "criterion": estimate_json(each.criterion),
            }
            for each in found.people
        ],
        "left_out": list(found.left_out),
    }  # fmt: skip


def about(found: Sensitivities) -> str:
    """Say in one sentence what was computed."""
    trials = sum(each.signals + each.noises for each in found.people)
    if found.design == "yes_no":
        return f"{trials:,} answers of a yes-no task; signal: label {found.signal!r}."
    return (
        f"{trials:,} answers of a 2-AFC task; a criterion below 0 means a preference for "
        f"{found.signal!r}."
    )


def tables_of(found: Sensitivities) -> list[Table]:
    """Return the tables of groups and people."""
    from diptych_analysis.psychometric.fit_tables import cell

    percent = f"{found.settings.level:.0%}".replace("%", " %")
    groups = [
        [name, str(people), cell(d), cell(c)] for name, (people, d, c) in found.groups.items()
    ]
    people = [
        [
            each.name,
            each.group,
            f"{each.hits}/{each.signals}",
            f"{each.false_alarms}/{each.noises}",
            cell(each.d_prime),
            cell(each.criterion),
        ]
        for each in found.people
    ]
    return [
        (
            f"Groups: means, with {percent} intervals over people",
            ["group", "people", "d'", "criterion"],
            groups,
        ),
        (
            f"People, with {percent} intervals",
            ["participant", "group", "hits", "false alarms", "d'", "criterion"],
            people,
        ),
    ]
