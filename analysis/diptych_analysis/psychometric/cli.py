"""`diptych psychometric`: thresholds, Weber fractions and lapse rates of people and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER, SEED, FiniteRange, kinds_option
from diptych_analysis.progress import progress_bars
from diptych_analysis.psychometric.table_options import column_option

if TYPE_CHECKING:
    from diptych_analysis.psychometric.fitted_study import FittedStudy
    from diptych_analysis.tables import Tables

Source = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("source", metavar="DIR_OR_TABLE", type=Source)
@column_option
@click.option(
    "--attribute",
    default="",
    metavar="COLUMN",
    help="Column with the level: a number of the items, the images or the trials. "
    "[default: the only one]",
)
@click.option(
    "--reference",
    default="",
    metavar="COLUMN",
    help="Column with the reference. Levels are then attribute / reference, or their difference "
    "with --linear. Use it if the reference varies between trials.",
)
@click.option(
    "--positive",
    default="",
    metavar="RESPONSE",
    help="Response that counts as positive, such as `more`. [default: a right answer]",
)
@click.option(
    "--guess",
    type=FiniteRange(0, 1, max_open=True),
    help="Share of positive answers by guessing: 0.5 for right answers in 2-AFC. "
    "[default: half of the lapses]",
)
@click.option("--linear", is_flag=True, help="Use a linear axis instead of the logarithm.")
@click.option(
    "--direction",
    type=click.Choice(["rising", "falling"]),
    help="Whether positive answers become more or less frequent as the level rises. "
    "[default: as all answers together show]",
)
@click.option(
    "--most-lapse",
    default=0.2,
    show_default=True,
    type=FiniteRange(0, 0.5),
    help="Largest lapse rate of a fit.",
)
@click.option(
    "--by",
    multiple=True,
    default=("condition",),
    show_default=True,
    metavar="COLUMN",
    help="Column that parts the answers into groups; use it once per column.",
)
@click.option(
    "--detection",
    type=click.Choice(["yes_no", "two_afc"]),
    help="Compute d' and criterion instead, from labels and responses. yes_no: one stimulus, "
    "signal or noise. two_afc: two stimuli, one of which is right.",
)
@click.option(
    "--signal",
    default="",
    metavar="LABEL",
    help="With --detection: label of a signal, or in 2-AFC of the first alternative. --positive is "
    "the response `yes`, by default the same word.",
)
@click.option(
    "--bayes", is_flag=True, help="Fit each person with psignifit: pip install 'diptych[bayes]'."
)
@kinds_option()
@click.option(
    "--condition", "conditions", multiple=True, help="Use only sessions of this condition."
)
@click.option(
    "--phase", "phases", multiple=True, default=("test",), show_default=True,
    help="Phase of the trials to use; use it once per phase.",
)  # fmt: skip
@click.option(
    "--status",
    default="completed",
    show_default=True,
    help="Statuses of the sessions to use, separated by commas.",
)
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(100),
    help="Bootstrap resamples of each person's answers, and of the people of a group.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random draws.")
@click.option("--json", "json_file", type=NEW_FILE,
              help="JSON file for all results.")  # fmt: skip
@click.option(
    "--report",
    type=NEW_FOLDER,
    help="Folder for a page with figures (PNG, SVG).",
)
def psychometric(
    source: Path,
    columns: Mapping[str, str],
    json_file: Path | None,
    report: Path | None,
    **options: Any,
) -> None:
    """Fit psychometric functions to the answers of each person and group.

    DIR_OR_TABLE is a folder of exported tables (`diptych export`, `diptych import`), or a CSV, TSV
    or Parquet file with one row per trial.

    \b
      diptych psychometric out/dots --attribute n --positive more
      diptych psychometric out/dots --attribute n --guess 0.5         right answers in 2-AFC
      diptych psychometric out/dots --attribute n --json fits.json --report out/fits
      diptych psychometric dots.csv --column test=n_dots --column answer=key --positive more

    \b
    The results are, per person and per group of --by:
      threshold       the level in the middle of the function; the PSE without --guess
      Weber fraction  the width of the function in units of ln(level); width / threshold
                      with --linear
      JND             the step from 50 % to 75 %, in the unit of the level
      lapse rate      the share of answers that do not depend on the level

    
    d' and criterion of any study with two kinds of trials:
      diptych psychometric out/units --detection two_afc
      diptych psychometric out/scans --detection yes_no --signal tumour

    Intervals of a person come from resampled answers (parametric bootstrap), intervals of a group
    from resampled people. The two-level model fits all answers of a group at once: prefer it where
    people have few answers (100, say), since their own functions are then too steep. Its SD shows
    how much people differ (of logarithms, so that 0.2 is about 20 %). A person whose answers do
    not determine a function is listed, and does not count in the group.
    """
    from rich.console import Console

    console = Console()
    with fault_lines():
        tables = read_source(source, columns)
        detection = options["detection"]
        if options["signal"] and detection is None:
            raise click.UsageError("--signal needs --detection")
        show_and_write = _detection if detection else _fits
        content, write_page = show_and_write(console, tables, options)
    if json_file is not None:
        from diptych_analysis.tables.metadata import write_json

        json_file.parent.mkdir(parents=True, exist_ok=True)
        write_json(json_file, content)
    if report is not None:
        with console.status("Drawing the figures …"):
            page = write_page(report)
        console.print(f"Wrote [bold]{page}[/].")


def _fits(
    console: Any, tables: Tables, options: dict[str, Any]
) -> tuple[dict[str, Any], Callable[[Path], Path]]:
    """Fit and print functions; returns them as JSON, and what writes their page."""
    from diptych_analysis.psychometric.fit_page import write_fits
    from diptych_analysis.psychometric.fitted_study import as_json

    found = _fitted(tables, options)
    _print(console, found)
    return as_json(found), partial(write_fits, found)


def _detection(
    console: Any, tables: Tables, options: dict[str, Any]
) -> tuple[dict[str, Any], Callable[[Path], Path]]:
    """Compute and print d' and criterion; returns them as JSON, and what writes their page."""
    from diptych_analysis.psychometric import sensitivity
    from diptych_analysis.psychometric.estimate import Settings
    from diptych_analysis.psychometric.sensitivity_page import write_sensitivity

    found = sensitivity.sensitivities_of(
        tables,
        _choices(options),
        Settings(resamples=options["resamples"], seed=options["seed"]),
        design=options["detection"],
        signal=options["signal"],
    )
    console.print(sensitivity.about(found), highlight=False, markup=False)
    for table in sensitivity.tables_of(found):
        show(console, table)
    for line in found.left_out:
        console.print(line, highlight=False, markup=False)
    return sensitivity.as_json(found), partial(write_sensitivity, found)


def read_source(source: Path, columns: Mapping[str, str]) -> Tables:
    """Read the tables of a folder, or a table of trials."""
    from diptych_analysis.psychometric import PsychometricFault
    from diptych_analysis.psychometric.trial_table import read_trials
    from diptych_analysis.tables import read_tables

    if source.is_file():
        return read_trials(source, columns)
    if columns:
        raise PsychometricFault("--column is for a file with one row per trial, not for a folder")
    tables = read_tables(source)
    tables.name = tables.name or source.resolve().name
    return tables


def _fitted(tables: Tables, options: dict[str, Any]) -> FittedStudy:
    from diptych_analysis.psychometric.estimate import Settings
    from diptych_analysis.psychometric.fit import Shape
    from diptych_analysis.psychometric.fitted_study import fit_study

    settings = Settings(
        Shape(options["guess"], log=not options["linear"]),
        most_lapse=options["most_lapse"],
        resamples=options["resamples"],
        seed=options["seed"],
        bayes=options["bayes"],
    )
    direction = options["direction"]
    with _progress("people") as progress:
        return fit_study(
            tables,
            _choices(options),
            settings,
            falling=None if direction is None else direction == "falling",
            progress=progress,
        )


def _choices(options: dict[str, Any]) -> Any:
    from diptych_analysis.psychometric.judgements import Choices

    return Choices(
        attribute=options["attribute"],
        reference=options["reference"],
        positive=options["positive"],
        log=not options["linear"],
        by=options["by"],
        kinds=options["kinds"],
        statuses=[part.strip() for part in options["status"].split(",") if part.strip()],
        conditions=options["conditions"],
        phases=options["phases"],
        excluded=options["excluded"],
    )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    with progress_bars(remaining=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)


def _print(console: Any, found: FittedStudy) -> None:
    from diptych_analysis.psychometric import fit_tables

    console.print(fit_tables.about(found), highlight=False, markup=False)
    show(console, fit_tables.groups_table(found, brief=True))
    show(console, fit_tables.pooled_table(found))
    title, head, rows = fit_tables.people_table(found, brief=True)
    show(console, (title, head, rows[: fit_tables.SHOWN]))
    if len(rows) > fit_tables.SHOWN:
        console.print(f"… and {len(rows) - fit_tables.SHOWN:,} more; --json and --report have all.")
    for line in fit_tables.left_out(found):
        console.print(line, highlight=False, markup=False)


def show(console: Any, table: tuple[str, list[str], list[list[str]]]) -> None:
    """Print a table, without the columns in which nothing stands."""
    from rich import box
    from rich.table import Table

    title, head, rows = table
    if not rows:
        return
    used = [place for place in range(len(head)) if place == 0 or any(row[place] for row in rows)]
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place in used:
        made.add_column(head[place], justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        made.add_row(*(row[place] for place in used))
    console.print(made)
