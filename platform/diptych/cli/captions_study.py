"""`diptych study from-captions`: a study about words in labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych.cli.console import console
from diptych.cli.context import new_study_folder
from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FOLDER, SEED, FiniteRange


@click.command("from-captions", short_help="Make a study about words in images.")
@click.argument("name")
@click.option(
    "--task",
    default="point",
    show_default=True,
    type=click.Choice(["point", "caption"]),
    help="point: click where a word is. caption: describe the image.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Labelled images, as for `diptych captions`. Default: the tiny world, simulated.",
)
@click.option(
    "--labelled", type=NEW_FOLDER, help="Writes the tiny world's images and labels to this folder."
)
@click.option(
    "--items", "tests", default=40, show_default=True, type=click.IntRange(1), help="Test items."
)
@click.option(
    "--practice", default=3, show_default=True, type=click.IntRange(1), help="Practice trials."
)
@click.option("--catch", default=3, show_default=True, type=click.IntRange(1), help="Catch trials.")
@click.option(
    "--absent",
    default=0.33,
    show_default=True,
    type=FiniteRange(0, 1),
    help="point: share of items whose word is not in the image.",
)
@click.option(
    "--input",
    default="sentence",
    show_default=True,
    type=click.Choice(["sentence", "words"]),
    help="caption: a sentence, or words to tick.",
)
@click.option(
    "--side", default=320, show_default=True, help="Width and height of the images, in pixels."
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random choices.")
def from_captions(name: str, images: Path | None, labelled: Path | None, **wanted: Any) -> None:
    """Make a study about words in images.

    NAME becomes the folder of a study, ready to open. `diptych captions people` compares its tables
    with the labels, and with the attention of a diffusion model.
    """
    from diptych.authoring.from_captions import Wanted, make_study_from_captions
    from diptych_analysis.captions.faults import CaptionFault
    from diptych_analysis.captions.labelled import read_folder, write_folder
    from diptych_analysis.captions.tiny_world import draw_labelled

    folder = new_study_folder(name)
    asked = Wanted(**wanted)
    with fault_lines(), console.status(f"Making {folder} …"):
        if images is None:
            shown = draw_labelled(asked.items, asked.seed, 9)
        elif labelled is not None:
            raise CaptionFault("--labelled writes the tiny world: leave it out with --images")
        else:
            shown = read_folder(images, asked.side)
        tests = make_study_from_captions(folder, shown, asked)
        if labelled is not None:
            write_folder(labelled, shown)
    console.print(f"Made [bold]{folder}[/]: {tests} test items.")
    console.print("Read its texts and study.toml (contact, payment, recruitment), then run:")
    console.print(f"  diptych study preview {name} && diptych study open {name}", highlight=False)
