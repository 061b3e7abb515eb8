"""Ways to teach beside each other: how the arms of a study learned, and what lasted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from diptych_analysis.tables import Tables
from diptych_analysis.teaching.worlds import Floats

CHANGE: Final = "change"
"""The measure of forgetting: new items of the last part minus the test of part 1."""


class ArmsFault(ValueError):
    """Tables whose arms can't be compared: what is missing, and what is allowed."""


@dataclass(frozen=True)
class Measured:
    """One measure of one arm.

    Attributes
    ----------
    arm : str
        The condition.
    measure : str
        Such as `training 1-10`, `test`, `part 2 same`, or `change`.
    learners : int
        Number of learners with this measure.
    mean : float
        Share of right answers, averaged over learners; for `change` a difference of shares. NaN
        where nobody of the arm has the measure.
    interval : tuple of float
        95 % bootstrap interval over learners.
    difference : float
        Mean minus that of the control.
    difference_interval : tuple of float
        95 % bootstrap interval of the difference; learners are drawn in each arm separately.
    """

    arm: str
    measure: str
    learners: int
    mean: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]


def compare_arms(
    tables: Tables,
    kinds: Sequence[str],
    *,
    control: str = "random",
    block: int = 10,
    excluded: bool = False,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Measured]:
    """Compare the arms of a study with one of them.

    Parameters
    ----------
    tables : Tables
        An export with the phases `training` and `test`.
    kinds : sequence of str
        Kinds of participants.
    control : str, optional
        The arm that the others are compared with.
    block : int, optional
        Number of training trials of a block.
    excluded : bool, optional
        Whether excluded sessions count, too.
    resamples : int, optional
        Of the bootstrap.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    list of Measured
        By arm, the control first, and by measure in the order of the study.

    Raises
    ------
    ArmsFault
        Without answers, with an unknown control, or with fewer than two learners in an arm.
    """
    scores = learner_scores(tables, kinds, block=block, excluded=excluded)
    sizes = scores.groupby(level="condition").size()
    if control not in sizes.index:
        known = ", ".join(map(str, sizes.index))
        raise ArmsFault(f"no condition {control!r}; allowed are {known}")
    if (sizes < 2).any():
        raise ArmsFault(f"{sizes.idxmin()!r} has one learner; at least 2 are needed")
    rng = np.random.default_rng(seed)
    names = [control, *(str(name) for name in sizes.index if name != control)]
    own = {name: scores.xs(name, level="condition").to_numpy(float) for name in names}
    drawn = {name: _resampled(values, resamples, rng) for name, values in own.items()}
    return [
        Measured(
            arm=name,
            measure=str(measure),
            learners=int((~np.isnan(own[name][:, k])).sum()),
            mean=_mean(own[name])[k],
            interval=_interval(drawn[name][:, k]),
            difference=_mean(own[name])[k] - _mean(own[control])[k],
            difference_interval=_interval(drawn[name][:, k] - drawn[control][:, k]),
        )
        for name in names
        for k, measure in enumerate(scores.columns)
    ]


def learner_scores(
    tables: Tables, kinds: Sequence[str], *, block: int, excluded: bool = False
) -> pd.DataFrame:
    """Return the share of right answers of each learner in each measure.

    Parameters
    ----------
    tables, kinds, block, excluded
        As in `compare_arms`.

    Returns
    -------
    DataFrame of shape (n_learners, n_measures)
        Indexed by condition and participant_id; NaN where a learner has no such trial. The change
        comes last, where the study has several parts.

    Raises
    ------
    ArmsFault
        When there are no answers.
    """
    sessions = tables.sessions
    used = sessions["status"].eq("completed") & sessions["participant_kind"].isin(list(kinds))
    if not excluded:
        used &= ~sessions["excluded"].fillna(False).astype(bool)
    trials = tables.trials[tables.trials["session_id"].isin(sessions.loc[used, "session_id"])]
    trials = trials[trials["phase"].isin(["training", "test"]) & trials["correct"].notna()]
    if trials.empty:
        raise ArmsFault("no answers of completed sessions in training or test with correct")
    trials = trials.assign(
        condition=trials["condition"].fillna("–").astype(str),
        part=trials["part"].fillna(1).astype(int),
        correct=trials["correct"].astype(float),
    ).sort_values(["participant_id", "part", "trial_index"])
    measures = _measures(trials, block)
    order = sorted(set(measures))
    places = {measure: place for place, measure in enumerate(order)}
    scores = trials.assign(measure=[places[each] for each in measures]).pivot_table(
        index=["condition", "participant_id"], columns="measure", values="correct", aggfunc="mean"
    )
    last = int(trials["part"].max())
    scores.columns = pd.Index([_name(each) for each in order])
    if {"test", f"part {last} new"} <= set(scores.columns):
        scores[CHANGE] = scores[f"part {last} new"] - scores["test"]
    return scores


# A measure while it is sorted: part, phase (0 training, 1 test), then the first and the last trial
# of the block, or the kind of the item and 0.
_Measure = tuple[int, int, int, int]
_ITEMS: Final = ("same", "new", "tested before")


def _measures(trials: pd.DataFrame, block: int) -> list[_Measure]:
    """Return the measure that each trial belongs to."""
    place = trials.groupby(["session_id", "phase"]).cumcount().to_numpy(int)
    theirs = ["participant_id", "item_id"]
    never = np.iinfo(np.int64).max
    shown = trials.groupby(theirs)["part"].transform("min").to_numpy(int)
    trained = trials["part"].where(trials["phase"].eq("training"), never)
    taught = trained.groupby([trials[name] for name in theirs]).transform("min").to_numpy()
    found: list[_Measure] = []
    for n, (part, phase) in enumerate(zip(trials["part"], trials["phase"], strict=True)):
        if phase == "training":
            first = place[n] // block * block
            found.append((part, 0, int(first) + 1, int(first) + block))
        elif part == 1:
            found.append((part, 1, 0, 0))
        else:
            kind = 0 if taught[n] < part else 1 if shown[n] == part else 2
            found.append((part, 1, kind, 0))
    return found


def _name(measure: _Measure) -> str:
    part, test, first, last = measure
    before = "" if part == 1 else f"part {part} "
    if not test:
        return f"{before}training {first}-{last}"
    return "test" if part == 1 else before + _ITEMS[first]


def _resampled(values: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the means of resampled learners, (resamples, n_measures)."""
    return np.stack(
        [_mean(values[rng.integers(len(values), size=len(values))]) for _ in range(resamples)]
    )


def _mean(values: Floats) -> Floats:
    """Return the mean of each column without its empty cells; NaN where all are empty."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))


def _interval(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def arms_table(rows: Sequence[Measured]) -> str:
    """Return the comparison in Markdown: a table of shares, and one of differences."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    of = {(row.arm, row.measure): row for row in rows}
    measures = list(dict.fromkeys(row.measure for row in rows))
    lines = _head([f"{arm} ({_people(rows, arm)})" for arm in arms])
    for measure in measures:
        shares = [of[arm, measure] for arm in arms]
        cells = [_cell(each.mean, each.interval, signed=measure == CHANGE) for each in shares]
        lines.append(f"| {' | '.join([measure, *cells])} |")
    if len(arms) == 1:
        return "\n".join(lines)
    lines += ["", *_head([f"{arm} minus {arms[0]}" for arm in arms[1:]])]
    for measure in measures:
        rest = [of[arm, measure] for arm in arms[1:]]
        cells = [_cell(each.difference, each.difference_interval, signed=True) for each in rest]
        lines.append(f"| {' | '.join([measure, *cells])} |")
    return "\n".join(lines)


def _head(titles: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(['right answers', *titles])} |", f"|{' --- |' * (len(titles) + 1)}"]


def _people(rows: Sequence[Measured], arm: str) -> str:
    most = max(row.learners for row in rows if row.arm == arm)
    return f"n = {most}"


def _cell(value: float, interval: tuple[float, float], *, signed: bool) -> str:
    if np.isnan(value):
        return "–"
    sign = "+" if signed else ""
    low, high = interval
    return f"{value:{sign}.3f} ({low:{sign}.3f}, {high:{sign}.3f})"


def as_json(rows: Sequence[Measured], kinds: Sequence[str], control: str) -> Mapping[str, object]:
    """Return the comparison for a JSON file, which says whose answers it is about."""
    return {"participants": list(kinds), "control": control, "rows": [asdict(row) for row in rows]}
