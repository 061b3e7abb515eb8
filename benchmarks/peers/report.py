"""The table of ratios: what an answer to each system costs beside a bare route."""

from __future__ import annotations

import os
import platform
import sysconfig
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from peers.system import System
from peers.turns import Plan, Seen, Turn

HEAD = (
    "Database", "System", "CPU, times the bare route's", "Range over rounds",
    "Answers/s, times the bare route's", "Range over rounds", "CPU ms", "Answers/s", "All kept",
)  # fmt: skip


@dataclass
class Results:
    """What the benchmark has found.

    Attributes
    ----------
    plan : Plan
        How much was run.
    workers : int
        Server processes of the systems that have a number of them.
    systems : list[System]
        In the order of the tables; the bare route is the first.
    seen : dict[str, dict[str, Seen]]
        Database -> name of the system -> its turns.
    busy : list[float]
        Load average of the machine before each database, and at the end.
    """

    plan: Plan
    workers: int
    systems: list[System]
    seen: dict[str, dict[str, Seen]] = field(default_factory=dict)
    busy: list[float] = field(default_factory=list)


def is_optimized() -> bool:
    """Say whether this CPython was compiled with profile-guided optimisation."""
    return "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")


def ratios(own: Seen, bare: Seen, what: str) -> list[float]:
    """Return a figure of each turn over that of the bare route in the same round."""
    per_round = {turn.round: getattr(turn, what) for turn in bare.turns}
    return [getattr(turn, what) / per_round[turn.round] for turn in own.turns]


def rows(results: Results) -> list[tuple[str, ...]]:
    """Return the cells of the table."""
    found = []
    for database, seen in results.seen.items():
        bare = seen[results.systems[0].name]
        for system in results.systems:
            own = seen.get(system.name)
            if own is not None:
                found.append((database, system.name, *_cells(own, bare)))
    return found


def _cells(own: Seen, bare: Seen) -> tuple[str, ...]:
    cost, rate = ratios(own, bare, "cpu_ms"), ratios(own, bare, "rate")
    return (
        f"{median(cost):.2f}", f"{min(cost):.2f}–{max(cost):.2f}",
        f"{median(rate):.3f}", f"{min(rate):.3f}–{max(rate):.3f}",
        f"{median(turn.cpu_ms for turn in own.turns):.2f}",
        f"{median(turn.rate for turn in own.turns):.0f}", "yes" if own.kept else "no",
    )  # fmt: skip


def faults(results: Results) -> list[str]:
    """List what must not be: requests that failed, and answers that are not stored."""
    found = []
    for database, seen in results.seen.items():
        for name, own in seen.items():
            found += [f"{database}, {name}: {words} ({n})" for words, n in own.faults.items()]
            if not own.kept:
                found.append(
                    f"{database}, {name}: {own.sent} answers sent, {own.acknowledged} accepted, "
                    f"{own.stored} stored"
                )
    return found


def markdown(results: Results) -> str:
    """Write the table, and what its words mean."""
    plan = results.plan
    build = "with" if is_optimized() else "without"
    lines = [
        f"{plan.people} participants at once without think time, sessions of {plan.trials} trials; "
        f"{plan.rounds} rounds of {plan.seconds:.0f} s for each system after {plan.warm_up:.0f} s "
        f"of warm-up, in turns. {results.workers} server processes (oTree always has one). Client, "
        f"servers and databases share {os.cpu_count()} cores; the load average of the machine was "
        f"{min(results.busy):.1f} to {max(results.busy):.1f}. Python {platform.python_version()} "
        f"for all, compiled {build} profile-guided optimisation (`--enable-optimizations`).",
        "",
        "| " + " | ".join(HEAD) + " |",
        "| --- | --- |" + " ---: |" * (len(HEAD) - 3) + " --- |",
        *("| " + " | ".join(row) + " |" for row in rows(results)),
        "",
        "One answer is:",
        "",
        *(f"- **{system.name}**: {system.one_answer}" for system in results.systems),
        *(f"- ✗ {words}" for words in faults(results)),
    ]
    return "\n".join(lines) + "\n"


def plain(results: Results) -> dict[str, Any]:
    """Return the figures as JSON can hold them."""

    def one(turn: Turn) -> dict[str, Any]:
        return {
            "round": turn.round, "cpu_ms": turn.cpu_ms, "answers_per_s": turn.rate,
            "answers": len(turn.times), "p99_ms": turn.p99(), "cpu_s": turn.cpu,
        }  # fmt: skip

    return {
        "optimized_python": is_optimized(),
        "load_average": results.busy,
        "turns": {
            database: {name: [one(turn) for turn in own.turns] for name, own in seen.items()}
            for database, seen in results.seen.items()
        },
        "faults": faults(results),
    }
