"""`diptych mis-report`: what the scores of many units say, in tables and on a page."""

from __future__ import annotations

from pathlib import Path

import click

from diptych_analysis.option_types import NEW_FOLDER

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("mis-report")
@click.argument("out", type=_FOLDER)
@click.option(
    "--accuracy", type=_FILE, help="CSV file with the accuracy of the models: model, accuracy."
)
@click.option(
    "--checkpoints", type=_FILE, help="CSV file with the checkpoints of a training: model, epoch."
)
@click.option("--images", type=_FOLDER, help="Folder of the images, to show example items.")
@click.option(
    "--to",
    type=NEW_FOLDER,
    help="Folder for a page with figures, and the tables as CSV.",
)
@click.option("--layers", is_flag=True, help="Also print the table of single layers.")
def mis_report(
    out: Path,
    accuracy: Path | None,
    checkpoints: Path | None,
    images: Path | None,
    to: Path | None,
    layers: bool,
) -> None:
    """Compare models, layers and units by the scores that `diptych mis` wrote to OUT."""
    from rich.console import Console

    from diptych_analysis.mis.analyses.findings import examine
    from diptych_analysis.mis.analyses.performance import read_accuracy
    from diptych_analysis.mis.analyses.tables import tables
    from diptych_analysis.mis.analyses.training import read_checkpoints
    from diptych_analysis.mis.report import write_findings
    from diptych_analysis.networks.faults import MachineFault
    from diptych_analysis.networks.store import read_images, read_items, read_left_out, read_scores

    console = Console()
    try:
        found = examine(
            read_scores(out),
            read_items(out),
            None if accuracy is None else read_accuracy(accuracy),
            None if checkpoints is None else read_checkpoints(checkpoints),
        )
        console.print(f"Setting: {found.setting.words}", highlight=False)
        for table in tables(found):
            if layers or table.name != "layers":
                console.print(table.terminal())
        if found.no_significance:
            console.print(f"Layer types not tested: {found.no_significance}", highlight=False)
        if to is not None:
            page = write_findings(to, found, read_images(out), images, read_left_out(out))
            console.print(f"Report: {page}", highlight=False)
    except MachineFault as fault:
        raise click.ClickException(str(fault)) from fault
