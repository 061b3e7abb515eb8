"""`diptych worlds`: train the model of the tiny world."""

from __future__ import annotations

from pathlib import Path

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import NEW_FOLDER, seed_option, threads_option


@click.group()
def worlds() -> None:
    """Train a tiny text-to-image model, in a world where the truth is known.

    \b
      diptych worlds train --to my-tiny     about 25 minutes on one idle core

    Scenes hold 2 to 4 objects on a ground: 8 shapes, 6 textures, 4 grounds, 32 x 32 pixels.
    `diptych concepts --generator ./my-tiny` draws with this model.
    """


@worlds.command()
@click.option("--to", "folder", required=True, type=NEW_FOLDER, help="New folder of the model.")
@click.option("--steps", default=6000, show_default=True, type=click.IntRange(1), help="Updates.")
@click.option(
    "--shape-steps",
    default=1200,
    show_default=True,
    type=click.IntRange(0),
    help="Updates after them, for the words of shapes.",
)
@click.option(
    "--batch", default=32, show_default=True, type=click.IntRange(1), help="Scenes per update."
)
@seed_option
@threads_option
def train(folder: Path, steps: int, shape_steps: int, seed: int, batch: int, threads: int) -> None:
    """Train a model in diffusers' folder layout.

    A stopped training continues where it stopped. A finished model is not trained again.
    """
    import torch

    from diptych_analysis.progress import progress_bars
    from diptych_analysis.worlds.training import Settings
    from diptych_analysis.worlds.training import train as run

    torch.set_num_threads(threads)
    settings = Settings(steps=steps, shape_steps=shape_steps, seed=seed, batch=batch)
    again = "The same command continues from the last checkpoint."
    with fault_lines(again), progress_bars(elapsed=True, remaining=True) as bars:
        task = bars.add_task("updates", total=settings.updates)
        losses = run(
            folder,
            settings,
            watch=lambda done, loss: bars.update(
                task, completed=done, description=f"loss {loss:.3f}"
            ),
        )
    last = losses[-min(100, len(losses)) :]
    click.echo(f"Trained: {folder} (loss {sum(last) / len(last):.4f} over the last {len(last)})")
