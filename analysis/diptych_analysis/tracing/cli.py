"""`diptych trace`: trains and scores tracing models on tidy tables, or asks a saved one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.fault_lines import AnalysisFault, fault_lines
from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER, SEED, kinds_option

if TYPE_CHECKING:
    from diptych_analysis.tables import Tables
    from diptych_analysis.tracing.sequences import Sequences


class _RunByDefault(click.Group):
    """`trace DIR ...` is `trace run DIR ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunByDefault)
def trace() -> None:
    """Train tracing models on tidy tables, or use a saved one (`trace predict MODEL DIR`)."""


@contextmanager
def _faults() -> Iterator[None]:
    """Show faults as one line; models raise plain errors for their parameters."""
    with fault_lines("With --save, the same command continues from here."):
        try:
            yield
        except ValueError as error:
            raise AnalysisFault(str(error)) from error


def _specs(text: str) -> list[str]:
    from diptych_analysis.tracing.models import MODELS

    specs = list(MODELS) if text == "all" else [s.strip() for s in text.split(",") if s.strip()]
    if not specs:
        raise click.BadParameter("name at least one model, or all", param_hint="--models")
    return list(dict.fromkeys(specs))


def _read(
    folder: Path,
    status: str,
    excluded: bool,
    rt_column: str,
    kinds: tuple[str, ...],
    *,
    join_parts: bool,
) -> tuple[Tables, Sequences]:
    from diptych_analysis.tables import read_tables
    from diptych_analysis.tracing.sequences import sequences_from

    tables = read_tables(folder)
    statuses = status.split(",")
    kinds = kinds or tables.whose(statuses)
    sequences = sequences_from(
        tables,
        statuses=statuses,
        excluded=excluded,
        rt_column=rt_column,
        kinds=kinds or None,
        join_parts=join_parts,
    )
    return tables, sequences


@trace.command(epilog="To predict with a saved model: diptych trace predict MODEL DIR")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--models",
    default="gt,static,dkt",
    show_default=True,
    help="Names of models, separated by commas, or all.",
)
@click.option(
    "--splits", default=5, show_default=True, type=click.IntRange(1), help="Number of splits."
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of the splits.")
@click.option(
    "--encoder",
    default="none",
    show_default=True,
    help="Encoder of images: none, embedding, cnn, resnet18 or timm:NAME.",
)
@click.option(
    "--images", type=click.Path(exists=True, path_type=Path), help="Folder of the images."
)
@click.option(
    "--image-size",
    type=click.IntRange(16),
    help="Width and height to which images are scaled, in pixels.",
)
@click.option(
    "--weights",
    default="pretrained",
    show_default=True,
    help="Weights of the encoder: pretrained, random, or a file.",
)
@click.option(
    "--cache",
    type=NEW_FOLDER,
    help="Folder to cache image features in.",
)
@click.option(
    "--dim",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Number of dimensions of the image features (z).",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Number of processes."
)
@click.option("--cluster", help="Address of a Dask scheduler.")
@click.option(
    "--epochs", default=400, show_default=True, type=click.IntRange(1), help="Most epochs per fit."
)
@click.option("--status", default="completed", show_default=True, help="Statuses to use.")
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@kinds_option()
@click.option("--rt-column", default="rt_ms", show_default=True, help="Column of response times.")
@click.option("--per-class", is_flag=True, help="Also show the average precision per class.")
@click.option("--more", is_flag=True, help="Also show log loss and calibration error.")
@click.option(
    "--json",
    "json_file",
    type=NEW_FILE,
    help="JSON file for all results.",
)
@click.option(
    "--csv",
    "csv_file",
    type=NEW_FILE,
    help="CSV file for the table of results.",
)
@click.option(
    "--latex",
    "latex_file",
    type=NEW_FILE,
    help="LaTeX file for the table of results.",
)
@click.option(
    "--report",
    type=NEW_FOLDER,
    help="Folder for a page with figures.",
)
@click.option("--save", type=NEW_FOLDER, help="Folder to save the models in.")
def run(folder: Path, **options: Any) -> None:
    """Train and score models on the tables in FOLDER, over random splits by learner."""
    from rich.console import Console

    from diptych_analysis.tables.metadata import write_json
    from diptych_analysis.tracing import results as shown
    from diptych_analysis.tracing.verdict import verdict

    with _faults():
        found = trace_folder(folder, specs=_specs(options["models"]), console=Console(), **options)
    for table in shown.terminal(found, per_class=options["per_class"], more=options["more"]):
        Console().print(table)
    told = ", ".join(found["participant_kinds"])
    click.echo(f"{found['learners']} learners of kind: {told}.")
    said = verdict(found)
    if said:
        click.echo(said)
    if options["json_file"] is not None:
        options["json_file"].parent.mkdir(parents=True, exist_ok=True)
        write_json(options["json_file"], found)
    if options["csv_file"] is not None:
        options["csv_file"].write_text(shown.as_csv(found), encoding="utf-8")
    if options["latex_file"] is not None:
        options["latex_file"].write_text(shown.as_latex(found), encoding="utf-8")


def trace_folder(
    folder: Path,
    *,
    specs: list[str],
    console: Any = None,
    splits: int = 5,
    seed: int = 0,
    encoder: str = "none",
    images: Path | None = None,
    image_size: int | None = None,
    weights: str = "pretrained",
    cache: Path | None = None,
    dim: int = 16,
    jobs: int = 1,
    cluster: str | None = None,
    epochs: int = 400,
    status: str = "completed",
    excluded: bool = False,
    rt_column: str = "rt_ms",
    kinds: tuple[str, ...] = (),
    save: Path | None = None,
    report: Path | None = None,
    **_: object,
) -> dict[str, Any]:
    """Do what `diptych trace` does without printing tables; return the results as in --json."""
    from diptych_analysis.tracing.models import parse_spec
    from diptych_analysis.tracing.runs import make_jobs, results_of
    from diptych_analysis.tracing.runs import run as run_jobs

    # Models that know times get the days between the parts; all models get the same sequences.
    join_parts = any("lag" in parse_spec(spec)[1] for spec in specs)
    tables, sequences = _read(folder, status, excluded, rt_column, kinds, join_parts=join_parts)
    settings: dict[str, Any] = {"epochs": epochs}
    if encoder != "none":
        settings |= {"dim": dim, "size": image_size, "weights": weights}
        settings |= {"images": images and str(images), "cache": cache and str(cache)}
    if report is not None and save is None:
        save = report / "models"  # the figures ask the models
    todo = make_jobs(
        sequences, specs, splits=splits, seed=seed, encoder=encoder, settings=settings, save=save
    )
    fits = []
    with _progress(console, len(todo)) as watch:
        for fit in run_jobs(todo, sequences, n_jobs=jobs, cluster=cluster, watch=watch.epoch):
            fits.append(fit)
            watch.done(fit.spec, fit.number)
    about = {
        "name": tables.name or folder.resolve().name,
        "encoder": encoder,
        "split_count": splits,
        "seed": seed,
    }
    found = results_of(fits, sequences, specs, about, todo)
    if report is not None:
        from diptych_analysis.tracing.report import write_tracing_report

        write_tracing_report(report, found, sequences, todo, fits, images)
    return found


class _Watch:
    """Shows how far the fits have come."""

    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task
        self._running: dict[tuple[str, int], str] = {}
        self._over: set[tuple[str, int]] = set()

    def epoch(self, job: Any, epoch: int, trained: float, held_out: float) -> None:
        """Show that an epoch of one fit is over."""
        if (job.spec, job.number) in self._over:
            return  # heard late from another process
        text = f"{job.spec}, split {job.number + 1}: epoch {epoch}, validation loss {held_out:.4f}"
        self._running[job.spec, job.number] = text
        self._show()

    def done(self, spec: str, number: int) -> None:
        """Show that a fit is over."""
        self._over.add((spec, number))
        self._running.pop((spec, number), None)
        self._progress.advance(self._task)
        self._show()

    def _show(self) -> None:
        # a line each, or two fits at once would not fit into a terminal
        text = "\n".join(self._running.values()) or "fitting"
        self._progress.update(self._task, description=text)


@contextmanager
def _progress(console: Any, total: int) -> Iterator[_Watch]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=console is None, transient=True) as progress:
        yield _Watch(progress, progress.add_task("fitting", total=total))


@trace.command()
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", type=NEW_FILE, help="CSV or Parquet file.")
@click.option("--status", default="completed", show_default=True, help="Statuses to use.")
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option("--rt-column", default="rt_ms", show_default=True, help="Column of response times.")
@click.option(
    "--images", type=click.Path(exists=True, path_type=Path), help="Folder of the images."
)
def predict(
    model: Path,
    folder: Path,
    to: Path | None,
    status: str,
    excluded: bool,
    rt_column: str,
    images: Path | None,
) -> None:
    """Predict the responses in FOLDER with a saved MODEL.

    The table has one row per trial, and a column `p:CLASS` per class.
    """
    from diptych_analysis.tables import read_tables
    from diptych_analysis.tracing.jobs import predictions_frame
    from diptych_analysis.tracing.models import Tracer, parse_spec
    from diptych_analysis.tracing.sequences import sequences_from

    with _faults():
        asked = Tracer.load(model, images=images)
        sequences = sequences_from(
            read_tables(folder),
            statuses=status.split(","),
            excluded=excluded,
            rt_column=rt_column,
            classes=asked.classes,
            join_parts="lag" in parse_spec(asked.spec)[1],
        )
        frame = predictions_frame(asked.predict_proba(sequences), sequences)
    if to is None:
        click.echo(frame.to_csv(index=False), nl=False)
    elif to.suffix == ".parquet":
        frame.to_parquet(to, index=False)
    else:
        frame.to_csv(to, index=False)


@trace.command("export")
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", type=NEW_FILE, required=True, help="File to write, such as model.npz.")
@click.option(
    "--tables",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of tidy tables with the stimuli, for models that embed image files.",
)
@click.option(
    "--images", type=click.Path(exists=True, path_type=Path), help="Folder of the images."
)
def export(model: Path, to: Path, tables: Path | None, images: Path | None) -> None:
    """Write a saved MODEL into one file that a host can use without PyTorch.

    Recurrent models, bkt, exemplar and prototype can be exported.
    """
    from diptych_analysis.tracing.export import export_file

    with _faults():
        made = export_file(model, to, tables, images)
    rows = len(made.stimuli)
    what = f"{rows} stimuli" if rows else "no stimuli: it looks at classes only"
    click.echo(f"Wrote {to}: {made.spec}, {len(made.classes)} classes, {what}.")
