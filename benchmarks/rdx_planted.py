"""How many planted groups RDX finds, by sampling, gamma and number of features.

    python benchmarks/rdx_planted.py

Prints a Markdown table: groups found of all, over all sizes and seeds, and the worst run.
"""

from __future__ import annotations

import argparse

from diptych_analysis.representations.rdx.comparison import compare_distances
from diptych_analysis.representations.rdx.distances import ranks
from diptych_analysis.representations.rdx.planted import planted_groups
from diptych_analysis.representations.rdx.scores import recall
from diptych_analysis.representations.rdx.settings import Sampling, Settings

#: Items, groups, items per group.
PLANTS = ((1200, 6, 40), (1500, 10, 30), (2000, 10, 20))
FEATURES = (8, 16, 64)
CHOICES: tuple[tuple[Sampling, float], ...] = (
    ("spectral", 0.1),
    ("spectral", 0.05),
    ("greedy", 0.1),
    ("greedy", 0.05),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    print("| groups | features |", " | ".join(f"{s}, gamma {g:g}" for s, g in CHOICES), "|")
    print("| --- | ---: |" + " ---: |" * len(CHOICES))
    for n, groups, size in PLANTS:
        for features in FEATURES:
            shares: list[list[float]] = [[] for _ in CHOICES]
            for seed in range(seeds):
                a, b, known = planted_groups(n, groups, size, features=features, seed=seed)
                near = ranks(a), ranks(b)
                for found, (sampling, gamma) in zip(shares, CHOICES, strict=True):
                    settings = Settings(grids=groups, sampling=sampling, gamma=gamma)
                    grids = compare_distances(*near, settings, both=False).forward.items
                    found.append(recall(grids, known))
            cells = (
                f"{100 * sum(found) / seeds:.0f} % ({round(min(found) * groups)} of {groups})"
                for found in shares
            )
            print(f"| {groups} of {size} | {features} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
