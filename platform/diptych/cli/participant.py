"""`diptych participant …` and `diptych retention`: what is stored of people, told or deleted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from diptych.cli import Commands
from diptych.cli.context import with_app


@click.group(cls=Commands)
def participant() -> None:
    """Export the data of one person, or erase them after a withdrawal.

    NAME is a whole pseudonym or session id. --platform-id finds a person by the platform's id.
    """


_BY_PLATFORM = click.option(
    "--platform-id",
    metavar="RECRUITER:ID",
    help="The person's id on a platform, for example prolific:5f0c…",
)


@participant.command(short_help="Write every row about a person to one file.")
@click.argument("name", required=False)
@_BY_PLATFORM
@click.option(
    "--to",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file to write. It must not exist.",
)
@with_app
def export(name: str | None, platform_id: str | None, to: Path) -> None:
    """Write every row about a person to one JSON file, platform ids included.

    Times are ms since 1970-01-01 UTC. The audit log records the export.
    """
    from diptych.privacy import withdrawal

    person = _found(name, platform_id)
    if not to.parent.is_dir():
        raise click.ClickException(
            f"--to {to}: the folder {to.parent} does not exist; make it first"
        )
    if to.exists():
        raise click.ClickException(f"--to {to}: this file already exists; choose another name")
    whole = withdrawal.export(person)
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    # It names somebody: for nobody else's eyes.
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    click.echo(f"{_sessions(len(whole['sessions']))} written to {to}.")


@participant.command()
@click.argument("name", required=False)
@_BY_PLATFORM
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@with_app
def erase(name: str | None, platform_id: str | None, yes: bool) -> None:
    """Delete the data of a person, in every study of this host.

    The host keeps that each session existed, and its day; decisions and the ledger stay. Counts
    change as if the session had no answers. You cannot undo this. Earlier back-ups still contain
    the data.
    """
    from diptych.ground.database import reading
    from diptych.host import host
    from diptych.privacy import withdrawal

    person = _found(name, platform_id)
    with reading() as connection:
        sessions = withdrawal.sessions_of(connection, person)
    for session in sessions:
        click.echo(
            f"{session.public_id}  {session.study}  {session.status}, {session.n_responses} answers"
        )
    if not yes:
        click.confirm(f"Delete {_sessions(len(sessions))} and the person?", abort=True)
    try:
        gone = withdrawal.erase(host(), person)
    except withdrawal.WithdrawalFault as fault:
        raise click.ClickException(f"Nothing was deleted: {fault}") from None
    click.echo(f"Deleted: {_sessions(gone.sessions)} with {gone.answers} answers.")
    click.echo("Earlier back-ups still contain these data: see docs/privacy.md.")


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def _found(name: str | None, platform_id: str | None) -> int:
    from diptych.privacy import withdrawal

    if (name is None) == (platform_id is None):
        raise click.UsageError(
            "name the person: give either NAME (a pseudonym or a session's id) or --platform-id"
        )
    try:
        if name is not None:
            return withdrawal.by_name(name)
        return withdrawal.by_platform_id(str(platform_id))
    except withdrawal.WithdrawalFault as fault:
        raise click.ClickException(str(fault)) from None


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what the command would delete.")
@with_app
def retention(dry_run: bool) -> None:
    """Delete data that `[privacy]` of each study no longer allows.

    A running host does this automatically about once per hour. This command does it now.
    """
    from diptych.host import host
    from diptych.privacy.retention import apply

    done: Any = apply(host(), dry=dry_run)
    would = "would be " if dry_run else ""
    click.echo(f"{done.answers} sessions {would}emptied (answers_days).")
    click.echo(
        f"ids of {done.ids} submissions and {done.people} people {would}deleted (identities_days)."
    )
    click.echo(f"marks of {done.addresses} addresses {would}deleted (address_hash_days).")
    if done.waiting:
        click.echo(
            f"{done.waiting} sessions are kept for now: an order for their participant is not "
            "settled (see diptych pay STUDY status)."
        )
