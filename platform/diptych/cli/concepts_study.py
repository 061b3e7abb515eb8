"""`diptych study from-concepts`: a study of the concepts that a search has found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych.cli.console import console
from diptych.cli.context import new_study_folder
from diptych.cli.study_options import picture_options
from diptych_analysis.fault_lines import fault_lines


@click.command("from-concepts", short_help="Make a study of a search of `diptych concepts`.")
@click.argument("name")
@click.option(
    "--search",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder that `diptych concepts … --to` wrote.",
)
@click.option(
    "--design",
    default="preference",
    show_default=True,
    type=click.Choice(["preference", "intruder", "naming", "prediction"]),
    help="preference: which group of images shows more of what makes the class? intruder: which of "
    "five images does not belong? naming: which word names the images? prediction: what does the "
    "network say of an image, after concepts, examples or nothing?",
)
@click.option(
    "--items",
    "tests",
    default=20,
    show_default=True,
    type=click.IntRange(2, 60),
    help="Test trials per participant.",
)
@click.option(
    "--concepts",
    default=3,
    show_default=True,
    type=click.IntRange(1, 6),
    help="prediction: number of concepts that explain, the best first.",
)
@picture_options(practice=2, catch=2)
def from_concepts(name: str, search: Path, **wanted: Any) -> None:
    """Make a study of the concepts behind a class of a network.

    NAME becomes the folder of a study, ready to open. The pictures come from a search of `diptych
    concepts CLASSIFIER --to SEARCH`. After the design `preference`, `diptych concepts … --groups
    SEARCH --prefer human:TABLES` trains the generator with the choices of the participants. The
    design `prediction` compares three groups of participants, and has no practice or catch trials.
    """
    from diptych.authoring.concept_items import Wanted
    from diptych.authoring.from_concepts import make_study_from_concepts

    folder = new_study_folder(name)
    with fault_lines(), console.status(f"Making {folder} …"):
        count = make_study_from_concepts(folder, search, Wanted(**wanted))
    console.print(f"Made [bold]{folder}[/]: {count} test items.", highlight=False)
    console.print("Read its texts and study.toml (contact, payment, recruitment), then run:")
    console.print(f"  diptych study preview {name} && diptych study open {name}", highlight=False)
