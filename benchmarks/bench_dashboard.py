"""Server time of every page of the dashboard, with a thousand responses and with a million.

The same study stands in databases behind gunicorns: with the few sessions that took it, and with a
thousand copies of each. Every GET route of the dashboard is asked of both in turn, so that whatever
else this machine does falls on both alike. Tables that are narrowed or sorted are held against a
study with some sessions instead, which fill a page of the table: what is shown is as much then.
Run by `make bench-dashboard`, and as the last part of `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

import sqlalchemy
from bench_answers import replace_in_docs
from crowded import STUDY, multiply, settle_one_more, take, write_study
from pages import Asker, Page, pages_of
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from support.dashboard import Researcher
from support.databases import PostgreSQL, running_postgresql
from support.servers import LiveServer

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze
from diptych.web.dashboard.access import COOKIE

LABELS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
MOST_GROWTH = 1.5
#: Copies of each session where a page of the table of sessions is to be full.
SOME = 9
BEGIN, END = "<!-- dashboard -->\n", "<!-- end of dashboard -->\n"
console = Console()


@dataclass
class Side:
    """One of the databases: the study with few, some or many sessions."""

    settings: Settings
    cookie: str
    sessions: int = 0
    responses: int = 0
    settle_ms: float = 0.0
    session: str = ""


@dataclass
class Row:
    """One page on one kind of database; times are medians in ms."""

    database: str
    page: str
    beside: str  # few or some
    whole: bool  # a file with all rows: no page
    few_ms: float
    many_ms: float
    status: int
    fastest_few_ms: float
    fastest_many_ms: float

    @property
    def growth(self) -> float:
        """Times as long with many sessions."""
        return self.many_ms / self.few_ms


@dataclass
class Results:
    """What one call found out."""

    rows: list[Row] = field(default_factory=list)
    sides: dict[str, dict[str, Side]] = field(default_factory=dict)


def prepare(kind: str, folder: Path, server: PostgreSQL | None, copies: int) -> Side:
    """Prepare a database with the study, its few sessions and a number of copies of each."""
    folder.mkdir(parents=True)
    write_study(folder / "studies")
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.sqlite3'}"
    else:
        assert server is not None
        url = server.url(server.new_database())
    settings = Settings(
        home=folder / "home", database_url=url, studies=folder / "studies",
        secret_key="only for the benchmark, never for people",
    )  # fmt: skip
    upgrade(settings.sqlalchemy_url)
    app = create_app(settings)
    with app.app_context():
        freeze(load_study(folder / "studies" / STUDY), opening=True)
    take(app)
    if copies:
        multiply(settings.sqlalchemy_url, copies)
    admin = Researcher(app, "bench", is_admin=True)
    cookie = admin.client.get_cookie(COOKIE)
    assert cookie is not None
    side = Side(settings, f"{COOKIE}={cookie.value}")
    side.settle_ms = median(settle_one_more(app) for _ in range(5))
    with app.app_context():
        with db.engine.connect() as connection:
            for what in ("sessions", "responses"):
                count = connection.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one()
                setattr(side, what, int(count))
            side.session = str(
                connection.exec_driver_sql(
                    "SELECT public_id FROM sessions WHERE status = 'completed' ORDER BY id LIMIT 1"
                ).scalar_one()
            )
        db.engine.dispose()
    return side


@contextmanager
def served(side: Side, folder: Path) -> Iterator[Asker]:
    """Start gunicorn on one of the databases, and a connection to it."""
    environment = {
        "DIPTYCH_HOME": str(side.settings.home),
        "DIPTYCH_DATABASE_URL": side.settings.database_url,
        "DIPTYCH_STUDIES": str(side.settings.studies),
        "DIPTYCH_SECRET_KEY": side.settings.secret_key,
    }
    server = LiveServer(environment, folder / "server.log", workers=1)
    server.start()
    try:
        yield Asker(server.port, side.cookie, side.session)
    finally:
        server.stop()


def measure(
    page: Page, few: Asker, many: Asker, times: int
) -> tuple[float, float, int, float, float]:
    """Measure medians in ms on both sides, asked in turn; the status; the fastest on both sides."""
    spent: tuple[list[float], list[float]] = [], []
    status = 0
    for number in range(times + 3):
        for asker, where in ((few, spent[0]), (many, spent[1])):
            status, seconds = asker.get(page)
            if number >= 3:  # the first few fill memories
                where.append(1000 * seconds)
    return median(spent[0]), median(spent[1]), status, min(spent[0]), min(spent[1])


def bench(kind: str, options: argparse.Namespace, server: PostgreSQL | None) -> Results:
    """Measure all pages on one kind of database."""
    results = Results()
    with tempfile.TemporaryDirectory(prefix="diptych-bench-") as temporary:
        folder = Path(temporary)
        sides = results.sides[kind] = {}
        for name, copies in (("few", 0), ("some", SOME), ("many", options.copies)):
            with console.status(f"{LABELS[kind]}: filling in {name} sessions …"):
                sides[name] = prepare(kind, folder / name, server, copies)
        app = create_app(sides["few"].settings)
        pages = [p for p in pages_of(app, STUDY) if options.only in p.name]
        with ExitStack() as stack:
            askers = {
                name: stack.enter_context(served(side, folder / name))
                for name, side in sides.items()
            }
            progress = stack.enter_context(Progress(console=console, transient=True))
            for page in progress.track(pages, description=LABELS[kind]):
                beside = "some" if page.varied else "few"
                found = measure(page, askers[beside], askers["many"], options.times)
                results.rows.append(Row(kind, page.name, beside, page.whole, *found))
        with app.app_context():
            db.engine.dispose()
    return results


def verdicts(results: Results) -> list[tuple[bool, str]]:
    """Return each thing that must hold, and whether it did."""
    found = []
    for kind in results.sides:
        rows = [row for row in results.rows if row.database == kind]
        if not rows:
            continue
        worst = max((row for row in rows if not row.whole), key=lambda row: row.growth)
        words = (
            f"{LABELS[kind]}: {len(rows)} pages; the most that one grows by is "
            f"{worst.growth:.2f} times, {worst.page} (at most {MOST_GROWTH})"
        )
        found.append((worst.growth <= MOST_GROWTH, words))
        broken = [row.page for row in rows if row.status >= 400]
        if broken:
            found.append((False, f"{LABELS[kind]}: not shown: {', '.join(broken)}"))
    return found


def cells_of(results: Results) -> tuple[list[str], list[list[str]]]:
    """Return the head and cells of the table: a page a line, both databases beside each other."""
    head = ["Page"]
    for kind in results.sides:
        head += [f"{LABELS[kind]}, few (ms)", "many (ms)", "times"]
    lines: dict[str, list[str]] = {}
    for row in results.rows:
        mark = " (all rows, to the first bytes)" if row.whole else ""
        name = f"{row.page}{mark}" if row.beside == "few" else f"{row.page} (some)"
        lines.setdefault(name, [name]).extend(
            [f"{row.few_ms:.1f}", f"{row.many_ms:.1f}", f"{row.growth:.2f}"]
        )
    return head, list(lines.values())


def markdown(results: Results, options: argparse.Namespace) -> str:
    """Write the figures as in docs/performance.md."""
    head, cells = cells_of(results)
    few, some, many = next(iter(results.sides.values())).values()
    settled = "; ".join(
        f"{LABELS[kind]} {sides['few'].settle_ms:.0f} and {sides['many'].settle_ms:.0f} ms"
        for kind, sides in results.sides.items()
    )
    lines = [
        f"Medians of {options.times} requests through gunicorn (one worker), asked in turn of a "
        f"host with few ({few.responses:,} responses in {few.sessions:,} sessions) and one with "
        f"many ({many.responses:,} in {many.sessions:,}); where marked, beside some "
        f"({some.responses:,} in {some.sessions:,}); client, servers and databases on the "
        f"same {os.cpu_count()} cores. Python {platform.python_version()}, gunicorn "
        f"{version('gunicorn')}, SQLAlchemy {sqlalchemy.__version__}.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + " --- |" + " ---: |" * (len(head) - 1),
        *("| " + " | ".join(row) + " |" for row in cells),
        "",
        *(f"- {'✓' if held else '✗'} {words}" for held, words in verdicts(results)),
        f"- Settling one session at its end, few and many: {settled}.",
    ]
    return "\n".join(lines) + "\n"


def show(results: Results) -> bool:
    """Print the figures; True when all that must hold held."""
    head, cells = cells_of(results)
    shown = Table(*head, title="Pages of the dashboard")
    for row in cells:
        shown.add_row(*row)
    console.print(shown)
    for kind, sides in results.sides.items():
        few, many = sides["few"], sides["many"]
        console.print(
            f"{LABELS[kind]}: settling a session takes {few.settle_ms:.1f} ms beside "
            f"{few.sessions:,} sessions, {many.settle_ms:.1f} ms beside {many.sessions:,}"
        )
    found = verdicts(results)
    for held, words in found:
        console.print(f"[{'green' if held else 'red'}]{'✓' if held else '✗'}[/] {words}")
    return all(held for held, _ in found)


def as_json(results: Results) -> str:
    """Return everything measured, for a program."""
    rows = [{**asdict(row), "growth": row.growth} for row in results.rows]
    sides = {
        kind: {
            name: {"sessions": s.sessions, "responses": s.responses, "settle_ms": s.settle_ms}
            for name, s in several.items()
        }
        for kind, several in results.sides.items()
    }
    return json.dumps({"pages": rows, "databases": sides}, indent=1) + "\n"


def main() -> int:
    """Run the benchmark; 1 when a page grows too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--databases", nargs="+", choices=list(LABELS), default=list(LABELS))
    parser.add_argument("--copies", type=int, default=999, help="copies of each of 24 sessions")
    parser.add_argument("--times", type=int, default=30, help="requests of each page")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--json", type=Path, help="file for the figures")
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
        results.sides |= found.sides
        if options.json:  # also of the first, should the second fail
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(as_json(results), encoding="utf-8")
    held = show(results)
    if options.docs:
        replace_in_docs(markdown(results, options), options.docs, BEGIN, END)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
