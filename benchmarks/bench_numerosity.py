"""What training the number sense costs: time per seed, the generator's share, one embedding or two.

    make bench-numerosity

Each figure is CPU time of one core: run it with OMP_NUM_THREADS=1, as the target does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from torch import nn

from diptych_analysis.numerosity.actions import Walk
from diptych_analysis.numerosity.networks import NumberSense
from diptych_analysis.numerosity.settings import Settings
from diptych_analysis.numerosity.training import flushing_denormals, training_walk, update

BOUNDS = {"seed": 360.0, "generator": 0.05, "twice": 1.7}


def optimizer_of(net: NumberSense) -> torch.optim.Optimizer:
    """Make the optimiser of the published training."""
    return torch.optim.Adam(net.parameters(), lr=1e-3)


def update_twice(net: NumberSense, optimizer: torch.optim.Optimizer, walk: Walk) -> float:
    """Run the published loop: both images of each pair go through the network."""
    images = torch.from_numpy(walk.scenes.images())
    before, after = net.embed(images[:-1]), net.embed(images[1:])
    loss = nn.functional.nll_loss(net.classify(before, after), torch.from_numpy(walk.actions))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def measure(settings: Settings, repeats: int) -> dict[str, float]:
    """Measure seconds of CPU per update; one embedding and two take turns, medians."""
    nets = [settings.built().to(memory_format=torch.channels_last).train() for _ in range(2)]
    optimizers = [optimizer_of(net) for net in nets]
    once, twice, drawing = [], [], []
    for step in range(repeats + 2):
        start = time.process_time()
        walk = training_walk(settings, step)
        walk.scenes.images()
        drawn = time.process_time()
        update(nets[0], optimizers[0], walk)
        first = time.process_time()
        update_twice(nets[1], optimizers[1], walk)
        if step >= 2:
            drawing.append(drawn - start)
            once.append(first - drawn)
            twice.append(time.process_time() - first)
    return {
        "generator": float(np.median(drawing)),
        "once": float(np.median(once)),
        "twice": float(np.median(twice)),
    }


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.of("small")
    with flushing_denormals():
        found = measure(settings, arguments.repeats)
    # An update draws the images of its walk too, so the sums count that part twice.
    seed = settings.steps * (found["once"] + found["generator"])
    share = found["generator"] / (found["once"] + found["generator"])
    ratio = found["twice"] / found["once"]
    print(
        f"{settings.steps} updates of {settings.actions} pairs, {settings.pixels} pixels, one core"
    )
    print("| measure | value | bound |\n| --- | ---: | ---: |")
    print(f"| generator, ms per update | {1000 * found['generator']:.1f} | |")
    print(f"| each image once, ms per update | {1000 * found['once']:.0f} | |")
    print(f"| each image twice, ms per update | {1000 * found['twice']:.0f} | |")
    print(f"| one seed, s | {seed:.0f} | {BOUNDS['seed']:.0f} |")
    print(f"| generator, share of training | {share:.1%} | {BOUNDS['generator']:.0%} |")
    print(f"| twice / once | {ratio:.2f} | {BOUNDS['twice']} |")


if __name__ == "__main__":
    main()
