"""Interpretability against the relative depth and width of layers (MIS paper, Fig. 6, 23, 24)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from diptych_analysis.machines.analyses.correlation import correlate
from diptych_analysis.machines.analyses.frames import FAMILIES, in_order
from diptych_analysis.machines.analyses.layers import layer_table
from diptych_analysis.machines.faults import MachineFault

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
    """Bin (from 0) of every value: counts differ by at most one, ties are split in given order.

    There are never more bins than values.
    """
    x = np.asarray(values, dtype=float)
    _check(bins)
    used = max(1, min(bins, len(x)))
    found = np.empty(len(x), dtype=np.int64)
    found[np.argsort(x, kind="stable")] = np.arange(len(x)) * used // max(1, len(x))
    return found


def quantile_bins(values: npt.ArrayLike, bins: int) -> npt.NDArray[np.int64]:
    """Bin (from 0) of every value: of equal count where no values tie, equal values in one bin.

    Bins that nothing falls into are not numbered.
    """
    x = np.asarray(values, dtype=float)
    _check(bins)
    used = max(1, min(bins, len(x)))
    place = np.floor((rankdata(x) - 0.5) / max(1, len(x)) * used).astype(np.int64)
    return np.unique(place, return_inverse=True)[1].astype(np.int64)


def _check(bins: int) -> None:
    if bins < 1:
        raise MachineFault(f"{bins} bins: at least one is needed")


def by_depth(scores: pd.DataFrame, bins: int = 30, statistic: str = "mean") -> Trend:
    """Layers by relative depth: 0 is the first scored layer, 1 the last (Fig. 6A, 23A).

    Bins are of equal count in each family. Layers of the same depth are in the order of their
    models' names, so that the order of rows does not matter.
    """
    layers = _layers(scores, "depth", statistic)
    return _trend(layers, {f: equal_count_bins(p["x"], bins) for f, p in _families(layers)})


def by_width(
    scores: pd.DataFrame, bins: int = 5, statistic: str = "mean", within: str = "model"
) -> Trend:
    """Layers by width, relative to the widest layer of the model or of its type there.

    `within` is "model" (Fig. 6B) or "type" (Fig. 23B). Few widths are shared by many layers:
    layers of equal width stay in one bin.
    """
    if within not in WIDTHS:
        raise MachineFault(f"width within {within!r}: allowed are {', '.join(WIDTHS)}")
    layers = _layers(scores, WIDTHS[within], statistic)
    return _trend(layers, {f: quantile_bins(p["x"], bins) for f, p in _families(layers)})


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


def _trend(layers: pd.DataFrame, bins: dict[str, npt.NDArray[np.int64]]) -> Trend:
    parts, correlations = [], []
    for family, part in _families(layers):
        grouped = part.groupby(bins[family])
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
