"""How many sessions of each sort the quality rules flag: hits and false alarms, by simulation.

Simulated people of every sort take shipped studies through the real API; what the rules of the
studies find is counted. Run by `make rule-rates`; with `--docs FILE` the tables are put there.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import create_engine, text
from support.servers import LiveServer

from diptych.ground.keys import study_key
from diptych.quality import RULES
from diptych.simulation.run import simulate

STUDIES = Path(__file__).parents[1] / "studies"
SECRET = "a secret for counting flags"
#: The first are honest; what speaks against them is a false alarm.
HONEST = ("learner", "noisy")
SORTS = (*HONEST, "guesser", "bot", "quitter", "repeater")
NAMES = {sort: "noisy" if sort == "noisy" else f"{sort}s" for sort in SORTS}
SMALL = {"greebles": {"per_class": 30}, "which_unit": {}}
console = Console()


@dataclass
class Rates:
    """Of one study: sessions by sort, and how many of them each rule flags."""

    study: str
    sessions: dict[str, int]
    flagged: dict[str, dict[str, int]]  # rule -> sort -> sessions
    any_rule: dict[str, int]
    excluded: dict[str, int]


def prepare(folder: Path, study: str) -> None:
    """Write the shipped study, with fewer pictures where it has many."""
    ignore = shutil.ignore_patterns("stimuli", "assets", "*.csv", "__pycache__")
    shutil.copytree(STUDIES / study, folder / study, ignore=ignore)
    spec = importlib.util.spec_from_file_location(study, STUDIES / study / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(folder / study, 1, **SMALL[study])


def measure(study: str, n: int, home: Path) -> Rates:
    """Let everybody take a study, and count."""
    prepare(home / "studies", study)
    database = f"sqlite:///{home / 'rates.sqlite3'}"
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(home / "home"),
            "DIPTYCH_DATABASE_URL": database,
            "DIPTYCH_STUDIES": str(home / "studies"),
            "DIPTYCH_SECRET_KEY": SECRET,
        },
        home / "server.log",
    )
    server.diptych("study", "open", study)
    server.start()
    sessions: dict[str, list[str]] = {}
    try:
        key = study_key(SECRET.encode(), "simulate", study)
        with Progress(console=console, transient=True) as bar:
            for number, sort in enumerate(SORTS):
                task = bar.add_task(f"{study}: {sort}s", total=n)
                summary = simulate(
                    server.url,
                    home / "studies" / study,
                    n,
                    key=key,
                    observer=sort,
                    seed=number,
                    run=sort,
                    progress=lambda done, of, task=task: bar.update(  # type: ignore[misc]
                        task, completed=done, total=of
                    ),
                )
                # Of those who come twice, it is the second time that is to be found.
                taken = [t for t in summary.taken if sort != "repeater" or "again" in t.participant]
                sessions[sort] = [t.session for t in taken]
    finally:
        server.stop()
    end_silent_sessions(database)
    server.diptych("quality", study, "--recompute", "--who", "simulated")
    return count(study, database, sessions)


def end_silent_sessions(database: str) -> None:
    """Let so much time pass that who has left can't come back."""
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE sessions SET status = 'timed_out', step = 'end', ended_at = last_seen_at "
                "WHERE ended_at IS NULL"
            )
        )
    engine.dispose()


def count(study: str, database: str, sessions: dict[str, list[str]]) -> Rates:
    """Count what each rule says about each sort of participant."""
    engine = create_engine(database)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT s.public_id, q.rule FROM quality_results q "
                "JOIN sessions s ON s.id = q.session_id WHERE q.flagged"
            )
        ).all()
        out = set(
            connection.execute(
                text(
                    "SELECT s.public_id FROM session_results r "
                    "JOIN sessions s ON s.id = r.session_id WHERE r.excluded"
                )
            ).scalars()
        )
        rules = set(connection.execute(text("SELECT DISTINCT rule FROM quality_results")).scalars())
    engine.dispose()
    by_rule = {
        rule: {
            sort: len({who for who, flag in found if flag == rule} & set(ids))
            for sort, ids in sessions.items()
        }
        for rule in RULES
        if rule in rules
    }
    hard = {who for who, flag in found if not RULES[flag].soft}
    return Rates(
        study,
        {sort: len(ids) for sort, ids in sessions.items()},
        by_rule,
        {sort: len(hard & set(ids)) for sort, ids in sessions.items()},
        {sort: len(out & set(ids)) for sort, ids in sessions.items()},
    )


def lines(rates: Rates) -> list[list[str]]:
    """Return the rows of the table: a rule, and the share of each sort that it flags."""
    rows = [*rates.flagged.items(), ("any but hints", rates.any_rule), ("excluded", rates.excluded)]
    return [
        [name, *(f"{100 * counts[sort] / max(rates.sessions[sort], 1):.0f}" for sort in SORTS)]
        for name, counts in rows
    ]


def markdown(all_rates: Sequence[Rates]) -> str:
    """Write the tables for the docs."""
    parts = []
    for rates in all_rates:
        numbers = ", ".join(f"{n} {NAMES[sort]}" for sort, n in rates.sessions.items())
        head = ["%", *NAMES.values()]
        table = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(SORTS)]
        for name, *cells in lines(rates):
            label = f"`{name}`" if name in RULES else f"**{name}**"
            table.append("| " + " | ".join([label, *cells]) + " |")
        parts.append(f"`{rates.study}`: {numbers}.\n\n" + "\n".join(table))
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=60, help="sessions of each sort")
    parser.add_argument("--docs", type=Path, help="page to put the tables into")
    arguments = parser.parse_args()
    found = []
    for study in SMALL:
        with tempfile.TemporaryDirectory() as home:
            found.append(measure(study, arguments.n, Path(home)))
        table = Table(title=f"{study}: % of sessions flagged", title_justify="left")
        for head in ("rule", *SORTS):
            table.add_column(head, justify="left" if head == "rule" else "right")
        for row in lines(found[-1]):
            table.add_row(*row)
        console.print(table)
    if arguments.docs:
        page = arguments.docs.read_text(encoding="utf-8")
        start, end = "<!-- rates -->", "<!-- /rates -->"
        new = f"{start}\n\n{markdown(found)}\n\n{end}"
        page = re.sub(f"{start}.*{end}", lambda _: new, page, flags=re.S)
        arguments.docs.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
