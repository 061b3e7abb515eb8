"""`diptych backup` and `diptych restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.argument("to", type=click.Path(path_type=Path), required=False)
def backup(to: Path | None) -> None:
    """Write the whole database into one file, while the hosts continue to run.

    TO is a file, or a folder: the file's name is then the date and time. The default is the folder
    `backups` in DIPTYCH_HOME. The file contains the participants' platform ids: protect it like the
    database. It does not contain the secret of the tokens (DIPTYCH_SECRET_KEY, or `secret.key` in
    DIPTYCH_HOME): keep a copy of the secret, too.
    """
    from diptych import backup as backups
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    to = to or settings.home / "backups"
    if to.is_dir() or to.suffix == "":
        to = to / f"diptych-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    try:
        made = backups.backup(settings.sqlalchemy_url, to)
    except backups.BackupFault as fault:
        raise click.ClickException(str(fault)) from None
    size = to.stat().st_size / 1e6
    click.echo(
        f"{to}: {made.rows['sessions']:,} sessions, {made.rows['responses']:,} responses, "
        f"{size:.1f} MB, tables at revision {made.revision}."
    )


@click.command()
@click.argument("archive", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace a database that contains rows.")
@click.option("--check", is_flag=True, help="Only show what the back-up contains; change nothing.")
def restore(archive: Path, replace: bool, check: bool) -> None:
    """Replace the database with a back-up. Stop the host first.

    After an older back-up, run `diptych db upgrade`.
    """
    from diptych import backup as backups
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    try:
        if check:
            found = backups.read_manifest(archive)
        else:
            found = backups.restore(archive, settings.sqlalchemy_url, replace=replace)
    except backups.BackupFault as fault:
        raise click.ClickException(str(fault)) from None
    did = "holds" if check else "restored:"
    click.echo(
        f"{archive} {did} {found.rows['sessions']:,} sessions, "
        f"{found.rows['responses']:,} responses, made {found.made_at} by Diptych {found.version} "
        f"({found.database}, revision {found.revision})."
    )
