"""`diptych panel …`: personal links for the people on a list."""

from __future__ import annotations

from pathlib import Path

import click

from diptych.cli import Commands
from diptych.cli.context import with_app


@click.group(cls=Commands)
def panel() -> None:
    """Make personal links for a list of people. Nothing is sent."""


@panel.command(short_help="Add a personal link to each line of a list.")
@click.argument("study")
@click.argument("people", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--column", default="id", show_default=True, help="Column that says who it is, such as email."
)
@click.option("--part", type=click.IntRange(1), default=1, help="Part of the study. [default: 1]")
@click.option(
    "--to",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file to write. It must not exist yet.",
)
@with_app
def links(study: str, people: Path, column: str, part: int, to: Path) -> None:
    """Add a personal link to each line of PEOPLE, a CSV file, for STUDY.

    Each link works for one participant. The same list gets the same links again. The host does not
    store the list: only the file that is written says whose link it is.
    """
    from diptych.accounts import audit
    from diptych.host import host
    from diptych.recruiters.panel.personal_links import ListFault, with_links
    from diptych.study.versions import current_version, frozen, study_id_of

    spec = frozen(current_version(study)[1]).spec
    if part > spec.parts:
        raise click.ClickException(f"{study} has no part {part}; it has {spec.parts}")
    keys = spec.of_part(part).recruitment
    if "panel" not in keys.recruiters or not keys.of("panel").get("personal_links"):
        raise click.ClickException(
            f"{study} does not accept personal links: add panel to recruitment.recruiters, set "
            "personal_links = true under [recruitment.panel], and open the new version"
        )
    try:
        text = people.read_text(encoding="utf-8")
        made, count = with_links(text, column, study, host().settings, host().secret, part)
    except UnicodeDecodeError:
        raise click.ClickException(f"{people} is not UTF-8: save it as CSV UTF-8") from None
    except ListFault as fault:
        raise click.ClickException(f"{people}: {fault}") from None
    try:
        with to.open("x", encoding="utf-8", newline="") as file:
            file.write(made)
    except FileExistsError:
        raise click.ClickException(f"{to} exists already: name another file") from None
    detail = {"people": count, "part": part}
    audit.note(None, "panel.links", study_id=study_id_of(study), detail=detail)
    click.echo(f"{count} {'link' if count == 1 else 'links'} written to {to}.")
