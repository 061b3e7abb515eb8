"""Speed and memory of scoring units, beside slow and bare versions.

    python benchmarks/bench_machines.py [--quick]

Three questions: scoring from given features and activations against a version that goes task by
task; scoring a whole network against the bare forward passes over the same images; memory as the
number of images grows. Images and features are noise, but for the photographs of scikit-image in
the second. Each part runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import nn

from diptych_analysis.mis.items import Plan
from diptych_analysis.mis.passes import Work
from diptych_analysis.mis.runs import score_network
from diptych_analysis.mis.score import Scale, score_activations
from diptych_analysis.networks.images import image_set, opened
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.similarity import Embedding, similarity

IMAGES, WIDTH, UNITS = 1000, 256, 1280


def peak_mb() -> float:
    """Return the peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def best(function: Callable[[], Any], times: int = 9) -> float:
    """Return the least CPU seconds of several calls on one thread."""
    took = []
    for _ in range(times):
        began = time.process_time()
        function()
        took.append(time.process_time() - began)
    return min(took)


def noise(units: int, images: int = IMAGES) -> tuple[Any, Any]:
    """Return the activations (images, units) and features (images, 256) of length 1."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(images, WIDTH)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return rng.normal(size=(images, units)).astype(np.float32), features


def task_by_task(activations: Any, features: Any, plan: Plan) -> Any:
    """Run the yardstick: Eq. 1-4 per unit and task, from the similarities of the pairs."""
    n, k = plan.n, plan.k
    found = np.empty((activations.shape[1], n))
    for unit in range(activations.shape[1]):
        order = np.argsort(-activations[:, unit], kind="stable")
        back = order[::-1]
        for task in range(n):
            ranks = [j * n + (task + j) % n for j in range(k)]
            plus, minus = features[order[ranks]], features[back[ranks]]
            up, down = features[order[n * k + task]], features[back[n * k + task]]
            delta_up = (plus @ up).mean() - (minus @ up).mean()
            delta_down = (plus @ down).mean() - (minus @ down).mean()
            found[unit, task] = delta_up - delta_down
    return found


def part_scoring(units: int) -> dict[str, float]:
    """Time the scoring from given features and activations, one core."""
    activations, features = noise(units)
    base, plan, scale = peak_mb(), Plan(), Scale()
    seconds = best(lambda: score_activations(activations, features, plan))
    above = peak_mb() - base
    _, fast = score_activations(activations, features, plan)
    slow = task_by_task(activations, features, plan)
    apart = float(np.abs(scale.probability(fast) - scale.probability(slow)).max())
    yardstick = best(lambda: task_by_task(activations, features, plan), 1)
    return {"seconds": seconds, "yardstick": yardstick, "above_mb": above, "apart": apart}


def crops(folder: Path, count: int) -> None:
    """Write random crops of photographs, as JPEG files."""
    from skimage import data

    rng = np.random.default_rng(0)
    photographs = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        top, left = (int(rng.integers(0, size - 160)) for size in photograph.shape[:2])
        crop = photograph[top : top + 160, left : left + 160]
        Image.fromarray(crop).save(folder / f"{number:06}.jpg", quality=90)


def part_bare(folder: str) -> dict[str, float]:
    """Run the forward passes of model and similarity alone, over decoded images."""
    images = image_set(Path(folder))
    network, compared = load_network("efficientnet-lite0"), similarity("efficientnet-lite2")
    began = time.perf_counter()
    for run in (lambda batch: network.module(network.batch(batch)), compared.rows):
        batch: list[Any] = []
        with torch.inference_mode():
            for image in opened(images, range(len(images)), torch.get_num_threads()):
                batch.append(image)
                if len(batch) == 32:
                    run(batch)
                    batch = []
            if batch:
                run(batch)
    return {"seconds": time.perf_counter() - began, "peak_mb": peak_mb()}


def part_whole(folder: str) -> dict[str, float]:
    """Time the same with every layer's units scored and all tables written."""
    with tempfile.TemporaryDirectory() as to:
        began = time.perf_counter()
        scores = score_network("efficientnet-lite0", images=Path(folder), to=Path(to))
        return {
            "seconds": time.perf_counter() - began,
            "peak_mb": peak_mb(),
            "units": float(len(scores)),
        }


class Small(nn.Module):
    """A small network: 64 units that are random projections of an 8 x 8 image."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.middle = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 64, 8)
        self.last = nn.Conv2d(64, 8, 1)

    def forward(self, images: Any) -> Any:
        """Pass images through the layers."""
        return self.last(self.middle(self.first(images))).flatten(1)


def tensor(image: Image.Image) -> Any:
    """Return (3, 8, 8) from 0 to 1."""
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).permute(2, 0, 1)


class Noise(nn.Module):
    """256 features of an image, as many as a real similarity may have."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.weights = nn.Linear(192, 256)

    def forward(self, images: Any) -> Any:
        """Project the pixels of images."""
        return self.weights(images.flatten(1))


def part_memory(folder: str) -> dict[str, float]:
    """Measure the peak memory of a run over a folder of tiny images."""
    network = Network("small", Small(), tensor)
    compared = Embedding(Network("noise", Noise(), tensor))
    with tempfile.TemporaryDirectory() as to:
        # A first small run loads everything that is loaded once.
        small = Path(to) / "small"
        small.mkdir()
        for file in sorted(Path(folder).iterdir())[:64]:
            (small / file.name).write_bytes(file.read_bytes())
        common: dict[str, Any] = {"similarity": compared, "layers": ["middle"]}
        score_network(network, images=small, to=Path(to) / "a", n=2, k=3, **common)
        base, began = peak_mb(), time.perf_counter()
        score_network(
            network, images=Path(folder), to=Path(to) / "b", work=Work(threads=1), **common
        )
        return {
            "peak_mb": peak_mb(),
            "above_mb": peak_mb() - base,
            "seconds": time.perf_counter() - began,
        }


def in_own_process(part: str, argument: object, threads: int | None = None) -> dict[str, float]:
    """Run one part in a separate process."""
    environment = dict(os.environ)
    if threads:
        environment |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, "--argument", str(argument)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def noise_images(folder: Path, count: int) -> None:
    """Write tiny images, all different."""
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:06}.png", compress_level=1)


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on the terminal."""
    table = Table(title=title)
    for name in columns:
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=100).print(table)


def verdict(good: bool, words: str) -> None:
    """Print whether a bound is kept."""
    Console(width=100).print(f"{'✓' if good else '✗'} {words}", highlight=False)


def main(quick: bool) -> None:
    """Run all parts, one after the other."""
    rows, seconds = [], {}
    for units in (320, 640, 1280, 2560):
        found = in_own_process("scoring", units, threads=1)
        seconds[units] = found["seconds"]
        rows.append(
            [f"{units:,}", f"{1000 * found['seconds']:.1f} ms", f"{found['yardstick']:.2f} s",
             f"{found['above_mb']:.0f} MB", f"{found['apart']:.1e}"]
        )  # fmt: skip
        if units == UNITS:
            at_bound = found
    show(
        "From features (1,000 x 256) and activations, N = 20, K = 9, one core",
        ["units", "CPU", "task by task", "memory above base", "largest difference in p"],
        rows,
    )
    verdict(at_bound["seconds"] <= 0.04, f"{at_bound['seconds']:.3f} s for 1,280 units (0.04)")
    verdict(at_bound["apart"] <= 1e-6, f"agrees to {at_bound['apart']:.1e} (1e-6)")
    growth = seconds[2560] / seconds[640]
    verdict(growth < 6, f"four times the units take {growth:.1f} times as long")
    with tempfile.TemporaryDirectory() as folder:
        crops(Path(folder), 416 if quick else 1000)
        pairs = []
        for _ in range(1 if quick else 3):
            pairs.append((in_own_process("bare", folder), in_own_process("whole", folder)))
    ratios = sorted(whole["seconds"] / bare["seconds"] for bare, whole in pairs)
    show(
        "efficientnet-lite0, all layers, similarity efficientnet-lite2",
        ["bare passes", "scored", "ratio", "units", "peak memory"],
        [
            [f"{b['seconds']:.1f} s", f"{w['seconds']:.1f} s", f"{w['seconds'] / b['seconds']:.2f}",
             f"{w['units']:,.0f}", f"{w['peak_mb']:.0f} MB ({b['peak_mb']:.0f} bare)"]
            for b, w in pairs
        ],
    )  # fmt: skip
    middle = ratios[len(ratios) // 2]
    verdict(middle <= 1.15, f"{middle:.2f} times the bare passes, median (1.15)")
    memory = {}
    for count in (1000, 5000) if quick else (1000, 10_000, 50_000):
        with tempfile.TemporaryDirectory() as folder:
            noise_images(Path(folder), count)
            memory[count] = in_own_process("memory", folder, threads=1)
    show(
        "Memory by number of images (tiny, 64 units, 256 features)",
        ["images", "peak memory", "above a run of 64 images", "time"],
        [
            [f"{c:,}", f"{m['peak_mb']:.0f} MB", f"{m['above_mb']:.0f} MB", f"{m['seconds']:.1f} s"]
            for c, m in memory.items()
        ],
    )
    grown = max(m["peak_mb"] for m in memory.values()) / memory[1000]["peak_mb"]
    verdict(grown <= 1.15, f"peak memory grows {grown:.2f}-fold from 1,000 images to the most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer images")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--argument", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part is None:
        main(asked.quick)
    else:
        argument = int(asked.argument) if asked.argument.isdigit() else asked.argument
        print(json.dumps(globals()[f"part_{asked.part}"](argument)))
