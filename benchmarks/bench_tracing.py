"""Speed and memory of training tracing models, beside a plain version of the published loop.

    python benchmarks/bench_tracing.py [--threads 1] [--quick]

The yardstick is what the published research code does: every learner-trial's image as floats,
duplicates and all; the whole batch through the CNN; a Python loop over trials through the LSTM.
105 learners x 45 trials drawn from 2,224 images of 3 x 144 x 144, 5 classes, batch 16, thesis CNN,
LSTM 3 x 128. Each variant runs in a process of its own, so that its peak memory is its own. The
images are noise: nothing here depends on what they show.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from diptych_analysis.tracing.batches import Batch, make_batch
from diptych_analysis.tracing.encoders import NoEncoder
from diptych_analysis.tracing.encoders.cnn import ThesisCNN
from diptych_analysis.tracing.encoders.images import ImageStore
from diptych_analysis.tracing.models.networks import Shape, build
from diptych_analysis.tracing.models.neural import Network
from diptych_analysis.tracing.sequences import Sequences
from diptych_analysis.tracing.training import Settings, _one_epoch, choice_loss

LEARNERS, TRIALS, IMAGES, SIDE, CLASSES, BATCH, DIM = 105, 45, 2224, 144, 5, 16, 16


def clock() -> float:
    """Return CPU seconds of this process on one thread (as on an idle core), else wall time."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def sequences(learners: int = LEARNERS, trials: int = TRIALS, images: int = IMAGES) -> Sequences:
    """Return the learners who answer by chance about images drawn by chance."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, images)
    stimulus = rng.integers(0, images, (learners, trials))
    response = rng.integers(0, CLASSES, (learners, trials))
    return Sequences(
        sessions=tuple(f"s{i}" for i in range(learners)),
        learners=tuple(f"p{i}" for i in range(learners)),
        classes=tuple("ABCDE"),
        stimuli=tuple(str(i) for i in range(images)),
        stimulus_label=truth,
        stimulus_file=("",) * images,
        stimulus=stimulus,
        label=truth[stimulus],
        response=response,
        ranking=response[..., None],
        phase=np.where(np.arange(trials) < trials * 2 // 3, 1, 2) * np.ones((learners, 1), int),
        rt=np.full((learners, trials), np.nan, np.float32),
        mask=np.ones((learners, trials), bool),
    )


def pixels() -> torch.Tensor:
    """Draw the pixels of the images (noise)."""
    generator = torch.Generator().manual_seed(0)
    shape = (IMAGES, SIDE, SIDE, 3)
    drawn = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    return drawn.permute(0, 3, 1, 2)  # channels last in memory


def store() -> ImageStore:
    """Make a store that holds the images."""
    made = ImageStore(Path(), (3, SIDE, SIDE))
    made.pixels = pixels()
    return made


class PlainCNN(nn.Module):
    """Table 2.8, layer by layer as it is printed."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 5, 1, 2), nn.Conv2d(8, 16, 5, 1, 2)
        self.pool = nn.MaxPool2d(4)
        sizes = [16 * (SIDE // 16) ** 2, 512, 256, 256, DIM]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.act = nn.ModuleList(nn.PReLU() for _ in range(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pass images through the network."""
        x = self.pool(self.act[0](self.conv1(x)))
        x = self.pool(self.act[1](self.conv2(x))).flatten(1)
        for layer, act in zip(self.linear, self.act[2:], strict=True):
            x = act(layer(x))
        return x


def yardstick() -> float:
    """Time one epoch of the plain loop (s)."""
    data = sequences()
    images = pixels()[torch.from_numpy(data.stimulus)].float() / 255  # every learner-trial's own
    label, response = torch.from_numpy(data.label), torch.from_numpy(data.response)
    cnn = PlainCNN()
    lstm = nn.LSTM(CLASSES * 2 + DIM, 128, 3, batch_first=True)
    head = nn.Sequential(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, CLASSES))
    rest = [*lstm.parameters(), *head.parameters()]
    groups = [{"params": cnn.parameters(), "lr": 1e-5}, {"params": rest, "lr": 1e-3}]
    optimizer = torch.optim.Adam(groups)
    started = clock()
    for rows in torch.randperm(LEARNERS).split(BATCH):
        z = cnn(images[rows].flatten(0, 1)).unflatten(0, (len(rows), TRIALS))
        state, loss = None, torch.zeros(())
        answered = torch.zeros(len(rows), CLASSES)
        for t in range(TRIALS):
            shown = nn.functional.one_hot(label[rows, t], CLASSES).float()
            inputs = torch.cat([answered, shown, z[:, t]], 1).unsqueeze(1)
            hidden, state = lstm(inputs, state)
            loss = loss + nn.functional.cross_entropy(head(hidden[:, 0]), response[rows, t])
            answered = nn.functional.one_hot(response[rows, t], CLASSES).float()
        optimizer.zero_grad()
        (loss / TRIALS).backward()
        optimizer.step()
    return clock() - started


def network(encoder: nn.Module, images: bool, dim: int, kind: str, trials: int = TRIALS) -> Network:
    """Make a network of a kind over an encoder."""
    return Network(encoder, build(kind, Shape(CLASSES, dim, images, trials, frozenset())))


def epochs(net: Network, data: Batch, settings: Settings, rounds: int) -> float:
    """Return the seconds of the fastest of some epochs."""
    optimizer = torch.optim.Adam(net.groups(settings), fused=True)
    times = []
    for epoch in range(rounds):
        started = clock()
        _one_epoch(net, data, optimizer, choice_loss, settings, epoch)
        times.append(clock() - started)
    return min(times)


def trained_cnn() -> float:
    """Time one epoch with the thesis CNN trained (s)."""
    encoder = ThesisCNN("cnn", store(), DIM)
    net = network(encoder, True, DIM, "direct_yz")
    return epochs(net, make_batch(sequences(), None), Settings(), 2)


class Table2(nn.Module):
    """A frozen encoder: features that were computed once."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("features", torch.randn(IMAGES, 512))
        self.reduce = nn.Linear(512, DIM)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Reduce the features of the shown stimuli."""
        return self.reduce(self.features[batch.stimulus])

    def groups(self, settings: Settings) -> list[dict[str, object]]:
        """Train only the reduction."""
        return [{"params": list(self.reduce.parameters()), "lr": settings.rate}]


def frozen() -> float:
    """Time one epoch with frozen features of 512 numbers (s)."""
    net = network(Table2(), True, DIM, "direct_yz")
    return epochs(net, make_batch(sequences(), None), Settings(), 8)


def no_encoder(learners: int = LEARNERS, trials: int = TRIALS, kind: str = "dkt") -> float:
    """Time one epoch without an encoder (s)."""
    net = network(NoEncoder(CLASSES), False, CLASSES, kind, trials)
    data = make_batch(sequences(learners, trials), None)
    return epochs(net, data, Settings(), 8 if kind == "dkt" else 4)


def bare_lstm(n_in: int = CLASSES * 3) -> float:
    """Time nn.LSTM alone, forward and backward, over the same sequences and batches (s)."""
    lstm = nn.LSTM(n_in, 128, 3, batch_first=True)
    inputs = torch.randn(LEARNERS, TRIALS, n_in)
    times = []
    for _ in range(8):
        started = clock()
        for rows in torch.randperm(LEARNERS).split(BATCH):
            hidden, _ = lstm(inputs[rows])
            hidden.sum().backward()
        times.append(clock() - started)
    return min(times)


VARIANTS = {
    "yardstick": yardstick,
    "trained CNN": trained_cnn,
    "frozen features": frozen,
    "no encoder": no_encoder,
    "bare nn.LSTM": bare_lstm,
    "bare nn.LSTM, inputs of frozen": lambda: bare_lstm(CLASSES * 3 + DIM),
    "dkt, twice the learners": lambda: no_encoder(learners=2 * LEARNERS),
    "dkt, twice the trials": lambda: no_encoder(trials=2 * TRIALS),
    **{
        f"{kind}{name}": (lambda kind=kind, n=n, t=t: no_encoder(n * LEARNERS, t * TRIALS, kind))
        for kind in ("static_time", "prototype", "exemplar")
        for name, n, t in (("", 1, 1), (", twice the learners", 2, 1), (", twice the trials", 1, 2))
    },
}


def measured(name: str, threads: int) -> tuple[float, float]:
    """Measure seconds and peak memory in GB of a variant, in a separate process."""
    command = [sys.executable, __file__, "--one", name, "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return found["seconds"], found["gigabytes"]


def one(name: str) -> None:
    """Run one variant, and print its seconds and gigabytes as JSON."""
    seconds = VARIANTS[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "gigabytes": peak}))


def main() -> None:
    """Measure each variant in a separate process, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="leave the yardstick and the CNN out")
    parser.add_argument("--only", help="variants whose name starts so")
    parser.add_argument("--one", choices=VARIANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        one(options.one)
        return
    table = Table(title=f"One epoch, {options.threads} thread(s), torch {torch.__version__}")
    for heading in ("variant", "seconds", "peak GB"):
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    found = {}
    for name in VARIANTS:
        left_out = options.quick and name in ("yardstick", "trained CNN")
        if left_out or (options.only and not name.startswith(options.only)):
            continue
        found[name] = measured(name, options.threads)
        table.add_row(name, f"{found[name][0]:.3f}", f"{found[name][1]:.2f}")
    console = Console()
    console.print(table)
    verdict(console, {name: seconds for name, (seconds, _) in found.items()})


def verdict(console: Console, seconds: dict[str, float]) -> None:
    """Print each promised ratio and whether it is met."""
    promises = [
        ("yardstick / trained CNN", "yardstick", "trained CNN", ">=", 2.5),
        ("yardstick / no encoder", "yardstick", "no encoder", ">=", 50),
        ("yardstick / frozen features", "yardstick", "frozen features", ">=", 50),
        ("no encoder / bare nn.LSTM", "no encoder", "bare nn.LSTM", "<=", 1.3),
        ("frozen / bare nn.LSTM", "frozen features", "bare nn.LSTM, inputs of frozen", "<=", 1.3),
    ]
    for text, above, below, sign, wanted in promises:
        if above in seconds and below in seconds:
            ratio = seconds[above] / seconds[below]
            good = ratio >= wanted if sign == ">=" else ratio <= wanted
            console.print(f"{text}: {ratio:.2f} (wanted {sign} {wanted}) {'ok' if good else 'NO'}")


if __name__ == "__main__":
    main()
