"""Does a search find a planted cause? Three causes, ten seeds, beside its baselines.

    make bench-concepts BENCH_ARGS="--to FOLDER --seeds 10"
    make bench-concepts BENCH_ARGS="--to FOLDER --docs docs/concepts.md"
    make bench-concepts BENCH_ARGS="--to FOLDER --speed 150"

Every search has its folder, so a stopped run continues, and searches that are finished are read.
Classifiers, their causes and all images are simulated. The table says how often the cause came
first among 12 words, and how much of it the generator draws before and after. `--docs` writes the
table of all searches in the folder between two marks of a page. `--speed` measures the steps of one
search by a model of the tiny world; an untrained one takes as long as a trained one.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from diptych_analysis.concepts.cli_parts import planted_target
from diptych_analysis.concepts.evaluation import NOISE
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import Search, SearchSettings
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.worlds.generators import drawer_for
from diptych_analysis.worlds.model import write_new_model
from diptych_analysis.worlds.vocabulary import SEED_WORDS

CAUSES = ("striped", "ring", "night")
#: What each variant takes away from the search.
VARIANTS: dict[str, dict[str, Any]] = {
    "search": {},
    "epsilon-greedy": {"policy": "epsilon-greedy"},
    "uniform": {"policy": "uniform"},
    "dqn": {"policy": "dqn"},
    "no preference": {"prefer": False},
    "shuffled": {"shuffled": True},
}
GENERATORS = ("scenes", "tiny")
BEGIN, END = "<!-- bench-concepts: begin -->\n", "<!-- bench-concepts: end -->"


def search(given: argparse.Namespace, drawn_by: str, variant: str, cause: str, seed: int) -> None:
    """Run one search, or find it finished."""
    folder = given.to / drawn_by / f"{cause}-{variant.replace(' ', '-')}-{seed}"
    if (folder / "row.json").exists():
        return
    settings = replace(
        SearchSettings(words=SEED_WORDS, steps=given.steps, levels=1, seed=seed),
        **VARIANTS[variant],
    )
    if drawn_by == "scenes":
        settings = replace(settings, prefer=False)
    target, judge = planted_target(cause, 1, None, given.to / "classifiers", seed)
    begun, cpu = time.perf_counter(), time.process_time()
    own = drawn_by == "tiny" and given.model is not None
    drawer = load_generator(given.model) if own else drawer_for(drawn_by, "cpu", download=False)
    found = run_search(folder, drawer, target, settings, judge=judge)
    about = {"generator": drawn_by, "variant": variant, "cause": cause, "seed": seed}
    took = {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu}
    row = {**about, **measures(found, cause), **took, "steps": given.steps}
    (folder / "row.json").write_text(json.dumps(row) + "\n", encoding="utf-8")
    print(row, flush=True)


def measures(found: dict[str, Any], cause: str) -> dict[str, float]:
    """Return what one search says about its cause, about all other words, and about noise."""
    words = {row["word"]: row for row in found["words"]}
    others = [row for row in words.values() if row["word"] not in (cause, NOISE)]
    return {
        "first": float(words[cause]["rank"] == 1),
        "rank": words[cause]["rank"],
        "tried": words[cause]["tried"],
        "reward": words[cause]["trusted_ts"],
        "others_reward": mean(row["trusted_ts"] for row in others),
        "noise_ts": words[NOISE]["ts"],
        "noise_reward": words[NOISE]["trusted_ts"],
        "share_before": mean(row["cause_before"] for row in others),
        "share_after": mean(row["cause_after"] for row in others),
        "class_before": mean(row["class_before"] for row in others),
        "class_after": mean(row["class_after"] for row in others),
    }


def speed(given: argparse.Namespace) -> None:
    """Time the steps of one search, without its preparation and its evaluation."""
    model = given.model
    if model is None:
        model = given.to / "untrained"
        write_new_model(model, seed=0)
    target, _ = planted_target("striped", 1, None, given.to / "classifiers", 0)
    one = Search(load_generator(model), target, SearchSettings(SEED_WORDS, steps=given.speed))
    begun, cpu = time.perf_counter(), time.process_time()
    for _ in range(given.speed):
        one.step()
    took = (time.perf_counter() - begun, time.process_time() - cpu)
    print(
        f"{given.speed} steps: {took[0]:.0f} s, {took[1]:.0f} s of CPU time on one thread; "
        f"{took[1] / given.speed:.2f} s of CPU time per step"
    )


def mean(values: Iterable[float]) -> float:
    """Return the mean of numbers."""
    listed = list(values)
    return sum(listed) / len(listed)


def finished(to: Path) -> pd.DataFrame:
    """Read the rows of all finished searches of a folder."""
    rows = [json.loads(file.read_text("utf-8")) for file in sorted(to.glob("*/*/row.json"))]
    return pd.DataFrame(rows)


def markdown(rows: pd.DataFrame) -> str:
    """Write the table of a page: one row per generator, variant and cause."""
    head = ("images by", "variant", "cause", "seeds", "cause first", "median rank", "reward",
            "reward of other words", "share before > after")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for drawn_by in GENERATORS:
        for variant in VARIANTS:
            for cause in CAUSES:
                one = rows.query(
                    "generator == @drawn_by and variant == @variant and cause == @cause"
                )
                if not one.empty:
                    lines.append(_line(one, (drawn_by, variant, cause)))
    return "\n".join([*lines, ""])


def _line(rows: pd.DataFrame, names: Sequence[str]) -> str:
    before, after = rows["share_before"].mean(), rows["share_after"].mean()
    cells = [
        *names,
        str(len(rows)),
        str(int(rows["first"].sum())),
        f"{rows['rank'].median():g}",
        f"{rows['reward'].mean():.2f}",
        f"{rows['others_reward'].mean():.2f}",
        f"{before:.2f}" if names[0] == "scenes" else f"{before:.2f} > {after:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def write_docs(page: Path, table: str) -> None:
    """Replace what lies between the marks of a page."""
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no lines {BEGIN.strip()} and {END}")
    page.write_text(f"{before}{begin}{table}{end}{after}", "utf-8")


def main() -> None:
    """Run what is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("bench-concepts"))
    parser.add_argument("--model", type=Path, help="instead of the packaged model")
    parser.add_argument("--generators", nargs="+", default=GENERATORS, choices=GENERATORS)
    parser.add_argument("--causes", nargs="+", default=CAUSES)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=36)
    parser.add_argument("--docs", type=Path, help="page that gets the table")
    parser.add_argument("--speed", type=int, help="only time this many steps")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.speed:
        speed(given)
        return
    for seed in range(given.seeds):
        for drawn_by in given.generators:
            for variant in given.variants:
                if drawn_by == "scenes" and variant == "no preference":
                    continue  # True images have no weights that a preference could move.
                for cause in given.causes:
                    search(given, drawn_by, variant, cause, seed)
    table = markdown(finished(given.to))
    print(table)
    if given.docs is not None:
        write_docs(given.docs, table)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
