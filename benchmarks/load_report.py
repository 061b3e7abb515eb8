"""What the benchmark with think times has found: tables, and what must hold."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crowd_load import Measured
from rich.console import Console
from rich.table import Table
from session_cost import Costs
from yardstick import Turn

MOST_P99_MS = 200.0
#: An answered trial may cost so many times what the bare route costs.
MOST_TIMES = 2.5
Cells = tuple[list[str], list[list[str]]]


@dataclass
class Row:
    """One load.

    Attributes
    ----------
    label : str
        Database and hosts.
    measured : Measured
        What the window has shown.
    statements : float
        SQL statements a request, of this mix of requests.
    kept : bool
        Whether every acknowledged answer of the setup is stored, and once.
    """

    label: str
    measured: Measured
    statements: float
    kept: bool


@dataclass
class LargestLoad:
    """The search for the largest load: what was tried so far, (participants, what was seen)."""

    label: str
    tried: list[tuple[int, Measured]]

    def bounds(self, most_ms: float) -> tuple[int, int | None]:
        """Return the most participants that were held, and the fewest above them that were not."""
        held = max((n for n, seen in self.tried if seen.held(most_ms)), default=0)
        failed = [n for n, seen in self.tried if not seen.held(most_ms) and n > held]
        return held, min(failed, default=None)

    def next(self, most_ms: float, most: int) -> int | None:
        """Return what to try next; None once known to a tenth, or at the allowed maximum."""
        held, failed = self.bounds(most_ms)
        if failed is None:
            return None if held >= most else min(most, max(1, 2 * held))
        if failed - held <= max(1, failed // 10):
            return None
        return (held + failed) // 2


@dataclass
class Results:
    """Everything one call has found out.

    Attributes
    ----------
    options : dict[str, Any]
        Of the command line.
    costs : dict[str, Costs]
        Label of a database -> SQL of each kind of request.
    turns : dict[str, list[Turn]]
        Label of a database -> turns of the yardstick and of settling.
    wrong : list[str]
        Answers that are not stored as they were acknowledged, in words.
    proxy : str
        What stood before several hosts.
    """

    options: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    largest: list[LargestLoad] = field(default_factory=list)
    costs: dict[str, Costs] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    proxy: str = ""


def _number(value: float, digits: int = 0) -> str:
    return "–" if math.isnan(value) else f"{value:,.{digits}f}"


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:,.0f}"


def waiting(results: Results) -> Cells:
    """Tabulate the waiting times and errors that participants meet."""
    head = ["Setup", "Participants", "Answers/s", "Requests/s", "p50 ms", "p95 ms", "p99 ms",
            "Entry p99 ms", "Pictures p99 ms", "Errors", "Sessions completed",
            "All kept once"]  # fmt: skip
    cells = []
    for row in results.rows:
        seen = row.measured
        errors = sum(seen.errors.values())
        cells.append([
            row.label, f"{seen.participants:,}", _number(seen.rate, 1),
            _number(seen.requests / seen.seconds), *(_number(seen.p(s)) for s in (0.5, 0.95, 0.99)),
            _number(seen.p(0.99, "entry")), _number(seen.p(0.99, "picture")),
            f"{errors} {seen.errors}" if errors else "0", str(seen.completed),
            "yes" if row.kept else "NO",
        ])  # fmt: skip
    return head, cells


def spending(results: Results) -> Cells:
    """Tabulate what it costs."""
    head = ["Setup", "Participants", "Server CPU ms a request", "Database CPU ms a request",
            "SQL statements a request", "Server MB", "Database MB",
            "Proxy, client: cores"]  # fmt: skip
    cells = []
    for row in results.rows:
        seen = row.measured
        others = [seen.cpu.get(name, 0.0) / seen.seconds for name in ("proxy", "client")]
        cells.append([
            row.label, f"{seen.participants:,}", _number(seen.cpu_ms("server"), 2),
            _number(seen.cpu_ms("database"), 2), _number(row.statements, 2),
            _megabytes(seen.peak.get("server")), _megabytes(seen.peak.get("database")),
            ", ".join(_number(each, 2) for each in others),
        ])  # fmt: skip
    return head, cells


def sql(results: Results) -> Cells:
    """Tabulate SQL and CPU time of every kind of request."""
    labels = list(results.costs)
    head = ["Request"]
    for label in labels:
        head.append(f"{label}: statements")
        if results.costs[label].round_trips:
            head.append("round trips")
        head.append("CPU ms")
    kinds = list(results.costs[labels[0]].statements) if labels else []
    cells = []
    for kind in kinds:
        line = [kind]
        for label in labels:
            costs = results.costs[label]
            line.append(_number(costs.mean(kind), 1))
            if costs.round_trips:
                line.append(_number(costs.mean(kind, "round_trips"), 1))
            line.append(_number(costs.mean(kind, "cpu_ms"), 1))
        cells.append(line)
    return head, cells


def largest(results: Results) -> Cells:
    """Tabulate the search for the largest load."""
    head = ["Setup", "Largest held", "Tried: p99 ms of answers"]
    cells = []
    for each in results.largest:
        held, _ = each.bounds(MOST_P99_MS)
        tried = [f"{n:,}: {_number(s.p(0.99))}{_with_errors(s)}" for n, s in sorted(
            each.tried, key=lambda pair: pair[0])]  # fmt: skip
        cells.append([each.label, f"{held:,}", "; ".join(tried)])
    return head, cells


def _with_errors(seen: Measured) -> str:
    return f" ({sum(seen.errors.values())} errors)" if seen.errors else ""


def median(turns: Sequence[Turn], what: str, of: str) -> float:
    """Return the median turn of a kind: `rate`, `p99`, or CPU ms (`server`, `database`, `both`)."""
    values = []
    for turn in turns:
        if turn.what == what:
            if of == "rate":
                values.append(turn.rate)
            elif of == "p99":
                values.append(turn.figures.percentile(0.99))
            else:
                names = ("server", "database") if of == "both" else (of,)
                values.append(turn.cpu_ms(*names))
    return statistics.median(values) if values else math.nan


_WHAT = {
    "bare": "a bare route that inserts one row",
    "answer": "an answered trial",
    "ends": "an answer, whole sessions",
    "leaves": "an answer, sessions left before their end",
}


def yardstick(results: Results) -> Cells:
    """Tabulate the bare route, answered trials, and settling."""
    head = ["Database", "Request", "A second", "p99 ms", "Server CPU ms", "Database CPU ms",
            "Rounds"]  # fmt: skip
    cells = []
    for label, turns in results.turns.items():
        for what in (each for each in _WHAT if any(turn.what == each for turn in turns)):
            cells.append([
                label, _WHAT[what], _number(median(turns, what, "rate")),
                _number(median(turns, what, "p99")), _number(median(turns, what, "server"), 2),
                _number(median(turns, what, "database"), 2) if label == "PostgreSQL" else "–",
                str(sum(turn.what == what for turn in turns)),
            ])  # fmt: skip
    return head, cells


def verdicts(results: Results) -> list[tuple[bool, str]]:
    """Return each thing that must hold, and whether it did."""
    found = []
    for row in results.rows:
        seen, p99 = row.measured, row.measured.p(0.99)
        # A quick run shares its machine with anything: it asks whether all is right, not how fast.
        bound = math.inf if results.options["quick"] else MOST_P99_MS
        words = "" if results.options["quick"] else f" (below {MOST_P99_MS:.0f})"
        found.append((
            seen.held(bound) and row.kept,
            f"{row.label}, {seen.participants:,} participants: p99 of answers {_number(p99)} ms"
            f"{words}, {sum(seen.errors.values())} errors",
        ))  # fmt: skip
    for label, turns in results.turns.items():
        times = median(turns, "answer", "both") / median(turns, "bare", "both")
        slower = median(turns, "bare", "rate") / (median(turns, "answer", "rate") or math.nan)
        if math.isnan(slower) and not math.isnan(times):
            found.append((False, f"{label}: no answers were left for a turn: begin more sessions"))
        elif not math.isnan(times):
            words = (
                f"{label}: an answered trial costs {times:.2f} times the CPU of a bare route "
                f"(at most {MOST_TIMES}); the bare route takes {slower:.2f} times as many a second"
            )
            found.append((results.options["quick"] or times <= MOST_TIMES, words))
        failed = sum(sum(turn.figures.errors.values()) for turn in turns)
        if failed:
            found.append((False, f"{label}: {failed} errors without think time"))
    found += [(False, words) for words in results.wrong[:5]]
    return found


def remarks(results: Results) -> list[str]:
    """State the results beside what must hold."""
    lines = []
    for label, costs in results.costs.items():
        kinds = ("settling", "last answer", "answer")
        settling, last, other = (costs.mean(kind, "cpu_ms") for kind in kinds)
        share = settling / results.options["trials"]
        lines.append(
            f"{label}: the last answer of a session costs {last:.1f} ms of server CPU, another one "
            f"{other:.1f}; settling the session behind it, alone, {settling:.1f}: {share:.2f} ms "
            f"for each answer"
        )
    for label, turns in results.turns.items():
        ends, leaves = (median(turns, what, "rate") for what in ("ends", "leaves"))
        if not math.isnan(ends):
            cost = median(turns, "ends", "both") - median(turns, "leaves", "both")
            trials = results.options["trials"]
            lines.append(
                f"{label}: where sessions end, {100 * (1 - ends / leaves):.0f} % fewer answers are "
                f"taken a second than where they are left; an end (last answer, settling, last "
                f"pages) costs {cost * trials:.0f} ms of CPU a session of {trials} trials"
            )
    return lines


def sections(results: Results) -> list[tuple[str, Cells]]:
    """List the tables that have something to show."""
    every = [
        ("What participants meet", waiting(results)),
        ("What it costs", spending(results)),
        ("By kind of request, in one process without gunicorn", sql(results)),
        ("The largest load with p99 of answers below 200 ms", largest(results)),
        (
            f"Beside a bare route, {results.options['people']} at once without think time",
            yardstick(results),
        ),
    ]
    return [(title, cells) for title, cells in every if cells[1]]


def show(results: Results, console: Console) -> bool:
    """Print everything; True when all that must hold held."""
    for title, (head, cells) in sections(results):
        table = Table(*head, title=title)
        for row in cells:
            table.add_row(*row)
        console.print(table)
    found = verdicts(results)
    for held, words in found:
        console.print(f"[{'green' if held else 'red'}]{'✓' if held else '✗'}[/] {words}")
    for words in remarks(results):
        console.print(f"- {words}")
    return all(held for held, _ in found)
