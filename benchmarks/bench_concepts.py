"""Does a search find a planted cause? Three causes, ten seeds, beside its baselines.

    make bench-concepts BENCH_ARGS="--to FOLDER --seeds 10"

Every search has its folder, so a stopped run continues. Classifiers, their causes and all images
are simulated. The table says how often the cause came first among 12 words, and how much of it the
generator draws before and after.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from diptych_analysis.concepts.cli_parts import planted_target
from diptych_analysis.concepts.evaluation import NOISE
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import SearchSettings
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.worlds.drawer import SceneDrawer
from diptych_analysis.worlds.packaged import packaged_model
from diptych_analysis.worlds.vocabulary import SEED_WORDS

CAUSES = ("striped", "ring", "night")
VARIANTS: dict[str, dict[str, Any]] = {
    "rlpo": {},
    "epsilon-greedy": {"policy": "epsilon-greedy"},
    "uniform": {"policy": "uniform"},
    "no-preference": {"prefer": False},
    "shuffled": {"shuffled": True},
    # True images of every word: what scores and bandit find without a diffusion model.
    "scenes": {"prefer": False},
}


def one(
    to: Path, model: Path | None, cause: str, variant: str, seed: int, steps: int
) -> dict[str, Any]:
    """Run a search, or read it; return its row."""
    folder = to / f"{cause}-{variant}-{seed}"
    settings = replace(
        SearchSettings(words=SEED_WORDS, steps=steps, seed=seed), **VARIANTS[variant]
    )
    target, judge = planted_target(cause, 1, None, to / "classifiers", seed)
    begun, cpu = time.perf_counter(), time.process_time()
    drawer = SceneDrawer() if variant == "scenes" else load_generator(model or packaged_model())
    found = run_search(folder, drawer, target, settings, judge=judge)
    words = {row["word"]: row for row in found["words"]}
    true = words[cause]
    others = [row for row in found["words"][:-1] if row["word"] != cause]
    return {
        "cause": cause,
        "variant": variant,
        "seed": seed,
        "first": true["rank"] == 1,
        "rank": true["rank"],
        "tried": true["tried"],
        "ts": true["ts"],
        "p": true["p"],
        "accuracy": true["accuracy"],
        "noise_ts": words[NOISE]["ts"],
        "noise_trusted": words[NOISE]["trusted_ts"],
        "others_ts": sum(row["ts"] for row in others) / len(others),
        "others_trusted": sum(row["trusted_ts"] for row in others) / len(others),
        "share_before": sum(row["cause_before"] for row in others) / len(others),
        "share_after": sum(row["cause_after"] for row in others) / len(others),
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - cpu,
    }


def main() -> None:
    """Run what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("bench-concepts"))
    parser.add_argument("--model", type=Path, help="instead of the packaged model")
    parser.add_argument("--causes", nargs="+", default=CAUSES)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for seed in range(given.seeds):
        for cause in given.causes:
            for variant in given.variants:
                rows.append(one(given.to, given.model, cause, variant, seed, given.steps))
                print(rows[-1], flush=True)
                pd.DataFrame(rows).to_csv(given.to / "table.csv", index=False)
    table = pd.DataFrame(rows).drop(columns="seed").groupby(["cause", "variant"], sort=False)
    print(table.mean().round(2).to_string())
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
