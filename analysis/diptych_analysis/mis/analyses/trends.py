"""Interpretability against the relative depth and width of layers (MIS paper, Fig. 6, 23, 24)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from diptych_analysis.mis.analyses.correlation import correlate
from diptych_analysis.mis.analyses.frames import FAMILIES, in_order
from diptych_analysis.mis.analyses.layers import layer_table
from diptych_analysis.networks.faults import MachineFault

STATISTICS = ("mean", "low", "median", "high")
WIDTHS = {"model": "relative_width", "type": "type_width"}


@dataclass(frozen=True)
class Trend:
    """A statistic of the layers along depth or width.

    layers: family, model, layer, x, value. bins: family, bin, layers, x (mean), value (mean), sd
    (over layers), low, high (one sd around). correlations: family, layers, bins, pearson,
    spearman (of the bins' means), pearson_layers, spearman_layers (of the single layers).
    """

    layers: pd.DataFrame
    bins: pd.DataFrame
    correlations: pd.DataFrame


def equal_count_bins(values: npt.ArrayLike, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin (from 0) of every value, in ascending order.

    Where no values tie, counts differ by at most one. Equal values stay together, or the bins of
    layers at one depth would tell nothing but the order of their rows. There are never more bins
    than values, and bins that nothing falls into are not numbered.
    """
    if bins < 1:
        raise MachineFault(f"{bins} bins: at least one is needed")
    x = np.asarray(values, dtype=float)
    used = max(1, min(bins, len(x)))
    place = np.floor((rankdata(x) - 0.5) / max(1, len(x)) * used).astype(np.int64)
    return np.unique(place, return_inverse=True)[1].astype(np.int64)


def by_depth(scores: pd.DataFrame, bins: int = 30, statistic: str = "mean") -> Trend:
    """Return layers by relative depth: 0 is the network's first layer, 1 its last (Fig. 6A, 23A).

    Bins are of equal count in each family, as far as layers of the same depth allow.
    """
    return _trend(_layers(scores, "depth", statistic), bins)


def by_width(
    scores: pd.DataFrame, bins: int = 5, statistic: str = "mean", within: str = "model"
) -> Trend:
    """Return the layers by width, relative to the widest layer of the model or of its type there.

    `within` is "model" (Fig. 6B) or "type" (Fig. 23B). Many layers share few widths, so that
    fewer bins may come out.
    """
    if within not in WIDTHS:
        raise MachineFault(f"width within {within!r}: allowed are {', '.join(WIDTHS)}")
    return _trend(_layers(scores, WIDTHS[within], statistic), bins)


def _layers(scores: pd.DataFrame, by: str, statistic: str) -> pd.DataFrame:
    if statistic not in STATISTICS:
        raise MachineFault(f"statistic {statistic!r}: allowed are {', '.join(STATISTICS)}")
    table = layer_table(scores)
    table = table[table["units"] > 0].rename(columns={by: "x", statistic: "value"})
    if table.empty:
        raise MachineFault("scores: no layer has a scored unit")
    ordered = table.sort_values(["x", "model", "layer"], ignore_index=True)
    return ordered[["family", "model", "layer", "x", "value"]]


def _families(layers: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(f, layers[layers["family"] == f]) for f in in_order(layers["family"], FAMILIES)]


def _trend(layers: pd.DataFrame, bins: int) -> Trend:
    parts, correlations = [], []
    for family, part in _families(layers):
        grouped = part.groupby(equal_count_bins(part["x"], bins))
        found = grouped.agg(layers=("value", "size"), x=("x", "mean"), value=("value", "mean"))
        found["sd"] = grouped["value"].std(ddof=0)
        found["low"], found["high"] = found["value"] - found["sd"], found["value"] + found["sd"]
        parts.append(found.rename_axis("bin").reset_index().assign(family=family))
        means, single = correlate(found["x"], found["value"]), correlate(part["x"], part["value"])
        correlations.append(
            {
                "family": family,
                "layers": len(part),
                "bins": len(found),
                "pearson": means.pearson,
                "spearman": means.spearman,
                "pearson_layers": single.pearson,
                "spearman_layers": single.spearman,
            }
        )
    binned = pd.concat(parts, ignore_index=True)
    return Trend(layers, binned, pd.DataFrame(correlations))
