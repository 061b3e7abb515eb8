"""`diptych serve` and `diptych db …`."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from diptych.cli import Commands

if TYPE_CHECKING:
    from diptych.ground.settings import Settings

#: A file system in memory, on Linux.
MEMORY = "/dev/shm"  # noqa: S108  (gunicorn makes its own file in it, and unlinks it at once)
#: Workers share the cores already: threads of a numerical library that wait for each other on busy
#: cores make a choice of a few ms last hundreds. What the environment sets stays.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: Connections that a worker may hold open, and files that it needs besides.
CONNECTIONS, OTHER_FILES = 16_384, 256


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to listen on.",
)
@click.option(
    "--workers", default=2, show_default=True, help="Number of worker processes: one per core."
)
@click.option(
    "--threads", default=5, show_default=True, help="Threads per worker: requests at the same time."
)
@click.option(
    "--keep-alive",
    default=75,
    show_default=True,
    help="Seconds that a connection without requests stays open. Use more than the proxy does, or "
    "some requests fail on a closing connection.",
)
@click.option(
    "--timeout",
    default=60,
    show_default=True,
    help="Seconds after which a worker that does not respond is replaced. Long downloads do not "
    "count: threads send them.",
)
@click.option(
    "--graceful-timeout",
    default=20,
    show_default=True,
    help="Seconds that running requests have to finish at a stop or restart.",
)
@click.option(
    "--max-requests",
    default=0,
    show_default=True,
    help="Requests after which a worker is replaced (varies by up to a tenth). 0: never.",
)
@click.argument("gunicorn", nargs=-1, type=click.UNPROCESSED, metavar="[-- GUNICORN-OPTIONS]")
def serve(host: str, port: int, workers: int, threads: int, **options: Any) -> None:
    """Serve the open studies with gunicorn until Ctrl-C.

    Options after `--` go to gunicorn unchanged. They replace the options that Diptych sets.
    docs/deploy.md gives the reason for each option.
    """
    from diptych import create_app, migrate
    from diptych.ground.database import db as database
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    own = ("-b", "--bind", "--check-config", "--print-config")
    if not any(each.startswith(own) for each in options["gunicorn"]):
        _check_free(host, port)
    with create_app(settings).app_context():
        migrate.ensure_head(database.engine, settings.sqlalchemy_url)
        _welcome(settings, f"http://{host}:{port}")
        database.engine.dispose()
    if settings.metrics_token and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        # Workers count apart; a folder of this run's own lets any of them tell for all.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="diptych-metrics-")
    arguments = gunicorn_arguments(
        host, port, workers, threads, connections=connections_at_once(), **options
    )
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])


def _check_free(host: str, port: int) -> None:
    """Check that the host can listen there; gunicorn would try again and again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as fault:
            taken = fault.errno == errno.EADDRINUSE
            why = "another program uses it" if taken else str(fault.strerror or fault)
            raise click.ClickException(
                f"cannot listen on port {port} of {host}: {why}. Try another port: "
                f"`diptych serve --port {port + 1 if port < 65535 else 8000}`"
            ) from None


def _welcome(settings: Settings, listening_at: str) -> None:
    """Print the host's address, and where to make the first account."""
    from diptych.cli.user import first_link

    as_set = settings.base_url != type(settings).model_fields["base_url"].default
    if not as_set and listening_at != settings.base_url:
        click.echo(
            f"Diptych shows links to {settings.base_url}, but this host listens on another "
            f"address. Set DIPTYCH_BASE_URL, for example to {listening_at}."
        )
    link = first_link(settings.base_url if as_set else listening_at)
    if link is not None:
        click.echo(
            "No accounts yet. Open this link to make the first administrator; it works "
            f"once:\n  {link}"
        )


def connections_at_once() -> int:
    """Raise the limit of open files, and return how many connections a worker may hold open.

    Every participant's browser keeps one open for `keep_alive` seconds after its last request. Of
    gunicorn's own 1,000 those who come later would have to wait for so long.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most - OTHER_FILES, OTHER_FILES)


def gunicorn_arguments(
    host: str,
    port: int,
    workers: int,
    threads: int,
    *,
    connections: int = CONNECTIONS,
    keep_alive: int = 75,
    timeout: int = 60,
    graceful_timeout: int = 20,
    max_requests: int = 0,
    gunicorn: Sequence[str] = (),
) -> list[str]:
    """Return the arguments of gunicorn; `docs/deploy.md` gives the reasons.

    Parameters
    ----------
    host : str
        Address to listen at.
    port : int
        Port to listen at.
    workers : int
        Processes; they use the cores.
    threads : int
        Threads a process; they keep connections alive and wait for the database.
    connections : int, optional
        That a worker may hold open.
    keep_alive : int, optional
        Seconds a connection without requests stays open.
    timeout : int, optional
        Seconds after which a worker without a sign of life is replaced.
    graceful_timeout : int, optional
        Seconds that requests under way are given at a stop.
    max_requests : int, optional
        Requests after which a worker is replaced; 0: never.
    gunicorn : Sequence[str], optional
        Further options, which overrule these.
    """
    arguments = [
        f"--bind={host}:{port}",
        f"--workers={workers}",
        f"--threads={threads}",
        "--worker-class=diptych.web.gunicorn_worker.Worker",
        f"--keep-alive={keep_alive}",
        f"--timeout={timeout}",
        f"--graceful-timeout={graceful_timeout}",
        f"--max-requests={max_requests}",
        # Or all workers, begun at the same time, would also end at the same time.
        f"--max-requests-jitter={max_requests // 10}",
        f"--worker-connections={connections}",
        # Who the client is and which address it asked for, DIPTYCH_PROXY_HOPS says, nothing else.
        "--forwarder-headers=",
        # A second way to stop the server, which hosts of one user would share.
        "--no-control-socket",
    ]
    if os.access(MEMORY, os.W_OK):
        # A worker's sign of life must not wait for a busy disk.
        arguments.append(f"--worker-tmp-dir={MEMORY}")
    return [*arguments, *gunicorn, "diptych:create_app(behind=True)"]


@click.group(cls=Commands)
def db() -> None:
    """Make and migrate the database."""


@db.command(short_help="Upgrade the database to a revision.")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Upgrade the database to a revision. An empty database gets its tables."""
    from diptych import migrate
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    if settings.sqlalchemy_url.startswith("sqlite"):
        settings.home.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.sqlalchemy_url, revision, settings.key_of_identities())
    click.echo(f"The database is at {revision}.")


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, yes: bool) -> None:
    """Downgrade the database to a revision (`base`: no tables).

    Says first what the older version cannot keep.
    """
    from sqlalchemy import create_engine

    from diptych import migrate
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    engine = create_engine(settings.sqlalchemy_url)
    try:
        for lost in migrate.losses(engine, settings.sqlalchemy_url, revision):
            click.echo(f"Lost: {lost}.", err=True)
    except migrate.RevisionFault as fault:
        raise click.ClickException(str(fault)) from None
    finally:
        engine.dispose()
    if not yes:
        question = "This deletes the tables and columns of newer revisions. Continue?"
        click.confirm(question, abort=True)
    migrate.downgrade(settings.sqlalchemy_url, revision, settings.key_of_identities())
    click.echo(f"The database is at {revision}.")
