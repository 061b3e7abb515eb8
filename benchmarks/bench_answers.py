"""How many answers a second a host takes, and how long each waits: on SQLite and PostgreSQL.

Many simulated participants take a study at once through the real API, without think time, against
gunicorn on this machine; client, server and database share its cores. An answer counts when the
response is stored and feedback and next trial are back. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import sqlalchemy
from fill import fill
from load import Figures, Load
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sql_cost import Cost, measure, through_proxy
from support.databases import PostgreSQL, running_postgresql
from support.servers import LiveServer
from support.tiny_studies import category_study, two_afc_study

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze

# The least that is wanted: (answers a second, p99 in ms).
TARGETS = {"postgresql": (600.0, 150.0), "sqlite": (450.0, 250.0)}
LABELS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
MOST_GROWTH = 1.2
MOST_ROUND_TRIPS = 4.0
console = Console()


@dataclass
class Row:
    """One line of the results."""

    database: str
    task: str
    stored: int
    figures: Figures
    kept: bool  # every acknowledged answer is in the database, and nothing twice


@dataclass
class Results:
    """Everything one call of the benchmark found out."""

    rows: list[Row] = field(default_factory=list)
    costs: dict[tuple[str, str], Cost] = field(default_factory=dict)


@contextmanager
def prepared(kind: str, folder: Path, server: PostgreSQL | None) -> Iterator[Settings]:
    """Prepare a migrated database of a kind with both bench studies open."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.sqlite3'}"
    else:
        assert server is not None
        url = server.url(server.new_database())
    settings = Settings(
        home=folder / "home", database_url=url, studies=folder / "studies", secret_key="bench"
    )
    upgrade(settings.sqlalchemy_url)
    app = create_app(settings)
    with app.app_context():
        for name in ("category_learning", "two_afc"):
            freeze(load_study(folder / "studies" / name), opening=True)
        yield settings
        db.engine.dispose()


def write_studies(folder: Path) -> None:
    """Write the two studies of the benchmark, as long as the published ones."""
    many = {"recruitment": {"participants": 10_000_000}}
    category_study(
        folder / "category_learning",
        per_class=40,
        training=30,
        test=15,
        changes={**many, "task": {"rank": 3}},
    )
    two_afc_study(folder / "two_afc", practice=0, test=40, catch=5, changes=many)


def stored_responses(settings: Settings) -> int:
    """Count the responses in a database."""
    engine = sqlalchemy.create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM responses").scalar_one()
    engine.dispose()
    return int(count)


def run_load(
    settings: Settings, kind: str, task: str, options: argparse.Namespace, folder: Path
) -> Row:
    """Start gunicorn, put the load on it, stop it, and count what is stored."""
    before = stored_responses(settings)
    environment = {
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_STUDIES": str(settings.studies),
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        # Everybody comes from one address here, more than a campus ever sends.
        "DIPTYCH_LIMIT_ENTRIES": "0",
    }
    server = LiveServer(environment, folder / "server.log", workers=options.workers)
    load = Load(
        "127.0.0.1", server.port, task, options.participants, options.warm_up, options.seconds
    )
    server.start()
    try:
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task(f"{LABELS[kind]}, {task}, {before:,} stored", total=None)
            figures = load.run(lambda answered: progress.update(bar, completed=answered))
    finally:
        server.stop()
    kept = stored_responses(settings) - before == figures.acknowledged
    return Row(kind, task, before, figures, kept)


def bench(kind: str, options: argparse.Namespace, server: PostgreSQL | None) -> Results:
    """Measure all on one kind of database."""
    results = Results()
    with tempfile.TemporaryDirectory(prefix="diptych-bench-") as temporary:
        folder = Path(temporary)
        write_studies(folder / "studies")
        with prepared(kind, folder, server) as settings:
            for task in ("category_learning", "two_afc"):
                if server is not None and kind == "postgresql":
                    database = sqlalchemy.make_url(settings.database_url).database or ""
                    results.costs[kind, task] = through_proxy(server, database, settings, task)
                else:
                    results.costs[kind, task] = measure(settings, task)
                results.rows.append(run_load(settings, kind, task, options, folder))
        for size in options.stored:
            with tempfile.TemporaryDirectory(prefix="diptych-bench-", dir=folder) as own:
                again = Path(own)
                write_studies(again / "studies")
                with prepared(kind, again, server) as settings:
                    measure(settings, "category_learning")
                    with console.status(f"{LABELS[kind]}: filling in {size:,} responses …"):
                        fill(settings.sqlalchemy_url, size)
                    results.rows.append(
                        run_load(settings, kind, "category_learning", options, again)
                    )
    return results


def rows_of(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return the head and cells of the table of figures."""
    head = ["Database", "Task", "Stored before", "Answers/s", "p50 ms", "p95 ms", "p99 ms"]
    head += ["Entry p99 ms", "Errors", "All kept once"]
    cells = []
    for row in results.rows:
        figures = row.figures
        errors = sum(figures.errors.values())
        cells.append(
            [
                LABELS[row.database],
                row.task,
                f"{row.stored:,}",
                f"{figures.rate:.0f}",
                *(f"{figures.percentile(share):.0f}" for share in (0.5, 0.95, 0.99)),
                f"{figures.percentile(0.99, 'entries'):.0f}",
                str(errors) if not errors else f"{errors} {dict(figures.errors)}",
                "yes" if row.kept else "NO",
            ]
        )
    return head, cells


def verdicts(results: Results) -> list[tuple[bool, str]]:
    """Return each thing that must hold, and whether it did."""
    found = []
    for row in results.rows:
        least, most = TARGETS[row.database]
        name = f"{LABELS[row.database]}, {row.task}, {row.stored:,} stored"
        rate, p99 = row.figures.rate, row.figures.percentile(0.99)
        clean = row.kept and not row.figures.errors
        words = f"{name}: {rate:.0f}/s (at least {least:.0f}), p99 {p99:.0f} ms (below {most:.0f})"
        found.append((rate >= least and p99 < most and clean, words))
    for (kind, task), cost in results.costs.items():
        known = cost.round_trips == cost.round_trips
        trips = cost.round_trips if known else cost.statements
        what = "round trips, BEGIN and COMMIT included" if known else "statements"
        words = f"{LABELS[kind]}, {task}: {trips:.1f} {what}, an answer (at most 4)"
        found.append((trips <= MOST_ROUND_TRIPS, words))
    for kind in LABELS:
        sizes = [r for r in results.rows if r.database == kind and r.stored >= 1000]
        sizes = [r for r in sizes if r.task == "category_learning"]
        if len(sizes) >= 2:
            small, large = sizes[-2], sizes[-1]
            ratio = large.figures.percentile(0.5) / small.figures.percentile(0.5)
            words = (
                f"{LABELS[kind]}: median latency with {large.stored:,} stored is {ratio:.2f} "
                f"times that with {small.stored:,} (at most {MOST_GROWTH})"
            )
            found.append((ratio <= MOST_GROWTH, words))
    return found


def markdown(results: Results, options: argparse.Namespace) -> str:
    """Write the figures as in docs/performance.md."""
    head, cells = rows_of(results)
    lines = [
        f"{options.participants} participants at once, no think time, {options.workers} gunicorn "
        f"workers, {options.seconds:.0f} s after {options.warm_up:.0f} s of warm-up; client, "
        f"server and database on the same {os.cpu_count()} cores. Python "
        f"{platform.python_version()}, gunicorn {version('gunicorn')}, SQLAlchemy "
        f"{sqlalchemy.__version__}.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(row) + " |" for row in cells),
        "",
        *(f"- {'✓' if held else '✗'} {words}" for held, words in verdicts(results)),
    ]
    return "\n".join(lines) + "\n"


def show(results: Results) -> bool:
    """Print the figures; True when all that must hold held."""
    head, cells = rows_of(results)
    table = Table(*head, title="Answered trials")
    for row in cells:
        table.add_row(*row)
    console.print(table)
    found = verdicts(results)
    for held, words in found:
        console.print(f"[{'green' if held else 'red'}]{'✓' if held else '✗'}[/] {words}")
    return all(held for held, _ in found)


def replace_in_docs(
    text: str,
    page: Path,
    begin: str = "<!-- figures -->\n",
    end: str = "<!-- end of figures -->\n",
) -> None:
    """Put the figures between two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Run the benchmark; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--participants", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--warm-up", type=float, default=3.0)
    parser.add_argument("--databases", nargs="+", choices=list(LABELS), default=list(LABELS))
    parser.add_argument(
        "--stored", nargs="*", type=int, default=[1_000, 1_000_000], help="sizes to compare"
    )
    parser.add_argument("--docs", type=Path, help="Markdown page whose figures are replaced")
    options = parser.parse_args()
    results = Results()
    for kind in options.databases:
        if kind == "postgresql":
            with running_postgresql() as server:
                found = bench(kind, options, server)
        else:
            found = bench(kind, options, None)
        results.rows += found.rows
        results.costs |= found.costs
    held = show(results)
    if options.docs:
        replace_in_docs(markdown(results, options), options.docs)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
