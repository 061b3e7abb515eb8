"""Off-policy estimates: unbiased, and equal to slow loops."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.teaching.cli import teach
from diptych_analysis.teaching.offline import OfflineFault, evaluate, inverse_propensity

SCORES = (0.2, 0.5, 0.3)
EXPLORE = 0.4
#: Probability of a right answer after an image of rank 0, 1 or 2 (1 has the highest score).
RIGHT = (0.3, 0.9, 0.6)
PROPENSITY = [EXPLORE / 3 + (1 - EXPLORE) * (s == max(SCORES)) for s in SCORES]
TARGET = {
    "greedy": [0.0, 1.0, 0.0],
    "uniform": [1 / 3] * 3,
    "worst": [1.0, 0.0, 0.0],
}


def tables_of(sessions: list[list[tuple[int, bool]]]) -> Tables:
    """Sessions of (image chosen, next answer is right); the last answer is the test."""
    known: list[dict[str, object]] = []
    trials: list[dict[str, object]] = []
    choices: list[dict[str, object]] = []
    for number, steps in enumerate(sessions):
        name = f"s{number}"
        who = {"session_id": name, "participant_id": name, "participant_kind": "simulated",
               "study": "tiny"}  # fmt: skip
        known.append({**who, "status": "completed"})
        for index in range(len(steps) + 1):
            right = bool(index and steps[index - 1][1])
            phase = "training" if index < len(steps) else "test"
            trials.append({**who, "trial_index": index, "phase": phase, "task": "t",
                           "correct": right})  # fmt: skip
        for index, (chosen, _) in enumerate(steps):
            for image, (score, p) in enumerate(zip(SCORES, PROPENSITY, strict=True)):
                choices.append(
                    {"session_id": name, "trial_index": index, "policy": "expected_gain",
                     "candidate": f"{image}.png", "chosen": image == chosen, "score": score,
                     "propensity": p, "options": 3}
                )  # fmt: skip
    frames = (pd.DataFrame(each) for each in (known, trials, choices))
    first, second, third = frames
    return Tables(first, second, choices=third)


@pytest.mark.slow
def test_the_estimate_is_unbiased_over_all_that_could_have_happened() -> None:
    """Every session of two choices, each with its probability, gives the true value."""
    for target, reward in product(TARGET, ("next", "test")):
        expected = total = 0.0
        for images in product(range(3), repeat=2):
            for rights in product((False, True), repeat=2):
                p = math.prod(
                    PROPENSITY[i] * (RIGHT[i] if r else 1 - RIGHT[i])
                    for i, r in zip(images, rights, strict=True)
                )
                found = evaluate(
                    tables_of([list(zip(images, rights, strict=True))]), target, reward
                )
                expected += p * found["ips"].value
                total += p
        assert total == pytest.approx(1)
        truth = sum(p * right for p, right in zip(TARGET[target], RIGHT, strict=True))
        assert expected == pytest.approx(truth, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "reward"),
    # Not worst and test: hardly any session chooses the worst image three times.
    [(t, r) for t in TARGET for r in ("next", "test") if (t, r) != ("worst", "test")],
)
def test_simulated_logs_give_the_value_of_the_policy(target: str, reward: str) -> None:
    rng = np.random.default_rng(1)
    sessions = []
    for _ in range(300):
        images = rng.choice(3, size=3, p=PROPENSITY)
        sessions.append([(int(i), bool(rng.random() < RIGHT[i])) for i in images])
    found = evaluate(tables_of(sessions), target, reward)
    truth = sum(p * right for p, right in zip(TARGET[target], RIGHT, strict=True))
    for name in ("ips", "snips"):
        assert abs(found[name].value - truth) <= 4 * found[name].standard_error
        assert found[name].effective_size <= found[name].size
    assert found["logged"].value == pytest.approx(
        np.mean(
            [
                right
                for steps in sessions
                for _, right in (steps if reward == "next" else steps[-1:])
            ]
        )
    )


@given(
    rows=st.lists(
        st.tuples(st.floats(0, 1), st.floats(0.01, 5), st.integers(0, 4)), min_size=1, max_size=12
    )
)
@settings(deadline=None, max_examples=50)
def test_estimates_equal_slow_loops(rows: list[tuple[float, float, int]]) -> None:
    rewards, weights, sessions = (np.array(each) for each in zip(*rows, strict=True))
    plain = inverse_propensity(rewards, weights, sessions)
    ratio = inverse_propensity(rewards, weights, sessions, normalised=True)
    value = sum(r * w for r, w, _ in rows) / len(rows)
    normed = sum(r * w for r, w, _ in rows) / sum(w for _, w, _ in rows)
    assert plain.value == pytest.approx(value)
    assert ratio.value == pytest.approx(normed)
    assert min(rewards) - 1e-9 <= ratio.value <= max(rewards) + 1e-9
    of = {s: [(r, w) for r, w, other in rows if other == s] for s in set(sessions.tolist())}
    if len(of) > 1:
        scale = len(of) / (len(of) - 1)
        first = sum(sum(r * w - value for r, w in each) ** 2 for each in of.values())
        second = sum(sum(w * (r - normed) for r, w in each) ** 2 for each in of.values())
        assert plain.standard_error == pytest.approx(math.sqrt(scale * first) / len(rows))
        total = sum(w for _, w, _ in rows)
        assert ratio.standard_error == pytest.approx(math.sqrt(scale * second) / total, abs=1e-9)
    else:
        assert math.isnan(plain.standard_error)


def test_a_policy_that_equals_the_logging_policy_gets_the_logged_mean() -> None:
    rewards = np.array([1.0, 0.0, 1.0])
    found = inverse_propensity(rewards, np.ones(3), np.arange(3))
    assert found.value == pytest.approx(2 / 3)
    # The standard error of a mean.
    assert found.standard_error == pytest.approx(rewards.std(ddof=1) / math.sqrt(3))
    assert found.effective_size == 3


def test_choices_without_scores_weigh_one_and_those_without_propensity_nothing() -> None:
    tables = tables_of([[(0, True)]])
    tables.choices["score"] = float("nan")
    assert evaluate(tables, "greedy")["ips"].value == 1
    tables.choices["propensity"] = float("nan")
    with pytest.raises(OfflineFault, match="no choice with a propensity"):
        evaluate(tables, "greedy")


def test_choices_that_cannot_be_are_told() -> None:
    tables = tables_of([[(0, True)]])
    tables.choices["propensity"] = 1.5
    with pytest.raises(OfflineFault, match=r"session s0, trial 0, propensity: found 1.5"):
        evaluate(tables, "greedy")
    tables.choices["chosen"] = False
    with pytest.raises(OfflineFault, match="found 0 chosen candidates; allowed is 1"):
        evaluate(tables, "greedy")


def test_the_command_prints_and_writes_the_estimates(tmp_path: Path) -> None:
    write_tables(tables_of([[(1, True)], [(0, False)]]), tmp_path / "out", ("csv",))
    file = tmp_path / "found.json"
    run = CliRunner().invoke(teach, ["offline", str(tmp_path / "out"), "--json", str(file)])
    assert run.exit_code == 0, run.output
    assert run.output.count("\n| ") == 1 + 9
    found = json.loads(file.read_text())
    # One of two rewards is 1, with the weight 1 / (.4 / 3 + .6).
    assert found["targets"]["greedy"]["ips"]["value"] == pytest.approx(0.5 / (0.4 / 3 + 0.6))
    empty = tables_of([[(1, True)]])
    empty.choices = empty.choices.iloc[:0]
    write_tables(empty, tmp_path / "empty", ("csv",))
    run = CliRunner().invoke(teach, ["offline", str(tmp_path / "empty")])
    assert run.exit_code == 1
    assert "no choice with a propensity" in run.output
