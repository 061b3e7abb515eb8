"""Observers by themselves: valid answers, reproducible, learning, monotone in the margin."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych.simulation import (
    Answer,
    Observer,
    SeenTrial,
    UnknownObserver,
    observer_class,
    observers_of,
)
from diptych.tasks.category_learning.observers import Learner as CategoryLearner
from diptych.tasks.two_afc.observers import Learner as TwoAFCLearner

NAMES = ("learner", "noisy", "guesser", "bot")
SEEDS = st.integers(0, 2**31 - 1)


def make(task: str, name: str, seed: Any) -> Observer:
    return observer_class(task, name)(np.random.default_rng(seed))


def category_trial(
    rng: np.random.Generator, n_classes: int, rank: int, d: int, true: int
) -> SeenTrial:
    """An image of class `true`: its first feature tells the class, the others don't."""
    features = rng.normal(size=d)
    features[0] = 2.0 * true + 0.7 * rng.normal()
    classes = [f"class {k}" for k in range(n_classes)]
    show = {"image": "/i/x", "classes": classes, "rank": rank}
    return SeenTrial("training", show, {"/i/x": features})


@given(
    name=st.sampled_from(NAMES),
    seed=SEEDS,
    n_classes=st.integers(2, 6),
    d=st.integers(1, 8),
    trials=st.integers(1, 12),
    data=st.data(),
)
def test_rankings_are_valid_and_the_same_for_the_same_seed(
    name: str, seed: int, n_classes: int, d: int, trials: int, data: st.DataObject
) -> None:
    rank = data.draw(st.integers(1, n_classes))

    def run() -> list[Answer]:
        world, observer = np.random.default_rng(1), make("category_learning", name, seed)
        answers = []
        for _ in range(trials):
            true = int(world.integers(n_classes))
            trial = category_trial(world, n_classes, rank, d, true)
            answer = observer.answer(trial)
            ranking = answer.response["ranking"]
            assert len(ranking) == len(set(ranking)) == rank
            assert set(ranking) <= set(trial.show["classes"])
            assert 0 < answer.rt_ms < 86_400_000
            observer.learn(trial, answer, {"label": f"class {true}", "correct": False})
            answers.append(answer)
        return answers

    assert run() == run()


def accuracy(name: str, participants: int, trials: int) -> np.ndarray[Any, Any]:
    """Whether each participant (rows) was right in each trial (columns); a third is chance."""
    right = np.zeros((participants, trials), bool)
    for number in range(participants):
        world = np.random.default_rng([7, number])
        observer = make("category_learning", name, [5, number])
        for k in range(trials):
            true = int(world.integers(3))
            trial = category_trial(world, 3, 3, 3, true)
            answer = observer.answer(trial)
            right[number, k] = answer.response["ranking"][0] == f"class {true}"
            observer.learn(trial, answer, {"label": f"class {true}", "correct": False})
    return right


def test_a_learner_learns_and_the_others_learn_less_or_nothing() -> None:
    right = {name: accuracy(name, 80, 40) for name in NAMES}
    late = {name: float(r[:, 20:].mean()) for name, r in right.items()}
    assert right["learner"][:, 0].mean() < 0.5  # nobody knows the classes beforehand
    assert late["learner"] > right["learner"][:, :10].mean() + 0.08
    assert late["learner"] > late["noisy"] + 0.05 > late["guesser"] + 0.1
    for name in ("guesser", "bot"):
        assert right[name].mean() == pytest.approx(1 / 3, abs=0.03)


def test_learners_differ() -> None:
    by_person = accuracy("learner", 80, 40)[:, 20:].mean(axis=1)
    p = by_person.mean()
    assert by_person.std() > 1.15 * np.sqrt(p * (1 - p) / 20)  # more than chance alone


def test_without_feedback_nothing_is_learned() -> None:
    observer = make("category_learning", "learner", 3)
    assert isinstance(observer, CategoryLearner)
    world = np.random.default_rng(2)
    for _ in range(10):
        trial = category_trial(world, 3, 3, 2, 1)
        observer.learn(trial, observer.answer(trial), {"correct": True})
    chance = observer.probabilities(np.zeros(2), ["a", "b", "c"])
    assert chance == pytest.approx(np.full(3, 1 / 3))


def test_probabilities_follow_the_context_model() -> None:
    """By hand: sum of exp(-c distance) over the examples of a class, to the power of gamma."""
    observer = make("category_learning", "learner", 4)
    assert isinstance(observer, CategoryLearner)
    examples = [("a", (0.0, 0.0)), ("b", (1.0, 0.5)), ("a", (0.2, -1.0))]
    for label, x in examples:
        observer.remember(np.array(x), label)
        observer.lessons += 1
    given_ = np.array([0.4, 0.1])
    chance = observer.probabilities(given_, ["a", "b"])
    traits, attention = observer.traits, observer.attention
    assert attention is not None
    # Fewer than four examples: what was learned of the features is even attention.
    trust = traits.shift * (1 - np.exp(-3 / 15))
    weight = ((1 - trust) * attention + trust * 0.5) * 2**0.5
    evidence = {"a": 1e-3, "b": 1e-3}
    for age, (label, example) in zip((2, 1, 0), examples, strict=True):
        distance = sum(w * abs(g - e) for w, g, e in zip(weight, given_, example, strict=True))
        evidence[label] += np.exp(-traits.focus * distance) * (1 - traits.forgetting) ** age
    powered = {k: v**traits.decision for k, v in evidence.items()}
    assert chance[0] == pytest.approx(powered["a"] / sum(powered.values()), rel=1e-5)


def two_afc_trial(rng: np.random.Generator, margin: float, d: int = 6) -> tuple[SeenTrial, str]:
    """Sets that differ in feature 0 alone, queries `margin` of that apart; the right choice."""
    features: dict[str, Any] = {}
    for side, centre in (("p", 1.5), ("n", -1.5)):
        for k in range(9):
            features[f"{side}{k}"] = rng.normal(size=d)
            features[f"{side}{k}"][0] = centre + 0.1 * rng.normal()
    top_is_right = bool(rng.random() < 0.5)
    shared = rng.normal(size=(2, d))
    for name, row, right in (("top", 0, top_is_right), ("bottom", 1, not top_is_right)):
        features[name] = shared[row]
        features[name][0] = (1 if right else -1) * 1.5 * margin
    show = {
        "question": "?",
        "negative": [f"n{k}" for k in range(9)],
        "positive": [f"p{k}" for k in range(9)],
        "top": "top",
        "bottom": "bottom",
        "enable_after_ms": 1500,
    }
    return SeenTrial("test", show, features), "top" if top_is_right else "bottom"


@given(name=st.sampled_from(NAMES), seed=SEEDS, margin=st.floats(0, 1), d=st.integers(1, 9))
def test_choices_are_valid_and_the_same_for_the_same_seed(
    name: str, seed: int, margin: float, d: int
) -> None:
    trial, _ = two_afc_trial(np.random.default_rng(seed), margin, d)
    answers = [make("two_afc", name, seed).answer(trial) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].response["choice"] in ("top", "bottom")
    assert answers[0].response["confidence"] in (1, 2, 3)
    assert answers[0].rt_ms >= 1500  # the buttons do not work before


def test_the_logistic_observer_is_monotone_in_the_margin() -> None:
    margins = (0.0, 0.15, 0.35, 0.6, 0.95)
    right: list[float] = []
    confidence: list[float] = []
    time: list[float] = []
    for margin in margins:
        answers = []
        for number in range(600):
            trial, answer = two_afc_trial(np.random.default_rng([1, number]), margin)
            answers.append((make("two_afc", "learner", [2, number]).answer(trial), answer))
        right.append(float(np.mean([a.response["choice"] == t for a, t in answers])))
        confidence.append(float(np.mean([a.response["confidence"] for a, _ in answers])))
        time.append(float(np.median([a.rt_ms for a, _ in answers])))
    assert right[0] == pytest.approx(0.5, abs=0.07)
    assert all(later > earlier for earlier, later in pairwise(right))
    assert all(later > earlier for earlier, later in pairwise(confidence[1:]))
    assert all(later < earlier for earlier, later in pairwise(time[1:]))
    assert right[-1] > 0.93


@given(seed=SEEDS, margins=st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_probability_is_logistic_symmetric_and_grows_with_practice(
    seed: int, margins: tuple[float, float]
) -> None:
    observer = make("two_afc", "learner", seed)
    assert isinstance(observer, TwoAFCLearner)
    low, high = sorted(margins)
    assert observer.probability(low) <= observer.probability(high)
    assert observer.probability(low) + observer.probability(-low) == pytest.approx(1)
    assert observer.probability(0) == 0.5
    novice = observer.probability(high)
    observer.answered = 40
    assert abs(observer.probability(high) - 0.5) >= abs(novice - 0.5)


def test_every_task_has_the_four_observers_and_others_are_named() -> None:
    for task in (
        "caption",
        "category_learning",
        "comparison",
        "estimation",
        "identify",
        "odd_one_out",
        "point",
        "two_afc",
    ):
        assert set(NAMES) <= set(observers_of(task))
        with pytest.raises(UnknownObserver, match=r"no observer 'sage'.*bot.*"):
            observer_class(task, "sage")


def test_images_that_explain_an_answer_become_examples() -> None:
    observer = make("category_learning", "learner", 5)
    assert isinstance(observer, CategoryLearner)
    trial = category_trial(np.random.default_rng(1), 3, 1, 2, 1)
    answer = Answer({"ranking": ["class 0"]}, 900.0)
    observer.answer(trial)
    near = {f"/i/{n}": np.array([float(n), 0.0]) for n in range(5)}
    seen = SeenTrial(trial.phase, trial.show, {**trial.features, **near})
    contrast = {"kind": "contrast", "images": ["/i/0", "/i/1"], "other_images": ["/i/2"]}
    observer.learn(seen, answer, {"label": "class 1", "explanation": contrast})
    assert observer.labels == ["class 1", "class 1", "class 1", "class 0"]
    assert observer.weights == [1.0, 0.5, 0.5, 1.0]
    observer.answer(trial)
    mask = {"kind": "mask", "images": ["/i/4"], "other_images": []}
    observer.learn(seen, answer, {"label": "class 1", "explanation": mask})
    assert observer.learned_at == [0, 0, 0, 0, 1]


def test_half_of_the_examples_are_left_after_a_half_life() -> None:
    left = []
    for seed in range(200):
        observer = make("category_learning", "learner", seed)
        assert isinstance(observer, CategoryLearner)
        for n in range(50):
            observer.remember(np.array([float(n)]), "ab"[n % 2], 1.0)
        observer.pass_days(0)
        assert len(observer.examples) == 50
        observer.pass_days(2)
        assert len(observer.labels) == len(observer.weights) == len(observer.learned_at)
        assert all(
            observer.labels[k] == "ab"[int(x[0]) % 2] for k, x in enumerate(observer.examples)
        )
        left.append(len(observer.examples) / 50)
    # Half-lives differ from learner to learner, around two days.
    assert np.median(left) == pytest.approx(0.5, abs=0.04)
    assert np.std(left) > 1.5 * (0.25 / 50) ** 0.5
