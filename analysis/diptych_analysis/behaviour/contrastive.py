"""Contrastive stimuli: those on which raters agree least, chosen without fooling oneself.

The lowest of many noisy values are low partly by chance. Stimuli that are chosen and scored on the
same raters therefore seem more contrastive than they are. Here one random half of the raters
chooses, and the other half scores. The naive way, which the paper's text describes, is beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.fleiss import agreement
from diptych_analysis.behaviour.responses import Floats, Indices, Mask, Responses

#: k of Cheung et al.
PUBLISHED_K = 1000


@dataclass(frozen=True)
class Scores:
    """How much some raters agree about some stimuli."""

    kappa: float
    mean: float


@dataclass(frozen=True)
class Contrastive:
    """Contrastive stimuli of one half of the raters, and what the other half says.

    Attributes
    ----------
    chosen : array of int, shape (k,)
        Stimuli that the first half agrees on least, lowest first.
    naive : array of int, shape (k,)
        Stimuli that all raters agree on least, lowest first.
    first_half : array of bool, shape (raters,)
        The raters who chose.
    own, held_out : array of float, shape (k,)
        Agreement of the first and of the second half about `chosen`.
    scores, scores_own, scores_naive : Scores
        The second half about `chosen`; the first half about `chosen`; everyone about `naive`.
    scores_rest : Scores
        The second half about all stimuli.
    """

    chosen: Indices
    naive: Indices
    first_half: Mask
    own: Floats
    held_out: Floats
    scores: Scores
    scores_own: Scores
    scores_naive: Scores
    scores_rest: Scores

    @property
    def exaggeration(self) -> float:
        """How much lower agreement is for the raters who chose than for the others."""
        return self.scores.mean - self.scores_own.mean


def default_k(stimuli: int) -> int:
    """Choose k: 1,000 as in the paper, and at most a tenth of the stimuli."""
    return max(1, min(PUBLISHED_K, stimuli // 10))


def lowest(values: Floats, k: int) -> Indices:
    """Find the k lowest values, lowest first; ties are in order, and NaN is never chosen.

    Parameters
    ----------
    values : array of float, shape (stimuli,)
        Agreement.
    k : int
        How many; the k' < k lowest are the first k' of them.

    Raises
    ------
    BehaviourFault
        If there are fewer than k values.
    """
    possible = int(np.count_nonzero(~np.isnan(values)))
    if not 1 <= k <= possible:
        raise BehaviourFault(
            f"k = {k}: allowed are 1 to {possible}, the stimuli with at least two responses"
        )
    order: Indices = np.argsort(values, kind="stable")
    return order[:k]


def halves(raters: int, seed: int) -> Mask:
    """Draw one half of the raters: an array of bool, shape (raters,)."""
    order = np.random.default_rng(seed).permutation(raters)
    chosen = np.zeros(raters, bool)
    chosen[order[: (raters + 1) // 2]] = True
    return chosen


def contrastive(responses: Responses, k: int, *, seed: int = 0) -> Contrastive:
    """Choose k contrastive stimuli on one half of the raters and score them on the other.

    Parameters
    ----------
    responses : Responses
        At least four raters.
    k : int
        How many stimuli.
    seed : int
        Seed of the split.

    Raises
    ------
    BehaviourFault
        If there are fewer than four raters, or fewer than k stimuli that each half agrees about.

    References
    ----------
    Cheung et al., *Let's disagree to agree*, Results; the split is ours.
    """
    if len(responses.raters) < 4:
        raise BehaviourFault(
            f"{len(responses.raters)} raters: at least 4 are needed, two to choose the contrastive "
            "stimuli and two to score them"
        )
    c, codes = len(responses.categories), responses.codes
    first = halves(len(codes), seed)
    everyone = agreement(codes, c)
    one, other = agreement(codes[first], c), agreement(codes[~first], c)
    # A stimulus that the other half cannot score is no candidate.
    candidates = np.where(np.isnan(other.per_stimulus), np.nan, one.per_stimulus)
    chosen, naive = lowest(candidates, k), lowest(everyone.per_stimulus, k)
    return Contrastive(
        chosen,
        naive,
        first,
        own=one.per_stimulus[chosen],
        held_out=other.per_stimulus[chosen],
        scores=scores(codes[~first][:, chosen], c),
        scores_own=scores(codes[first][:, chosen], c),
        scores_naive=scores(codes[:, naive], c),
        scores_rest=Scores(other.kappa, other.mean),
    )


def scores(codes: npt.NDArray[np.integer], categories: int) -> Scores:
    """Compute kappa and mean agreement of some raters about some stimuli."""
    found = agreement(codes, categories)
    return Scores(found.kappa, found.mean)


def matched_controls(
    chosen: Indices, labels: npt.ArrayLike, accuracy: Floats, allowed: Mask
) -> pd.DataFrame:
    """Find a control of the same class, with the nearest accuracy, for each contrastive stimulus.

    Within a class, linear assignment takes the pairs with the smallest summed difference of
    accuracies, and no stimulus twice. Contrastive stimuli are often harder, so a difference can
    remain: it is in the result.

    Parameters
    ----------
    chosen : array of int, shape (k,)
        Contrastive stimuli.
    labels : array_like of int, shape (stimuli,)
        True classes.
    accuracy : array of float, shape (stimuli,)
        Share of right responses of the raters who chose.
    allowed : array of bool, shape (stimuli,)
        Stimuli that may be controls. The contrastive ones never are.

    Returns
    -------
    pd.DataFrame
        `contrastive`, `control` (numbers of stimuli, in the order of `chosen`), `difference`
        (accuracy of the control minus that of the contrastive stimulus). Stimuli without a control
        are left out.
    """
    from scipy.optimize import linear_sum_assignment

    classes = np.asarray(labels)
    free = allowed.copy()
    free[chosen] = False
    free &= (classes >= 0) & np.isfinite(accuracy)
    found: dict[int, int] = {}
    for each in np.unique(classes[chosen]):
        own = chosen[(classes[chosen] == each) & np.isfinite(accuracy[chosen])]
        controls = np.flatnonzero(free & (classes == each))
        if each < 0 or not len(own) or not len(controls):
            continue
        cost = np.abs(accuracy[own][:, None] - accuracy[controls][None])
        rows, columns = linear_sum_assignment(cost)
        found |= dict(zip(own[rows].tolist(), controls[columns].tolist(), strict=True))
    pairs = [(int(i), found[int(i)]) for i in chosen if int(i) in found]
    table = pd.DataFrame(pairs, columns=["contrastive", "control"])
    a, b = (accuracy[table[name].to_numpy(dtype=np.int64)] for name in table)
    return table.assign(difference=b - a)


def diagnostic(machines: Floats, people: Floats, k: int, *, people_agree: float = 1.0) -> Indices:
    """Find the stimuli that divide machines while people agree.

    Parameters
    ----------
    machines, people : array of float, shape (stimuli,)
        Agreement of machines and of people about each stimulus.
    k : int
        At most this many.
    people_agree : float
        Least agreement of people.

    Returns
    -------
    array of int
        Stimuli on which machines do not all agree, lowest agreement first; often fewer than k.
    """
    candidates = np.where((people >= people_agree) & (machines < 1), machines, np.nan)
    order: Indices = np.argsort(candidates, kind="stable")
    return order[: min(k, int(np.count_nonzero(~np.isnan(candidates))))]
