"""`diptych parts …`: who is due for a later part of a study, and invitations."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from diptych.cli import Commands
from diptych.cli.console import console
from diptych.cli.context import with_app
from diptych.cli.json_output import emit, json_option

if TYPE_CHECKING:
    from diptych.overview.parts import Turn


@click.group(cls=Commands)
def parts() -> None:
    """Show who is due for a later part of a study, and invite them. Nothing is sent by itself."""


#: States as the heads of narrow columns.
_SHORT = {"under_way": "now", "completed": "back"}
_PART = click.option(
    "--part", type=click.IntRange(2), help="Only this part. [default: every later part]"
)


def _turns(study: str) -> list[Turn]:
    from diptych.ground.database import reading
    from diptych.host import host
    from diptych.overview.parts import turns
    from diptych.study.versions import study_id_of

    with reading() as connection:
        return turns(host(), connection, study_id_of(study))


@parts.command(short_help="Show how many participants came back.")
@click.argument("study")
@json_option
@with_app
def status(study: str, as_json: bool) -> None:
    """Show how many participants of STUDY came back, by part and condition.

    `first` completed the first part, `waiting` are before their window, `due` in it, `now` take the
    part, and `back` completed it. `missed` did not come in time, `ended` did not finish. `lost` is
    the attrition among those whose turn is over, `right` the mean share of right answers.
    """
    from diptych.overview.parts import STATES, returns

    found = returns(_turns(study))
    if as_json:
        emit([
            {"part": each.part, "condition": each.condition, "first": each.first,
             **each.counts, "lost": each.lost, "score": each.score}
            for each in found
        ])  # fmt: skip
        return
    if not found:
        console.print(f"Nobody has completed the first part of {study}, or it has only one part.")
        return
    table = Table(box=None)
    states = (_SHORT.get(state, state) for state in STATES)
    for title in ("part", "condition", "first", *states, "lost", "right"):
        table.add_column(title, no_wrap=title != "condition")
    for each in found:
        shares = ("–" if share is None else f"{share:.0%}" for share in (each.lost, each.score))
        counts = (str(each.counts[state]) for state in STATES)
        table.add_row(str(each.part), each.condition, str(each.first), *counts, *shares)
    console.print(table)


@parts.command(short_help="List who can start a later part now.")
@click.argument("study")
@_PART
@click.option("--with-ids", is_flag=True, help="Add the platform's ids. The audit log records it.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file to write. [default: standard output]",
)
@with_app
def due(study: str, part: int | None, with_ids: bool, to: Path | None) -> None:
    """List as CSV who can start a later part of STUDY now and has not.

    Participants whose first part is excluded are not listed. `link` is the personal link of a
    participant whom no platform invites.
    """
    from diptych.accounts import audit
    from diptych.ground.database import reading
    from diptych.overview import parts as overview
    from diptych.study.versions import study_id_of

    listed = overview.due(_turns(study), part)
    if with_ids:
        detail = {"to": "list of who is due"}
        audit.note(None, "export.ids", study_id=study_id_of(study), detail=detail)
    with reading() as connection:
        rows = overview.list_rows(connection, listed, with_ids=with_ids)
    names = [name for name in overview.COLUMNS if with_ids or name != "platform_id"]
    if to is None:
        _write(sys.stdout, names, rows)
        return
    with to.open("w", newline="", encoding="utf-8") as file:
        _write(file, names, rows)
    click.echo(f"{len(rows)} participants written to {to}.")


def _write(file: Any, names: list[str], rows: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


@parts.command(short_help="Let a platform offer a part to those who are due.")
@click.argument("study")
@click.option("--part", type=click.IntRange(2), required=True, help="The part to invite to.")
@click.option(
    "--recruiter", required=True, help="The platform that invites, such as prolific or mturk."
)
@click.option(
    "--group",
    default="",
    help="On Prolific: id of the participant group that the Prolific study of the part allows.",
)
@click.option("--unpaid", is_flag=True, help="Also invite those whose first part is not approved.")
@click.option("--yes", is_flag=True, help="Do not ask before inviting.")
@with_app
def invite(study: str, part: int, recruiter: str, group: str, unpaid: bool, yes: bool) -> None:
    """Let a platform offer a part of STUDY to those who are due and approved.

    Prolific adds them to a participant group, MTurk gives them a qualification. Inviting a
    participant again changes nothing.
    """
    from diptych.ground.plugins import UnknownPlugin
    from diptych.host import host
    from diptych.overview.part_invitations import Invitation, send
    from diptych.recruiters.platform import PlatformFault

    invited = Invitation.of(_turns(study), part, recruiter, unpaid=unpaid)
    click.echo(
        f"{len(invited.turns)} participants are due for part {part} on {recruiter}; "
        f"{invited.unpaid} more are due, but their first part is not approved."
    )
    if not invited.turns:
        return
    if not yes:
        click.confirm("Invite them?", abort=True)
    try:
        said = send(host(), study, invited, group)
    except (PlatformFault, UnknownPlugin) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(said)
