"""What choices of the odd image say: agreement of participants, and similarity of stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report.performance import Spread

RESAMPLES = 500

Floats = npt.NDArray[np.float64]


def choice_counts(trials: pd.DataFrame) -> pd.DataFrame:
    """Count the choices of each item.

    Parameters
    ----------
    trials : DataFrame
        Columns item_id and chosen.

    Returns
    -------
    DataFrame
        Columns item, image (the `stimulus_id` chosen), n, total, share and agreed (the share of the
        item's most frequent choice); items with the most agreement first, and of each item the most
        frequent choice first.
    """
    counts = trials.groupby(["item_id", "chosen"]).size().rename("n").reset_index()
    counts = counts.rename(columns={"item_id": "item", "chosen": "image"})
    by_item = counts.groupby("item")["n"]
    counts["total"] = by_item.transform("sum")
    counts["share"] = counts["n"] / counts["total"]
    counts["agreed"] = by_item.transform("max") / counts["total"]
    order = ["agreed", "total", "item", "n", "image"]
    found = counts.sort_values(order, ascending=[False, False, True, False, True])
    return found.reset_index(drop=True)


def pair_agreement(
    trials: pd.DataFrame, seed: int = 0, *, resamples: int = RESAMPLES
) -> Spread | None:
    """Compute how often two sessions choose the same image of an item.

    This is the mean over items of the share of pairs of sessions that agree, so that items that
    were shown more often do not count more. The interval is a bootstrap over sessions: a session
    that is drawn twice makes no pair with itself.

    Parameters
    ----------
    trials : DataFrame
        Columns session_id, item_id and chosen.
    seed : int
        Seed of the resamples.
    resamples : int
        How many are drawn.

    Returns
    -------
    Spread or None
        `n` is the number of items with a pair; None without any.

    References
    ----------
    .. [1] Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters.
       Psychological Bulletin 76, 378-382.
    """
    cells = trials.groupby(["session_id", "item_id", "chosen"]).size()
    sessions = pd.factorize(cells.index.get_level_values(0))[0]
    items = pd.factorize(cells.index.get_level_values(1))[0]
    keys = [f"{item}\t{image}" for _, item, image in cells.index]
    choices, names = pd.factorize(np.array(keys, dtype=object))
    table = _Choices(sessions, items, choices, cells.to_numpy().astype(np.float64))
    n_sessions = int(sessions.max()) + 1 if len(sessions) else 0
    item_of = np.zeros(len(names), dtype=np.intp)
    item_of[choices] = items
    by_item = _agreement(table, item_of, np.ones(n_sessions))
    known = int(np.isfinite(by_item).sum())
    if not known:
        return None
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(resamples):
        weights = rng.multinomial(n_sessions, np.full(n_sessions, 1 / n_sessions)).astype(float)
        again = _agreement(table, item_of, weights)
        if np.isfinite(again).any():
            means.append(float(np.nanmean(again)))
    low, high = np.quantile(means, [0.025, 0.975]) if n_sessions > 2 and means else (np.nan, np.nan)
    return Spread(float(np.nanmean(by_item)), float(low), float(high), known)


class _Choices:
    """Which session made which choice of which item, and how often: codes of shape (cells,)."""

    def __init__(
        self,
        sessions: npt.NDArray[np.intp],
        items: npt.NDArray[np.intp],
        choices: npt.NDArray[np.intp],
        n: Floats,
    ) -> None:
        self.sessions, self.items, self.choices, self.n = sessions, items, choices, n
        visits = pd.factorize(sessions * (int(items.max(initial=0)) + 1) + items)[0]
        self.visits = visits  # one session at one item, which can be shown again
        self.item_of_visit = np.zeros(int(visits.max(initial=-1)) + 1, dtype=np.intp)
        self.item_of_visit[visits] = items


def _agreement(table: _Choices, item_of: npt.NDArray[np.intp], weights: Floats) -> Floats:
    """Return the share of agreeing pairs of each item, (items,); NaN without a pair."""
    n = weights[table.sessions] * table.n
    items = len(np.unique(item_of))
    same = np.bincount(item_of, np.bincount(table.choices, n) ** 2, items)
    same -= np.bincount(table.items, n**2, items)
    all_pairs = np.bincount(table.items, n, items) ** 2
    all_pairs -= np.bincount(table.item_of_visit, np.bincount(table.visits, n) ** 2, items)
    return np.where(all_pairs > 0, same / np.where(all_pairs > 0, all_pairs, 1), np.nan)


def kept_together(trials: pd.DataFrame, groups: Mapping[str, str]) -> pd.DataFrame:
    """Count how often two stimuli, or two classes of them, stayed when another image was chosen.

    With three images this is the similarity of Hebart et al. (2020): the share of the triplets with
    both in which the third was the odd one out.

    Parameters
    ----------
    trials : DataFrame
        Columns choices (`stimulus_id` of all images, separated by |) and chosen.
    groups : mapping
        Name of each stimulus or of its class. Images without a name are left out.

    Returns
    -------
    DataFrame
        Columns first, second (sorted names), n (pairs of images shown), together, share, low and
        high (Wilson).

    References
    ----------
    .. [1] Hebart, M. N., Zheng, C. Y., Pereira, F., & Baker, C. I. (2020). Revealing the
       multidimensional mental representations of natural objects underlying human similarity
       judgements. Nature Human Behaviour 4, 1173-1185.
    """
    shown: dict[tuple[str, str], int] = {}
    together: dict[tuple[str, str], int] = {}
    for choices, chosen in zip(trials["choices"], trials["chosen"], strict=True):
        for one, other in combinations(str(choices).split("|"), 2):
            if one not in groups or other not in groups:
                continue
            first, second = sorted((groups[one], groups[other]))
            shown[first, second] = shown.get((first, second), 0) + 1
            kept = chosen not in (one, other)
            together[first, second] = together.get((first, second), 0) + kept
    rows = [(*pair, n, together[pair], together[pair] / n) for pair, n in sorted(shown.items())]
    found = pd.DataFrame(rows, columns=["first", "second", "n", "together", "share"])
    found["low"], found["high"] = wilson(found["together"], found["n"])
    return found


def similar_order(pairs: pd.DataFrame) -> list[str]:
    """Return the names of `kept_together`, similar ones beside each other (average linkage)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    names = sorted(set(pairs["first"]) | set(pairs["second"]))
    if len(names) < 3:
        return names
    at = {name: place for place, name in enumerate(names)}
    apart = np.full((len(names), len(names)), 1 - float(pairs["share"].mean()))
    for first, second, share in zip(pairs["first"], pairs["second"], pairs["share"], strict=True):
        apart[at[first], at[second]] = apart[at[second], at[first]] = 1 - share
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform(apart), "average", optimal_ordering=True)
    return [names[place] for place in leaves_list(tree)]
