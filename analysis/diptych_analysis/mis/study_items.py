"""Machines on the very items that people were shown: from the tidy `items` table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from diptych_analysis.mis.score import Scale
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import open_image
from diptych_analysis.networks.similarity import Features, Similarity

Find = Callable[[str], Path | Image.Image]
ROLES = ("query_positive", "query_negative", "positive", "negative")


def margin(top: Features, bottom: Features, positives: Features, negatives: Features) -> float:
    """Return how much better `top` goes with the positives than `bottom` does (Eq. 2-3).

    Parameters
    ----------
    top : Features
        (d,) features of one query.
    bottom : Features
        (d,) features of the other.
    positives : Features
        (K, d).
    negatives : Features
        (K, d).
    """
    apart = top.astype(np.float64) - bottom
    sides = positives.mean(axis=0, dtype=np.float64) - negatives.mean(axis=0, dtype=np.float64)
    return float(apart @ sides)


def score_items(
    items: pd.DataFrame, files: Find, similarity: Similarity, scale: Scale | None = None
) -> pd.DataFrame:
    """Compute a machine's margin and probability of being right on each 2-AFC item.

    Parameters
    ----------
    items : pd.DataFrame
        The tidy table: item_id, kind, unit, role, place, stimulus_id.
    files : Find
        stimulus_id -> its image, or the path of it.
    similarity : Similarity
        Compares images; each distinct one is looked at once.
    scale : Scale | None, optional
        Margin -> probability.

    Returns
    -------
    pd.DataFrame
        item_id, kind, unit, margin, probability; in the order of the items.

    Raises
    ------
    MachineFault
        An item without its two queries and two sets, an image that can't be read.
    """
    wanted = items[items["role"].isin(ROLES)]
    names = sorted(set(wanted["stimulus_id"]))
    features = similarity.features([_image(files(name)) for name in names]) if names else None
    row = {name: place for place, name in enumerate(names)}
    found = []
    for item_id, part in wanted.groupby("item_id", sort=False):
        sides = {
            role: [row[s] for s in part.loc[part["role"] == role, "stimulus_id"]] for role in ROLES
        }
        for role in ROLES:
            if not sides[role]:
                raise MachineFault(f"item {item_id!r} has no {role.replace('_', ' ')}")
        assert features is not None
        apart = margin(
            features[sides["query_positive"][0]],
            features[sides["query_negative"][0]],
            features[sides["positive"]],
            features[sides["negative"]],
        )
        found.append((item_id, part["kind"].iloc[0], part["unit"].iloc[0], apart))
    frame = pd.DataFrame(found, columns=["item_id", "kind", "unit", "margin"])
    frame["probability"] = (scale or Scale()).probability(frame["margin"].to_numpy(dtype=float))
    return frame


def _image(found: Path | Image.Image) -> Image.Image:
    return found.convert("RGB") if isinstance(found, Image.Image) else open_image(found)
