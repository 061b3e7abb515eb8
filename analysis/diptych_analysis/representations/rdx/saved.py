"""A comparison read back from the folder that `diptych rdx … --to` wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.grids import Items, Pairs
from diptych_analysis.representations.rdx.settings import Settings


@dataclass(frozen=True)
class SavedGrid:
    """A grid with its cluster.

    Attributes
    ----------
    direction : {"forward", "backward"}
        Close in A and not in B, or the reverse.
    number : int
        Number in its direction, from 1, the strongest first.
    items : array of int, (k,)
        Rows of the items.
    cluster : array of int
        Rows of the cluster; the grid's own without clusters.
    """

    direction: str
    number: int
    items: Items
    cluster: Items


@dataclass(frozen=True)
class SavedRun:
    """Grids of both directions, and the distances that they come from.

    Attributes
    ----------
    names : pair of str
        A and B.
    items : tuple of str
        Names of the items, (n,).
    settings : Settings
        How A and B were compared.
    grids : dict
        Grids of "forward" and "backward".
    pairs : dict
        Distances of "forward" (A, B) and "backward" (B, A).
    """

    names: tuple[str, str]
    items: tuple[str, ...]
    settings: Settings
    grids: dict[str, list[SavedGrid]]
    pairs: dict[str, Pairs] = field(repr=False)


def read_run(folder: Path, jobs: int = 2) -> SavedRun:
    """Read a run of `diptych rdx`.

    Parameters
    ----------
    folder : Path
        Folder with `rdx.json` and `representations.npz`.
    jobs : int
        Threads that compute the distances again.

    Raises
    ------
    RepresentationFault
        If a file is missing or can't be read.
    """
    said = _read_json(folder)
    file = folder / "representations.npz"
    try:
        with np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        a, b, guide = arrays["a"], arrays["b"], arrays.get("guide")
        settings = Settings(**said["settings"])
        near = [distances(rows, settings.distance, guide=guide, jobs=jobs) for rows in (a, b)]
        pairs = Pairs(near[0], near[1], settings)
        return SavedRun(
            (said["a"], said["b"]),
            tuple(arrays["items"].tolist()),
            settings,
            {name: _grids(said[name], arrays[name], name) for name in ("forward", "backward")},
            {"forward": pairs, "backward": pairs.swapped()},
        )
    except FileNotFoundError:
        raise RepresentationFault(
            f"no file {str(file)!r}: write the folder again with `diptych rdx … --to`"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise RepresentationFault(f"{str(folder)!r} is no run of `diptych rdx`: {error}") from error


def _read_json(folder: Path) -> Any:
    file = folder / "rdx.json"
    if not file.is_file():
        other = " It is a run of `diptych rsvc`." if (folder / "concepts.csv").is_file() else ""
        raise RepresentationFault(
            f"no file {str(file)!r}: the folder must come from `diptych rdx … --to`.{other}"
        )
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RepresentationFault(f"{str(file)!r} can't be read: {error}") from error


def _grids(direction: Any, clusters: Items, name: str) -> list[SavedGrid]:
    return [
        SavedGrid(
            name, number, np.array(grid["rows"], np.int64), np.flatnonzero(clusters == number)
        )
        for number, grid in enumerate(direction["grids"], 1)
    ]
