"""`diptych export`, `diptych import` and `diptych report`: tidy tables out, in, and to look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from diptych.cli.console import console, messages
from diptych.cli.context import with_app
from diptych.cli.json_output import emit, json_option
from diptych_analysis.psychometric.table_options import column_option
from diptych_analysis.tables.layout import FORMAT_CHOICES

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMAT_CHOICES)),
    default="both",
    show_default=True,
    help="Format of the files.",
)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error; yields a function of (done, of how many)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def update(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield update


@click.command()
@click.argument("study")
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write."
)
@format_option
@click.option(
    "--with-ids",
    is_flag=True,
    help="Also write identities.csv, which maps pseudonyms to platform ids. The audit log records "
    "who did so.",
)
@click.option(
    "--excel",
    is_flag=True,
    help="Start CSV files with a byte order mark (BOM), so that Excel shows letters such as é and "
    "日 correctly. `read_tables` and pandas read such files, but validators of Psych-DS do "
    "not.",
)
@json_option
@with_app
def export(study: str, to: Path, format_: str, with_ids: bool, excel: bool, as_json: bool) -> None:
    """Write the tidy tables of STUDY as a Psych-DS data set: data/*_data.csv and their description.

    The tables contain sessions of every status, with their quality flags and decisions; `excluded`
    and `exclusion_reasons` show which sessions to leave out. Participants have pseudonyms.
    """
    from diptych.accounts import audit
    from diptych.export.tables import export_study
    from diptych.host import host
    from diptych.study.versions import study_id_of

    if with_ids:
        audit.note(None, "export.ids", study_id=study_id_of(study), detail={"to": "a folder"})
    with progress_bar("sessions") as progress:
        rows = export_study(
            host(), study, to, FORMAT_CHOICES[format_], progress, with_ids=with_ids, excel=excel
        )
    if as_json:
        emit(_exported(study, to, FORMAT_CHOICES[format_], rows, with_ids=with_ids))
        return
    console.print(f"Wrote [bold]{to}[/]:")
    for name, count in rows.items():
        console.print(f"  {name:9} {count:>9,}", highlight=False)


def _exported(
    study: str, to: Path, formats: Sequence[str], rows: Mapping[str, int], *, with_ids: bool
) -> dict[str, Any]:
    """Return what `export` has written, for `--json`."""
    from diptych_analysis.tables.layout import BESIDE, IDENTITIES, table_path
    from diptych_analysis.tables.schema import TABLES

    tables = [table_path(study, name, format_) for name in TABLES for format_ in formats]
    return {
        "study": study,
        "folder": str(to.resolve()),
        "files": [*tables, *BESIDE, *([IDENTITIES] if with_ids else [])],
        "rows": {name: rows[name] for name in TABLES},
        # Sessions of people who declined or withdrew, and expired ones: only the count is kept.
        "only_counted": {name: count for name, count in rows.items() if name not in TABLES},
    }


@click.command("import")
@click.argument("format_name", metavar="FORMAT")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write."
)
@format_option
@column_option
def import_(
    format_name: str, path: Path, to: Path, format_: str, columns: Mapping[str, str]
) -> None:
    """Convert data of other studies to tidy tables.

    FORMAT is trials (any table with one row per trial), responses (a table with the columns rater,
    stimulus, response and optionally kind, label, rt in ms), explain-teach (Mac Aodha et al. 2018),
    vkt (visual knowledge tracing's db_dict.json), imi (responses_main.csv), model-vs-human (Geirhos
    et al. 2021), cifar10h (Peterson et al. 2019) or a format of an installed plug-in. If a file has
    an error, the message names the row and the reason, and the command writes nothing.

    \b
      diptych import trials dots.csv --to out/dots --column participant=subj \\
          --column test=n_dots --column answer=key --column rt_s=seconds
    """
    from diptych.ground.plugins import UnknownPlugin
    from diptych.importers import ImportFault, import_dataset

    try:
        with progress_bar("records") as progress:
            tables = import_dataset(
                format_name, path, to, FORMAT_CHOICES[format_], progress, columns=columns
            )
    except (ImportFault, UnknownPlugin) as fault:
        raise click.ClickException(str(fault)) from None
    console.print(f"Wrote [bold]{to}[/]:")
    for name in ("sessions", "trials", "stimuli", "items", "events"):
        console.print(f"  {name:9} {len(getattr(tables, name)):>9,}", highlight=False)


@click.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--trace",
    "traces",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="File that `diptych trace … --json FILE` wrote, for the table of average precision.",
)
@click.option(
    "--images",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a study, for the images of stimuli. Can be used several times.",
)
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Folder to write.")  # fmt: skip
def report(
    folders: tuple[Path, ...], traces: tuple[Path, ...], images: tuple[Path, ...], to: Path
) -> None:
    """Write an HTML report from the exported tables in FOLDERS.

    The folder then holds index.html, which loads nothing, and each figure as SVG
    and PDF for a paper.
    """
    from diptych_analysis.report.write import write_report
    from diptych_analysis.tables import TableFault

    with console.status("Drawing the figures …"):
        try:
            results = [_result(path) for path in traces]
            page = write_report(folders, results, to, images=images)
        except TableFault as fault:
            raise click.ClickException(str(fault)) from None
    console.print(f"Wrote [bold]{page}[/].")


def _result(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise click.ClickException(f"{path} is not a JSON file ({fault})") from None
