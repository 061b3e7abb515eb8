"""What it costs to export and to read the tables of a study: CPU seconds, and memory.

The study of `bench_dashboard.py` stands in SQLite with a few sessions and with copies of them, by
default a million answers. Each step is done by a process of its own, for the few and for the many:
the difference is what the rows cost. Run by `make bench-tables`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench_answers import replace_in_docs
from crowded import STUDY, multiply, take, write_study
from rich.console import Console
from rich.table import Table

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.export.tables import export_study
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze
from diptych_analysis.tables import read_tables

STEPS = ("export csv", "export parquet", "read csv", "read parquet")
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->\n"
console = Console()


@dataclass(frozen=True)
class Cost:
    """What one step took: CPU in s, the most memory in MB, and the answers it went through."""

    step: str
    cpu_s: float
    peak_mb: float
    answers: int


def one_step(step: str, home: Path) -> Cost:
    """Do one step in this process and say what it cost."""
    what, format_ = step.split()
    to = home / f"tables-{format_}"
    if what == "export":
        app = create_app(settings_of(home), checked=False)
        with app.app_context():
            begin = spent()
            answers = export_study(app.extensions["diptych"], STUDY, to, [format_])["trials"]
    else:
        begin = spent()
        answers = len(read_tables(to).trials)
    return Cost(step, spent() - begin, most_memory(), answers)


def spent() -> float:
    """Return the CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def most_memory() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def settings_of(home: Path) -> Settings:
    """Return the settings of a host with its database in a folder."""
    return Settings(
        home=home / "home", database_url=f"sqlite:///{home / 'bench.sqlite3'}",
        studies=home / "studies", secret_key="only for the benchmark, never for people",
    )  # fmt: skip


def prepare(home: Path, copies: int) -> None:
    """Let a few people take the study, and copy their sessions."""
    home.mkdir(parents=True)
    settings = settings_of(home)
    write_study(settings.studies)
    upgrade(settings.sqlalchemy_url)
    app = create_app(settings)
    with app.app_context():
        freeze(load_study(settings.studies / STUDY), opening=True)
    take(app)
    if copies:
        multiply(settings.sqlalchemy_url, copies)


def measured(home: Path, step: str) -> Cost:
    """Do one step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, "--home", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def rows_of(few: list[Cost], many: list[Cost]) -> list[tuple[str, ...]]:
    """Return the lines of the table."""
    return [
        (
            cost.step,
            f"{cost.answers:,}",
            f"{cost.cpu_s - small.cpu_s:.1f}",
            f"{cost.peak_mb - small.peak_mb:.0f}",
        )
        for small, cost in zip(few, many, strict=True)
    ]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=999, help="copies of each of 24 sessions")
    parser.add_argument("--docs", type=Path, help="Markdown page whose figures are replaced")
    parser.add_argument("--kept", type=Path, help="folder that keeps the databases for other runs")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(asdict(one_step(options.step, options.home))))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        at = options.kept or Path(scratch)
        for name, copies in (("few", 0), ("many", options.copies)):
            if not (at / name).exists():
                prepare(at / name, copies)
        few, many = ([measured(at / name, step) for step in STEPS] for name in ("few", "many"))
    head = ("step", "trials", "CPU, s", "memory, MB")
    table = Table(*head, title="Tables")
    rows = rows_of(few, many)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if options.docs:
        lines = [head, ("---",) * len(head), *rows]
        text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
        replace_in_docs(text, options.docs, BEGIN, END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
