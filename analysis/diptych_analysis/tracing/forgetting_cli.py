"""`diptych forgetting`: how right answers fade over the parts of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from diptych_analysis.option_types import NEW_FILE, SEED, FiniteRange, kinds_option


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--chance",
    type=FiniteRange(0, 1, max_open=True),
    help="Probability of a right answer by guessing. [default: 1 / number of labels]",
)
@kinds_option()
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option(
    "--resamples",
    default=200,
    show_default=True,
    type=click.IntRange(0),
    help="Bootstrap resamples of the learners, for the intervals; 0 shows none.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random draws.")
@click.option("--json", "json_file", type=NEW_FILE, help="JSON file for all results.")
def forgetting(
    folder: Path,
    chance: float | None,
    kinds: tuple[str, ...],
    excluded: bool,
    resamples: int,
    seed: int,
    json_file: Path | None,
) -> None:
    """Fit forgetting curves to the test answers of a study of several parts, by condition.

    DIR is a folder of exported tables. The probability of a right answer t days after the first
    part is chance + (1 - chance) start R(t). R is exponential, a power function, or the curve of
    FSRS-4.5; the smallest AIC fits best.
    """
    from rich.console import Console
    from rich.table import Table

    from diptych_analysis.tables import TableFault, read_tables
    from diptych_analysis.tracing.forgetting import ForgettingFault, tested_answers

    try:
        tables = read_tables(folder)
        chosen = kinds or tables.whose(["completed"])
        answers = tested_answers(tables.sessions, tables.trials, chosen, excluded=excluded)
        labels = int(answers["label"].nunique())
        guess = chance if chance is not None else 1 / labels if labels > 1 else 0.0
        rows = _fits(answers, guess, resamples, seed)
    except (TableFault, ForgettingFault) as fault:
        raise click.ClickException(str(fault)) from None
    console, table = Console(), Table(box=None)
    console.print(f"Test answers of {', '.join(chosen)}; chance is {guess:.3g}.")
    for title in ("condition", "curve", "start", "scale", "95 % interval", "AIC", "answers"):
        table.add_column(title)
    for row in rows:
        low, high = row["scale_low"], row["scale_high"]
        interval = "–" if low is None else f"{low:.3g} to {high:.3g}"
        cells = (f"{row['start']:.3f}", f"{row['scale']:.3g}", interval, f"{row['aic']:.1f}")
        table.add_row(row["condition"], row["curve"], *cells, str(row["answers"]))
    console.print(table)
    if json_file is not None:
        from diptych_analysis.tables.metadata import write_json

        write_json(json_file, {"chance": guess, "kinds": list(chosen), "fits": rows})


def _fits(answers: Any, chance: float, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Fit every curve to every condition."""
    from diptych_analysis.tracing.forgetting import CURVES, fit_forgetting, scale_interval

    rows: list[dict[str, Any]] = []
    for condition, group in answers.groupby(answers["condition"].fillna("–")):
        for curve in CURVES:
            fit = fit_forgetting(group, curve, chance)
            low = high = None
            if resamples:
                low, high = scale_interval(group, curve, chance, resamples, seed)
            rows.append({
                "condition": str(condition), "curve": curve, "start": fit.start,
                "scale": fit.scale, "scale_low": low, "scale_high": high,
                "log_likelihood": fit.log_likelihood, "aic": fit.aic,
                "answers": fit.answers, "learners": fit.learners,
            })  # fmt: skip
    return rows
