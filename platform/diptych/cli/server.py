"""`diptych serve` and `diptych db …`."""

from __future__ import annotations

import os
import sys
import tempfile

import click

from diptych.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8000, show_default=True, help="Port to listen at.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--threads", default=5, show_default=True, help="Threads a worker.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the open studies with gunicorn until Ctrl-C."""
    from diptych import create_app, migrate
    from diptych.database import db as database

    settings = Settings.from_environment()
    with create_app(settings).app_context():
        migrate.ensure_head(database.engine, settings.sqlalchemy_url)
        _welcome(settings, f"http://{host}:{port}")
        database.engine.dispose()
    if settings.metrics_token and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        # Workers count apart; a folder of this run's own lets any of them tell for all.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="diptych-metrics-")
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", *gunicorn_arguments(host, port, workers, threads)],
    )


def _welcome(settings: Settings, listening_at: str) -> None:
    """At a first start nobody has an account, and no password is ever a default one."""
    from diptych.cli.user import first_link

    as_set = settings.base_url != Settings.model_fields["base_url"].default
    link = first_link(settings.base_url if as_set else listening_at)
    if link is not None:
        click.echo(
            f"Nobody has an account yet. The first administrator is made here, once:\n  {link}"
        )


def gunicorn_arguments(host: str, port: int, workers: int, threads: int) -> list[str]:
    """How Diptych is run by gunicorn: threads keep connections alive, workers use the cores."""
    return [
        f"--bind={host}:{port}",
        f"--workers={workers}",
        f"--threads={threads}",
        "--worker-class=gthread",
        "--keep-alive=75",
        "--graceful-timeout=20",
        "--timeout=60",
        "diptych:create_app()",
    ]


@click.group()
def db() -> None:
    """Make and migrate the database."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database to a revision; makes the tables of an empty one."""
    from diptych import migrate

    settings = Settings.from_environment()
    if settings.sqlalchemy_url.startswith("sqlite"):
        settings.home.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.sqlalchemy_url, revision, settings.key_of_identities())
    click.echo(f"The database is at {revision}.")


@db.command()
@click.argument("revision")
@click.confirmation_option(prompt="Tables of newer revisions are dropped with their rows. Go on?")
def downgrade(revision: str) -> None:
    """Take the database back to a revision (`base`: no tables)."""
    from diptych import migrate

    settings = Settings.from_environment()
    migrate.downgrade(settings.sqlalchemy_url, revision, settings.key_of_identities())
    click.echo(f"The database is at {revision}.")
