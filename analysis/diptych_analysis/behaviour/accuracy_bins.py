"""Agreement of raters of similar accuracy (Figures 3 and 4 of Cheung et al.)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.contrastive import lowest, scores
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.fleiss import kappa_of, pair_agreement
from diptych_analysis.behaviour.responses import Floats, Indices, Responses
from diptych_analysis.behaviour.tallies import group_tallies


@dataclass(frozen=True)
class Bins:
    """Agreement of each group of raters.

    Attributes
    ----------
    table : pd.DataFrame
        One row per group: `group`, `raters`, `low`, `high` (accuracies), `kappa`,
        `mean_agreement`, and on k contrastive stimuli `kappa_naive` (chosen by all raters, these
        too) and `kappa_contrastive` (chosen by the raters of the other groups).
    within : array of float, shape (groups, stimuli)
        Agreement of the raters of each group about each stimulus.
    overall : array of float, shape (stimuli,)
        Agreement of all raters.
    """

    table: pd.DataFrame
    within: Floats
    overall: Floats


def quantile_bins(accuracy: Floats, bins: int) -> tuple[Indices, list[str]]:
    """Cut raters into groups of equal size by accuracy.

    Parameters
    ----------
    accuracy : array of float, shape (raters,)
        Share of right responses.
    bins : int
        Number of groups; ties are cut by the order of the raters.

    Returns
    -------
    groups : array of int, shape (raters,)
        Group of each rater, 0 for the lowest accuracies.
    names : list of str
        Ranges of accuracy.

    Raises
    ------
    BehaviourFault
        If there are fewer than two raters per group, or accuracies are unknown.
    """
    if np.isnan(accuracy).any():
        raise BehaviourFault(
            "groups by accuracy need the label of at least one stimulus of each rater; "
            f"{int(np.isnan(accuracy).sum())} of {len(accuracy)} raters have none"
        )
    if not 1 <= bins <= len(accuracy) // 2:
        raise BehaviourFault(
            f"{bins} groups of {len(accuracy)} raters: allowed are 1 to {len(accuracy) // 2}, at "
            "least two raters per group"
        )
    groups = np.empty(len(accuracy), np.int64)
    parts = np.array_split(np.argsort(accuracy, kind="stable"), bins)
    for number, part in enumerate(parts):
        groups[part] = number
    return groups, [f"{accuracy[p].min():.3f} to {accuracy[p].max():.3f}" for p in parts]


def agreement_by_group(responses: Responses, groups: Indices, names: list[str], k: int) -> Bins:
    """Compute agreement within groups of raters, all groups in one pass.

    Parameters
    ----------
    responses : Responses
        All raters.
    groups : array of int, shape (raters,)
        Group of each rater, from 0.
    names : list of str
        Names of the groups.
    k : int
        Number of contrastive stimuli.
    """
    c, n = len(responses.categories), responses.codes.shape[1]
    within, others = np.full((2, len(names), n), np.nan)
    overall = np.full(n, np.nan)
    totals = np.zeros((len(names), c))
    for block, counts in group_tallies(responses.codes, c, groups, len(names)):
        together = counts.sum(axis=0)
        within[:, block], overall[block] = pair_agreement(counts), pair_agreement(together)
        others[:, block] = pair_agreement(together - counts)
        totals += np.where((counts.sum(axis=2) > 1)[..., None], counts, 0).sum(axis=1)
    naive = lowest(overall, k)
    accuracy = responses.accuracy()
    rows = []
    for number, name in enumerate(names):
        own = groups == number
        p = within[number][~np.isnan(within[number])]
        mean = float(p.mean()) if len(p) else float("nan")
        shares = totals[number] / max(totals[number].sum(), 1)
        codes = responses.codes[own]
        row = {
            "group": name,
            "raters": int(own.sum()),
            "low": float(accuracy[own].min()),
            "high": float(accuracy[own].max()),
            "kappa": float(kappa_of(mean, np.square(shares).sum())),
            "mean_agreement": mean,
            "kappa_naive": scores(codes[:, naive], c).kappa,
            "kappa_contrastive": float("nan"),
        }
        if np.count_nonzero(~np.isnan(others[number])) >= k:
            row["kappa_contrastive"] = scores(codes[:, lowest(others[number], k)], c).kappa
        rows.append(row)
    return Bins(pd.DataFrame(rows), within, overall)
