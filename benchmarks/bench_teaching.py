"""How long one choice of a teaching policy takes.

    python benchmarks/bench_teaching.py [--stimuli 500] [--features 16]

Prints the CPU time of one choice after a number of answers, in ms: median and 99th percentile. The
host is the same as for the trial before, or another one, which rebuilds the tracer. `direct_yz` is
an exported model with random weights.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

import numpy as np

from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.policies.traced import TracedPolicy, snapshots
from diptych_analysis.steppers.model_file import ModelFile

CLASSES = ("A", "B", "C")
CHOICES = 100
HASH = "0" * 64


def pool_of(stimuli: int, features: int) -> list[Candidate]:
    """Draw images of three clusters."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 1, (len(CLASSES), features))
    return [
        Candidate(
            f"{n}.png",
            CLASSES[n % 3],
            dict(zip(map("z_{}".format, range(features)), point.tolist(), strict=True)),
            f"image-{n}",
        )
        for n, point in enumerate(
            means[np.arange(stimuli) % 3] + rng.normal(0, 0.5, (stimuli, features))
        )
    ]


def model_of(kind: str, pool: list[Candidate]) -> bytes:
    """Return the file of a recurrent model with random weights: three layers of 128 units."""
    rng = np.random.default_rng(0)
    classes, dim, hidden = len(CLASSES), 16, 128
    n_in = classes * 3 + dim
    weights = {
        "head.0.weight": rng.normal(0, 0.1, (hidden, hidden)),
        "head.0.bias": np.zeros(hidden),
        "head.2.weight": rng.normal(0, 0.1, (classes, hidden)),
        "head.2.bias": np.zeros(classes),
    }
    for layer in range(3):
        width = n_in if layer == 0 else hidden
        weights[f"lstm.weight_ih_l{layer}"] = rng.normal(0, 0.1, (4 * hidden, width))
        weights[f"lstm.weight_hh_l{layer}"] = rng.normal(0, 0.1, (4 * hidden, hidden))
        for of in ("ih", "hh"):
            weights[f"lstm.bias_{of}_l{layer}"] = rng.normal(0, 0.1, 4 * hidden)
    return ModelFile(
        kind,
        kind,
        "embedding",
        frozenset(),
        CLASSES,
        tuple(each.stimulus_id for each in pool),
        rng.normal(0, 1, (len(pool), dim)).astype(np.float32),
        (0.0, 1.0),
        {name: array.astype(np.float32) for name, array in weights.items()},
    ).to_bytes()


def policy_of(name: str, model: bytes = b"") -> Policy:
    """Make a policy; one that traces never explores, so that each choice is a full one."""
    kind = REGISTRY.get(name)
    given: dict[str, Any] = {}
    if issubclass(kind, TracedPolicy):
        given = {"features": "z_", "explore": 0, "deadline_ms": 10_000}
    if model:
        given["tracer"] = f"file:model.npz#{HASH}"
    policy = kind(kind.Parameters.model_validate(given))
    policy.files = {HASH: model}
    return policy


def cpu_ms(
    policy: Policy, pool: list[Candidate], answers: int, *, kept: bool, skill: float
) -> list[float]:
    """CPU times of choices after a number of answers, in ms.

    `kept` says whether the same host made the choice before: it has kept the tracer. `skill` is the
    share of right answers: the tracer must not be distrusted.
    """
    spent = []
    for seed in range(CHOICES):
        rng = random.Random(seed)
        history = []
        for shown in rng.sample(pool, answers):
            others = [name for name in CLASSES if name != shown.group]
            answer = shown.group if rng.random() < skill else rng.choice(others)
            history.append(Past(shown, "training", answer, answer == shown.group, 900.0))
        snapshots.cache_clear()
        if kept:
            policy.choose(pool, history[:-1], random.Random(seed))
        start = time.process_time()
        found = policy.explain(pool, history, random.Random(seed))
        spent.append((time.process_time() - start) * 1000)
        if isinstance(policy, TracedPolicy) and found.fallback:
            spent.pop()  # a balanced choice is a cheap one
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stimuli", type=int, default=500)
    parser.add_argument("--features", type=int, default=16)
    given = parser.parse_args()
    pool = pool_of(given.stimuli, given.features)
    print("| policy | tracer | answers | host | median, ms | p99, ms |\n" + "| --- " * 6 + "|")
    rows = [(name, "", 0.8) for name in ("random", "mastery", "leitner")]
    rows += [(name, "mixed", 0.8) for name in ("largest_error", "expected_gain")]
    # Random weights predict as chance does, so the answers are right by chance.
    rows += [("expected_gain", "direct_yz", 1 / 3)]
    for name, tracer, skill in rows:
        policy = policy_of(name, model_of(tracer, pool) if tracer == "direct_yz" else b"")
        for answers in (10, 60, 150):
            for host in ("same", "another") if tracer else ("any",):
                spent = cpu_ms(policy, pool, answers, kept=host == "same", skill=skill)
                middle, high = np.quantile(spent, (0.5, 0.99))
                told = f"{name} | {tracer or 'none'} | {answers} | {host}"
                print(f"| {told} | {middle:.1f} | {high:.1f} |", flush=True)


if __name__ == "__main__":
    main()
