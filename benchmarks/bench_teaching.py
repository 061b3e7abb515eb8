"""How long one choice of a teaching policy takes.

    python benchmarks/bench_teaching.py [--stimuli 500] [--features 16]

Prints the CPU time of one choice after a number of answers, in ms: median and 99th percentile. The
host is the same as for the trial before, or another one, which rebuilds the tracer.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np

from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.policies.traced import TracedPolicy, snapshots

CLASSES = ("A", "B", "C")
CHOICES = 100


def pool_of(stimuli: int, features: int) -> list[Candidate]:
    """Draw images of three clusters."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 1, (len(CLASSES), features))
    return [
        Candidate(
            f"{n}.png",
            CLASSES[n % 3],
            dict(zip(map("z_{}".format, range(features)), point.tolist(), strict=True)),
        )
        for n, point in enumerate(
            means[np.arange(stimuli) % 3] + rng.normal(0, 0.5, (stimuli, features))
        )
    ]


def policy_of(name: str) -> Policy:
    """Make a policy; one that traces never explores, so that each choice is a full one."""
    kind = REGISTRY.get(name)
    traced = issubclass(kind, TracedPolicy)
    given = {"features": "z_", "explore": 0, "deadline_ms": 10_000} if traced else {}
    return kind(kind.Parameters.model_validate(given))


def cpu_ms(policy: Policy, pool: list[Candidate], answers: int, *, kept: bool) -> list[float]:
    """CPU times of choices after a number of answers, in ms.

    `kept` says whether the same host made the choice before: it has kept the tracer.
    """
    spent = []
    for seed in range(CHOICES):
        rng = random.Random(seed)
        history = [
            Past(each, "training", answer, answer == each.group)
            for each in rng.sample(pool, answers)
            for answer in [each.group if rng.random() < 0.8 else rng.choice(CLASSES)]
        ]
        snapshots.cache_clear()
        if kept:
            policy.choose(pool, history[:-1], random.Random(seed))
        start = time.process_time()
        policy.choose(pool, history, random.Random(seed))
        spent.append((time.process_time() - start) * 1000)
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stimuli", type=int, default=500)
    parser.add_argument("--features", type=int, default=16)
    given = parser.parse_args()
    pool = pool_of(given.stimuli, given.features)
    print("| policy | answers | host | median, ms | p99, ms |\n| --- | --- | --- | --- | --- |")
    for name in ("random", "mastery", "leitner", "largest_error", "expected_gain"):
        policy = policy_of(name)
        for answers in (10, 60, 150):
            for kept in (True, False) if isinstance(policy, TracedPolicy) else (False,):
                spent = cpu_ms(policy, pool, answers, kept=kept)
                middle, high = np.quantile(spent, (0.5, 0.99))
                host = (
                    ("same" if kept else "another") if isinstance(policy, TracedPolicy) else "any"
                )
                print(f"| {name} | {answers} | {host} | {middle:.1f} | {high:.1f} |")


if __name__ == "__main__":
    main()
