"""`diptych correlate`: people's scores of units beside machines'."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER, SEED, FiniteRange, kinds_option

if TYPE_CHECKING:
    from diptych_analysis.tables import Tables

folder_in = click.Path(exists=True, file_okay=False, path_type=Path)
file_out = NEW_FILE


@click.command()
@click.argument("folder", metavar="EXPORT_DIR", type=folder_in)
@click.option("--scores", type=folder_in, help="Folder that `diptych mis … --to` wrote.")
@click.option(
    "--run",
    "runs",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --scores: choose the run (similarity=…, model=…, n=…). Use it once per name.",
)
@click.option(
    "--similarity",
    metavar="NAME",
    help="Score the study's items with this network, such as efficientnet-lite2.",
)
@click.option("--images", type=folder_in, help="With --similarity: the study's folder.")
@kinds_option(("person", "simulated"))
@click.option(
    "--condition", "conditions", multiple=True, help="Use only sessions of this condition."
)
@click.option(
    "--status",
    default="completed",
    show_default=True,
    help="Statuses of the sessions to use, separated by commas.",
)
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option(
    "--weighted",
    is_flag=True,
    help="Weight each answer by its confidence: right answers count positive, wrong answers "
    "negative.",
)
@click.option(
    "--calibrate/--no-calibrate",
    default=None,
    help="First fit the scale of the MIS to the HIS of some units. [default: if the scores have "
    "margins and at least 40 units]",
)
@click.option(
    "--share",
    default=0.05,
    show_default=True,
    type=FiniteRange(0, 1, True, True),
    help="With --calibrate: share of the units for the fit.",
)
@click.option(
    "--answers-needed",
    "wanted",
    default=0.9,
    show_default=True,
    type=FiniteRange(0, 1, True, True),
    help="Report how many answers per unit give this noise ceiling.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random draws.")
@click.option("--json", "json_file", type=file_out, help="JSON file for all results.")
@click.option("--csv", "csv_file", type=file_out, help="CSV file with one row per unit.")
@click.option(
    "--report",
    type=NEW_FOLDER,
    help="Folder for a page with figures (PNG, SVG).",
)
def correlate(folder: Path, **options: Any) -> None:
    """Compare how interpretable units are for people (HIS) and for a machine (MIS).

    EXPORT_DIR holds the tables of a 2-AFC study, from `diptych export` or `diptych import`. A
    unit's human interpretability score (HIS) is the share of right answers. Practice and catch
    trials, unfinished and excluded sessions do not count. The machine's score (MIS) comes from

    \b
      the attribute `mis` of the study's items    diptych correlate out/units
      scores of units                             diptych correlate out/units --scores out/mis
      computed now, for the study's items         diptych correlate out/units \\
                    --similarity efficientnet-lite2 --images studies/units

    The results are Pearson's and Spearman's correlation over units (and models) with bootstrap
    intervals; the noise ceiling, which is the largest correlation to expect with this number of
    answers; the number of answers per unit that raises the ceiling to --answers-needed; the groups
    easiest, random and hardest if the items have an attribute `group`; and machines that took the
    study.
    """
    from rich.console import Console

    from diptych_analysis.agreement import results
    from diptych_analysis.tables.metadata import write_json

    console = Console()
    with fault_lines(), console.status("Comparing …"):
        found = correlate_folder(folder, **options)
    for part in results.terminal(found):
        console.print(part)
    if options["json_file"] is not None:
        options["json_file"].parent.mkdir(parents=True, exist_ok=True)
        write_json(options["json_file"], results.as_json(found))
    if options["csv_file"] is not None:
        options["csv_file"].parent.mkdir(parents=True, exist_ok=True)
        options["csv_file"].write_text(results.as_csv(found), encoding="utf-8")
    if options["report"] is not None:
        with console.status("Drawing the figures …"):
            page = results.write_page(found, options["report"])
        console.print(f"Wrote [bold]{page}[/].")


def correlate_folder(
    folder: Path,
    *,
    scores: Path | None = None,
    runs: tuple[str, ...] = (),
    similarity: str | None = None,
    images: Path | None = None,
    kinds: tuple[str, ...] = (),
    conditions: tuple[str, ...] = (),
    status: str = "completed",
    excluded: bool = False,
    weighted: bool = False,
    calibrate: bool | None = None,
    share: float = 0.05,
    wanted: float = 0.9,
    seed: int = 0,
    **_: object,
) -> Any:
    """Do what `diptych correlate` does without printing, and return the `Agreement`.

    Raises `AgreementFault`, `TableFault` or `MachineFault`.
    """
    from diptych_analysis.agreement.compare import Choices, compare
    from diptych_analysis.agreement.his import HUMAN
    from diptych_analysis.tables import read_tables

    source = _source(scores, runs, similarity, images)
    tables = read_tables(folder)
    if not tables.name:
        tables.name = folder.resolve().name
    statuses = [part.strip() for part in status.split(",") if part.strip()]
    choices = Choices(
        kinds=kinds or tables.whose(statuses, HUMAN) or HUMAN,
        statuses=statuses,
        excluded=excluded,
        conditions=conditions or None,
        weighted=weighted,
        calibrate=calibrate,
        share=share,
        wanted=wanted,
        seed=seed,
    )
    return compare(tables, source(tables), choices)


def _source(
    scores: Path | None, runs: tuple[str, ...], similarity: str | None, images: Path | None
) -> Callable[[Tables], Callable[[Any], Any]]:
    """Return tables -> units -> their scores, as asked for on the command line."""
    from diptych_analysis.agreement import sources
    from diptych_analysis.agreement.faults import AgreementFault

    if scores is not None and similarity is not None:
        raise AgreementFault("use either --scores or --similarity, not both")
    if (similarity is None) != (images is None):
        raise AgreementFault("--similarity and --images need each other: give both or neither")
    if runs and scores is None:
        raise AgreementFault("--run needs --scores: it chooses one of the runs in that folder")
    if scores is not None:
        run = dict(_pair(text) for text in runs)
        return lambda _: lambda _units: sources.from_folder(scores, run)
    if similarity is not None and images is not None:
        return lambda tables: lambda _units: sources.from_images(tables, similarity, images)
    return lambda _: partial(sources.from_items)


def _pair(text: str) -> tuple[str, str]:
    from diptych_analysis.agreement.faults import AgreementFault

    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise AgreementFault(
            f"--run {text}: expected NAME=VALUE, for example model=efficientnet-lite0"
        )
    return name.strip(), value.strip()
