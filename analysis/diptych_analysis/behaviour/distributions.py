"""Distributions of responses per stimulus: people's beside those of machines.

The divergences are in nats. With few responses a share of 0 is often chance, so a divergence is
large even between two halves of the same people: compare it with `split_half`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import Floats
from diptych_analysis.behaviour.tallies import Counts

#: Smallest probability inside a logarithm.
FLOOR = 1e-12


@dataclass(frozen=True)
class Comparison:
    """Two sets of distributions over the same stimuli, averaged.

    Attributes
    ----------
    stimuli : int
        Stimuli with responses of both.
    kl, js : float
        Mean divergence of Kullback and Leibler, from the second to the first, and of Jensen and
        Shannon (at most ln 2), in nats.
    cross_entropy : float
        Mean cross-entropy, in nats: entropy of the first plus KL.
    entropy_correlation : float
        Spearman's correlation of the two entropies over stimuli.
    second_choices : float
        Share of stimuli at which the second most frequent category is the same, of those at which
        both have one.
    """

    stimuli: int
    kl: float
    js: float
    cross_entropy: float
    entropy_correlation: float
    second_choices: float


def shares(counts: npt.ArrayLike) -> Floats:
    """Divide counts by their sum, per stimulus; NaN without responses."""
    table = np.asarray(counts, dtype=float)
    n = table.sum(axis=-1, keepdims=True)
    found: Floats = np.where(n > 0, table / np.where(n > 0, n, 1), np.nan)
    return found


def entropy(p: npt.ArrayLike) -> Floats:
    """Compute the entropy of each distribution in nats.

    Parameters
    ----------
    p : array_like, shape (..., categories)
        Distributions.
    """
    q = np.asarray(p, dtype=float)
    found: Floats = -np.sum(q * np.log(np.where(q > 0, q, 1)), axis=-1) + 0.0
    return found


def cross_entropy(p: npt.ArrayLike, q: npt.ArrayLike, floor: float = FLOOR) -> Floats:
    """Compute the cross-entropy of q under p in nats: entropy(p) + kl(p, q)."""
    of, under = np.asarray(p, dtype=float), _floored(np.asarray(q, dtype=float), floor)
    found: Floats = -np.sum(of * np.log(under), axis=-1)
    return found


def kl(p: npt.ArrayLike, q: npt.ArrayLike, floor: float = FLOOR) -> Floats:
    """Compute the divergence of Kullback and Leibler from q to p in nats; 0 or more.

    Parameters
    ----------
    p, q : array_like, shape (..., categories)
        Distributions; p is the reference, for example people.
    floor : float
        Probabilities of q below it are raised to it, and q is scaled to sum to 1 again.
    """
    return np.maximum(cross_entropy(p, q, floor) - entropy(p), 0.0)


def js(p: npt.ArrayLike, q: npt.ArrayLike) -> Floats:
    """Compute the divergence of Jensen and Shannon in nats: 0 to ln 2, the same both ways."""
    a, b = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    found = entropy((a + b) / 2) - (entropy(a) + entropy(b)) / 2
    return np.clip(found, 0.0, np.log(2))


def _floored(q: Floats, floor: float) -> Floats:
    raised: Floats = np.maximum(q, floor)
    scaled: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return scaled


def compare(counts: npt.ArrayLike, others: npt.ArrayLike) -> Comparison:
    """Compare the distributions of two groups of raters over the same stimuli.

    Parameters
    ----------
    counts : array_like, shape (stimuli, categories)
        Responses of the first group, for example people.
    others : array_like, shape (stimuli, categories)
        Responses of the second group, or its probabilities.

    Raises
    ------
    BehaviourFault
        If the shapes differ, or no stimulus has responses of both.
    """
    a, b = np.asarray(counts, dtype=float), np.asarray(others, dtype=float)
    if a.shape != b.shape or a.ndim != 2:
        raise BehaviourFault(f"the shapes are {a.shape} and {b.shape}; they must be the same")
    both = (a.sum(axis=1) > 0) & (b.sum(axis=1) > 0)
    if not both.any():
        raise BehaviourFault("no stimulus has responses of both groups")
    p, q = shares(a[both]), shares(b[both])
    return Comparison(
        stimuli=int(both.sum()),
        kl=float(kl(p, q).mean()),
        js=float(js(p, q).mean()),
        cross_entropy=float(cross_entropy(p, q).mean()),
        entropy_correlation=rank_correlation(entropy(p), entropy(q)),
        second_choices=_second_choices(p, q),
    )


def _second_choices(p: Floats, q: Floats) -> float:
    """Share of equal second choices; a tie of second choices counts as none."""
    (a, a_there), (b, b_there) = _second(p), _second(q)
    both = a_there & b_there
    return float(np.mean(a[both] == b[both])) if both.any() else float("nan")


def _second(p: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    if p.shape[1] < 2:
        return order[:, 0], np.zeros(len(p), bool)
    third = ranked[:, 2] if p.shape[1] > 2 else np.zeros(len(p))
    clear = (ranked[:, 0] > ranked[:, 1]) & (ranked[:, 1] > third)
    return order[:, 1], clear & (ranked[:, 1] > 0)


def rank_correlation(x: Floats, y: Floats) -> float:
    """Compute Spearman's correlation; NaN if one side does not vary or has under three values."""
    from scipy.stats import spearmanr

    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return float("nan")
    return float(spearmanr(x[both], y[both]).statistic)


@dataclass(frozen=True)
class SplitHalf:
    """How well one random half of the responses predicts the other.

    Attributes
    ----------
    js, kl : float
        Mean divergence between the halves, in nats.
    entropy_correlation : float
        Spearman's correlation of the halves' entropies, mean over splits.
    reliability : float
        The same, corrected to all responses by the formula of Spearman and Brown.
    ceiling : float
        Root of the reliability: the largest correlation with the entropies to expect of a perfect
        model.
    """

    js: float
    kl: float
    entropy_correlation: float
    reliability: float
    ceiling: float


def split_half(counts: Counts, *, splits: int = 20, seed: int = 0) -> SplitHalf:
    """Compare random halves of each stimulus's responses.

    Parameters
    ----------
    counts : array of int, shape (stimuli, categories)
        Responses; stimuli with fewer than two are left out.
    splits : int
        Number of random splits.
    seed : int
        Seed of the splits.
    """
    kept = np.asarray(counts, dtype=np.int64)
    kept = kept[kept.sum(axis=1) > 1]
    if not len(kept):
        return SplitHalf(*[float("nan")] * 5)
    rng = np.random.default_rng(seed)
    found = [compare(half, kept - half) for half in (_half(kept, rng) for _ in range(splits))]
    r = float(np.mean([each.entropy_correlation for each in found]))
    reliability = spearman_brown(r)
    return SplitHalf(
        js=float(np.mean([each.js for each in found])),
        kl=float(np.mean([each.kl for each in found])),
        entropy_correlation=r,
        reliability=reliability,
        ceiling=float(np.sqrt(max(reliability, 0.0))) if np.isfinite(reliability) else float("nan"),
    )


def _half(counts: Counts, rng: np.random.Generator) -> Counts:
    """Draw half of each stimulus's responses without replacement."""
    size = counts.sum(axis=1) // 2
    rows = zip(counts, size, strict=True)
    return np.stack([rng.multivariate_hypergeometric(row, n) for row, n in rows])


def spearman_brown(r: float, times: float = 2) -> float:
    """Compute the reliability of a test `times` as long, from the correlation of two halves."""
    return times * r / (1 + (times - 1) * r) if np.isfinite(r) and r > -1 else float("nan")
