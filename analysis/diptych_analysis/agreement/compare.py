"""HIS beside MIS: everything that `diptych correlate` tells, as one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from diptych_analysis.agreement import noise
from diptych_analysis.agreement.calibration import SHARE, calibrated_scores
from diptych_analysis.agreement.correlation import (
    FEWEST,
    Correlation,
    Method,
    correlate,
    rows_correlation,
)
from diptych_analysis.agreement.faults import AgreementFault, some
from diptych_analysis.agreement.groups import Groups, compare_groups
from diptych_analysis.agreement.his import (
    HUMAN,
    answers_of,
    machine_scores,
    over_units,
    unit_key,
    units_of,
)
from diptych_analysis.agreement.sources import Scores, from_items
from diptych_analysis.summary_display import Summarised, Table, interval, number
from diptych_analysis.tables import Tables

T = TypeVar("T")
FEW = 10  # units; a bootstrap of fewer mostly repeats a handful of values


#: Units that the scale of the MIS is fitted on by default, at the least.
FEWEST_FITTED = 2


@dataclass(frozen=True)
class Choices:
    """Whose answers count, and how they are compared."""

    kinds: Sequence[str] = HUMAN
    statuses: Sequence[str] = ("completed",)
    excluded: bool = False
    conditions: Sequence[str] | None = None
    weighted: bool = False
    calibrate: bool | None = None
    share: float = SHARE
    wanted: float = 0.9
    resamples: int = 10_000
    draws: int = noise.DRAWS
    seed: int = 0

    @property
    def score(self) -> str:
        """The column of HIS that is compared."""
        return "weighted" if self.weighted else "his"


@dataclass
class Ceilings:
    """What noise leaves to the score at hand, to the oracle, and (reliability) to any score."""

    score: noise.Ceiling
    score_spearman: noise.Ceiling
    oracle: noise.Ceiling
    oracle_spearman: noise.Ceiling
    expected: float
    reliability: float | None
    needed: int | None


@dataclass(repr=False)
class Agreement(Summarised):
    """One comparison. What could not be computed is None, and `notes` say why."""

    name: str
    choices: Choices
    kinds: dict[str, int]
    sessions: int
    answers: int
    units: pd.DataFrame
    about: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    correlation: Correlation | None = None
    ceilings: Ceilings | None = None
    models: pd.DataFrame | None = None
    models_correlation: Correlation | None = None
    groups: Groups | None = None
    machines: pd.DataFrame = field(default_factory=pd.DataFrame)
    machine_units: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def compared(self) -> pd.DataFrame:
        """The units that the correlation is over: with a score, and not calibrated on."""
        return self.units[self.units["mis"].notna() & ~self.units["calibrated_on"]]

    def summary(self) -> Table:
        """Return what was compared, the correlations and the ceiling of noise."""
        rows = [["units", f"{len(self.compared):,}", ""], ["responses", f"{self.answers:,}", ""]]
        if self.correlation is not None:
            rows += self.correlation.summary()[2]
        if self.ceilings is not None:
            found = self.ceilings.score
            rows.append(["noise ceiling", number(found.mean), interval(found.low, found.high)])
        return f"HIS and MIS of {self.name}", ["", "value", "95 % interval"], rows


def compare(
    tables: Tables,
    scores: Callable[[pd.DataFrame], Scores] = from_items,
    choices: Choices | None = None,
    *,
    strict: bool = True,
) -> Agreement:
    """Compare HIS of the tables' units with the machine's scores of the same units.

    `scores` is asked with the units (`units_of`). Raises `AgreementFault` where there is nothing to
    compare; with `strict=False` only where there are no answers, and notes the rest.
    """
    asked = choices or Choices()
    answers = answers_of(
        tables,
        kinds=asked.kinds,
        statuses=asked.statuses,
        excluded=asked.excluded,
        conditions=asked.conditions,
    )
    units = units_of(answers)
    if asked.weighted and bool((units["n_confident"] == 0).any()):
        unit = units.loc[units["n_confident"] == 0, "unit"].iloc[0]
        raise AgreementFault(f"--weighted: no answer about unit {unit!r} has a confidence")
    found = scores(units)
    result = Agreement(
        name=", ".join(sorted(set(tables.sessions["study"].dropna()))) or tables.name,
        choices=asked,
        kinds={
            str(kind): int(part["session_id"].nunique())
            for kind, part in answers.groupby("participant_kind")
        },
        sessions=int(answers["session_id"].nunique()),
        answers=len(answers),
        units=matched(units, found),
        about=dict(found.about),
    )
    tried = _Tried(result.notes, strict)
    if len(result.kinds) > 1:
        result.notes.append(
            "People and simulated participants are pooled; use --kind to separate them."
        )
    _note_missing(result)
    if asked.calibrate or (asked.calibrate is None and _can_calibrate(result, found)):
        tried(lambda: _calibrated(result, found))
    part = result.compared
    mis, his = part["mis"].to_numpy(float), part[asked.score].to_numpy(float)
    result.correlation = tried(lambda: _correlated(mis, his, asked))
    if len(part) < FEW:
        result.notes.append(f"Intervals and ceilings from {len(part)} units say little.")
    if result.correlation is not None:
        result.ceilings = _ceilings(part, asked, result.notes)
    _by_model(result)
    if "group" in units.columns and units["group"].nunique() > 1:
        result.groups = compare_groups(result.units, asked.score)
    _add_machines(tables, result)
    return result


class _Tried:
    """Computes something, or notes why it can't be."""

    def __init__(self, notes: list[str], strict: bool) -> None:
        self._notes, self._strict = notes, strict

    def __call__(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except AgreementFault as fault:
            if self._strict:
                raise
            self._notes.append(str(fault))
            return None


def _correlated(mis: Any, his: Any, asked: Choices) -> Correlation:
    return correlate(mis, his, resamples=asked.resamples, seed=asked.seed)


def matched(units: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """Return the units with their score as `mis` (NaN without one) and `calibrated_on` False.

    Raises `AgreementFault` where a name fits several scores, or no unit has a score.
    """
    own = units.drop(columns="mis", errors="ignore")
    key = [name for name in unit_key(own) if name in scores.frame.columns]
    if key == ["unit"] and "model" in scores.frame and scores.frame["model"].nunique() > 1:
        models = some(sorted(scores.frame["model"].unique()))
        raise AgreementFault(
            f"the scores are of several models ({models}), and the tables do not name the model "
            "of a unit; choose one with --run model=NAME"
        )
    known = scores.frame[[*key, "mis"]].copy()
    for name in key:
        known[name], own[name] = known[name].astype("string"), own[name].astype("string")
    if bool(known.duplicated(key).any()):
        raise AgreementFault(f"unit {known[known.duplicated(key)]['unit'].iloc[0]!r}: two scores")
    found = own.merge(known, on=key, how="left")
    if not bool(found["mis"].notna().any()):
        raise AgreementFault(
            f"no unit has both scores: answered were {some(own['unit'], 3)}; "
            f"scored are {some(known['unit'], 3)}"
            + ("" if key == ["unit"] else f" of model {some(known['model'].unique(), 3)}")
        )
    return found.assign(calibrated_on=False)


def _note_missing(result: Agreement) -> None:
    missing = result.units.loc[result.units["mis"].isna(), "unit"]
    if len(missing):
        result.notes.append(f"{len(missing)} units have no MIS and are left out: {some(missing)}")


def _can_calibrate(result: Agreement, scores: Scores) -> bool:
    """Say whether there is something to fit, and at least two units to fit on."""
    return scores.margins is not None and (
        int(result.units["mis"].notna().sum()) * result.choices.share >= FEWEST_FITTED
    )


def _calibrated(result: Agreement, scores: Scores) -> None:
    if scores.margins is None:
        raise AgreementFault(
            "calibration needs the margins of the tasks: use --scores, or --similarity and --images"
        )
    known = result.units["mis"].notna().to_numpy()
    found = calibrated_scores(
        result.units[known], scores.margins, result.choices.share, result.choices.seed
    )
    result.units.loc[known, "mis"] = found.mis
    result.units.loc[known, "calibrated_on"] = found.fitted_on
    result.about |= {
        "scale": found.value,
        "scale_reading": found.reading,
        "calibrated": True,
        "calibrated_on": int(found.fitted_on.sum()),
    }


def _ceilings(part: pd.DataFrame, asked: Choices, notes: list[str]) -> Ceilings:
    his, n = part["his"].to_numpy(float), part["n"].to_numpy(int)
    tried = _Tried(notes, strict=False)
    if asked.weighted:
        notes.append(
            "The ceilings are those of the plain HIS: the simulation of App. C has no confidence."
        )
    mis = part["mis"].to_numpy(float)

    def ceiling(method: Method, score: Any = None) -> noise.Ceiling:
        return noise.noise_ceiling(his, n, score, method=method, draws=asked.draws, seed=asked.seed)

    return Ceilings(
        score=ceiling("pearson", mis),
        score_spearman=ceiling("spearman", mis),
        oracle=ceiling("pearson"),
        oracle_spearman=ceiling("spearman"),
        expected=noise.expected_ceiling(his, n),
        reliability=tried(lambda: noise.reliability_ceiling(his, n)),
        needed=tried(lambda: noise.answers_needed(noise.without_noise(his, n), asked.wanted)),
    )


def _by_model(result: Agreement) -> None:
    part = result.compared
    if "model" not in part.columns or part["model"].nunique() < 2:
        return
    result.models = over_units(part, "model", result.choices.score)
    if len(result.models) >= 3:
        tried = _Tried(result.notes, strict=False)
        mis, his = result.models["mis"], result.models["mean"]
        result.models_correlation = tried(
            lambda: _correlated(mis.to_numpy(float), his.to_numpy(float), result.choices)
        )


def _add_machines(tables: Tables, result: Agreement) -> None:
    """Add machine participants to the result.

    `machines` has one row per machine: machine, units, n, mis, accuracy, and how they go with HIS
    and MIS. `machine_units` has the units with machine and machine_mis.
    """
    asked = result.choices
    scores = machine_scores(tables, statuses=asked.statuses, excluded=asked.excluded)
    rows, parts = [], []
    key = [name for name in unit_key(result.units) if name in scores.columns]
    for machine, part in scores.groupby("machine", sort=True):
        own = part.rename(columns={"mis": "machine_mis"})
        for name in key:
            own[name] = own[name].astype("string")
        both = result.units.merge(own[[*key, "machine_mis"]], on=key)
        both = both[both["machine_mis"].notna()].assign(machine=str(machine))
        parts.append(both)
        rows.append(
            {
                "machine": str(machine),
                "units": len(part),
                "n": int(part["n"].sum()),
                "mis": float((part["mis"] * part["n"]).sum() / part["n"].sum()),
                "accuracy": float((part["accuracy"] * part["n"]).sum() / part["n"].sum()),
                "pearson_his": _plain(both["machine_mis"], both[asked.score]),
                "pearson_mis": _plain(both["machine_mis"], both["mis"]),
            }
        )
    result.machines = pd.DataFrame(rows)
    if parts:
        result.machine_units = pd.concat(parts, ignore_index=True)


def _plain(x: pd.Series, y: pd.Series) -> float:
    """Compute Pearson over the units that have both; NaN where it is not defined."""
    both = x.notna() & y.notna()
    if int(both.sum()) < FEWEST:
        return float("nan")
    return float(rows_correlation(x[both].to_numpy(float), y[both].to_numpy(float)))
