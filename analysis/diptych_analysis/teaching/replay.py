"""What `expected_gain` would have chosen for learners of a finished study, class by class.

Published answers rarely come with their images. So the items here are the classes: the place of
a class is the pattern of its confusions by *other* learners. At each training trial of a learner
whose images were drawn at random, a tracer of the answers so far scores each class, also the one
that was shown. Random images show each class with a known probability, so the value of another
choice can be estimated by inverse propensity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diptych_analysis.tables import Tables
from diptych_analysis.teaching.live import SEED, scaled
from diptych_analysis.teaching.offline import Estimate, inverse_propensity
from diptych_analysis.teaching.tracers import ENOUGH, Tracer
from diptych_analysis.teaching.worlds import Floats, Ints

FOLDS = 5
PRIOR = 1.0
"""Answers of each kind that a class's confusions begin with."""


class ReplayFault(ValueError):
    """Tables that can't be replayed: what is missing, and what is allowed."""


@dataclass(frozen=True)
class Learner:
    """The answered trials of one session.

    Attributes
    ----------
    session, condition : str
        Its id and its condition.
    labels, responses : ndarray of int of shape (n_trials,)
        True class and chosen class of the training trials, in order.
    test_accuracy : float
        Share of right answers in the test.
    confusions : ndarray of shape (n_classes, n_classes)
        How often each class (row) was answered with each, in training and test.
    """

    session: str
    condition: str
    labels: Ints
    responses: Ints
    test_accuracy: float
    confusions: Floats


@dataclass(frozen=True)
class Step:
    """One training trial against what could have been shown.

    Attributes
    ----------
    learner : int
        Place of the learner.
    shown, best, worst : int
        The class that was shown, and those with the highest and the lowest score.
    standing : float
        Share of the other classes whose score is lower than that of the shown one, ties half.
    right_next : float
        Whether the next training trial was answered right.
    """

    learner: int
    shown: int
    best: int
    worst: int
    standing: float
    right_next: float


@dataclass(frozen=True)
class Arm:
    """Test accuracy of one condition, and its difference from the first one.

    `interval` and `difference_interval` are 95 % bootstrap intervals over learners.
    """

    condition: str
    learners: int
    accuracy: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]


@dataclass(frozen=True)
class Replay:
    """What the replay of a study says.

    Attributes
    ----------
    arms : list of Arm
        By condition; the first is the one that was replayed.
    steps : int
        Number of trials with a score.
    estimates : dict of str to Estimate
        Share of right answers in the next trial: `shown` (as it was), and under `expected_gain`,
        `balanced` (each class equally often) and `least_gain`, self-normalised.
    standing : float
        Rank correlation (Spearman) over learners: mean standing of what they were shown, with their
        test accuracy.
    standing_interval : tuple of float
        95 % bootstrap interval over learners.
    advantage : float
        How much better the tracer predicts an answer than the rate of right answers so far does, in
        nats; negative where it is worse.
    """

    arms: list[Arm]
    steps: int
    estimates: dict[str, Estimate]
    standing: float
    standing_interval: tuple[float, float]
    advantage: float


def replay_study(
    tables: Tables,
    condition: str,
    *,
    family: str = "mixed",
    resamples: int = 2000,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> Replay:
    """Replay one condition in which images were drawn at random, and compare all conditions.

    Parameters
    ----------
    tables : Tables
        A study with the phases `training` (with feedback) and `test`.
    condition : str
        The condition with random images.
    family : str
        Of the tracer, one of `tracers.TRACERS`.
    resamples : int
        Of the bootstrap.
    seed : int
        Of folds and bootstrap.
    advance : callable
        Called once a learner.

    Raises
    ------
    ReplayFault
        For an unknown condition, fewer than two classes, or fewer than ten learners.
    """
    classes, learners = learners_of(tables)
    known = sorted({each.condition for each in learners})
    if condition not in known:
        raise ReplayFault(f"no condition {condition!r}; allowed are {', '.join(known)}")
    replayed = [each for each in learners if each.condition == condition]
    if len(classes) < 2 or len(replayed) < 2 * FOLDS:
        raise ReplayFault(
            f"{condition!r} has {len(classes)} classes and {len(replayed)} learners who finished; "
            f"at least 2 classes and {2 * FOLDS} learners are needed"
        )
    rng = np.random.default_rng(seed)
    folds = rng.permutation(len(replayed)) % FOLDS
    share = np.bincount(np.concatenate([each.labels for each in replayed]), minlength=len(classes))
    steps: list[Step] = []
    advantages = []
    for place, learner in enumerate(replayed):
        others = [each for n, each in enumerate(replayed) if folds[n] != folds[place]]
        found, advantage = _steps(place, learner, class_features(others), family)
        steps += found
        advantages.append(advantage)
        advance()
    standing, spread = _standing(replayed, steps, resamples, rng)
    return Replay(
        arms=_arms(learners, condition, resamples, rng),
        steps=len(steps),
        estimates=_estimates(steps, share / share.sum()),
        standing=standing,
        standing_interval=spread,
        advantage=float(np.mean(advantages)),
    )


def learners_of(tables: Tables) -> tuple[list[str], list[Learner]]:
    """Return the classes, and the learners who answered training and test."""
    trials = tables.trials[tables.trials["response"].notna() & tables.trials["label"].notna()]
    trials = trials[trials["phase"].isin(["training", "test"])]
    classes = sorted({*trials["label"], *trials["response"]})
    places = {name: place for place, name in enumerate(classes)}
    conditions = tables.sessions.set_index("session_id")["condition"].fillna("")
    found = []
    for session, rows in trials.sort_values("trial_index").groupby("session_id", sort=True):
        own = rows.assign(label=rows["label"].map(places), response=rows["response"].map(places))
        taught, tested = (own[own["phase"] == phase] for phase in ("training", "test"))
        if taught.empty or tested.empty:
            continue
        confusions = np.zeros((len(classes), len(classes)))
        np.add.at(confusions, (own["label"].to_numpy(int), own["response"].to_numpy(int)), 1)
        found.append(
            Learner(
                str(session),
                str(conditions[session]),
                taught["label"].to_numpy(np.int64),
                taught["response"].to_numpy(np.int64),
                float((tested["label"] == tested["response"]).mean()),
                confusions,
            )
        )
    return classes, found


def class_features(learners: Sequence[Learner]) -> Floats:
    """Place each class by its confusions: log shares of the responses to it, centred.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        With one answer of each kind added.
    """
    counts = sum((each.confusions for each in learners), np.zeros(())) + PRIOR
    logs = np.log(counts / counts.sum(axis=1, keepdims=True))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def _steps(place: int, learner: Learner, features: Floats, family: str) -> tuple[list[Step], float]:
    """Return the steps of a learner, and the tracer's advantage in nats an answer."""
    n_classes = len(features)
    tracer = Tracer.draw(family, np.random.default_rng(SEED), scaled(features), n_classes)
    every = np.arange(n_classes)
    found = []
    for trial, (label, response) in enumerate(
        zip(learner.labels[:-1], learner.responses[:-1], strict=True)
    ):
        if trial >= ENOUGH:
            scores = tracer.right_after(every, every, every, every)
            own = scores[label]
            lower = (scores < own).sum() + ((scores == own).sum() - 1) / 2
            right = float(learner.labels[trial + 1] == learner.responses[trial + 1])
            found.append(
                Step(
                    place, int(label), int(scores.argmax()), int(scores.argmin()),
                    float(lower / (n_classes - 1)), right,
                )
            )  # fmt: skip
        tracer.observe(int(label), int(label), int(response), feedback=True)
    advantage = tracer.scores["tracer"] - tracer.scores["plain"]
    return found, advantage / tracer.answers


def _estimates(steps: Sequence[Step], share: Floats) -> dict[str, Estimate]:
    rewards = np.array([step.right_next for step in steps])
    learners = np.array([step.learner for step in steps])
    shown = np.array([step.shown for step in steps])
    weights = {
        "shown": np.ones(len(steps)),
        "expected_gain": (shown == [step.best for step in steps]) / share[shown],
        "balanced": 1 / len(share) / share[shown],
        "least_gain": (shown == [step.worst for step in steps]) / share[shown],
    }
    return {
        name: inverse_propensity(rewards, np.asarray(each, float), learners, normalised=True)
        for name, each in weights.items()
    }


def _standing(
    learners: Sequence[Learner], steps: Sequence[Step], resamples: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    frame = pd.DataFrame([(step.learner, step.standing) for step in steps], columns=["at", "by"])
    means = frame.groupby("at")["by"].mean()
    pairs = pd.DataFrame(
        {"standing": means, "accuracy": [learners[at].test_accuracy for at in means.index]}
    )

    def correlation(rows: pd.DataFrame) -> float:
        return float(rows["standing"].rank().corr(rows["accuracy"].rank()))

    drawn = [
        correlation(pairs.iloc[rng.integers(len(pairs), size=len(pairs))]) for _ in range(resamples)
    ]
    return correlation(pairs), _interval(np.array(drawn))


def _arms(
    learners: Sequence[Learner], first: str, resamples: int, rng: np.random.Generator
) -> list[Arm]:
    names = [first, *sorted({each.condition for each in learners} - {first})]
    drawn, means, sizes = {}, {}, {}
    for name in names:
        scores = np.array([each.test_accuracy for each in learners if each.condition == name])
        drawn[name] = scores[rng.integers(len(scores), size=(resamples, len(scores)))].mean(axis=1)
        means[name], sizes[name] = float(scores.mean()), len(scores)
    return [
        Arm(
            name,
            sizes[name],
            means[name],
            _interval(drawn[name]),
            means[name] - means[first],
            _interval(drawn[name] - drawn[first]),
        )
        for name in names
    ]


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)
