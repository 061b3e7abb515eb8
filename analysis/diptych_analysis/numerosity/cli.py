"""`diptych numerosity`: train, test and report the number sense."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import FINITE, NEW_FOLDER, SEED

Folder = NEW_FOLDER
File = click.Path(dir_okay=False, exists=True, path_type=Path)
#: What Ctrl-C leaves.
_CONTINUES = "The same command continues from the last checkpoint."
_DEVICE = click.option(
    "--device", default="auto", show_default=True, help="Device: auto, cpu, cuda or cuda:N."
)

_THREADS = click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads of torch."
)


@click.group()
def numerosity() -> None:
    """Train networks on put, take and shake, and test whether they sense number.

    \b
      diptych numerosity train out --seeds 3     about a minute per seed on one core
      diptych numerosity test out                results.json and a table
      diptych numerosity report out              out/report/index.html

    A network sees the images before and after an action and learns which action it was. It never
    learns how many objects there are. Scenes hold at most three objects in training and up to
    thirty in the tests (Kondapaneni and Perona, Scientific Reports 14, 6858, 2024).
    """


@numerosity.command()
@click.argument("folder", type=Folder)
@click.option(
    "--objects",
    type=click.Choice(["A", "B"]),
    default="B",
    show_default=True,
    help="A: equal white squares. B: squares that vary in size and grey level.",
)
@click.option(
    "--limit",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Most objects in a training image. The thesis uses 3, 5 and 8.",
)
@click.option("--jitter", is_flag=True, help="Objects stay the same and change only slightly.")
@click.option(
    "--imprecise",
    is_flag=True,
    help="Imprecise actions, as in the thesis: 1 to 3 objects per action, half the updates.",
)
@click.option(
    "--action-size",
    type=click.IntRange(1),
    help="Most objects that one action moves. Default 1, 3 with --imprecise.",
)
@click.option(
    "--network",
    type=click.Choice(["small", "published"]),
    default="small",
    show_default=True,
    help="small: from scratch. published: on AlexNet's first layers; hours without a GPU.",
)
@click.option("--weights", type=File, help="File of AlexNet's weights. Without it: a download.")
@click.option("--pixels", type=click.IntRange(32), help="Image size. Default 64, published 244.")
@click.option(
    "--dimensions",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Dimensions of the embedding.",
)
@click.option("--steps", type=click.IntRange(1), help="Updates. Default 300, published 900.")
@click.option("--rate", type=FINITE, help="Learning rate of Adam. Default 0.001, published 0.0001.")
@click.option(
    "--seeds", default=1, show_default=True, type=click.IntRange(1), help="Number of networks."
)
@click.option("--first-seed", default=0, show_default=True, type=SEED, help="Seed of the first.")
@_THREADS
@_DEVICE
def train(
    folder: Path,
    seeds: int,
    first_seed: int,
    threads: int,
    device: str,
    *,
    imprecise: bool,
    **given: Any,
) -> None:
    """Train networks into FOLDER, one subfolder per network.

    \b
      diptych numerosity train out --seeds 3
      diptych numerosity train out --limit 8            more objects in training
      diptych numerosity train out --objects A          equal objects
      diptych numerosity train out --jitter             the same objects, slightly changed
      diptych numerosity train out --imprecise          1 to 3 objects per action

    A stopped training continues where it stopped. A finished network is not trained again.
    """
    from rich.console import Console

    from diptych_analysis.networks.networks import device_for
    from diptych_analysis.numerosity import runs
    from diptych_analysis.numerosity.settings import Settings

    _use_threads(threads)
    weights = given.pop("weights")
    with fault_lines(_CONTINUES):
        make = Settings.imprecise if imprecise else Settings.of
        settings = make(**given, weights=str(weights) if weights else "")
        where = str(device_for(device))
        for each in runs.seeds(settings, seeds, first_seed):
            with _progress(Console(), each.name, each.steps) as watch:
                to = runs.train_run(folder, each, watch=watch, device=where)
            click.echo(f"Trained: {to}")


@numerosity.command()
@click.argument("folder", type=Folder)
@click.option(
    "--images",
    default=150,
    show_default=True,
    type=click.IntRange(20),
    help="Test images of each number from 0 to 30.",
)
@click.option(
    "--actions",
    default=8000,
    show_default=True,
    type=click.IntRange(100),
    help="Actions of the test walk, which holds up to 8 objects.",
)
@_THREADS
@_DEVICE
def test(folder: Path, images: int, actions: int, threads: int, device: str) -> None:
    """Test all networks in FOLDER on new images with up to 30 objects.

    Observers that know only summed pixels, area or hull, and the untrained network, take the same
    test. Compare them first in incongruent pairs: there, the image with fewer objects has more of
    the covariate.
    """
    from rich.console import Console

    from diptych_analysis.networks.networks import device_for
    from diptych_analysis.numerosity import runs, tables
    from diptych_analysis.numerosity.probes import ProbeSettings

    _use_threads(threads)
    console = Console()
    probe = ProbeSettings(images=images, walk_actions=actions)
    with fault_lines(_CONTINUES), _progress(console, "tests", 1) as watch:
        results = runs.test_runs(folder, probe, watch=watch.named, device=str(device_for(device)))
    for table in tables.terminal(results):
        console.print(table)
    click.echo(f"Results: {folder / 'results.json'}")


@numerosity.command()
@click.argument("folder", type=Folder)
@click.option("--to", type=Folder, help="Folder of the page. By default FOLDER/report.")
def report(folder: Path, to: Path | None) -> None:
    """Write a page with all tables and figures about FOLDER."""
    from diptych_analysis.numerosity.report import write_report

    with fault_lines(_CONTINUES):
        click.echo(f"Report: {write_report(folder, to or folder / 'report')}")


def _use_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


class _Watch:
    """Moves a progress bar."""

    def __init__(self, bars: Any, task: Any) -> None:
        self._bars, self._task = bars, task

    def __call__(self, step: int, loss: float) -> None:
        """Show that an update is over."""
        self._bars.update(self._task, completed=step, note=f"loss {loss:.3f}")

    def named(self, name: str, done: int, of: int) -> None:
        """Show that the test of a network begins."""
        self._bars.update(self._task, completed=done, total=of, note=name)


@contextmanager
def _progress(console: Any, what: str, total: int) -> Iterator[_Watch]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Watch(bars, bars.add_task(what, total=total, note=""))
