"""`diptych study from-contrastive`: a study of the images that divide raters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych.cli.console import console
from diptych.cli.context import new_study_folder
from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import SEED


@click.command("from-contrastive")
@click.argument("name")
@click.argument(
    "sources", metavar="DIR|TABLE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--images",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the images that the raters saw.",
)
@click.option(
    "-k", default=20, show_default=True, type=click.IntRange(1), help="Contrastive images, and as "
    "many controls.",
)  # fmt: skip
@click.option("--catch", default=4, show_default=True, type=click.IntRange(1), help="Catch trials.")
@click.option(
    "--practice", type=click.IntRange(1), help="Practice trials. [default: one per class]"
)
@click.option(
    "--exposure-ms",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    help="Time that an image is shown, in ms, followed by noise. 0: until the answer.",
)
@click.option(
    "--side", default=256, show_default=True, help="Width and height of the images, in pixels."
)
@click.option(
    "--map",
    "mapping",
    metavar="FILE|geirhos16",
    help="Replace responses and labels by coarser categories, as in `diptych agree`.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random choices.")
def from_contrastive(
    name: str, sources: tuple[Path, ...], images: Path, mapping: str | None, **wanted: Any
) -> None:
    """Make a study of the images that divide raters.

    NAME becomes the folder of an identify study, ready to open. DIR or TABLE holds responses as in
    `diptych agree`. People name contrastive images, controls of the same classes and easy images.
    """
    from diptych.authoring.from_contrastive import Wanted, make_study_from_contrastive
    from diptych_analysis.behaviour.coarse_categories import coarser, read_mapping
    from diptych_analysis.behaviour.response_files import read_responses

    folder = new_study_folder(name)
    with fault_lines(), console.status(f"Making {folder} …"):
        responses = read_responses(sources)
        if mapping is not None:
            responses = coarser(responses, read_mapping(mapping))
        make_study_from_contrastive(folder, responses, images, Wanted(**wanted))
    console.print(f"Made [bold]{folder}[/].")
    console.print("Read its texts and study.toml (contact, payment, recruitment), then run:")
    console.print(f"  diptych study preview {name} && diptych study open {name}", highlight=False)
