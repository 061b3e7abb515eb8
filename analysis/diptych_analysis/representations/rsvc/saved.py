"""Concepts with their patches, read back from the folder that `diptych rsvc … --to` wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.tables import Column, TableFault, read_table

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: The table of patches; `study_patches` writes it.
TABLE = "patches.csv"
GRIDS = ("top", "under", "top_alike", "under_alike")
COLUMNS = (
    Column("class", "string", "Class of the images."),
    Column("network", "string", "Network that has the concept.", required=True, levels=("a", "b")),
    Column("model", "string", "Name of this network.", required=True),
    Column("predicted_by", "string", "Name of the other network.", required=True),
    Column("concept", "integer", "Number of the concept.", required=True),
    Column("cmcs", "number", "Similarity of the concept and its prediction.", required=True),
    Column("grid", "string", "List that the patch is in.", required=True, levels=GRIDS),
    Column("place", "integer", "Place in the list, from 0.", required=True),
    Column("file", "string", "File of the patch.", required=True),
    Column("image", "string", "Image that the patch is from.", required=True),
    Column("coefficient", "number", "Coefficient of the concept.", required=True),
    Column("predicted", "number", "The same as the other network predicts it.", required=True),
)


@dataclass(frozen=True)
class SavedConcept:
    """A concept and its patches, by their rows in `SavedConcepts.files`.

    Attributes
    ----------
    group : str
        Class of the images.
    side : {"a", "b"}
        The network that has the concept.
    number : int
        Number of the concept.
    cmcs : float
        Cross-model concept similarity.
    top, under : array of int
        Patches with the largest coefficients, and those predicted too low.
    top_alike, under_alike : array of int
        For each of these, a patch without the concept that is predicted too high, and like it.
    coefficients, predicted : array of float
        One value per row of `SavedConcepts.files`; NaN for patches in none of the lists.
    """

    group: str
    side: str
    number: int
    cmcs: float
    top: Ints
    under: Ints
    top_alike: Ints
    under_alike: Ints
    coefficients: Floats = field(repr=False)
    predicted: Floats = field(repr=False)


@dataclass(frozen=True)
class SavedConcepts:
    """All concepts of a run.

    Attributes
    ----------
    folder : Path
        The run.
    names : pair of str
        Network A and network B.
    files : tuple of str
        Files of the patches, below the folder.
    images : tuple of str
        The image of each patch.
    concepts : list of SavedConcept
        The concepts of both networks, those that the other network misses first.
    """

    folder: Path
    names: tuple[str, str]
    files: tuple[str, ...]
    images: tuple[str, ...]
    concepts: list[SavedConcept]


def read_concepts(folder: Path) -> SavedConcepts:
    """Read the patches of a run of `diptych rsvc`.

    Raises
    ------
    RepresentationFault
        If the table or a patch is missing, or a cell can't be read.
    """
    if not (folder / TABLE).is_file():
        raise RepresentationFault(
            f"no file {str(folder / TABLE)!r}: the folder must come from `diptych rsvc … --to`"
        )
    try:
        table, _ = read_table(folder / TABLE, COLUMNS)
    except TableFault as fault:
        raise RepresentationFault(str(fault)) from fault
    if table.empty:
        raise RepresentationFault(f"{str(folder / TABLE)!r} has no rows")
    missing = next((file for file in table["file"] if not (folder / file).is_file()), None)
    if missing is not None:
        raise RepresentationFault(f"{str(folder)!r} has no patch {missing!r}")
    own = table.drop_duplicates("file").sort_values("file")
    files = tuple(own["file"])
    rows = {name: row for row, name in enumerate(files)}
    table = table.assign(row=table["file"].map(rows), group=table["class"].fillna(""))
    first = table.iloc[0]
    names = (str(first["model"]), str(first["predicted_by"]))
    groups = table.groupby(["group", "network", "concept"], sort=True)
    concepts = [_concept(part, len(files)) for _, part in groups]
    return SavedConcepts(
        folder,
        names if first["network"] == "a" else (names[1], names[0]),
        files,
        tuple(own["image"]),
        sorted(concepts, key=lambda each: each.cmcs),
    )


def _concept(part: pd.DataFrame, count: int) -> SavedConcept:
    values = {}
    rows = part["row"].to_numpy(dtype=np.int64)
    for name in ("coefficient", "predicted"):
        values[name] = np.full(count, np.nan)
        values[name][rows] = part[name].to_numpy(dtype=np.float64)
    lists = {
        grid: part[part["grid"] == grid].sort_values("place")["row"].to_numpy(dtype=np.int64)
        for grid in GRIDS
    }
    first = part.iloc[0]
    return SavedConcept(
        str(first["group"]),
        str(first["network"]),
        int(first["concept"]),
        float(first["cmcs"]),
        **lists,
        coefficients=values["coefficient"],
        predicted=values["predicted"],
    )
