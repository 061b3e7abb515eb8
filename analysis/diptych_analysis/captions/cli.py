"""`diptych captions`: what captions that fit an image do for diffusion features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FOLDER, SEED, FiniteRange

F = TypeVar("F", bound=Callable[..., Any])
_IMAGES = click.Path(file_okay=False, exists=True, path_type=Path)


@click.group()
def captions() -> None:
    """Measure what captions do for the features of a diffusion model (TADP).

    \b
      diptych captions segment --to out                    the tiny world, simulated
      diptych captions segment --images FOLDER --to out \\
        --generator stable-diffusion-v1-5/stable-diffusion-v1-5 --download

    A U-Net sees each image once, with a prompt. A small head learns to read its features: a class
    or a depth for every pixel. Controls: the caption of another image, and the classes given
    straight to the head. A stopped run continues where it stopped.
    """


def _options(command: F) -> F:
    """Add what all commands take."""
    for option in reversed(
        (
            click.option("--to", "folder", required=True, type=NEW_FOLDER, help="Folder to write."),
            click.option(
                "--images",
                type=_IMAGES,
                help="Labelled images. Default: the tiny world, simulated.",
            ),
            click.option(
                "--generator",
                "model",
                default="tiny",
                show_default=True,
                help="tiny, a folder in diffusers' layout, or a name on the hub.",
            ),
            click.option("--download", is_flag=True, help="Download the model if it is not here."),
            click.option(
                "--seeds", default=3, show_default=True, type=click.IntRange(1), help="Seeds."
            ),
            click.option(
                "--train",
                default=1000,
                show_default=True,
                type=click.IntRange(2),
                help="Scenes of the tiny world to learn from.",
            ),
            click.option(
                "--test",
                default=400,
                show_default=True,
                type=click.IntRange(2),
                help="Scenes of the tiny world to test with.",
            ),
            click.option(
                "--captioner-updates",
                default=100,
                show_default=True,
                type=click.IntRange(1),
                help="Updates of the tiny world's captioner. With fewer, it errs more.",
            ),
            click.option(
                "--updates",
                default=400,
                show_default=True,
                type=click.IntRange(1),
                help="Updates of the head.",
            ),
            click.option(
                "--rate",
                default=3e-3,
                show_default=True,
                type=FiniteRange(0, min_open=True),
                help="Learning rate of the head.",
            ),
            click.option(
                "--backbone-rate",
                default=0.0,
                show_default=True,
                type=FiniteRange(0),
                help="Learning rate of the U-Net, times --rate. 0: frozen.",
            ),
            click.option(
                "--unscaled", is_flag=True, help="Leave out the scaling factor of latents."
            ),
            click.option(
                "--mode", is_flag=True, help="Take the mode of latents, and not a sample."
            ),
            click.option(
                "--step",
                default=1,
                show_default=True,
                type=click.IntRange(0, 999),
                help="Step of the noise schedule.",
            ),
            click.option(
                "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
            ),
            click.option(
                "--threads",
                default=1,
                show_default=True,
                type=click.IntRange(1),
                help="Threads of torch.",
            ),
        )
    ):
        command = option(command)
    return command


_PROMPT = click.option(
    "--prompt",
    "prompts",
    multiple=True,
    help="A prompt; use it once per prompt. Default: all, with controls.",
)


@captions.command("segment", short_help="Measure a class for every pixel.")
@_options
@_PROMPT
def segment(**given: Any) -> None:
    """Name a class for every pixel; the score is the mean intersection over union.

    Prompts: empty, averaged, embeddings, names, caption, caption:WORDS, nouns, oracle,
    oracle:PRECISION:RECALL, other, vector, caption-vector, pixels, pixels+vector.
    """
    _run("segment", given)


@captions.command("depth", short_help="Measure depth for every pixel.")
@_options
@_PROMPT
def depth(**given: Any) -> None:
    """Name a depth for every pixel; the score is the root of the mean squared error.

    In the tiny world, smaller objects lie farther away. Prompts: as for `segment`.
    """
    _run("depth", given)


@captions.command("shift", short_help="Measure a domain that training did not show.")
@_options
@click.option(
    "--target",
    default="night",
    show_default=True,
    help="Ground of the test images; training has two others.",
)
def shift(target: str, **given: Any) -> None:
    """Test in a domain that training did not show: the tiny world with another ground.

    Captions name the objects, and a modifier names a ground in training and test: none, the ground
    of the test, a similar ground, or one of training.
    """
    _run("segment", given, target=target)


@captions.command("write", short_help="Caption images with a published model.")
@click.argument("images", type=_IMAGES)
@click.option("--to", "file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--captioner",
    default="Salesforce/blip2-opt-2.7b",
    show_default=True,
    help="A folder, or a name on the hub: a model from images to text.",
)
@click.option(
    "--least",
    default=20,
    show_default=True,
    type=click.IntRange(0, 77),
    help="Fewest new tokens. The paper compares 0, 20 and 40.",
)
@click.option("--download", is_flag=True, help="Download the model if it is not here.")
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of the text.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
def write(
    images: Path, file: Path, captioner: str, least: int, download: bool, seed: int, device: str
) -> None:
    """Caption the images of a folder with a published model (BLIP-2) into a CSV file.

    Rows that the file already has are kept, so a stopped run continues.
    """
    from diptych_analysis.captions.blip import caption_folder, load_captioner
    from diptych_analysis.networks.networks import device_for
    from diptych_analysis.progress import progress_bars

    with fault_lines("The same command continues."), progress_bars(remaining=True) as bars:
        model = load_captioner(captioner, device=device_for(device), download=download)
        task = bars.add_task("captions", total=None)
        count = caption_folder(
            images,
            file,
            model,
            least=least,
            seed=seed,
            watch=lambda done, total: bars.update(task, completed=done, total=total),
        )
    click.echo(f"Captions: {file} ({count} images)")


@captions.command("people", short_help="Compare participants with labels and attention.")
@click.argument("tables", type=_IMAGES)
@click.option("--images", required=True, type=_IMAGES, help="The labelled images of the study.")
@click.option("--to", "folder", required=True, type=NEW_FOLDER, help="Folder to write.")
@click.option(
    "--generator", "model", help="Point: compare with the attention of tiny, a folder or a name."
)
@click.option("--download", is_flag=True, help="Download the model if it is not here.")
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of chosen captions.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
def people(tables: Path, images: Path, folder: Path, **given: Any) -> None:
    """Compare participants' captions or clicks with labels, and with a model.

    TABLES is an export of a study of `diptych study from-captions`. Captions: precision, recall,
    and people.csv, whose column can be copied to captions.csv as the prompt caption:people. Clicks:
    how often they hit the word, and how far from them a model's attention has its peak.
    """
    from diptych_analysis.captions.people_runs import compare
    from diptych_analysis.worlds.generators import generator_for

    with fault_lines():
        loaded = None
        if given["model"] is not None:
            loaded = generator_for(given["model"], given["device"], download=given["download"])
        found = compare(tables, images, folder, loaded, seed=given["seed"])
    for name, value in found.items():
        click.echo(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")
    click.echo(f"Results: {folder / 'people.json'}")


def _run(task: str, given: dict[str, Any], target: str | None = None) -> None:
    import torch

    from diptych_analysis.captions import cli_parts as parts
    from diptych_analysis.captions.runs import run
    from diptych_analysis.progress import progress_bars
    from diptych_analysis.worlds.generators import generator_for

    torch.set_num_threads(given["threads"])
    with fault_lines("The same command continues with the next prompt."):
        settings = parts.settings(task, given, target)
        generator = generator_for(given["model"], given["device"], download=given["download"])
        source = parts.source(given, generator, target)
        with progress_bars(elapsed=True, remaining=True) as bars:
            bar = bars.add_task("prompts", total=settings.seeds * len(settings.prompts))
            found = run(
                given["folder"],
                generator,
                source,
                settings,
                watch=lambda done, note: bars.update(bar, completed=done, description=note),
            )
    parts.show(found, task)
    click.echo(f"Results: {given['folder'] / 'results.json'}")
