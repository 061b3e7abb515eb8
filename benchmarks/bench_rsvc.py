"""What RSVC costs: the regressions of one class beside celer, and MCS over all pairs of layers.

    make bench-rsvc

One class has 3,200 patches of 200 images, 10 concepts and 5 folds. Each figure is CPU time of one
core: run it with OMP_NUM_THREADS=1, as the target does. Both solvers get the same standardised
tables, take turns, and must give the same weights to 1e-3.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from diptych_analysis.representations.rsvc.layerwise import layer_similarity
from diptych_analysis.representations.rsvc.regression import Scaling, image_folds, regress

PATCHES, PER_IMAGE, CONCEPTS, ALPHA = 3200, 16, 10, 0.1
#: Pairs of layers: 50 layers of each network with 10 concepts, 800 patches (50 images).
LAYERS, LAYER_PATCHES = 50, 800
BOUNDS = {"ratio": 1.3, "difference": 1e-3, "layers": 1.0}


def activations(units: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sparse, correlated activations as after ReLU, and coefficients that depend on them."""
    rng = np.random.default_rng(seed)
    parts = rng.gamma(1, 1, (PATCHES, 40)) * (rng.random((PATCHES, 40)) < 0.5)
    table = parts @ rng.gamma(0.3, 1, (40, units)) + rng.normal(0, 2, (PATCHES, units))
    noise = rng.normal(0, 0.4, (PATCHES, CONCEPTS))
    return np.maximum(table - 4, 0), np.maximum(parts[:, :CONCEPTS] + noise, 0)


def with_celer(table: np.ndarray, targets: np.ndarray, folds: list, tolerance: float) -> np.ndarray:
    """Each fold and concept for itself, as the authors' code does."""
    from celer import Lasso

    x, u = Scaling.of(table).apply(table), Scaling.of(targets).apply(targets)
    models = []
    for rows in folds:
        kept = np.setdiff1d(np.arange(len(x)), rows)
        inputs = np.asfortranarray(x[kept])
        solver = Lasso(alpha=ALPHA, fit_intercept=False, tol=tolerance)
        models.append([solver.fit(inputs, u[kept, j]).coef_ for j in range(u.shape[1])])
    return np.array(models).transpose(0, 2, 1)


def cpu(run: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds of a call, and its result."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def compare(units: int, repeats: int, tolerance: float) -> dict[str, float]:
    """Time the own regressions and those of celer on the same problems."""
    own, other, difference, used = [], [], 0.0, 0.0
    for seed in range(repeats):
        table, targets = activations(units, seed)
        folds = image_folds(np.arange(PATCHES) // PER_IMAGE, 5, seed)
        first, fit = cpu(lambda: regress(table, targets, folds, ALPHA))  # noqa: B023
        second, weights = cpu(lambda: with_celer(table, targets, folds, tolerance))  # noqa: B023
        own.append(first)
        other.append(second)
        difference = max(difference, float(np.abs(fit.folds - weights).max()))
        used = float((weights != 0).sum(axis=1).mean())
    return {
        "own": float(np.median(own)),
        "celer": float(np.median(other)),
        "difference": difference,
        "used": used,
    }


def layers(repeats: int) -> float:
    """Time MCS over all pairs of layers, in seconds."""
    rng = np.random.default_rng(0)
    a, b = (
        {f"layer {i}": rng.gamma(1, 1, (LAYER_PATCHES, CONCEPTS)) for i in range(LAYERS)}
        for _ in range(2)
    )
    return float(np.median([cpu(lambda: layer_similarity(a, b))[0] for _ in range(repeats)]))


def main() -> None:
    """Print the table of times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=1e-6, help="of celer")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| measure | value | bound |\n| --- | ---: | ---: |")
    for units in (512, 2048):
        found = compare(units, arguments.repeats, arguments.tolerance)
        ratio = found["celer"] / found["own"]
        print(f"| d = {units:,}: celer, s | {found['celer']:.2f} | |")
        print(f"| d = {units:,}: `regress`, s | {found['own']:.2f} | |")
        print(f"| d = {units:,}: celer / `regress` | {ratio:.1f} | {BOUNDS['ratio']} |")
        print(
            f"| d = {units:,}: largest difference of weights | {found['difference']:.0e} | "
            f"{BOUNDS['difference']:.0e} |"
        )
        print(f"| d = {units:,}: units with weight, mean | {found['used']:.0f} | |")
        assert ratio >= BOUNDS["ratio"] and found["difference"] <= BOUNDS["difference"]
    seconds = layers(20)
    print(f"| MCS of {LAYERS} x {LAYERS} layers, s | {seconds:.3f} | {BOUNDS['layers']:.0f} |")
    assert seconds <= BOUNDS["layers"]


if __name__ == "__main__":
    main()
