"""`diptych concepts`: search for the concepts behind a class of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FOLDER, FiniteRange, seed_option, torch_options

_IMAGES = click.Path(file_okay=False, exists=True, path_type=Path)
_WORDS = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.argument("classifier")
@click.option(
    "--class",
    "number",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="Number of the class to explain.",
)
@click.option("--to", "folder", required=True, type=NEW_FOLDER, help="Folder of the search.")
@click.option("--layer", help="Layer that holds concepts. Default of planted: features.")
@click.option("--images", type=_IMAGES, help="Folder with images of the class.")
@click.option(
    "--generator",
    "model",
    default="tiny",
    show_default=True,
    help="tiny, a folder in diffusers' layout, a name on the hub, or scenes.",
)
@click.option("--download", is_flag=True, help="Download the generator if it is not here.")
@click.option("--words", "file", type=_WORDS, help="Seed words or captions, one per line.")
@click.option(
    "--merge",
    type=FiniteRange(0, 1),
    help="Drop words whose text embedding has a higher cosine with an earlier one.",
)
@click.option("--steps", default=60, show_default=True, type=click.IntRange(1), help="Steps.")
@click.option(
    "--group", default=10, show_default=True, type=click.IntRange(4), help="Images per group."
)
@click.option(
    "--random-sets", default=8, show_default=True, type=click.IntRange(2), help="Random sets."
)
@click.option(
    "--policy",
    default="ucb",
    show_default=True,
    type=click.Choice(["ucb", "epsilon-greedy", "uniform", "dqn"]),
    help="How words are chosen. uniform is a baseline; dqn is as published.",
)
@click.option("--no-preference", is_flag=True, help="Baseline: the generator stays as it is.")
@click.option(
    "--prefer",
    default="tcav",
    show_default=True,
    help="Who prefers a group: tcav, or human:TABLES, the tables of a study with people.",
)
@click.option(
    "--groups",
    "earlier",
    type=_IMAGES,
    help="human: the search whose groups people judged (see `diptych study from-concepts`).",
)
@click.option("--shuffled", is_flag=True, help="Baseline: scores of shuffled images.")
@click.option(
    "--sampler-steps",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Steps of the sampler per image. Stable Diffusion needs about 25.",
)
@click.option(
    "--guidance",
    default=2.0,
    show_default=True,
    type=FiniteRange(0),
    help="How closely images follow the word; 1 is without guidance and twice as fast.",
)
@click.option(
    "--levels",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="After how many parts of the search images of the best words are drawn.",
)
@click.option(
    "--rate", type=FiniteRange(0), help="Learning rate. Default 3e-4; 1e-5 for other generators."
)
@seed_option
@torch_options
def concepts(
    classifier: str,
    number: int,
    folder: Path,
    layer: str | None,
    images: Path | None,
    file: Path | None,
    threads: int,
    **given: Any,
) -> None:
    """Search for the concepts that move CLASSIFIER towards a class (RLPO).

    \b
      diptych concepts planted:striped --to out          a known cause, simulated
      diptych concepts efficientnet-lite0 --class 340 --to out \\
        --layer blocks.6 --images zebras --words words.txt \\
        --generator stable-diffusion-v1-5/stable-diffusion-v1-5 --download

    A bandit picks seed words, a diffusion model draws images of them, and concept activation
    vectors score how much they move the class. The generator learns to draw what scores higher.
    planted:ATTRIBUTE is a small classifier of the tiny world whose cause is known. Other
    classifiers are named as in `diptych mis`. The generator `scenes` is the tiny world itself:
    its images are always true, so it tests the scores alone (with --no-preference).

    With --prefer human:TABLES, the choices of participants train the generator. Their study shows
    the groups of the search in --groups, and its words and number of steps count.

    A stopped search continues where it stopped.
    """
    import torch

    from diptych_analysis.concepts import cli_parts as parts
    from diptych_analysis.concepts.runs import run_search
    from diptych_analysis.progress import progress_bars
    from diptych_analysis.worlds.generators import drawer_for

    torch.set_num_threads(threads)
    with fault_lines("The same command continues from the last checkpoint."):
        generator = drawer_for(given["model"], given["device"], download=given["download"])
        words, judged = parts.judged(given["prefer"], given["earlier"])
        if judged:
            given |= {"steps": len(judged), "group": judged[0].groups.images.shape[1]}
        else:
            words = parts.seed_words(file, given["model"], generator, given["merge"])
        settings = parts.settings(words, given)
        target, judge = parts.target(
            classifier, number, layer, images, given["device"], folder, given["seed"]
        )
        with progress_bars(elapsed=True, remaining=True) as bars:
            task = bars.add_task("search", total=settings.steps)
            found = run_search(
                folder,
                generator,
                target,
                settings,
                judge=judge,
                judged=judged,
                watch=lambda done, note: bars.update(task, completed=done, description=note),
            )
    parts.show(found)
    click.echo(f"Results: {folder / 'results.json'}")
