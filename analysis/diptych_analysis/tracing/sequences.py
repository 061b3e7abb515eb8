"""Tidy tables -> one object: learners x time, with everything a tracing model may look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.fault_lines import AnalysisFault
from diptych_analysis.summary_display import Summarised, Table
from diptych_analysis.tables import LIST_SEPARATOR, PHASES, Tables

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

TRAINING = PHASES.index("training")
TEST = PHASES.index("test")
NOTHING = -1


class SequenceFault(AnalysisFault):
    """Tables that no tracing model can be trained on or asked about: what is wrong, and where."""


@dataclass(frozen=True, repr=False)
class Sequences(Summarised):
    """Sessions of one task side by side, padded to the longest; N sessions, T trials, C classes.

    `label`, `response` and `stimulus` are indices (-1: nothing there), `ranking` holds class
    indices from most to least likely, filled up with -1. `phase` indexes `tables.PHASES`. `rt` is
    in ms, NaN where unknown. `lag` is the time in s since the answer before, NaN where unknown and
    in the first trial. `mask` is true where a trial is; a trial without a response is seen
    by the models but never scored (`scored`).
    """

    sessions: tuple[str, ...]
    learners: tuple[str, ...]
    classes: tuple[str, ...]
    stimuli: tuple[str, ...]
    stimulus_label: Ints
    stimulus_file: tuple[str, ...]
    stimulus: Ints
    label: Ints
    response: Ints
    ranking: Ints
    phase: Ints
    rt: Floats
    mask: Bools
    kind: tuple[str, ...] = field(default=())
    lag: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def __post_init__(self) -> None:
        """Check that the arrays fit each other, and the known classes and stimuli."""
        n, t = self.mask.shape
        if self.lag.size == 0:
            object.__setattr__(self, "lag", np.full((n, t), np.nan, np.float32))
        for name in ("stimulus", "label", "response", "phase", "rt", "lag"):
            if getattr(self, name).shape != (n, t):
                raise SequenceFault(f"{name} has shape {getattr(self, name).shape}, mask {(n, t)}")
        if len(self.sessions) != n or len(self.learners) != n:
            raise SequenceFault(f"{n} rows, but {len(self.sessions)} sessions")
        for name, most in (("label", len(self.classes)), ("stimulus", len(self.stimuli))):
            values = getattr(self, name)
            wrong = self.mask & ((values < 0) | (values >= most))
            if wrong.any():
                row, time = np.argwhere(wrong)[0]
                raise SequenceFault(
                    f"session {self.sessions[row]!r}, trial {time}: {name} {values[row, time]} "
                    f"is not among the {most} known"
                )

    def summary(self) -> Table:
        """Return the numbers of sessions, trials, responses and classes."""
        n, t = self.shape
        rows = [
            ["sessions", f"{n:,}"],
            ["learners", f"{len(set(self.learners)):,}"],
            ["trials", f"{int(self.mask.sum()):,}"],
            ["trials of the longest session", f"{t:,}"],
            ["responses", f"{int(self.scored.sum()):,}"],
            ["classes", str(self.n_classes)],
        ]
        return f"Sequences about {', '.join(self.classes)}", ["", ""], rows

    @property
    def n_classes(self) -> int:
        """C."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, int]:
        """(N, T)."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def scored(self) -> Bools:
        """(N, T): where there is a response to predict."""
        scored: Bools = self.mask & (self.response >= 0)
        return scored

    @property
    def feedback(self) -> Bools:
        """(N, T): where the true class was shown after the answer."""
        shown: Bools = self.mask & (self.phase != TEST) & (self.phase != PHASES.index("catch"))
        return shown

    def rows(self, which: Sequence[int] | slice | Ints | Bools) -> Sequences:
        """Select some of the sessions, in the given order, with the same classes and stimuli."""
        index = np.arange(len(self.sessions))[
            which if isinstance(which, slice) else np.asarray(which)
        ]
        return replace(
            self,
            sessions=tuple(self.sessions[i] for i in index),
            learners=tuple(self.learners[i] for i in index),
            kind=tuple(self.kind[i] for i in index) if self.kind else (),
            **{name: getattr(self, name)[index] for name in PER_TRIAL},
        )

    def until(self, time: int) -> Sequences:
        """Return the first `time` trials of every session."""
        return replace(self, **{name: getattr(self, name)[:, :time] for name in PER_TRIAL})

    def at(self, time: int) -> Sequences:
        """Return one trial of every session."""
        there = slice(time, time + 1)
        return replace(self, **{name: getattr(self, name)[:, there] for name in PER_TRIAL})

    def fingerprint(self) -> str:
        """Hash of everything in it: two equal fingerprints train the same model."""
        digest = hashlib.sha256()
        for each in fields(self):
            value = getattr(self, each.name)
            digest.update(
                value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            )
        return digest.hexdigest()[:16]


PER_TRIAL = ("stimulus", "label", "response", "ranking", "phase", "rt", "lag", "mask")


def sequences_from(
    tables: Tables,
    *,
    task: str = "category_learning",
    phases: Sequence[str] = ("training", "test"),
    statuses: Sequence[str] = ("completed",),
    excluded: bool = False,
    kinds: Sequence[str] | None = None,
    conditions: Sequence[str] | None = None,
    rt_column: str = "rt_ms",
    classes: Sequence[str] | None = None,
    join_parts: bool = False,
) -> Sequences:
    """Return the sessions of `task` as sequences.

    By default only finished, not excluded sessions count: `statuses` and `excluded` widen that,
    `kinds` (person, simulated, machine) and `conditions` narrow it. `rt_column` names the column
    of `trials` that holds response times in ms. `classes` are those that occur as labels, unless
    they are given. `join_parts` makes one sequence of all sessions of a participant in a study, in
    their order; it has the name of the first one.

    Raises
    ------
    SequenceFault
        No such trials, a single class, a response that is no class, two labels for
        one stimulus, or a missing label or stimulus: named with session and trial.
    """
    sessions = _chosen_sessions(tables, statuses, excluded, kinds, conditions)
    trials = tables.trials
    trials = trials[trials["session_id"].isin(sessions["session_id"])]
    wanted = (trials["task"] == task) & trials["phase"].isin(list(phases))
    if not bool(wanted.any()):
        there = sorted(set(trials["task"].dropna())) or ["none"]
        raise SequenceFault(
            f"no {'/'.join(phases)} trials of task {task!r} in {len(sessions)} chosen sessions; "
            f"the tables have tasks {', '.join(there)}"
        )
    trials = trials[wanted].copy()
    sessions = sessions[sessions["session_id"].isin(trials["session_id"])]
    sessions, first = _joined(sessions) if join_parts else (sessions, {})
    order = {session: row for row, session in enumerate(sessions["session_id"])}
    trials["_row"] = trials["session_id"].replace(first).map(order)
    trials["_part"] = trials["session_id"].map(_places(first))
    trials = trials.sort_values(["_row", "_part", "trial_index"], kind="stable")
    trials["_time"] = trials.groupby("_row").cumcount()
    return _assemble(tables, sessions, trials, rt_column, classes)


def _joined(sessions: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the first session of each participant in a study, and the first of each session."""
    by = [name for name in ("part", "started_at") if name in sessions.columns]
    ordered = sessions.sort_values(by, kind="stable") if by else sessions
    heads = ordered.groupby(["study", "participant_id"])["session_id"].transform("first")
    first = dict(zip(ordered["session_id"], heads, strict=True))
    return sessions[sessions["session_id"].isin(set(heads))], first


def _places(first: dict[str, str]) -> Callable[[str], int]:
    """Return a function that gives the place of a session among those joined with it."""
    counts: dict[str, int] = {}
    place: dict[str, int] = {}
    for session, head in first.items():
        place[session] = counts[head] = counts.get(head, -1) + 1
    return lambda session: place.get(session, 0)


def _lags(trials: pd.DataFrame) -> pd.Series:
    """Return the time in s from the answer before to each trial; NaN where either is unknown."""
    # Tables that an importer has just read may hold times as objects, or none at all.
    shown, answered = (
        pd.to_datetime(trials[c], utc=True) for c in ("presented_at", "responded_at")
    )
    before = answered.fillna(shown).groupby(trials["_row"]).shift()
    found: pd.Series = (shown - before).dt.total_seconds().clip(lower=0)
    return found


def _chosen_sessions(
    tables: Tables,
    statuses: Sequence[str],
    excluded: bool,
    kinds: Sequence[str] | None,
    conditions: Sequence[str] | None,
) -> pd.DataFrame:
    sessions = tables.sessions
    keep = sessions["status"].isin(list(statuses))
    if not excluded:
        keep &= ~sessions["excluded"].fillna(False).astype(bool)
    if kinds is not None:
        keep &= sessions["participant_kind"].isin(list(kinds))
    if conditions is not None:
        keep &= sessions["condition"].isin(list(conditions))
    if not bool(keep.any()):
        counts = dict(sessions["status"].value_counts())
        raise SequenceFault(
            f"none of {len(sessions)} sessions is {'/'.join(statuses)} and not excluded; "
            f"their statuses are {counts}"
        )
    chosen: pd.DataFrame = sessions[keep]
    return chosen


def _assemble(
    tables: Tables,
    sessions: pd.DataFrame,
    trials: pd.DataFrame,
    rt_column: str,
    known_classes: Sequence[str] | None,
) -> Sequences:
    if rt_column not in trials.columns:
        raise SequenceFault(f"trials have no column {rt_column!r} for response times")
    for column in ("label", "stimulus_id"):
        _refuse(trials, trials[column].isna(), f"no {column}")
    classes = tuple(known_classes or sorted(set(trials["label"])))
    if len(classes) < 2:
        raise SequenceFault(f"a single class, {classes[0]!r}: there is nothing to distinguish")
    number = {name: i for i, name in enumerate(classes)}
    _refuse(trials, ~trials["label"].isin(classes), "a label that is no class", "label")
    strange = trials["response"].notna() & ~trials["response"].isin(classes)
    _refuse(trials, strange, "a response that is no class", "response")
    stimuli = tuple(sorted(set(trials["stimulus_id"])))
    place = {name: i for i, name in enumerate(stimuli)}
    truth = trials.groupby("stimulus_id")["label"].agg(["first", "nunique"])
    doubtful = trials["stimulus_id"].map(truth["nunique"]) > 1
    _refuse(trials, doubtful, "a stimulus with more than one label", "stimulus_id")

    rows = trials["_row"].to_numpy(dtype=np.int64)
    times = trials["_time"].to_numpy(dtype=np.int64)
    shape = (len(sessions), int(times.max()) + 1)

    def filled(values: object, empty: float, dtype: type) -> npt.NDArray[Any]:
        grid: npt.NDArray[Any] = np.full(shape, empty, dtype=dtype)
        grid[rows, times] = values
        return grid

    files = _files(tables)
    return Sequences(
        sessions=tuple(sessions["session_id"]),
        learners=tuple(sessions["participant_id"]),
        kind=tuple(sessions["participant_kind"]),
        classes=classes,
        stimuli=stimuli,
        stimulus_label=np.array([number[truth.loc[s, "first"]] for s in stimuli], dtype=np.int64),
        stimulus_file=tuple(files.get(s, "") for s in stimuli),
        stimulus=filled(trials["stimulus_id"].map(place), NOTHING, np.int64),
        label=filled(trials["label"].map(number), NOTHING, np.int64),
        response=filled(trials["response"].map(number).fillna(NOTHING), NOTHING, np.int64),
        phase=filled(trials["phase"].map(PHASES.index), NOTHING, np.int64),
        rt=filled(
            trials[rt_column].to_numpy(dtype=np.float32, na_value=np.nan), np.nan, np.float32
        ),
        lag=filled(_lags(trials).to_numpy(dtype=np.float32, na_value=np.nan), np.nan, np.float32),
        mask=filled(True, False, np.bool_),
        ranking=_rankings(trials, number, rows, times, shape),
    )


def _rankings(
    trials: pd.DataFrame, number: dict[str, int], rows: Ints, times: Ints, shape: tuple[int, int]
) -> Ints:
    """Return (N, T, K): the ranking where one was given, else the response alone."""
    given = trials["response_ranking"].fillna(trials["response"]).fillna("")
    lists = [[c for c in cell.split(LIST_SEPARATOR) if c] for cell in given]
    grid = np.full((*shape, max(1, *map(len, lists))), NOTHING, dtype=np.int64)
    for i, (names, row, time) in enumerate(zip(lists, rows, times, strict=True)):
        unknown = [name for name in names if name not in number]
        if unknown or len(set(names)) != len(names):
            what = f"ranks {unknown[0]!r}, which is no class" if unknown else "ranks a class twice"
            where = trials.iloc[i]
            raise SequenceFault(
                f"session {where['session_id']!r}, trial {where['trial_index']}: {what}"
            )
        grid[row, time, : len(names)] = [number[name] for name in names]
    return grid


def _files(tables: Tables) -> dict[str, str]:
    known = tables.stimuli[tables.stimuli["file"].notna()]
    return dict(zip(known["stimulus_id"], known["file"], strict=True))


def _refuse(trials: pd.DataFrame, wrong: pd.Series, what: str, column: str | None = None) -> None:
    if bool(wrong.any()):
        where = trials[wrong.astype(bool)].iloc[0]
        found = "" if column is None else f": {where[column]!r}"
        raise SequenceFault(
            f"session {where['session_id']!r}, trial {where['trial_index']}: {what}{found}"
        )
