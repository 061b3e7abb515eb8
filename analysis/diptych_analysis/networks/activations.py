"""Runs images through a network once and keeps, for every unit, those that tell most.

Images go in blocks of a fixed size whatever runs in parallel: a block is the unit of work, of
progress and of going on after a stop, and batches fall the same way in one process and in many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.images import ImageSet, opened
from diptych_analysis.networks.layers import Layer, watched
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.similarity import Features, Similarity, similarity

BATCH = 32
BLOCK = 8 * BATCH
Found = dict[str, Extremes]


@dataclass(frozen=True)
class Source:
    """Something that a worker can load for itself: by name, or as it is.

    Attributes
    ----------
    what : Any
        A name, or the loaded thing.
    device : str
        Where it runs.
    threads : int
        Of torch, in each worker.
    """

    what: Any
    device: str = "auto"
    threads: int = 1

    def network(self) -> Network:
        """Return the network."""
        torch.set_num_threads(self.threads)
        return self.what if isinstance(self.what, Network) else load_network(self.what, self.device)

    def similarity(self) -> Similarity:
        """Return the similarity."""
        torch.set_num_threads(self.threads)
        if isinstance(self.what, Similarity):
            return self.what
        return similarity(self.what, self.device)


_loaded: dict[str, Any] = {}


def _once(key: str, make: Any) -> Any:
    """Keep one network at a time in a worker, for its next block."""
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = make()
    return _loaded[key]


def blocks(images: int) -> list[range]:
    """Split a number of images into blocks."""
    return [range(first, min(first + BLOCK, images)) for first in range(0, images, BLOCK)]


def block_extremes(
    source: Source,
    layers: Sequence[Layer],
    images: ImageSet,
    first: int,
    keep: int,
    full: Path | None = None,
) -> tuple[int, Found]:
    """Find the extremes of one block, layer by layer.

    Parameters
    ----------
    source : Source
        The network.
    layers : Sequence[Layer]
        Which of its layers.
    images : ImageSet
        Those of the block alone.
    first : int
        Number of its first image in the whole set.
    keep : int
        Images a side of each unit.
    full : Path | None, optional
        Folder with a file of activations for each layer (see `activation_file`), or None.
    """
    network = _loaded_network(source)
    parts: dict[str, list[Features]] = {layer.name: [] for layer in layers}
    with watched(network, layers) as seen, torch.inference_mode():
        for batch in _batches(images, source.threads):
            seen.clear()
            network.module(network.batch(batch))
            for layer in layers:
                parts[layer.name].append(seen[layer.name].cpu().numpy())
    found: Found = {}
    for name, rows in parts.items():
        activations = np.concatenate(rows)
        found[name] = Extremes.of(activations, first, keep)
        if full is not None:
            file: Any = np.load(activation_file(full, name), mmap_mode="r+")
            file[first : first + len(activations)] = activations
            file.flush()
    return first, found


def activation_file(folder: Path, layer: str) -> Path:
    """Return the file of a layer's activations: .npy, (images, units) float32."""
    return folder / f"{layer}.npy"


def extremes_on_disk(file: Path, keep: int) -> Extremes:
    """Find the same extremes in kept activations, for any `keep`, a block of images at a time."""
    rows = np.load(file, mmap_mode="r")
    found: Extremes | None = None
    for block in blocks(len(rows)):
        part = Extremes.of(np.asarray(rows[block.start : block.stop]), block.start, keep)
        found = part if found is None else found.merged(part)
    assert found is not None
    return found


def block_features(source: Source, images: ImageSet, first: int) -> tuple[int, Features]:
    """Compute a similarity's features of one block of images, whose first is number `first`."""
    if isinstance(source.what, Similarity):
        compared = source.what
    else:
        compared = _once(f"similarity {source.what}", source.similarity)
    torch.set_num_threads(source.threads)
    rows = [compared.rows(batch) for batch in _batches(images, source.threads)]
    return first, np.concatenate(rows)


def _loaded_network(source: Source) -> Network:
    torch.set_num_threads(source.threads)
    if isinstance(source.what, Network):
        return source.what
    found: Network = _once(f"network {source.what}", source.network)
    return found


def _batches(images: ImageSet, threads: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for image in opened(images, range(len(images)), threads):
        batch.append(image)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class Checkpoint:
    """Where an unfinished pass is kept: the blocks that are done, and what they came to.

    Parameters
    ----------
    folder : Path | None
        Of checkpoints; None keeps nothing.
    about : Sequence[object]
        What is computed; another pass never reads it.
    """

    def __init__(self, folder: Path | None, about: Sequence[object]) -> None:
        name = hashlib.sha256(repr(list(about)).encode()).hexdigest()[:16]
        self.file = None if folder is None else folder / f"pass-{name}.npz"

    def read(self, keep: int) -> tuple[set[int], Found]:
        """Return the first images of the blocks that are done, and the extremes so far."""
        if self.file is None or not self.file.exists():
            return set(), {}
        with np.load(self.file, allow_pickle=False) as kept:
            done = set(kept["done"].tolist())
            found = {
                name: Extremes(keep, int(count), kept[f"high{i}"], kept[f"low{i}"])
                for i, (name, count) in enumerate(zip(kept["names"], kept["counts"], strict=True))
            }
        return done, {str(name): extremes for name, extremes in found.items()}

    def write(self, done: set[int], found: Found) -> None:
        """Keep them; a stop while writing leaves the earlier state."""
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "done": np.array(sorted(done)),
            "names": np.array(list(found)),
            "counts": np.array([x.count for x in found.values()]),
        }
        for i, extremes in enumerate(found.values()):
            arrays |= {f"high{i}": extremes.high, f"low{i}": extremes.low}
        half = self.file.with_suffix(".tmp.npz")
        np.savez(half, **arrays)
        half.replace(self.file)

    def remove(self) -> None:
        """End the pass: remove the file, if there is one."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)
