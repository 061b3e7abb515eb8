"""`diptych backup` and `diptych restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.argument("to", type=click.Path(path_type=Path), required=False)
def backup(to: Path | None) -> None:
    """Write the whole database into one file, while hosts go on answering.

    TO is the file to write, or a folder in which a file named by the time is made (by default
    `backups` in DIPTYCH_HOME). The file holds the participants' platform ids: keep it as safe as
    the database itself. The secret of the tokens (DIPTYCH_SECRET_KEY, or `secret.key` in
    DIPTYCH_HOME) is not in it: keep that too.
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
@click.option("--replace", is_flag=True, help="Put it in the place of a database that holds rows.")
@click.option("--check", is_flag=True, help="Only say what is in it; nothing is changed.")
def restore(archive: Path, replace: bool, check: bool) -> None:
    """Put a back-up in the place of the database. Stop the host first.

    An older back-up is brought up to this version by `diptych db upgrade` afterwards.
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
