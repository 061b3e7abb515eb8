"""Comparison of units by the type of their layer (MIS paper, Fig. 5 and 18)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.mis.analyses.frames import LAYER_TYPES, in_order, one_setting, usable
from diptych_analysis.networks.faults import MachineFault


def type_means(scores: pd.DataFrame, measure: str = "mis") -> pd.DataFrame:
    """Average the units of each type in each model (Fig. 5): model, layer_type, units, mean."""
    known = usable(one_setting(scores), measure)
    grouped = known.groupby(["model", "layer_type"], observed=True)[measure]
    return grouped.agg(units="size", mean="mean").reset_index()


def conover(means: pd.DataFrame) -> pd.DataFrame:
    """Compute p per pair of layer types: Conover's test of `type_means`, Holm-corrected (Fig. 18).

    A symmetric frame with the types as rows and columns and 1 on the diagonal. Raises
    `MachineFault` for fewer than two types, and where no type has means of two models.
    """
    types = in_order(means["layer_type"], LAYER_TYPES)
    if len(types) < 2:
        have = types[0] if types else "none"
        raise MachineFault(
            f"Conover's test compares layer types: at least two are needed, here is {have}"
        )
    if len(means) <= len(types):
        raise MachineFault(
            f"Conover's test needs more means than types, here are {len(means)} of {len(types)}: "
            "score more models"
        )
    ranks = means["mean"].rank()
    within = ranks.groupby(means["layer_type"]).transform("mean")
    if np.allclose(ranks, within):  # no spread within types: the test's t is 0/0 or infinite
        level = within.groupby(means["layer_type"]).first().reindex(types).to_numpy()
        return pd.DataFrame(np.isclose(level[:, None], level).astype(float), types, types)
    from scikit_posthocs import posthoc_conover

    found = posthoc_conover(means, val_col="mean", group_col="layer_type", p_adjust="holm")
    return pd.DataFrame(found.loc[types, types])


def stars(p: float) -> str:
    """Return the level of significance as the paper words it."""
    for level in (0.001, 0.01, 0.05):
        if p < level:
            return f"p < {level}"
    return "not significant"
