"""How well and how fast adaptive policies find thresholds of simulated observers.

    PYTHONPATH=tests python benchmarks/bench_adaptive.py [--seeds 200]

Prints the share of sessions whose threshold is within 10 %, the CPU time of one choice, and that of
one answer of a session on SQLite, from the request to the reply.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from support.tiny_studies import two_afc_study
from support.walker import Walker, open_study

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
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


#: Policies of whole sessions: one whose plan is drawn at the start, and both that follow answers.
POLICIES: dict[str, dict[str, Any]] = {
    "constant_stimuli": {},
    "staircase": {"start": 1, "steps": [0.5, 0.2]},
    "quest_plus": {"widths": [0.1, 0.2, 0.3, 0.4, 0.6, 1.0], "guess": 0.5},
}
TRIALS, FROM = 80, 50


def hosts(folder: Path) -> dict[str, Flask]:
    """Return a host with one open study per policy."""
    made = {}
    for name, parameters in POLICIES.items():
        home = folder / name
        home.mkdir()
        settings = Settings(
            home=home, database_url=f"sqlite:///{home / 'b.sqlite'}", secret_key="b" * 40
        )
        upgrade(settings.database_url)
        app = create_app(settings)
        changes = {
            "policy": {"name": name, "attribute": "margin", **parameters},
            "phases": {"practice": 0, "test": TRIALS, "catch": 0},
        }
        study = two_afc_study(
            home / "studies" / "tiny", practice=0, test=40, catch=0, changes=changes
        )
        open_study(app, study)
        made[name] = app
    return made


def answer_ms(sessions: int) -> dict[str, float]:
    """CPU time of one answer after at least 50, in ms; medians, the policies in turn."""
    spent: dict[str, list[float]] = {name: [] for name in POLICIES}
    with tempfile.TemporaryDirectory() as folder:
        apps = hosts(Path(folder))
        for _ in range(sessions):
            for name, app in apps.items():
                walker, times = Walker(app.test_client()).start(), list[float]()
                while walker.step_name == "trials":
                    start = time.process_time()
                    walker.answer()
                    times.append((time.process_time() - start) * 1000)
                # Not the last one, which ends the session.
                spent[name] += times[FROM:-1]
    return {name: statistics.median(times) for name, times in spent.items()}


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--only-answers", action="store_true")
    given = parser.parse_args()
    if not given.only_answers:
        print_policies(given.seeds)
    found = answer_ms(given.sessions)
    planned = found["constant_stimuli"]
    print(f"\n| policy | CPU of one answer after {FROM} | more than planned |\n| --- | --- | --- |")
    for name, ms in found.items():
        print(f"| {name} | {ms:.2f} ms | {ms - planned:.2f} ms |")


def print_policies(seeds: int) -> None:
    """Print how well policies find thresholds, and what one choice costs."""
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
