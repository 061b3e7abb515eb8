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
    """What is stored of one person: hand it out, or delete it after a withdrawal.

    NAME is a pseudonym or the id of a session, whole; --platform-id finds whom a platform calls so.
    """


_BY_PLATFORM = click.option(
    "--platform-id", metavar="RECRUITER:ID", help="Whom a platform calls so, e.g. prolific:5f0c…"
)


@participant.command(short_help="Write every row about a person to one file.")
@click.argument("name", required=False)
@_BY_PLATFORM
@click.option(
    "--to",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The JSON file to write; must not exist yet.",
)
@with_app
def export(name: str | None, platform_id: str | None, to: Path) -> None:
    """Write every row about a person to one JSON file, platform ids included.

    Times are ms since 1970-01-01 UTC. The audit log notes it.
    """
    from diptych.privacy import withdrawal

    person = _found(name, platform_id)
    if not to.parent.is_dir():
        raise click.ClickException(f"--to {to}: there is no folder {to.parent}")
    if to.exists():
        raise click.ClickException(f"--to {to}: this file exists already")
    whole = withdrawal.export(person)
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    # It names somebody: for nobody else's eyes.
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    click.echo(f"{_sessions(len(whole['sessions']))} written to {to}.")


@participant.command()
@click.argument("name", required=False)
@_BY_PLATFORM
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_app
def erase(name: str | None, platform_id: str | None, yes: bool) -> None:
    """Delete what is stored of a person, in every study of this host.

    Of each session stays that it was, and on which day; counts are as if it had no answers;
    decisions and the ledger stay. It can't be undone. Back-ups made before still hold the data.
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
        raise click.ClickException(f"nothing was deleted: {fault}") from None
    click.echo(f"Deleted: {_sessions(gone.sessions)} with {gone.answers} answers.")
    click.echo("Back-ups made before still hold them: see docs/privacy.md.")


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def _found(name: str | None, platform_id: str | None) -> int:
    from diptych.privacy import withdrawal

    if (name is None) == (platform_id is None):
        raise click.UsageError("say who: NAME (a pseudonym or a session's id) or --platform-id")
    try:
        if name is not None:
            return withdrawal.by_name(name)
        return withdrawal.by_platform_id(str(platform_id))
    except withdrawal.WithdrawalFault as fault:
        raise click.ClickException(str(fault)) from None


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@with_app
def retention(dry_run: bool) -> None:
    """Delete what is kept no longer by `[privacy]` of each study.

    A running host does it by itself about once an hour; this does it at once.
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
            f"{done.waiting} sessions wait: an order about their person is not settled "
            "(diptych pay STUDY status)."
        )
