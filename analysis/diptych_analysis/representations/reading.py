"""Representations from files and networks: anything with one row per item.

FILE.npy, FILE.npz             a matrix (items, features); of .npz the only array, or FILE.npz:KEY
FILE.csv, FILE.parquet         numeric columns are features; a column of texts names the items
NETWORK, NETWORK:LAYER         activations of a network on the images of a folder, by their names
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.tables import TableFault, read_cells

if TYPE_CHECKING:
    from diptych_analysis.networks.images import ImageSet

#: Names of the column of a table that names the items, the first that is there.
ITEM_COLUMNS = ("item", "item_id", "stimulus_id", "image", "file", "session_id")
SUFFIXES = (".npy", ".npz", ".csv", ".parquet")


@dataclass(frozen=True)
class Representation:
    """One row of numbers per item.

    Attributes
    ----------
    name : str
        As results and figures show it.
    values : array of float64, (n, d)
        Row i belongs to item i.
    items : tuple of str, or None
        Names of the items, or None where the file has none.
    """

    name: str
    values: npt.NDArray[np.float64]
    items: tuple[str, ...] | None = None


def is_file(source: str) -> bool:
    """Tell whether a source names a file of numbers, not a network."""
    return _split(source)[0].suffix.lower() in SUFFIXES


def read_file(source: str) -> Representation:
    """Read a representation from a file.

    Parameters
    ----------
    source : str
        Path, for an .npz optionally with `:KEY`.

    Raises
    ------
    RepresentationFault
        If the file can't be read, is no table of numbers, or names an item twice.
    """
    file, key = _split(source)
    if not file.is_file():
        raise RepresentationFault(f"no file {str(file)!r}")
    try:
        if file.suffix.lower() in (".npy", ".npz"):
            return Representation(_name(file, key), _matrix(_array(file, key), source))
        frame = read_cells(file, infer=True)
    except RepresentationFault:
        raise
    except TableFault as fault:
        raise RepresentationFault(str(fault)) from fault
    except (OSError, ValueError, KeyError) as error:
        raise RepresentationFault(f"{str(file)!r} can't be read: {error}") from error
    return _from_frame(frame, file)


def read_guide(file: Path) -> npt.NDArray[Any]:
    """Read labels that grids stay within: the last column of a CSV file, one label per item.

    Raises
    ------
    RepresentationFault
        If the file can't be read, or an item has no label.
    """
    try:
        labels = read_cells(file, infer=True).iloc[:, -1]
    except TableFault as fault:
        raise RepresentationFault(
            f"the guide {str(file)!r} can't be read: {fault.within}"
        ) from fault
    empty = np.flatnonzero(labels.isna())
    if len(empty):
        raise RepresentationFault(
            f"the guide {str(file)!r} has no label in row {empty[0] + 1}; each item needs one"
        )
    return labels.to_numpy()


def _split(source: str) -> tuple[Path, str]:
    stem, _, key = source.rpartition(":")
    return (Path(stem), key) if stem.lower().endswith(".npz") else (Path(source), "")


def _name(file: Path, key: str) -> str:
    return f"{file.stem}:{key}" if key else file.stem


def _array(file: Path, key: str) -> Any:
    try:
        found = np.load(file, allow_pickle=False)
    except (ValueError, EOFError):
        # NumPy advises to load what it does not know as a pickle, which can run a program.
        raise RepresentationFault(
            f"{str(file)!r} can't be read: allowed are arrays of numbers that numpy.save or "
            "numpy.savez wrote"
        ) from None
    if file.suffix.lower() == ".npy":
        return found
    with found:
        if not key and len(found.files) != 1:
            raise RepresentationFault(
                f"{str(file)!r} holds several arrays ({', '.join(found.files)}): name one, such as "
                f"{file.name}:{found.files[0]}"
            )
        if key and key not in found.files:
            raise RepresentationFault(
                f"{str(file)!r} has no array {key!r}; it holds {', '.join(found.files)}"
            )
        return found[key or found.files[0]]


def _matrix(values: Any, source: str) -> npt.NDArray[np.float64]:
    if values.ndim > 2:
        values = values.reshape(len(values), -1)
    kind = values.dtype
    if values.ndim != 2 or not np.issubdtype(kind, np.number) or kind.kind == "c":
        raise RepresentationFault(
            f"{source!r} has shape {values.shape} of {kind}: a matrix (items, features) of real "
            "numbers is needed"
        )
    return np.asarray(values, dtype=np.float64)


def _from_frame(frame: pd.DataFrame, file: Path) -> Representation:
    column = next((name for name in ITEM_COLUMNS if name in frame.columns), None)
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    for name in texts:
        _check_text(frame[name], file, name == column)
    if column is None and texts:
        column = texts[0]
    items = None
    if column is not None:
        items = tuple(frame[column].astype(str))
        repeated = frame[column][frame[column].duplicated()]
        if len(repeated):
            raise RepresentationFault(
                f"{str(file)!r} names item {str(repeated.iloc[0])!r} twice: one row per item"
            )
    features = frame.drop(columns={*texts, *([column] if column else [])})
    if features.shape[1] == 0:
        raise RepresentationFault(f"{str(file)!r} has no column of numbers")
    return Representation(file.stem, features.to_numpy(dtype=np.float64, na_value=np.nan), items)


def _check_text(cells: pd.Series, file: Path, names_items: bool) -> None:
    """Find a cell that is no number among numbers: it would make the column a text, and lose it."""
    if names_items:
        return
    numbers = pd.to_numeric(cells, errors="coerce").notna().to_numpy()
    wrong = ~numbers & cells.notna().to_numpy()
    if numbers.any() and wrong.any():
        row = int(wrong.argmax())
        raise RepresentationFault(
            f"{str(file)!r}, column {str(cells.name)!r}, row {row + 1}: found "
            f"{str(cells.iloc[row])!r} among numbers; allowed are numbers only, or texts only. "
            f"A column of names is called {' or '.join(ITEM_COLUMNS)}"
        )


def read_network(
    source: str, images: ImageSet, *, device: str = "auto", threads: int = 2
) -> Representation:
    """Show images to a network and keep the activations of one layer.

    Parameters
    ----------
    source : str
        `NETWORK` or `NETWORK/LAYER`, such as `efficientnet-lite0` or
        `efficientnet-lite0/blocks.5.2.conv_pw`. Without a layer: the pooled features before the
        classifier.
    images : ImageSet
        What it sees.
    device : str
        Device of torch.
    threads : int
        Images decoded ahead.

    Raises
    ------
    RepresentationFault
        If network or layer are not known.
    """
    import torch

    from diptych_analysis.networks.faults import MachineFault
    from diptych_analysis.networks.images import opened
    from diptych_analysis.networks.layers import watched
    from diptych_analysis.networks.networks import load_network
    from diptych_analysis.networks.tokens import choose_token_layers

    # The path of a checkpoint may hold slashes too.
    name, _, layer = (source, "", "") if "@" in source else source.partition("/")
    try:
        network = load_network(name, device)
        layers = choose_token_layers(network, [layer]) if layer else []
    except MachineFault as fault:
        raise RepresentationFault(str(fault)) from fault
    module: Any = network.module
    parts: list[Any] = []
    batch: list[Any] = []

    def see() -> None:
        with torch.inference_mode():
            given = network.batch(batch)
            if layers:
                with watched(network, layers) as seen:
                    module(given)
                    parts.append(seen[layers[0].name].cpu().numpy())
            elif hasattr(module, "forward_head"):
                pooled = module.forward_head(module.forward_features(given), pre_logits=True)
                parts.append(pooled.flatten(1).float().cpu().numpy())
            else:
                parts.append(module(given).flatten(1).float().cpu().numpy())
        batch.clear()

    for image in opened(images, range(len(images)), threads):
        batch.append(image)
        if len(batch) == 32:
            see()
    if batch:
        see()
    values = np.concatenate(parts).astype(np.float64)
    return Representation(source, values, images.files)


def matched(
    first: Representation, second: Representation
) -> tuple[Representation, Representation, tuple[str, ...]]:
    """Bring the rows of two representations into one order.

    Returns
    -------
    first, second : Representation
        With the same items in the same order: by name where both have names, else by row.
    items : tuple of str
        Names of the items; row numbers where none are known.

    Raises
    ------
    RepresentationFault
        If the items differ.
    """
    known = first.items or second.items
    if first.items and second.items and first.items != second.items:
        missing = set(first.items) ^ set(second.items)
        if missing:
            where = first.name if next(iter(sorted(missing))) in first.items else second.name
            raise RepresentationFault(
                f"{len(missing)} items are in one representation only, such as "
                f"{min(missing)!r} in {where}: both need the same items"
            )
        place = {item: row for row, item in enumerate(second.items)}
        order = [place[item] for item in first.items]
        second = Representation(second.name, second.values[order], first.items)
    if len(first.values) != len(second.values):
        raise RepresentationFault(
            f"{first.name} has {len(first.values)} rows and {second.name} has "
            f"{len(second.values)}: row i of both must be the same item"
        )
    return first, second, known or tuple(str(row) for row in range(len(first.values)))
