"""What has been computed, on disk: a second run does only what is missing.

    OUT/scores.parquet/     a row a unit; one file for what one run added
    OUT/items.parquet/      a row an item of a unit, likewise
    OUT/images.parquet/     the image sets, one file each
    OUT/left_out.parquet/   layers that can't be scored, and why: one file a network
    OUT/cache/              features of images, extremes of layers, unfinished passes

pandas reads each folder as one table. Files are written whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import ImageSet
from diptych_analysis.networks.layers import Layer, LeftOut
from diptych_analysis.networks.similarity import Features

#: What says which computation a score belongs to, with `layer` and `unit`.
KEY = ("model", "weights", "image_set", "similarity", "n", "k", "queries", "scale", "scale_reading")
LEFT_OUT = ["model", "weights", "layer", "layer_type", "reason"]
#: Features up to so many bytes are held in memory.
IN_MEMORY = 64 * 2**20


def digest(*parts: object) -> str:
    """Return 12 hex digits of anything with a stable `repr`."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


class Store:
    """A folder of results (see this module)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def cache(self) -> Path:
        """Where features, extremes and unfinished passes are."""
        return self.folder / "cache"

    # -- tables

    def add(self, about: dict[str, Any], scores: pd.DataFrame, items: pd.DataFrame) -> None:
        """Keep the scores and items of some layers of one computation."""
        layers = sorted(set(scores["layer"]))
        name = f"{digest(sorted(about.items()), layers)}.parquet"
        _write(items, self.folder / "items.parquet" / name)
        _write(scores, self.folder / "scores.parquet" / name)

    def layers_done(self, about: dict[str, Any], layers: Sequence[Layer], images: int) -> set[str]:
        """Return those of `layers` that this computation has scored already, over so many images.

        Scores that an earlier version of Diptych made of other units, or of windows that it took
        for images, are removed, with their items.
        """
        widths = {layer.name: layer.width for layer in layers}
        found: set[str] = set()
        wrong: set[str] = set()
        for file in _files(self.folder / "scores.parquet"):
            frame = pd.read_parquet(file, columns=[*KEY, "layer", "width", "images"])
            same = np.logical_and.reduce([frame[name] == about[name] for name in KEY])
            own = frame[same & frame["layer"].isin(widths)].drop_duplicates("layer")
            right = (own["width"] == own["layer"].map(widths)) & (own["images"] == images)
            found |= set(own.loc[right, "layer"])
            wrong |= set(own.loc[~right, "layer"])
        for table in ("scores", "items") if wrong else ():
            self._remove(table, about, wrong)
        return found - wrong

    def _remove(self, table: str, about: dict[str, Any], layers: set[str]) -> None:
        """Take the rows of some layers of one computation out of a table."""
        for file in _files(self.folder / f"{table}.parquet"):
            frame = pd.read_parquet(file)
            known = [frame[name] == about[name] for name in KEY if name in frame]
            gone = np.logical_and.reduce([*known, frame["layer"].isin(layers)])
            if gone.all():
                file.unlink()
            elif gone.any():
                _write(frame[~gone], file)

    def add_left_out(self, model: str, weights: str, layers: Sequence[LeftOut]) -> None:
        """Keep which layers of a network can't be scored."""
        file = self.folder / "left_out.parquet" / f"{digest(model, weights)}.parquet"
        if not layers:
            file.unlink(missing_ok=True)
            return
        rows = [(model, weights, layer.name, layer.kind, layer.reason) for layer in layers]
        _write(pd.DataFrame(rows, columns=LEFT_OUT), file)

    def add_images(self, images: ImageSet) -> None:
        """Keep which number is which file."""
        file = self.folder / "images.parquet" / f"{images.key}.parquet"
        if not file.exists():
            _write(images.frame(), file)

    # -- extremes

    def _extremes_file(self, weights: str, image_set: str, layer: str) -> Path:
        return self.cache / "extremes" / f"{digest(weights, image_set, layer)}.npz"

    def write_extremes(self, weights: str, image_set: str, layer: str, found: Extremes) -> None:
        """Keep a finished layer's extremes for other similarities and numbers of items."""
        file = self._extremes_file(weights, image_set, layer)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".tmp.npz")
        np.savez(half, count=found.count, keep=found.keep, high=found.high, low=found.low)
        half.replace(file)

    def read_extremes(self, weights: str, image_set: str, layer: str, keep: int) -> Extremes | None:
        """Read a layer's extremes, where at least `keep` images per side are known."""
        file = self._extremes_file(weights, image_set, layer)
        if not file.exists():
            return None
        with np.load(file, allow_pickle=False) as kept:
            if int(kept["keep"]) < keep:
                return None
            return Extremes(int(kept["keep"]), int(kept["count"]), kept["high"], kept["low"])

    # -- features

    def features_file(self, similarity_key: str, image_set: str) -> Path:
        """Return where the features of an image set are: .npy, (images, d) float32."""
        return self.cache / "features" / f"{digest(similarity_key, image_set)}.npy"


class DiskRows:
    """Rows of a big file of features, read when they are asked for.

    Parameters
    ----------
    file : Path
        .npy, (images, d).
    order : npt.NDArray[np.int64] | None, optional
        Row of each image; None: their own order.
    """

    def __init__(self, file: Path, order: npt.NDArray[np.int64] | None = None) -> None:
        self.file, self.order = file, order
        self.shape: tuple[int, int] = np.load(file, mmap_mode="r").shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, numbers: npt.NDArray[np.int64]) -> Features:
        """Read the rows of these numbers from the disk."""
        wanted = numbers if self.order is None else self.order[numbers]
        # Opened anew each time, so that pages read before don't stay in memory.
        return np.asarray(np.load(self.file, mmap_mode="r")[wanted])


def _write(frame: pd.DataFrame, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".tmp")
    frame.to_parquet(half, index=False)
    half.replace(file)


def read_scores(folder: Path) -> pd.DataFrame:
    """Return every unit's scores in a folder of results, one row per unit and computation.

    Raises
    ------
    MachineFault
        No results there.
    """
    return _read(folder, "scores").drop_duplicates([*KEY, "layer", "unit"], ignore_index=True)


def read_items(folder: Path, model: str | None = None) -> pd.DataFrame:
    """Return every item in a folder of results, one row per item; of one model, or of all.

    Raises
    ------
    MachineFault
        No results there.
    """
    filters = None if model is None else [("model", "==", model)]
    return _read(folder, "items", filters)


def read_images(folder: Path) -> pd.DataFrame:
    """Read the images of a folder of results: image_set, image, file, sha256.

    Raises
    ------
    MachineFault
        No results there.
    """
    return _read(folder, "images")


def read_left_out(folder: Path) -> pd.DataFrame:
    """Read layers that can't be scored: model, weights, layer, layer_type, reason.

    There is often no row.
    """
    frames = [pd.read_parquet(file) for file in _files(folder / "left_out.parquet")]
    return pd.concat([pd.DataFrame(columns=LEFT_OUT), *frames], ignore_index=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet")) if folder.is_dir() else []


def _read(
    folder: Path, table: str, filters: Sequence[tuple[str, str, str]] | None = None
) -> pd.DataFrame:
    where = folder / f"{table}.parquet"
    files = _files(where)
    if not files:
        raise MachineFault(
            f"no {table} in {str(folder)!r}: `diptych mis MODEL --images DIR --to {folder}` writes "
            "them"
        )
    frames = [pd.read_parquet(file, filters=filters) for file in files]
    return pd.concat(frames, ignore_index=True)
