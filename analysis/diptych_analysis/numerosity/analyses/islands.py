"""Islands of the embedding: clusters that each hold one number (thesis Fig. 7.4)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints

#: Least sizes of a cluster. The text names 90 for Fig. 7.4, and uses 50 and 30 elsewhere.
SIZES = (30, 50, 90)
#: The size of the figure and of the tables.
SHOWN_SIZE = 50
OUTLIER = -1


def clusters(z: Floats, least: int) -> Ints:
    """Cluster embeddings with HDBSCAN: Euclidean, all settings at scikit-learn's defaults.

    Parameters
    ----------
    z : ndarray, shape (n, d)
        Embeddings.
    least : int
        Least size of a cluster, images.

    Returns
    -------
    ndarray of int, shape (n,)
        Cluster of each image; -1 for outliers.
    """
    from sklearn.cluster import HDBSCAN

    with warnings.catch_warnings():
        # Images without objects are all the same point: distances of 0, densities without end.
        warnings.simplefilter("ignore", RuntimeWarning)
        found: Any = HDBSCAN(min_cluster_size=least, copy=True).fit_predict(z)
    return np.asarray(found, dtype=np.int64)


def confusion(counts: Ints, labels: Ints) -> pd.DataFrame:
    """Count images by number and cluster: number, cluster (in order of mean number; -1), images."""
    order = [c for c in np.unique(labels) if c != OUTLIER]
    order.sort(key=lambda c: counts[labels == c].mean())
    place = {c: i for i, c in enumerate(order)} | {OUTLIER: OUTLIER}
    frame = pd.DataFrame({"number": counts, "cluster": [place[int(c)] for c in labels]})
    return frame.value_counts(["number", "cluster"], sort=False).rename("images").reset_index()


def islands(counts: Ints, labels: Ints) -> pd.DataFrame:
    """Find which numbers have a cluster for themselves.

    The cluster of a number is the one that holds most of its images. The number is *separate* if
    more than half of the images in that cluster have it.

    Returns
    -------
    pandas.DataFrame
        number, cluster (-1: most images are outliers), share (of the number's images that are in
        the cluster), purity (share of the cluster's images that have the number), separate.
    """
    rows = []
    for number in np.unique(counts):
        own = labels[counts == number]
        values, sizes = np.unique(own, return_counts=True)
        cluster = int(values[sizes.argmax()])
        inside = counts[labels == cluster]
        purity = float((inside == number).mean())
        rows.append(
            {
                "number": int(number),
                "cluster": cluster,
                "share": float(sizes.max() / len(own)),
                "purity": purity,
                "separate": cluster != OUTLIER and purity > 0.5,
            }
        )
    return pd.DataFrame(rows)


def last_island(found: pd.DataFrame) -> int:
    """Return the greatest number up to which every number is separate; -1 if 0 is not."""
    together = np.flatnonzero(~found["separate"].to_numpy())
    last = int(together[0]) if len(together) else len(found)
    return int(found["number"].iloc[last - 1]) if last else -1
