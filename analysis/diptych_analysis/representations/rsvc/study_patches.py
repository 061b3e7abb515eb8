"""Patches as files, one by one, for studies with people (`diptych study from-grids`, E3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from diptych_analysis.representations.rsvc.comparison import SIDES
from diptych_analysis.representations.rsvc.grids import Floats, Ints, alike, concept_grids
from diptych_analysis.representations.rsvc.pictures import Gallery
from diptych_analysis.representations.rsvc.result_tables import Result, file_name
from diptych_analysis.representations.rsvc.saved import COLUMNS, TABLE

#: Patches of each list beyond those of a grid: queries, which no grid shows.
MORE = 16


def write_patches(result: Result, to: Path) -> pd.DataFrame:
    """Write patches.csv and patches/CLASS-IMAGE-PATCH.png below a folder.

    Parameters
    ----------
    result : Result
        All results.
    to : Path
        The folder.

    Returns
    -------
    pd.DataFrame
        The table: one row per concept, list and patch.
    """
    (to / "patches").mkdir(parents=True, exist_ok=True)
    gallery, rows = Gallery(result), []
    for found in result.classes:
        similarity = found.concepts.set_index(["network", "concept"])["cmcs"]
        for side, concept in found.grids:
            own = found.comparison.side(side)
            u, predicted = own.coefficients[:, concept], own.cross[:, concept]
            images = found.comparison.images
            lists = study_lists(u, predicted, images, result.plan.grid_size)
            for grid, chosen in lists.items():
                for place, row in enumerate(chosen):
                    image, patch = (int(value) for value in found.patches.iloc[row])
                    file = f"patches/{file_name(found.wanted.name)}-{image:05d}-{patch:02d}.png"
                    if not (to / file).exists():
                        gallery.patch(found, int(row)).convert("RGB").save(to / file)
                    place_of = SIDES.index(side)
                    names = (result.names[place_of], result.names[1 - place_of])
                    rows.append(
                        (found.wanted.name, side, *names, concept, similarity[side, concept], grid,
                         place, file, result.images.files[image], u[row], predicted[row])
                    )  # fmt: skip
    table = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    table.to_csv(to / TABLE, index=False)
    return table


def study_lists(
    coefficients: Floats, predicted: Floats, images: Ints, size: int = 9
) -> dict[str, Ints]:
    """List the patches of one concept that a study can show, as rows.

    Parameters
    ----------
    coefficients, predicted : npt.NDArray[np.float64]
        u and its prediction, shape (n,).
    images : npt.NDArray[np.int64]
        Image of each patch, shape (n,).
    size : int
        Patches per grid; up to `MORE` more follow.

    Returns
    -------
    dict of str to npt.NDArray[np.int64]
        The lists of `saved.GRIDS`. A patch without a match is left out of its own list too.
    """
    grids = concept_grids(coefficients, predicted, images, size, more=MORE)
    taken = np.zeros(len(images), bool)
    taken[[*grids.top, *grids.under]] = True
    under = np.setdiff1d(grids.under, grids.top, assume_unique=True)
    targets = np.concatenate([grids.top, under])
    mates = alike(coefficients, predicted, images, targets, taken)
    cut = len(grids.top)
    kept = mates >= 0
    return {
        "top": targets[:cut][kept[:cut]],
        "under": targets[cut:][kept[cut:]],
        "top_alike": mates[:cut][kept[:cut]],
        "under_alike": mates[cut:][kept[cut:]],
    }
