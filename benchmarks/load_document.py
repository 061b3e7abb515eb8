"""The figures of the benchmark with think times for docs/performance.md, and for programs."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from load_report import MOST_P99_MS, Cells, Results, remarks, sections, verdicts
from think import PACES


def markdown(results: Results) -> str:
    """Write the figures as in the docs."""
    lines = [_preface(results), ""]
    for title, cells in sections(results):
        lines += [f"**{title}**", "", *_table(cells), ""]
    lines += [f"- {'✓' if held else '✗'} {words}" for held, words in verdicts(results)]
    lines += [f"- {words}" for words in remarks(results)]
    return "\n".join(lines) + "\n"


def _table(cells: Cells) -> list[str]:
    head, rows = cells
    rule = "| --- |" + " ---: |" * (len(head) - 1)
    return ["| " + " | ".join(head) + " |", rule, *("| " + " | ".join(row) + " |" for row in rows)]


def _preface(results: Results) -> str:
    options = results.options
    pace = PACES[options["task"]]
    parts = [
        f"Task {options['task']}, {options['trials']} trials a session, a mean of "
        f"{pace.trial.mean:.1f} s over each; measured for {options['seconds']:.0f} s; single "
        f"hosts with {options['workers']} gunicorn workers, three with one each"
        + (f" behind {results.proxy}" if results.proxy else "")
        + f"; client, servers and databases on the same {os.cpu_count()} cores."
    ]
    if options["quick_thinking"] != 1.0:
        parts.append(f"Think times are multiplied by {options['quick_thinking']}.")
    parts.append(
        f"Python {platform.python_version()}, gunicorn {version('gunicorn')}, "
        f"SQLAlchemy {version('sqlalchemy')}."
    )
    return " ".join(parts)


def plain(results: Results) -> dict[str, Any]:
    """Return the figures as JSON can hold them; times in ms."""
    rows = []
    for row in results.rows:
        seen = row.measured
        rows.append({
            "setup": row.label, "participants": seen.participants, "seconds": seen.seconds,
            "answers": len(seen.answers), "answers_per_s": seen.rate,
            "answer_ms": {str(share): seen.p(share) for share in (0.5, 0.95, 0.99)},
            "requests": {kind: len(times) for kind, times in seen.times.items()},
            "p99_ms": {kind: seen.p(0.99, kind) for kind in seen.times},
            "errors": seen.errors, "completed": seen.completed, "kept_once": row.kept,
            "cpu_s": seen.cpu, "cpu_ms_a_request": {p: seen.cpu_ms(p) for p in seen.cpu},
            "statements_a_request": row.statements, "peak_bytes": seen.peak,
        })  # fmt: skip
    return {
        "options": {name: str(value) for name, value in results.options.items()},
        "loads": rows,
        "largest": [
            {"setup": each.label, "held": each.bounds(MOST_P99_MS)[0],
             "tried": [[n, seen.p(0.99)] for n, seen in each.tried]}
            for each in results.largest
        ],
        "sql": {
            label: {kind: [costs.mean(kind), costs.mean(kind, "round_trips")]
                    for kind in costs.statements}
            for label, costs in results.costs.items()
        },
        "turns": [
            {"database": label, "what": turn.what, "per_s": turn.rate, "seconds": turn.seconds,
             "p99_ms": turn.figures.percentile(0.99), "cpu_s": turn.cpu,
             "requests": turn.requests, "errors": turn.figures.errors}
            for label, turns in results.turns.items() for turn in turns
        ],
        "verdicts": [[held, words] for held, words in verdicts(results)],
        "remarks": remarks(results),
        "wrong": results.wrong,
    }  # fmt: skip
