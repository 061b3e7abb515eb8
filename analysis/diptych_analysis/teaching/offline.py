"""What another policy would have achieved, estimated from stored choices.

A policy that explores chooses each image with a known probability, its propensity. Rewards that
followed are weighted by the probability that the other policy would have given the same choice,
divided by the propensity.

References
----------
.. [1] Horvitz, D. G. and Thompson, D. J. (1952). A generalization of sampling without replacement
   from a finite universe. Journal of the American Statistical Association 47, 663-685, eq. 8.
.. [2] Swaminathan, A. and Joachims, T. (2015). The self-normalized estimator for counterfactual
   learning. NeurIPS 28, eq. 9.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diptych_analysis.teaching.names import REWARDS, TARGETS
from diptych_analysis.teaching.worlds import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

    from diptych_analysis.tables import Tables

#: A propensity may exceed 1 by rounding.
MOST_PROPENSITY = 1 + 1e-6


class OfflineFault(ValueError):
    """Tables that hold no choice to learn from: what is missing or wrong."""


@dataclass(frozen=True)
class Estimate:
    """Value of a policy: the mean reward that it would have got.

    Attributes
    ----------
    value : float
        In the unit of the reward.
    standard_error : float
        With sessions as independent units; NaN for one session.
    effective_size : float
        Number of equally weighted rewards that would be as informative (Kish): the squared sum of
        the weights over the sum of their squares.
    size : int
        Number of rewards.
    """

    value: float
    standard_error: float
    effective_size: float
    size: int

    def as_dict(self) -> dict[str, float]:
        """Return the estimate for JSON."""
        return asdict(self)


def inverse_propensity(
    rewards: Floats, weights: Floats, sessions: Ints, *, normalised: bool = False
) -> Estimate:
    """Estimate the mean reward under another policy.

    Parameters
    ----------
    rewards : ndarray of shape (n_rewards,)
        What followed each choice.
    weights : ndarray of shape (n_rewards,)
        Probability of the choice under the other policy over its propensity.
    sessions : ndarray of int of shape (n_rewards,)
        Number of the session that each reward is of.
    normalised : bool, optional
        Whether to divide by the sum of the weights instead of their number. The estimate is then
        biased in small samples, but never outside the range of the rewards.

    Returns
    -------
    Estimate
        NaN where all weights are 0 and `normalised` is set.
    """
    total = weights.sum() if normalised else float(len(weights))
    value = float(weights @ rewards / total) if total > 0 else float("nan")
    # Deviations from the mean, summed by session: with `normalised`, those of a ratio of sums.
    deviations = weights * (rewards - value) if normalised else weights * rewards - value
    sums = np.bincount(sessions, deviations)[np.unique(sessions)]
    count = len(sums)
    spread = np.square(sums).sum() * count / (count - 1) if count > 1 else float("nan")
    squares = float(np.square(weights).sum())
    effective = float(weights.sum() ** 2 / squares) if squares > 0 else 0.0
    error = float(np.sqrt(spread) / total) if total > 0 else float("nan")
    return Estimate(value, error, effective, len(rewards))


@dataclass(frozen=True)
class Decision:
    """One stored choice: what was chosen, with which probabilities."""

    session: str
    trial: int
    weights: dict[str, float]


def decisions(choices: pd.DataFrame) -> list[Decision]:
    """Read the stored choices of a data set.

    Parameters
    ----------
    choices : DataFrame
        The table `choices`.

    Returns
    -------
    list of Decision
        In the order of the table, each with its weight under each target of `TARGETS`. A choice
        without scores is one that every target would have left to the balanced fallback, so its
        weight is 1. Choices without propensity are left out.
    """
    found = []
    key: Any  # of two columns
    for key, rows in choices.groupby(["session_id", "trial_index"], sort=False):
        taken = rows[rows["chosen"].eq(other=True)]
        where = f"table choices, session {key[0]}, trial {key[1]}"
        if len(taken) != 1:
            raise OfflineFault(f"{where}: found {len(taken)} chosen candidates; allowed is 1")
        chosen = taken.iloc[0]
        propensity, scores = float(chosen["propensity"]), rows["score"].dropna()
        if propensity > MOST_PROPENSITY:
            raise OfflineFault(f"{where}, propensity: found {propensity:g}; allowed is 0 to 1")
        if not propensity > 0:
            continue
        weights = {"uniform": 1 / int(chosen["options"]) / propensity, "greedy": 1.0, "worst": 1.0}
        if len(scores):
            # The first of equally good candidates is the one that a policy chooses.
            is_best = chosen.name == scores.idxmax()
            weights["greedy"] = float(is_best) / propensity
            weights["worst"] = float(chosen.name == scores.idxmin()) / propensity
        found.append(Decision(str(key[0]), int(key[1]), weights))
    return found


def evaluate(tables: Tables, target: str, reward: str = "next") -> dict[str, Estimate]:
    """Estimate what a target policy would have got in the sessions of a data set.

    Parameters
    ----------
    tables : Tables
        With choices of one or more policies that teach.
    target : str
        One of `TARGETS`: the candidate with the highest score (`greedy`), the lowest (`worst`), or
        any image that could have been shown (`uniform`).
    reward : str
        One of `REWARDS`. `next`: whether the next trial was answered right, one reward per choice;
        the choices before it stay as they were. `test`: the share of right answers in the test, one
        reward per session; the weight is the product over the choices of the session.

    Returns
    -------
    dict of str to Estimate
        `logged` (the mean as it was), `ips` and `snips` (self-normalised).

    Raises
    ------
    OfflineFault
        Without a choice that a reward follows.
    """
    known = decisions(tables.choices)
    rewarded = _next_answers(tables) if reward == "next" else _test_scores(tables)
    rows: list[tuple[str, float, float]] = []
    if reward == "next":
        rows = [
            (each.session, each.weights[target], rewarded[each.session, each.trial])
            for each in known
            if (each.session, each.trial) in rewarded
        ]
    else:
        products: dict[str, float] = {}
        for each in known:
            products[each.session] = products.get(each.session, 1.0) * each.weights[target]
        rows = [
            (session, weight, rewarded[session, 0])
            for session, weight in products.items()
            if (session, 0) in rewarded
        ]
    if not rows:
        what = "an answered trial after it" if reward == "next" else "an answered test"
        raise OfflineFault(f"no choice with a propensity and {what} in the table choices")
    names = {name: number for number, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    sessions = np.array([names[row[0]] for row in rows])
    weights, rewards = (np.array([row[k] for row in rows]) for k in (1, 2))
    return {
        "logged": inverse_propensity(rewards, np.ones(len(rewards)), sessions),
        "ips": inverse_propensity(rewards, weights, sessions),
        "snips": inverse_propensity(rewards, weights, sessions, normalised=True),
    }


def _next_answers(tables: Tables) -> dict[tuple[str, int], float]:
    """Return whether the trial after each trial was answered right, by session and trial."""
    trials = tables.trials[tables.trials["correct"].notna()]
    cells = zip(trials["session_id"], trials["trial_index"], trials["correct"], strict=True)
    return {(str(session), int(trial) - 1): float(right) for session, trial, right in cells}


def _test_scores(tables: Tables) -> dict[tuple[str, int], float]:
    """Return the share of right answers in the test, by session (and 0)."""
    trials = tables.trials
    tested = trials[(trials["phase"] == "test") & trials["correct"].notna()]
    means = tested["correct"].astype(float).groupby(tested["session_id"]).mean()
    return {(str(session), 0): float(mean) for session, mean in means.items()}


__all__ = ["REWARDS", "TARGETS", "Estimate", "OfflineFault", "decisions", "evaluate"]
