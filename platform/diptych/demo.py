"""`make demo`: the whole road with simulated participants, from study folders to a report.

The server and its links come first; simulated participants, tables, models and the report follow
behind it. Everything is in `demo/`. Run again, it goes on with what is there: nobody takes a study
a second time, and what people have answered in the meantime is kept.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx
from flask import Flask
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from werkzeug.middleware.shared_data import SharedDataMiddleware

from diptych.ground.settings import Settings

HERE = Path("demo")
PARTICIPANTS = 40
TRACED = "greebles"
# Its images are photographs that a network sorts: that takes longest.
LAST = "lite0_units"
MODELS = ["gt", "static", "dkt"]
console = Console()


@dataclass(frozen=True)
class Crowd:
    """Who takes a study of the demo.

    Attributes
    ----------
    observer : str
        How they answer.
    model : str | None
        Network that they follow, if any.
    machine : bool
        Whether it is one machine, and not simulated people.
    """

    observer: str
    model: str | None = None
    machine: bool = False

    @property
    def n(self) -> int:
        """How many they are."""
        return 1 if self.machine else PARTICIPANTS

    @property
    def words(self) -> str:
        """How they are called in what the demo prints."""
        if self.machine:
            return f"The machine {self.model}"
        following = f" who follow {self.model}" if self.model else ""
        return f"{self.n} simulated participants{following}"


# Who takes each study. The similarity of lite0_units is lite2's: as a participant it shows how
# often the machine is right; the simulated people follow another network, as people would.
CROWDS = {
    "greebles": (Crowd("learner"),),
    "which_unit": (Crowd("learner"),),
    "divided_digits": (Crowd("learner"),),
    "lite0_units": (
        Crowd("viewer", "efficientnet-lite1"),
        Crowd("machine", "efficientnet-lite2", machine=True),
    ),
}


class DemoFault(Exception):
    """The demo can't go on; the message says why, and what to do."""


@dataclass(frozen=True)
class Demo:
    """One run of the demo."""

    settings: Settings
    port: int

    @property
    def url(self) -> str:
        """Address of the host."""
        return self.settings.base_url

    def export(self, study: str) -> Path:
        """Return the folder of a study's tables."""
        return HERE / "export" / study


def application() -> Flask:
    """Make the host that the demo serves, with the report, which is a folder of files."""
    from diptych import create_app

    app = create_app()
    report = {"/report": str((HERE / "report").resolve())}
    app.wsgi_app = SharedDataMiddleware(app.wsgi_app, report, cache=False)  # type: ignore[method-assign]
    return app


def check_port(port: int) -> None:
    """Make sure that nobody listens on the port.

    Raises
    ------
    DemoFault
        When somebody does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as fault:
            raise DemoFault(
                f"Port {port} can't be used ({fault.strerror}). Stop what listens there, perhaps "
                f"an earlier demo, or take another port: make demo PORT={port + 1}"
            ) from None


def prepare(demo: Demo) -> None:
    """Make the database.

    Raises
    ------
    DemoFault
        When the database is of another version, or a study is not here.
    """
    from diptych import create_app, migrate
    from diptych.ground.database import db

    for name in CROWDS:
        folder = demo.settings.studies / name
        if not folder.is_dir():
            raise DemoFault(f"There is no {folder}: run the demo in the repository's folder.")
    with create_app(demo.settings).app_context():
        try:
            migrate.ensure_head(db.engine, demo.settings.sqlalchemy_url)
        except migrate.BehindFault as fault:
            raise DemoFault(f"{fault}; or remove the folder {HERE} and begin again") from None
        db.engine.dispose()


def open_studies(demo: Demo, names: Iterable[str]) -> None:
    """Draw the images of studies, where they are not drawn yet, and open the studies."""
    from diptych import create_app
    from diptych.authoring import build_study, load_study
    from diptych.ground.database import db
    from diptych.study.versions import freeze

    with create_app(demo.settings).app_context():
        for name in names:
            folder = demo.settings.studies / name
            drawn, code = folder / "stimuli.csv", folder / "generate.py"
            if not drawn.exists() or drawn.stat().st_mtime < code.stat().st_mtime:
                with console.status(f"Making the images of {name} …"):
                    build_study(folder)
            with console.status(f"Opening {name} …"):
                content = load_study(folder)
                freeze(content, opening=True)
            done(f"{name} is open", f"{len(content.content.stimuli):,} images")
        db.engine.dispose()


@contextmanager
def serving(demo: Demo) -> Iterator[subprocess.Popen[bytes]]:
    """Run gunicorn in a separate process, and stop it at the end."""
    from diptych.cli.server import gunicorn_arguments

    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIPTYCH_")},
        "DIPTYCH_HOME": str(demo.settings.home),
        "DIPTYCH_STUDIES": str(demo.settings.studies),
        "DIPTYCH_BASE_URL": demo.url,
    }
    *arguments, _ = gunicorn_arguments("127.0.0.1", demo.port, workers=2, threads=8)
    with (HERE / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments, "diptych.demo:application()"],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for this process, which then stops the server in order.
            start_new_session=True,
        )
    try:
        wait_until_up(demo, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_up(demo: Demo, process: subprocess.Popen[bytes]) -> None:
    """Wait for the health page.

    Raises
    ------
    DemoFault
        When the server ends or does not answer within a minute.
    """
    for _ in range(300):
        try:
            if httpx.get(f"{demo.url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise DemoFault(f"The server did not come up; {HERE / 'server.log'} says why.")


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar as a function of (done, of how many)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda so_far, of: bar.update(task, completed=so_far, total=of)


def simulate_all(demo: Demo) -> None:
    """Let the simulated participants, and the machines, take each study over HTTP."""
    for name, crowds in CROWDS.items():
        for crowd in crowds:
            let_take(demo, name, crowd)


def let_take(demo: Demo, name: str, crowd: Crowd) -> None:
    """Let a crowd take a study."""
    from diptych.ground.keys import study_key
    from diptych.simulation.run import simulate

    began = time.monotonic()
    with progress_bar(f"{crowd.words} take{'s' * crowd.machine} {name}") as progress:
        summary = simulate(
            demo.url,
            demo.settings.studies / name,
            crowd.n,
            key=study_key(demo.settings.secret(), "machine" if crowd.machine else "simulate", name),
            observer=crowd.observer,
            model=crowd.model,
            run=None if crowd.machine else "demo",
            progress=progress,
        )
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    seconds = time.monotonic() - began
    rate = f"{summary.answers:,} answers in {seconds:.0f} s" if summary.answers else "before"
    done(f"{crowd.words} took {name}", f"{outcomes}; {rate}")
    for who, why in sorted(summary.failed.items()):
        console.print(f"    [yellow]{who}: {why}[/]")


def export_all(demo: Demo) -> None:
    """Write the tidy tables of each study."""
    from diptych import create_app
    from diptych.export.tables import export_study
    from diptych.ground.database import db
    from diptych.host import host

    with create_app(demo.settings).app_context():
        for name in CROWDS:
            with progress_bar(f"Exporting {name}: sessions") as progress:
                rows = export_study(host(), name, demo.export(name), ("csv", "parquet"), progress)
            done(f"Exported {name}", f"{rows['trials']:,} trials in {demo.export(name)}")
        db.engine.dispose()


def trace(demo: Demo) -> dict[str, Any]:
    """Train the tracing models and show how well they predict."""
    from diptych_analysis.tables import write_json
    from diptych_analysis.tracing.cli import trace_folder
    from diptych_analysis.tracing.results import terminal
    from diptych_analysis.tracing.verdict import verdict

    results = trace_folder(demo.export(TRACED), specs=MODELS, splits=3, console=console)
    write_json(HERE / "trace.json", results)
    done(f"Traced the learners of {TRACED}", f"{', '.join(MODELS)} in {HERE / 'trace.json'}")
    for table in terminal(results):
        console.print(table)
    console.print(verdict(results), highlight=False)
    return results


def report(demo: Demo, results: dict[str, Any]) -> None:
    """Write the report."""
    from diptych_analysis.report.write import write_report

    with console.status("Drawing the figures …"):
        page = write_report(
            [demo.export(name) for name in CROWDS],
            results,
            HERE / "report",
            images=[demo.settings.studies / name for name in CROWDS],
        )
    done("Wrote the report", str(page))


def done(what: str, detail: str = "") -> None:
    """Print one finished step."""
    console.print(f"[bold green]✓[/] {what} [dim]{detail}[/]", highlight=False)


def first_account(demo: Demo) -> str | None:
    """Return where the dashboard's first account is made; None when there is one."""
    from diptych import create_app
    from diptych.cli.user import first_link
    from diptych.ground.database import db

    with create_app(demo.settings).app_context():
        link = first_link(demo.url)
        db.engine.dispose()
    return link


def show_links(demo: Demo, *, once: bool) -> None:
    """Print where to look, and what follows."""
    links = Table.grid(padding=(0, 2))
    links.add_column(style="bold")
    links.add_column(style="cyan", overflow="fold")
    for name in CROWDS:
        later = " (when it is open, see below)" if name == LAST else ""
        links.add_row(f"Take {name}", f"{demo.url}/s/{name}[dim]{later}[/]")
    links.add_row("Dashboard", f"{demo.url}/dashboard/")
    links.add_row("Report", f"{demo.url}/report/index.html[dim] (at the end)[/]")
    links.add_row("Health", f"{demo.url}/healthz")
    links.add_row("API", f"{demo.url}/api/v1/openapi.json")
    links.add_row("Tables", f"{HERE / 'export'}/[dim] (at the end)[/]")
    end = "it stops at the end, as ONCE=1 asks" if once else "Ctrl-C stops the server"
    console.print(Panel(links, title="Diptych", subtitle=end, border_style="green", padding=(1, 2)))
    link = first_account(demo)
    if link and not once:
        # A line of its own: it can be copied whole.
        console.print("The dashboard's first account is made here, once:")
        console.print(f"  [cyan]{link}[/]", soft_wrap=True)
    console.print("The rest follows behind the server, with a line each:")


def run(port: int, once: bool) -> None:
    """Run the demo, from beginning to end."""
    check_port(port)
    settings = Settings(
        home=HERE.resolve() / "instance",
        studies=Path("studies").resolve(),
        base_url=f"http://127.0.0.1:{port}",
    )
    demo = Demo(settings, port)
    settings.home.mkdir(parents=True, exist_ok=True)
    (HERE / "report").mkdir(exist_ok=True)
    prepare(demo)
    open_studies(demo, [name for name in CROWDS if name != LAST])
    with serving(demo) as server:
        done("The server is up", demo.url)
        show_links(demo, once=once)
        open_studies(demo, [LAST])
        simulate_all(demo)
        export_all(demo)
        report(demo, trace(demo))
        done("Everything is there", f"{demo.url}/report/index.html")
        if not once:
            server.wait()
            raise DemoFault(f"The server has ended; {HERE / 'server.log'} says why.")


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port to serve on.")
@click.option("--once", is_flag=True, help="Stop the server at the end.")
def main(port: int, once: bool) -> None:
    """Four studies, 40 simulated participants each, a machine, tables, a model and a report."""
    try:
        run(port, once)
    except DemoFault as fault:
        console.print(f"[bold red]✗[/] {fault}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("\nStopped.")


if __name__ == "__main__":
    main()
