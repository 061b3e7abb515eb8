"""`diptych agree`: who agrees with whom, on which stimuli."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER, SEED, FiniteRange

file_out = NEW_FILE


@click.command()
@click.argument(
    "sources", metavar="DIR|TABLE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "-k",
    type=click.IntRange(1),
    help="Number of contrastive stimuli. [default: 1000, at most a tenth of the stimuli]",
)
@click.option(
    "--by",
    multiple=True,
    metavar="GROUPS",
    help="Compare groups of raters (accuracy, kind, condition) or of stimuli (label, or another "
    "column). Use it once per grouping.",
)
@click.option(
    "--bins",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="With --by accuracy: number of groups, of equal size.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["person", "simulated", "machine"]),
    help="Kind of raters of the main results; use it once per kind. By default people if there are "
    "any, else simulated participants, else machines.",
)
@click.option("--task", help="Use only trials of this task.")
@click.option(
    "--phase",
    "phases",
    multiple=True,
    default=("test",),
    show_default=True,
    type=click.Choice(["practice", "training", "test", "catch"]),
    help="Phase of the trials to use; use it once per phase.",
)
@click.option(
    "--status",
    default="completed",
    show_default=True,
    help="Statuses of the sessions to use, separated by commas.",
)
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option(
    "--stimulus-column",
    metavar="NAME",
    help="Column of the items (or stimuli) of tidy tables that names the stimuli, to match them "
    "with other sources. Studies of from-contrastive have the column source.",
)
@click.option(
    "--unanswered",
    default="category",
    show_default=True,
    type=click.Choice(["category", "leave-out"]),
    help="Trials without a response: a category like the others (wrong if there is a label), or "
    "left out.",
)
@click.option(
    "--map",
    "mapping",
    metavar="FILE|geirhos16",
    help="Replace responses and labels by coarser categories: a CSV file with the columns fine and "
    "coarse, or the 16 categories of Geirhos et al. for WordNet ids.",
)
@click.option(
    "--raters-needed",
    "wanted",
    default=0.9,
    show_default=True,
    type=FiniteRange(0, 1, True, True),
    help="Report how many raters per stimulus give agreement that correlates this much with that "
    "of all possible raters.",
)
@click.option(
    "--people-agree",
    default=1.0,
    show_default=True,
    type=FiniteRange(0, 1),
    help="Least agreement of people about a diagnostic stimulus.",
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(20),
    help="Resamples of the stimuli for each interval.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random draws.")
@click.option("--json", "json_file", type=file_out, help="JSON file for all results.")
@click.option("--csv", "csv_file", type=file_out, help="CSV file with one row per stimulus.")
@click.option(
    "--report",
    type=NEW_FOLDER,
    help="Folder for a page with figures (PNG, SVG).",
)
def agree(sources: tuple[Path, ...], **options: Any) -> None:
    """Measure how much raters agree, and find the stimuli that divide them.

    A rater is a person, a simulated participant or a machine. Each source is one of

    \b
      tidy tables                  diptych agree out/animals
      what classify wrote          diptych agree predictions
      a table of any other tool    diptych agree answers.csv

    A table (CSV, TSV, Parquet) has one row per response: rater, stimulus, response, and optionally
    kind (person, simulated, machine), label and rt. Several sources are put together; stimuli are
    matched by name.

    The results are Fleiss' kappa, the agreement about each stimulus, error consistency, and the
    contrastive stimuli. One half of the raters chooses those that it agrees on least, and the other
    half scores them. With people and machines, the diagnostic stimuli divide machines while people
    agree.
    """
    from rich.console import Console

    from diptych_analysis.behaviour import findings_json, findings_tables
    from diptych_analysis.tables.metadata import write_json

    console = Console()
    with fault_lines(), console.status("Comparing …"):
        found = agree_sources(sources, **options)
    for part in findings_tables.terminal(found):
        console.print(part)
    if options["json_file"] is not None:
        options["json_file"].parent.mkdir(parents=True, exist_ok=True)
        write_json(options["json_file"], findings_json.as_json(found))
    if options["csv_file"] is not None:
        options["csv_file"].parent.mkdir(parents=True, exist_ok=True)
        findings_json.stimuli_table(found).to_csv(options["csv_file"], index=False)
    if options["report"] is not None:
        from diptych_analysis.behaviour.report import write_report

        with console.status("Drawing the figures …"):
            page = write_report(found, options["report"])
        console.print(f"Wrote [bold]{page}[/].")


def agree_sources(
    sources: tuple[Path, ...],
    *,
    phases: tuple[str, ...] = ("test",),
    status: str = "completed",
    task: str | None = None,
    excluded: bool = False,
    unanswered: str = "category",
    stimulus_column: str | None = None,
    mapping: str | None = None,
    **options: Any,
) -> Any:
    """Do what `diptych agree` does and print nothing; the result is `Findings`."""
    from diptych_analysis.behaviour.coarse_categories import coarser, read_mapping
    from diptych_analysis.behaviour.findings import Options, find
    from diptych_analysis.behaviour.response_files import read_responses
    from diptych_analysis.behaviour.tidy_responses import Selection

    selection = Selection(
        phases=tuple(phases),
        statuses=tuple(part.strip() for part in status.split(",") if part.strip()),
        task=task,
        excluded=excluded,
        unanswered=unanswered == "category",
        stimulus_column=stimulus_column,
    )
    responses = read_responses(sources, selection)
    if mapping is not None:
        responses = coarser(responses, read_mapping(mapping))
    known = {name: options[name] for name in Options.__dataclass_fields__ if name in options}
    return find(responses, Options(**known))
