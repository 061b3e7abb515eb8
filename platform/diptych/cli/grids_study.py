"""`diptych study from-grids`: a study of what one representation holds close and another not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych.cli.console import console
from diptych.cli.context import new_study_folder
from diptych.cli.study_options import picture_options
from diptych_analysis.fault_lines import fault_lines


@click.command("from-grids", short_help="Make a study of `diptych rdx` or `rsvc`.")
@click.argument("name")
@click.option(
    "--grids",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder that `diptych rdx … --to` wrote; for E3 `diptych rsvc … --to`.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    help="Folder of the images of the items; E3 needs none.",
)
@click.option(
    "--design",
    default="E2",
    show_default=True,
    type=click.Choice(["E1", "E2", "E3", "E4", "E5", "E6"]),
    help="E1: a grid against images that the other representation holds as near. E2: grids of A "
    "against grids of B. E3: patches that the other network misses. E4: neighbours of an image. "
    "E5: an outsider among eight. E6: clusters as classes, learned from feedback.",
)
@click.option(
    "--items",
    "tests",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Test items per grid or concept. E6 has 30 trials with feedback and 15 without.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="E6: CSV file with the columns file and label, the true class of each item. Each cluster "
    "then shows each true class equally often.",
)
@click.option(
    "--shuffled",
    is_flag=True,
    help="Mix the examples of both sides, or the classes of E6: a control that nobody can answer.",
)
@picture_options(practice=4, catch=4)
def from_grids(
    name: str, grids: Path, images: Path | None, side: int, labels: Path | None, **wanted: Any
) -> None:
    """Make a study of what one representation sees and another does not.

    NAME becomes the folder of a study, ready to open. The grids come from a run of `diptych rdx A B
    --to GRIDS`, and the patches of E3 from `diptych rsvc A B --to GRIDS`. The command prints the
    share of right answers of three simple observers. They see with the grid's own representation,
    with the other one, or with pixels only.
    """
    from diptych.authoring.from_grids import make_study_from_grids
    from diptych.authoring.grid_choice import Wanted
    from diptych_analysis.behaviour.image_labels import read_labels

    folder = new_study_folder(name)
    with fault_lines(), console.status(f"Making {folder} …"):
        true = None if labels is None else read_labels(labels)
        asked = Wanted(**wanted)
        made = make_study_from_grids(folder, grids, images, asked, side=side, labels=true)
    seen = made.observers
    what = "images in classes" if asked.design == "E6" else "test items"
    console.print(f"Made [bold]{folder}[/]: {made.items} {what}.")
    console.print(
        f"Observers answer right in {seen['own']:.2f} (own representation), {seen['other']:.2f} "
        f"(the other), {seen['pixels']:.2f} (pixels only) of the test items. "
        f"Chance: {made.chance:.2f}.",
        highlight=False,
        soft_wrap=True,
    )
    if made.short:
        kind = "Concepts" if asked.design == "E3" else "Grids"
        console.print(f"{kind} left out, with too few images: {made.short}.", highlight=False)
    console.print("Read its texts and study.toml (contact, payment, recruitment), then run:")
    console.print(f"  diptych study preview {name} && diptych study open {name}", highlight=False)
