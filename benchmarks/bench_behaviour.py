"""Time and memory of agreement: 1,355 models, 50,000 stimuli, 1,000 classes, on one core.

    OMP_NUM_THREADS=1 python benchmarks/bench_behaviour.py [--quick] [--json FILE]

The responses are made up: models of different skill see stimuli of different difficulty, and wrong
responses are mostly one of a few confusable classes. Each step is timed alone, in CPU seconds. The
yardstick counts with a loop over stimuli (`numpy.unique`), on a part of them; the two must agree.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from diptych_analysis.behaviour.accuracy_bins import agreement_by_group, quantile_bins
from diptych_analysis.behaviour.contrastive import contrastive
from diptych_analysis.behaviour.error_consistency import mean_consistency
from diptych_analysis.behaviour.fleiss import agreement
from diptych_analysis.behaviour.raters_needed import agreement_noise
from diptych_analysis.behaviour.resampling import bootstrap
from diptych_analysis.behaviour.responses import Responses
from diptych_analysis.behaviour.tallies import tallies

#: Stimuli of the yardstick.
PART = 500
MODELS, STIMULI, CLASSES = 1355, 50_000, 1000


def made_up(models: int, stimuli: int, classes: int, seed: int = 0) -> Responses:
    """Make up responses, one model at a time."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, stimuli)
    ease = rng.normal(1.5, 2, stimuli)
    confusable = rng.integers(0, classes, (classes, 5))
    codes = np.empty((models, stimuli), np.int16)
    for row in codes:
        p = 1 / (1 + np.exp(-(ease + rng.normal(0, 1))))
        wrong = confusable[labels, rng.integers(0, 5, stimuli)]
        anything = rng.integers(0, classes, stimuli)
        wrong = np.where(rng.random(stimuli) < 0.2, anything, wrong)
        row[:] = np.where(rng.random(stimuli) < p, labels, wrong)
    return Responses(
        pd.DataFrame({"rater": [f"m{i}" for i in range(models)], "kind": "machine"}),
        pd.DataFrame({"stimulus": [f"s{i}" for i in range(stimuli)], "label": None}),
        tuple(f"{i:04d}" for i in range(classes)),
        codes,
        labels,
    )


def yardstick(responses: Responses) -> np.ndarray:
    """Compute agreement about each stimulus in a loop."""
    found = []
    for column in responses.codes.T:
        counts = np.unique(column, return_counts=True)[1]
        n = counts.sum()
        found.append((np.square(counts).sum() - n) / (n * (n - 1)))
    return np.array(found)


def peak_gb() -> float:
    """Peak resident memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def steps(responses: Responses, k: int) -> dict[str, Callable[[], Any]]:
    """Name each measured step."""
    codes, c = responses.codes, len(responses.categories)

    def by_accuracy() -> Any:
        groups, names = quantile_bins(responses.accuracy(), 4)
        return agreement_by_group(responses, groups, names, k)

    return {
        "kappa and agreement per stimulus": lambda: agreement(codes, c),
        f"contrastive, k = {k:,}": lambda: contrastive(responses, k),
        "4 groups by accuracy": by_accuracy,
        "intervals, 1,000 resamples": lambda: bootstrap(codes, c),
        "raters needed": lambda: agreement_noise(counts for _, counts in tallies(codes, c)),
        "error consistency of all pairs": lambda: mean_consistency(*responses.right()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of models and stimuli")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    less = 10 if options.quick else 1
    responses = made_up(MODELS // less, STIMULI // less, CLASSES)
    models, stimuli = responses.codes.shape
    figures: dict[str, Any] = {"models": models, "stimuli": stimuli, "classes": CLASSES}
    table = Table(title=f"{models:,} models, {stimuli:,} stimuli, {CLASSES:,} classes")
    for name in ("step", "CPU s", "peak GB so far"):
        table.add_column(name, justify="right" if name != "step" else "left")
    for name, step in steps(responses, max(stimuli // 50, 1)).items():
        began = time.process_time()
        step()
        figures[name] = {"cpu_s": time.process_time() - began, "peak_gb": peak_gb()}
        table.add_row(name, f"{figures[name]['cpu_s']:.1f}", f"{peak_gb():.2f}")
    total = sum(value["cpu_s"] for value in figures.values() if isinstance(value, dict))
    part = responses.of_stimuli(np.arange(min(PART, stimuli)))
    began = time.process_time()
    slow = yardstick(part)
    slow_s = (time.process_time() - began) * stimuli / len(slow)
    np.testing.assert_allclose(agreement(part.codes, CLASSES).per_stimulus, slow)
    ratio = slow_s / figures["kappa and agreement per stimulus"]["cpu_s"]
    figures |= {"total_cpu_s": total, "peak_gb": peak_gb(), "times_faster_than_a_loop": ratio}
    table.add_section()
    table.add_row("all", f"{total:.1f}", f"{peak_gb():.2f}")
    table.add_row("agreement in a loop over stimuli", f"{slow_s:.1f}", "")
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
