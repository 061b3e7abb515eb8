"""What RDX costs, beside the published recipe with scikit-learn's SpectralClustering.

    make bench-representations

Each measurement runs in a process by itself, so that its peak memory is its alone.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import sys
import time

import numpy as np

from diptych_analysis.representations.rdx.comparison import compare
from diptych_analysis.representations.rdx.settings import Settings

MOST_GB = {5_000: 0.8, 20_000: 8.0}
LEAST_GAIN = 5.0


def made(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two noisy copies of ten clusters, with five groups that are compact in A alone."""
    rng = np.random.default_rng(seed)
    shared = (3 * rng.normal(size=(10, d)))[rng.integers(0, 10, n)]
    a, b = (shared + rng.normal(size=(n, d)) for _ in range(2))
    for group in range(5):
        items = np.arange(group * 30, group * 30 + 30)
        a[items] = 4 * rng.normal(size=d) + 0.3 * rng.normal(size=(30, d))
    return a, b


def plain(a: np.ndarray, b: np.ndarray, settings: Settings) -> list[list[list[int]]]:
    """Run the published recipe, not made fast: dense float64, one direction at a time."""
    from scipy.spatial.distance import cdist
    from sklearn.cluster import SpectralClustering

    grids: list[list[list[int]]] = []
    for x, y in ((a, b), (b, a)):
        near = []
        for rows in (x, y):
            near.append(np.argsort(np.argsort(cdist(rows, rows), axis=1), axis=1).astype(float))
        change = near[0] - near[1]
        g = np.tanh(settings.gamma * change / (np.minimum(near[0], near[1]) + 1))
        f = np.exp(-settings.beta * g)
        clustering = SpectralClustering(
            settings.grids + 1, affinity="precomputed", random_state=settings.seed
        )
        labels = clustering.fit((f + f.T) / 2).labels_
        clusters = [np.flatnonzero(labels == label) for label in range(settings.grids + 1)]
        means = [f[np.ix_(members, members)].mean() for members in clusters]
        clusters.pop(int(np.argmin(means)))
        direction = []
        for members in clusters:
            inside = near[0][np.ix_(members, members)]
            candidates = [members[np.argsort(row)[: settings.size]] for row in inside]
            sums = [f[np.ix_(items, items)].sum() for items in candidates]
            direction.append(candidates[int(np.argmax(sums))].tolist())
        grids.append(sorted(direction))
    return grids


def measure(what: str, n: int, d: int, jobs: int) -> None:
    """Run one version and print seconds, peak GB, and its grids."""
    a, b = made(n, d)
    for module in ("scipy.sparse.linalg", "sklearn.cluster"):
        importlib.import_module(module)  # no part of the comparison
    start = time.perf_counter()
    cpu = time.process_time()
    if what == "plain":
        grids = plain(a, b, Settings())
    else:
        settings = Settings(sampling="greedy" if what == "greedy" else "spectral")
        found = compare(a, b, settings, jobs=jobs)
        grids = [
            sorted(grid.items.tolist() for grid in direction.grids)
            for direction in (found.forward, found.backward)
        ]
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(took, cpu, peak, hash(str(grids)) % 10**6, [len(each) for each in grids])


def row(what: str, n: int, d: int, jobs: int) -> tuple[float, float]:
    """Print one row of the table; return seconds of CPU and GB."""
    program = [sys.executable, __file__, "--one", what, "-n", str(n), "-d", str(d)]
    told = subprocess.run(
        [*program, "--jobs", str(jobs)], check=True, capture_output=True, text=True,
        env={"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    took, cpu, peak, *_ = told.stdout.split()
    print(f"| {what} | {n:,} | {float(took):.1f} | {float(cpu):.1f} | {float(peak):.2f} |")
    return float(cpu), float(peak)


def main() -> None:
    """Print the table of seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", choices=["plain", "rdx", "greedy"])
    parser.add_argument("-n", type=int, default=5_000)
    parser.add_argument("-d", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--large", action="store_true", help="20,000 items too")
    chosen = parser.parse_args()
    if chosen.one:
        measure(chosen.one, chosen.n, chosen.d, chosen.jobs)
        return
    print("| version | n | s | CPU s | peak GB |\n| --- | ---: | ---: | ---: | ---: |")
    slow, _ = row("plain", chosen.n, chosen.d, chosen.jobs)
    fast, peak = row("rdx", chosen.n, chosen.d, chosen.jobs)
    row("greedy", chosen.n, chosen.d, chosen.jobs)
    print(f"\nplain / rdx, CPU time: {slow / fast:.1f} (at least {LEAST_GAIN})")
    most = {chosen.n: peak}
    if chosen.large:
        most[20_000] = row("rdx", 20_000, chosen.d, chosen.jobs)[1]
    for n, gb in most.items():
        if n in MOST_GB:
            print(f"n = {n:,}: {gb:.2f} GB (at most {MOST_GB[n]})")


if __name__ == "__main__":
    main()
