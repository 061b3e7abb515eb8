"""How well and how fast adaptive policies find thresholds of simulated observers.

    python benchmarks/bench_adaptive.py [--seeds 200]

Prints the share of sessions whose threshold is within 10 %, and the CPU time of one choice.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any

from diptych.policies import Candidate, Past, PolicyParameters
from diptych.policies.quest_plus import QuestPlus
from diptych.policies.random import Random
from diptych.policies.staircase import Staircase

LEVELS = tuple(range(8, 33))
POOL = [Candidate(f"{level}-{k}", "any", {"n": float(level)}) for level in LEVELS for k in range(4)]


@dataclass(frozen=True)
class PsychometricObserver:
    """Answers yes with the probability l / 2 + (1 - l) Phi((ln x - ln threshold) / width)."""

    threshold: float
    width: float
    lapse: float

    def answers(self, level: float, rng: random.Random) -> bool:
        """Draw one answer."""
        z = (math.log(level) - math.log(self.threshold)) / self.width
        normal = (1 + math.erf(z / math.sqrt(2))) / 2
        return rng.random() < self.lapse / 2 + (1 - self.lapse) * normal


def session(policy: Any, observer: PsychometricObserver, trials: int, seed: int) -> list[Past]:
    """Run one session of an observer under a policy."""
    rng, history = random.Random(seed), list[Past]()
    for _ in range(trials):
        shown = policy.choose(POOL, history, rng)
        history.append(Past(shown, "test", correct=observer.answers(shown.attributes["n"], rng)))
    return history


def quest_plus() -> QuestPlus:
    """Make QUEST+ over threshold, width and lapse rate."""
    return QuestPlus(
        QuestPlus.Parameters.model_validate(
            {"attribute": "n", "log": True, "widths": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)}
        )
    )


def staircase() -> Staircase:
    """Make a staircase that converges to the threshold."""
    given = {"attribute": "n", "log": True, "start": 28, "steps": (0.4, 0.2, 0.1), "target": 0.5}
    return Staircase(Staircase.Parameters.model_validate(given))


def quest_threshold(observer: PsychometricObserver, trials: int, seed: int) -> float:
    """Return the posterior mean after a session of QUEST+."""
    policy = quest_plus()
    history = session(policy, observer, trials, seed)
    return math.exp(policy.estimate(policy.tables(POOL), history)[0])


def staircase_threshold(observer: PsychometricObserver, trials: int, seed: int) -> float:
    """Average the reversals after the first four, on the logarithmic axis (Levitt 1971)."""
    policy = staircase()
    state = policy.state(POOL, session(policy, observer, trials, seed))
    return math.exp(statistics.fmean(state.reversals[4:] or [state.level]))


def recovered(estimate: Any, observer: PsychometricObserver, trials: int, seeds: int) -> float:
    """Return the share of seeds whose estimate is within 10 % of the true threshold."""
    found = [estimate(observer, trials, seed) for seed in range(seeds)]
    return sum(abs(at / observer.threshold - 1) <= 0.1 for at in found) / seeds


def cpu_ms(policy: Any, trials: int) -> float:
    """Measure the CPU time of one choice after a number of trials, in ms; the median of 50."""
    history = session(policy, PsychometricObserver(16, 0.23, 0.02), trials, 1)
    spent = []
    for seed in range(50):
        start = time.process_time()
        policy.choose(POOL, history, random.Random(seed))
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    print("| threshold | w | lapse | QUEST+, 60 trials | staircase, 120 trials |")
    print("| --- | --- | --- | --- | --- |")
    for observer in (
        PsychometricObserver(12, 0.15, 0.02),
        PsychometricObserver(16, 0.15, 0.02),
        PsychometricObserver(16, 0.23, 0.02),
        PsychometricObserver(16, 0.31, 0.02),
        PsychometricObserver(22, 0.23, 0.02),
    ):
        quest = recovered(quest_threshold, observer, 60, seeds)
        stairs = recovered(staircase_threshold, observer, 120, seeds)
        at = f"{observer.threshold} | {observer.width} | {observer.lapse}"
        print(f"| {at} | {quest:.0%} | {stairs:.0%} |")
    print("\n| policy | CPU of one choice after 60 trials |\n| --- | --- |")
    for policy in (Random(PolicyParameters()), staircase(), quest_plus()):
        print(f"| {policy.name} | {cpu_ms(policy, 60):.2f} ms |")


if __name__ == "__main__":
    main()
