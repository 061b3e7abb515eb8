"""Policies of psychophysics: constant stimuli, staircases and QUEST+."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych.authoring.plan_check import parameter_faults
from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.policies.constant_stimuli import ConstantStimuli
from diptych.policies.levels import order_of
from diptych.policies.quest_plus import QuestPlus
from diptych.policies.staircase import Staircase
from diptych.tasks import draw

POOL = [
    Candidate(f"{level}-{k}", "AB"[k], {"n": float(level)})
    for level in range(1, 31)
    for k in (0, 1)
]


def made(kind: type[Policy], **given: Any) -> Any:
    return kind(kind.Parameters(attribute="n", **given))


def answered(level: float, right: bool, group: str = "A", phase: str = "test") -> Past:
    return Past(Candidate(f"{level:g}", group, {"n": level}), phase, None, right)


def run(policy: Policy, chance: Callable[[Candidate], float], trials: int, seed: int) -> list[Past]:
    """A session with an observer whose answers are right with a probability."""
    rng, history = random.Random(seed), list[Past]()
    for _ in range(trials):
        shown = policy.choose(POOL, history, rng)
        history.append(Past(shown, "test", None, rng.random() < chance(shown)))
    return history


@given(trials=st.integers(1, 100), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_constant_stimuli_show_all_levels_and_candidates_equally_often(
    trials: int, seed: int
) -> None:
    drawn = draw(POOL, trials, "test", made(ConstantStimuli), [], random.Random(seed))
    levels = Counter(each.attributes["n"] for each in drawn)
    counts = [levels[level] for level in range(1, 31)]
    assert max(counts) - min(counts) <= 1
    for one, other in (POOL[i : i + 2] for i in range(0, 60, 2)):
        assert abs(drawn.count(one) - drawn.count(other)) <= 1


def test_a_weighted_staircase_by_hand() -> None:
    # Target .75: up is three times down. Steps: 2 until the first reversal, then 1.
    policy = made(Staircase, start=10, steps=(2, 1), target=0.75)
    rights = [True, True, False, True, False, False]
    levels = [10.0, 8.0, 6.0, 9.0, 8.0, 11.0, 14.0]
    history: list[Past] = []
    for level, right in zip(levels, rights, strict=False):
        assert policy.choose(POOL, history, random.Random(1)).attributes["n"] == level
        history.append(answered(level, right))
    state = policy.state(POOL, history)
    assert (state.level, state.reversals) == (14.0, (6.0, 9.0, 8.0))


def test_a_transformed_staircase_by_hand_with_lower_levels_easier() -> None:
    policy = made(Staircase, start=10, steps=(1,), rule="transformed", down=2, up=1, easier="lower")
    rights = [True, True, True, False, True, True]
    levels = [10.0, 10.0, 11.0, 11.0, 10.0, 10.0, 11.0]
    for count, level in enumerate(levels):
        history = [answered(levels[i], rights[i]) for i in range(count)]
        assert policy.choose(POOL, history, random.Random(1)).attributes["n"] == level


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"target": 0.75}, 0.75),
        ({"target": 0.5}, 0.5),
        ({"rule": "transformed", "down": 2}, math.sqrt(0.5)),
        ({"rule": "transformed", "down": 3}, 0.5 ** (1 / 3)),
    ],
)
def test_a_staircase_converges_to_its_target(rule: dict[str, Any], expected: float) -> None:
    # Levitt 1971: n-down 1-up converges where p**n = 1/2.
    shape = NormalDist(15, 5)
    policy = made(Staircase, start=20, steps=(3, 1), **rule)
    past = run(policy, lambda each: shape.cdf(each.attributes["n"]), 500, 4)[50:]
    assert sum(bool(each.correct) for each in past) / len(past) == pytest.approx(expected, abs=0.05)


@given(
    rights=st.lists(st.booleans(), max_size=40), rule=st.sampled_from(["weighted", "transformed"])
)
@settings(deadline=None)
def test_a_staircase_stays_in_its_range_and_moves_against_the_answers(
    rights: list[bool], rule: str
) -> None:
    policy = made(Staircase, start=15, steps=(5, 2, 1), rule=rule)
    history: list[Past] = []
    levels = []
    for right in rights:
        levels.append(policy.state(POOL, history).level)
        history.append(answered(levels[-1], right))
    assert all(1 <= level <= 30 for level in levels)
    for (before, after), right in zip(pairwise(levels), rights, strict=False):
        assert after <= before if right else after >= before


def test_tracks_are_interleaved_and_do_not_touch_each_other() -> None:
    policy = made(Staircase, start=10, steps=(1,), by_group=True)
    history = [
        answered(1, True, "A", "practice"),
        answered(10, True, "A"),
        answered(10, False, "B"),
    ]
    following = {
        each.group: each.attributes["n"]
        for each in (policy.choose(POOL, history, random.Random(seed)) for seed in range(40))
    }
    assert following == {"A": 9.0, "B": 13.0}
    past = run(policy, lambda each: 0.5, 41, 1)
    for length in range(len(past)):
        counts = Counter(each.candidate.group for each in past[:length])
        assert abs(counts["A"] - counts["B"]) <= 1


def slow_gain(policy: QuestPlus, history: list[Past], log: bool) -> dict[float, float]:
    """Expected loss of entropy of each level: Bayes' rule answer by answer, sums as defined."""
    given = policy.parameters
    low, high = given.threshold or (1, 30)
    if log:
        low, high = math.log(low), math.log(high)
    step = (high - low) / (given.thresholds - 1)
    grid = [
        (low + i * step, width, lapse)
        for i in range(given.thresholds)
        for width in given.widths
        for lapse in given.lapses
    ]

    def chance(level: float, at: tuple[float, float, float]) -> float:
        x = math.log(level) if log else level
        phi = NormalDist(at[0], at[1]).cdf(x)
        if given.guess is None:
            return at[2] / 2 + (1 - at[2]) * phi
        return given.guess + (1 - given.guess - at[2]) * phi

    def normal(weights: list[float]) -> list[float]:
        return [weight / sum(weights) for weight in weights]

    def entropy(weights: list[float]) -> float:
        return -sum(weight * math.log(weight) for weight in weights if weight > 0)

    belief = normal([1.0] * len(grid))
    for past in history:
        level = past.candidate.attributes["n"]
        p = [chance(level, at) for at in grid]
        belief = normal(
            [b * (q if past.correct else 1 - q) for b, q in zip(belief, p, strict=True)]
        )
    gains = {}
    for level in sorted({each.attributes["n"] for each in POOL}):
        p = [chance(level, at) for at in grid]
        yes = sum(b * q for b, q in zip(belief, p, strict=True))
        after = yes * entropy(normal([b * q for b, q in zip(belief, p, strict=True)]))
        after += (1 - yes) * entropy(normal([b * (1 - q) for b, q in zip(belief, p, strict=True)]))
        gains[level] = entropy(belief) - after
    return gains


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("guess", [None, 0.5])
def test_quest_plus_computes_the_expected_entropy(log: bool, guess: float | None) -> None:
    widths = (0.2, 0.4) if log else (2.0, 4.0)
    policy = made(
        QuestPlus, log=log, guess=guess, widths=widths, lapses=(0.02, 0.1), thresholds=9,
        threshold=(5, 25),
    )  # fmt: skip
    history: list[Past] = []
    for level, right in ((15, True), (9, False), (12, True), (9, True), (20, False)):
        history.append(answered(level, right))
        known = policy.tables(POOL)
        gain = policy.gain(known, policy.posterior(known, history))
        slow = slow_gain(policy, history, log)
        assert gain.tolist() == pytest.approx(list(slow.values()), abs=1e-9)
        chosen = policy.choose(POOL, history, random.Random(0)).attributes["n"]
        assert slow[chosen] == pytest.approx(max(slow.values()), abs=1e-8)


@given(order=st.permutations(range(12)))
@settings(deadline=None, max_examples=20)
def test_quest_plus_needs_no_order_of_the_answers(order: list[int]) -> None:
    policy = made(QuestPlus, widths=(2.0, 5.0))
    past = [answered(3 + 2 * k, k % 3 > 0) for k in range(12)]
    one = policy.choose(POOL, past, random.Random(3))
    assert policy.choose(POOL, [past[k] for k in order], random.Random(3)) == one


def test_a_response_can_be_the_positive_answer() -> None:
    policy = made(Staircase, start=10, steps=(1,), target=0.5, positive="more")
    shown = Candidate("10", "A", {"n": 10.0})
    levels = [
        policy.state(POOL, [Past(shown, "test", response, correct)]).level
        for response, correct in (("more", False), ("fewer", True), (None, True))
    ]
    assert levels == [9.0, 11.0, 9.0]


def test_a_missed_trial_is_wrong_but_no_other_answer() -> None:
    shown = Candidate("10", "A", {"n": 10.0})
    missed = [Past(shown, "test", correct=False, missed=True)]
    wrong = [Past(shown, "test", correct=False)]
    right = made(Staircase, start=10, steps=(1,), target=0.5)
    assert right.state(POOL, missed).level == right.state(POOL, wrong).level == 11.0
    more = made(Staircase, start=10, steps=(1,), target=0.5, positive="more")
    assert more.state(POOL, missed).level == 10.0


LOW = [Candidate("a", "", {"n": 0.0}), Candidate("b", "", {"n": 2.0})]


@pytest.mark.parametrize(
    ("kind", "given", "pool", "told"),
    [
        (ConstantStimuli, {}, [Candidate("a", "", {"m": 1.0})], "numeric columns are: m"),
        (ConstantStimuli, {}, LOW[:1], "1 level"),
        (Staircase, {"start": 50, "steps": (1,)}, POOL, "goes from 1 to 30"),
        (Staircase, {"start": 5, "steps": (1, 0)}, POOL, "above 0"),
        (Staircase, {"start": 1, "steps": (1,), "log": True}, LOW, "no logarithm"),
        (QuestPlus, {"widths": (0,)}, POOL, "above 0"),
        (QuestPlus, {"widths": (1,), "lapses": (0.7,)}, POOL, "from 0 to 0.5"),
        (QuestPlus, {"widths": (1,), "threshold": (9, 3)}, POOL, "rising"),
        (QuestPlus, {"widths": (1,) * 90, "thresholds": 400}, POOL, "are allowed"),
    ],
)
def test_parameters_that_do_not_fit_the_pool_are_named(kind, given, pool, told: str) -> None:
    faults = made(kind, **given).faults(pool, 500)
    assert len(faults) == 1 and told in faults[0]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (ConstantStimuli, {}),
        (Staircase, {"start": 5, "steps": (1,)}),
        (QuestPlus, {"widths": (2,)}),
    ],
)
def test_a_pool_may_be_smaller_than_the_session(kind, given) -> None:
    assert made(kind, **given).faults(POOL, 500) == []


@given(trials=st.integers(0, 60), tracks=st.integers(1, 5), group=st.sampled_from(["", "A", "B"]))
def test_each_block_of_trials_has_every_track_once(trials: int, tracks: int, group: str) -> None:
    order = order_of(group, trials, tracks)
    assert len(order) == trials and order == order_of(group, trials + 7, tracks)[:trials]
    for start in range(0, trials - tracks + 1, tracks):
        assert sorted(order[start : start + tracks]) == list(range(tracks))


def test_tracks_within_a_group_do_not_see_each_other() -> None:
    pool = [Candidate(f"{n}", "A", {"n": float(n)}) for n in range(1, 31)]
    policy = made(Staircase, start=[6, 24], steps=(1,), rule="transformed", down=1, tracks=2)
    order, history = order_of("", 20, 2), list[Past]()
    # Track 0 is always answered right and falls; track 1 always wrong and rises.
    for track in order:
        shown = policy.choose(pool, history, random.Random(len(history)))
        history.append(Past(shown, "test", correct=track == 0))
    levels: dict[int, list[float]] = {0: [], 1: []}
    for past, track in zip(history, order, strict=True):
        levels[track].append(past.candidate.attributes["n"])
    assert levels[0] == [6, 5, 4, 3, 2, 1, 1, 1, 1, 1]
    assert levels[1] == [24, 25, 26, 27, 28, 29, 30, 30, 30, 30]
    assert len(set(zip(order[::2], order[1::2], strict=True))) == 2, "the order is not foreseeable"


def test_tracks_need_as_many_starts() -> None:
    policy = made(Staircase, start=[4, 6, 8], steps=(1,), tracks=2)
    assert any("start has 3 levels for 2 tracks" in fault for fault in policy.faults(POOL, 9))


@pytest.mark.parametrize(
    ("given", "key", "found", "allowed"),
    [
        ({"start": {}}, "policy.start", "{}", "a valid number or a valid tuple"),
        ({"start": ["a", 10]}, "policy.start.0", "'a'", "a valid number, unable to parse"),
        ({"start": float("nan")}, "policy.start", "nan", "a finite number or a valid tuple"),
        ({"rule": 5}, "policy.rule", "5", "'"),
    ],
)
def test_a_key_of_several_types_has_one_fault(given: dict, key: str, found: str, allowed: str):
    whole = {"attribute": "n", "start": 10, "steps": [1.0], **given}
    (fault,) = parameter_faults(REGISTRY.get("staircase").Parameters, whole, "policy")
    assert (fault.key, fault.found) == (key, found)
    assert fault.allowed.startswith(allowed)
