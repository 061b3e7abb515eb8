"""`diptych results …`: what the analysis found, shown among a study's figures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from diptych.cli import Commands
from diptych.cli.context import with_app


@click.group(cls=Commands)
def results() -> None:
    """Show results of `diptych trace` and `diptych correlate` on the dashboard."""


@results.command(short_help="Add the results in PATH to STUDY.")
@click.argument("study")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--name", help="Name of the result. By default, the name of the file.")
@with_app
def add(study: str, path: Path, name: str | None) -> None:
    """Add the results in PATH to STUDY. They replace results with the same name.

    PATH is a JSON file that `diptych trace … --json` or `diptych correlate … --json` wrote, or a
    folder with such files.
    """
    from diptych.figures import kept_results as kept

    if name is not None and path.is_dir():
        raise click.ClickException(
            f"--name needs a file, but {path} is a folder: its results use the names of their files"
        )
    try:
        found = kept.read_folder(path) if path.is_dir() else [kept.read_file(path, name)]
    except kept.ResultFault as fault:
        raise click.ClickException(str(fault)) from None
    study_id = _study_id(study)
    for result in found:
        replaced = kept.add(study_id, result, None)
        click.echo(f"{'Replaced' if replaced else 'Added'} {result.name} ({result.kind}).")
        if study not in result.study.split(", "):
            click.echo(f"Note: this result is from the data of {result.study!r}.", err=True)


@results.command("list")
@click.argument("study")
@with_app
def list_results(study: str) -> None:
    """List the results of STUDY."""
    from diptych.figures import kept_results as kept

    found = kept.kept_for(_study_id(study))
    if not found:
        click.echo(f"No results yet. `diptych results add {study} FILE` adds one.")
    for result in found:
        at = datetime.fromtimestamp(result.created_at / 1000, UTC)
        click.echo(f"{result.name:32} {result.kind:10} {at:%Y-%m-%d %H:%M} UTC")


@results.command()
@click.argument("study")
@click.argument("name")
@with_app
def remove(study: str, name: str) -> None:
    """Remove the result NAME of STUDY."""
    from diptych.figures import kept_results as kept

    if not kept.remove(_study_id(study), name, None):
        raise click.ClickException(
            f"{study} has no result {name!r}: see `diptych results list {study}`"
        )
    click.echo(f"Removed {name}.")


def _study_id(study: str) -> int:
    """Return the row of a study; UnknownStudy when the host knows none of that name."""
    from sqlalchemy import select

    from diptych.domain.tables import STUDIES
    from diptych.ground.database import reading
    from diptych.study.versions import UnknownStudy

    with reading() as connection:
        found = connection.execute(
            select(STUDIES.c.id).where(STUDIES.c.name == study)
        ).scalar_one_or_none()
    if found is None:
        raise UnknownStudy(study)
    return int(found)
