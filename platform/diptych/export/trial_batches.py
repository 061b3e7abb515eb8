"""Rows of the tidy table `trials`, made column by column.

A study has few different trials and answers beside the number of its rows: many people see the same
images and choose among the same classes. So plans and answers stay the text that the database
holds, and a task is asked once for each text. What a session shares with its trials is made once
for the session. `sessions.tidy_rows.trial_row` makes the same cells, row by row.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple, TypeVar

from diptych.host import Host
from diptych.sessions.tidy_rows import TIMES, answered_cells, planned_cells
from diptych.tasks import PlannedTrial, Task
from diptych_analysis.tables.batches import Batch, Cells, Places, Repeated, Times

K = TypeVar("K")

#: Plans and answers that are kept, each by its text.
MOST_KEPT = 20_000
NOTHING: Mapping[str, Any] = {}


class _Plan(NamedTuple):
    """What decides the plan of a trial: the same key, the same cells."""

    version_id: int
    condition: str
    part: int
    phase: str
    block: int
    item: str | None
    notice: str | None


class _Planned(NamedTuple):
    """A trial of a plan, the cells that it decides, and its task."""

    key: _Plan
    trial: PlannedTrial
    cells: Mapping[str, Any]
    task: Task
    arranges: bool


class _Layer:
    """Cells that several rows share; of two layers with one column the later one counts."""

    def __init__(self, cells: Sequence[Mapping[str, Any]], places: Sequence[int]) -> None:
        self.cells, self.places = cells, Places(places)
        self.names = frozenset[str]().union(*cells)

    def column(self, name: str) -> Repeated:
        return Repeated([each.get(name) for each in self.cells], self.places)


class TrialBatches:
    """Makes batches of the tidy table `trials` from rows of the database.

    Parameters
    ----------
    host : Host
        The host.
    columns : sequence of str
        Names of the columns.
    shared : callable
        Gives the cells that a session's rows have in common, from one of them.
    """

    def __init__(
        self,
        host: Host,
        columns: Sequence[str],
        shared: Callable[[Any], Mapping[str, Any]],
    ) -> None:
        self._host, self._columns, self._shared = host, columns, shared
        self._tasks: dict[tuple[int, str, int], Task] = {}
        self._planned: dict[_Plan, _Planned] = {}
        self._answered: dict[tuple[_Plan, str, str], Mapping[str, Any]] = {}

    def batch(self, rows: Sequence[Any]) -> Batch:
        """Make a batch of rows of a query, those of a session one after the other.

        Parameters
        ----------
        rows : sequence of Row
            At least one, with `item` and `answer` as text, `shown_at` for the time at which the
            trial was shown, and the columns of `ReportedTrial`.
        """
        of = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
        keys, of_plans = _different(zip(*(of[name] for name in _Plan._fields), strict=True))
        plans = [self._plan(_Plan(*key)) for key in keys]
        answers, of_answers = _different(zip(of_plans, of["kind"], of["answer"], strict=True))
        layers = [
            self._sessions(rows, of["id"]),
            _Layer([plan.cells for plan in plans], of_plans),
            self._arranged([plans[place] for place in of_plans], of["seed"]),
            _Layer(
                [self._answer(plans[place], kind, answer) for place, kind, answer in answers],
                of_answers,
            ),
        ]
        fixed = _fixed(of, layers[-1])
        columns = {name: _cells(name, fixed, layers) for name in self._columns}
        return Batch(
            len(rows), {name: cells for name, cells in columns.items() if cells is not None}
        )

    def _sessions(self, rows: Sequence[Any], ids: Sequence[int]) -> _Layer:
        numbers, places = _different(ids)
        first = dict(zip(reversed(ids), range(len(ids) - 1, -1, -1), strict=True))
        return _Layer([self._shared(rows[first[number]]) for number in numbers], places)

    def _plan(self, key: _Plan) -> _Planned:
        if key not in self._planned:
            _make_room(self._planned)
            whose = key[:3]
            if whose not in self._tasks:
                self._tasks[whose] = self._host.task(*whose)
            task = self._tasks[whose]
            item = None if key.item is None else json.loads(key.item)
            trial = PlannedTrial(key.phase, item, key.block, key.notice)
            arranges = type(task).arrangement is not Task.arrangement
            self._planned[key] = _Planned(key, trial, planned_cells(task, trial), task, arranges)
        return self._planned[key]

    def _answer(self, plan: _Planned, kind: str, answer: str | None) -> Mapping[str, Any]:
        if answer is None:
            return NOTHING
        key = (plan.key, kind, answer)
        if key not in self._answered:
            _make_room(self._answered)
            self._answered[key] = answered_cells(plan.task, plan.trial, kind, json.loads(answer))
        return self._answered[key]

    @staticmethod
    def _arranged(plans: Sequence[_Planned], seeds: Sequence[int]) -> _Layer:
        cells: list[Mapping[str, Any]] = [NOTHING]
        known: dict[str, int] = {}
        places = []
        for plan, seed in zip(plans, seeds, strict=True):
            if not plan.arranges:
                places.append(0)
                continue
            found = plan.task.arrangement(plan.trial, seed)
            key = str(found)  # mostly one for all trials of a session
            if key not in known:
                known[key] = len(cells)
                cells.append(found)
            places.append(known[key])
        return _Layer(cells, places)


def _different(keys: Iterable[K]) -> tuple[list[K], list[int]]:
    """Return the different keys in the order in which they come, and which of them each one is."""
    known: dict[K, int] = defaultdict(count().__next__)
    places = list(map(known.__getitem__, keys))
    return list(known), places


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()


def _cells(name: str, fixed: Mapping[str, Cells], layers: Sequence[_Layer]) -> Cells | None:
    """Return a column of the table; None where it is empty."""
    if name in fixed:
        return fixed[name]
    having = [layer for layer in layers if name in layer.names]
    if not having:
        return None
    if len(having) == 1:
        return having[0].column(name)
    values: list[Any] = [None] * len(layers[0].places.of)
    for layer in having:
        for row, place in enumerate(layer.places.of):
            values[row] = layer.cells[place].get(name, values[row])
    return values


def _fixed(of: Mapping[str, Sequence[Any]], answered: _Layer) -> dict[str, Cells]:
    """Return the columns that the database holds as they are."""
    missed = [cells.get("missed") is True for cells in answered.cells]
    correct, rt_ms = of["correct"], of["rt_ms"]
    if any(missed):
        gone = [missed[place] for place in answered.places.of]
        correct = [None if out else value for out, value in zip(gone, correct, strict=True)]
        rt_ms = [None if out else value for out, value in zip(gone, rt_ms, strict=True)]
    return {
        "trial_index": of["trial_index"],
        "correct": correct,
        "rt_ms": rt_ms,
        "display_onset_ms": of["onset_ms"],
        **{name: of[name] for name in TIMES},
        "presented_at": Times(_shown(of)),
        "responded_at": Times(of["received_at"]),
    }


def _shown(of: Mapping[str, Sequence[Any]]) -> Sequence[int | None]:
    """Return when each trial was shown: one without an answer only if it is the current one."""
    names = ("answer", "shown_at", "trial_index", "position", "presented_at")
    if None not in of["answer"]:
        return of["shown_at"]
    return [
        shown_at if answer is not None else (now_at if index == position else None)
        for answer, shown_at, index, position, now_at in zip(
            *(of[name] for name in names), strict=True
        )
    ]
