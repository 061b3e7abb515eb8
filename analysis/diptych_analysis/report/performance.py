"""What a report says about performance: sensitivity, reliability, confidence, items.

Every function takes rows of the table `trials` of one kind of participant. A trial counts where it
has a response and a right answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.psychometric.detection import two_afc, yes_no

Floats = npt.NDArray[np.float64]
#: Tasks whose two labels are positions, so that d' is that of 2-AFC.
POSITIONS = ("two_afc", "comparison")
#: More right answers than these are no closed set that a participant could guess from.
MOST_LABELS = 20
SPLITS, RESAMPLES = 200, 2000
#: Sessions or items that a reliability needs.
FEWEST = 10


def scored(trials: pd.DataFrame, *phases: str) -> pd.DataFrame:
    """Return the trials that count, of some phases (default: all), with `right` as 0.0 or 1.0."""
    known = trials[trials["correct"].notna() & trials["label"].notna()]
    if phases:
        known = known[known["phase"].isin(phases)]
    return known.assign(right=known["correct"].astype(float))


def chance(trials: pd.DataFrame) -> float | None:
    """Return the share of right answers of a guesser: 1 / number of labels; None if unknown."""
    labels = trials["label"].nunique()
    return 1 / labels if 2 <= labels <= MOST_LABELS else None


@dataclass(frozen=True)
class Spread:
    """A mean with its 95 % interval, over `n` sessions."""

    mean: float
    low: float
    high: float
    n: int


def over_sessions(values: npt.ArrayLike, seed: int = 0) -> Spread:
    """Return the mean of one value per session, (n,), with a percentile bootstrap interval."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if len(known) < 2:
        return Spread(float(known.mean()) if len(known) else np.nan, np.nan, np.nan, len(known))
    rng = np.random.default_rng(seed)
    means = known[rng.integers(len(known), size=(RESAMPLES, len(known)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Spread(float(known.mean()), float(low), float(high), len(known))


def sensitivity_by_session(trials: pd.DataFrame, task: str) -> pd.DataFrame:
    """Compute d' and criterion of each session about each class.

    With two labels there is one row per session, about the first label; with more, each class is
    the signal once and all others are noise.

    Returns
    -------
    DataFrame
        Columns session_id, signal, d_prime, criterion. A session without trials of a signal, or
        without trials of noise, has no row about it.
    """
    known = scored(trials)
    labels = sorted(set(known["label"]))
    signals = labels[:1] if len(labels) == 2 else labels
    measure = two_afc if task in POSITIONS and len(labels) == 2 else yes_no
    rows = []
    for session, part in known.groupby("session_id"):
        for signal in signals:
            is_signal = (part["label"] == signal).to_numpy(bool)
            said = (part["response"] == signal).to_numpy(bool)
            if not 0 < is_signal.sum() < len(part):
                continue
            found = measure(
                int((said & is_signal).sum()),
                int(is_signal.sum()),
                int((said & ~is_signal).sum()),
                int((~is_signal).sum()),
            )
            rows.append((session, signal, found.d_prime, found.criterion))
    return pd.DataFrame(rows, columns=["session_id", "signal", "d_prime", "criterion"])


@dataclass(frozen=True)
class Reliability:
    """How far two halves of the answers agree.

    Attributes
    ----------
    half : float
        Mean correlation of the halves over random splits.
    full : float
        The same for all answers, by Spearman and Brown: 2 r / (1 + r); 0 where the halves do not
        go together.
    low, high : float
        The middle 95 % of `full` over the splits.
    n : int
        Things compared: sessions or items.
    """

    half: float
    full: float
    low: float
    high: float
    n: int


def split_half(trials: pd.DataFrame, of: str, seed: int = 0) -> Reliability | None:
    """Correlate the accuracies of random halves of the answers of each session or item.

    Parameters
    ----------
    trials : DataFrame
        Trials of one phase.
    of : str
        `session_id` or `item_id`: whose accuracy. Those with fewer than two answers are left out.
    seed : int
        Seed of the splits.

    Returns
    -------
    Reliability or None
        None with fewer than ten sessions or items, or if a half never differs between them.

    References
    ----------
    .. [1] Spearman, C. (1910). Correlation calculated from faulty data. British Journal of
       Psychology 3, 271-295.
    """
    known = scored(trials)
    known = known[known.groupby(of)["right"].transform("size") >= 2]
    codes, names = pd.factorize(known[of])
    if len(names) < FEWEST:
        return None
    right = known["right"].to_numpy()
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SPLITS):
        order = np.lexsort((rng.random(len(codes)), codes))
        rank = np.arange(len(codes)) - np.repeat(starts, counts)
        first = rank < np.repeat(counts, counts) // 2
        own, values = codes[order], right[order]
        halves = [
            np.bincount(own[part], values[part]) / np.bincount(own[part])
            for part in (first, ~first)
        ]
        if min(np.ptp(half) for half in halves) > 0:
            found.append(float(np.corrcoef(halves[0], halves[1])[0, 1]))
    if not found:
        return None
    low, high = (_lengthened(float(r)) for r in np.quantile(found, [0.025, 0.975]))
    half = float(np.mean(found))
    return Reliability(half, _lengthened(half), low, high, len(names))


def _lengthened(r: float) -> float:
    """Return the reliability of all answers from that of halves (Spearman and Brown)."""
    return max(0.0, 2 * r / (1 + r)) if r > -1 else 0.0


def confidence_auc(trials: pd.DataFrame) -> float | None:
    """Return the probability that a right answer has a higher confidence than a wrong one.

    Ties count half; 0.5 means that confidence says nothing. None without right and wrong answers.
    """
    known = scored(trials)
    known = known[known["confidence"].notna()]
    right = known["right"].to_numpy() > 0
    if not 0 < right.sum() < len(right):
        return None
    rank = known["confidence"].rank().to_numpy(float)
    n = right.sum()
    return float((rank[right].sum() - n * (n + 1) / 2) / (n * (~right).sum()))


def hardest_items(trials: pd.DataFrame, most: int = 12, fewest: int = 3) -> pd.DataFrame:
    """Return the items with the fewest right answers.

    Parameters
    ----------
    trials : DataFrame
        Trials of one phase.
    most : int
        Items to return.
    fewest : int
        Answers that an item needs.

    Returns
    -------
    DataFrame
        Columns item_id, label, n, right, accuracy, low, high (Wilson), instead (the most frequent
        wrong response), hardest first. Label and response are empty where the label of an item is
        a position that changes from session to session.
    """
    known = scored(trials)
    rows = []
    for item, part in known.groupby("item_id", sort=True):
        wrong = part.loc[part["right"] == 0, "response"].dropna()
        fixed = part["label"].nunique() == 1
        label = str(part["label"].iloc[0]) if fixed else ""
        instead = str(wrong.mode().iloc[0]) if fixed and len(wrong) else ""
        rows.append((item, label, len(part), part["right"].sum(), instead))
    found = pd.DataFrame(rows, columns=["item_id", "label", "n", "right", "instead"])
    found = found[(found["n"] >= fewest) & (found["right"] < found["n"])]
    found["accuracy"] = found["right"] / found["n"]
    found["low"], found["high"] = wilson(found["right"], found["n"])
    return found.sort_values(["accuracy", "high", "item_id"]).head(most).reset_index(drop=True)


def confused_pairs(trials: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """Return the most frequent confusions: label, response, n (wrong answers), share of the label.

    The share is of all answers to the label.
    """
    known = scored(trials)
    totals = known.groupby("label")["right"].size()
    wrong = known[known["right"] == 0].groupby(["label", "response"]).size().rename("n")
    found = wrong.reset_index()
    found["share"] = found["n"] / found["label"].map(totals).astype(float)
    return found.sort_values("share", ascending=False, kind="stable").head(most)
