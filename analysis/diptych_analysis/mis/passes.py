"""Passes over the images: the extremes of units, and the features of a similarity.

A stopped pass goes on where it was; a finished one is read from the folder of results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diptych_analysis.networks.activations import (
    Checkpoint,
    Found,
    Source,
    activation_file,
    block_extremes,
    block_features,
    blocks,
    extremes_on_disk,
)
from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import ImageSet
from diptych_analysis.networks.layers import Layer
from diptych_analysis.networks.similarity import Shuffled, Similarity
from diptych_analysis.networks.store import IN_MEMORY, DiskRows, Store
from diptych_analysis.parallel import in_parallel

#: Called with what is being done, images (or layers) done, and of how many.
Watch = Callable[[str, int, int], None]
CHECKPOINT_EVERY = 20.0  # seconds


@dataclass(frozen=True)
class Work:
    """How the work is done; nothing of it changes a score.

    Attributes
    ----------
    jobs : int
        Processes.
    cluster : str | None
        Address of a Dask scheduler instead.
    device : str
        auto, cpu, cuda or cuda:N.
    threads : int | None
        Of torch in each process; None: all cores for one process, else 1.
    activations : Path | None
        Folder for the activations of all images, or None.
    watch : Watch
        Hears how far it is.
    tell : Callable[[str], None]
        Hears in a sentence what is worth knowing.
    """

    jobs: int = 1
    cluster: str | None = None
    device: str = "auto"
    threads: int | None = None
    activations: Path | None = None
    watch: Watch = field(default=lambda what, done, of: None, repr=False)
    tell: Callable[[str], None] = field(default=lambda words: None, repr=False)

    def each(self) -> int:
        """Return the threads of torch in each process."""
        if self.threads is not None:
            return self.threads
        alone = self.jobs == 1 and self.cluster is None
        return torch.get_num_threads() if alone else 1


def extremes_of(
    source: Source,
    weights: str,
    layers: Sequence[Layer],
    images: ImageSet,
    keep: int,
    store: Store,
    work: Work,
) -> Found:
    """Find the extremes of every layer: in the cache, in kept activations, or by a pass."""
    found: Found = {}
    for layer in layers:
        name = _cache_name(layer)
        kept = store.read_extremes(weights, images.key, name, keep)
        if kept is None and work.activations is not None:
            kept = _from_disk(work.activations, layer, len(images), keep)
        if kept is not None and _fits(kept, layer, len(images)):
            found[layer.name] = kept
    left = [layer for layer in layers if layer.name not in found]
    if left:
        passed = _pass(source, weights, left, images, keep, store, work)
        for layer in left:
            if not _fits(passed[layer.name], layer, len(images)):
                raise MachineFault(
                    f"layer {layer.name!r} returned other units than in its first batch"
                )
            store.write_extremes(weights, images.key, _cache_name(layer), passed[layer.name])
        found |= passed
    return found


def _fits(kept: Extremes, layer: Layer, images: int) -> bool:
    """Say whether extremes are those of a layer's units over a set of images."""
    return (len(kept.high), kept.count) == (layer.width, images)


def _cache_name(layer: Layer) -> str:
    """Return a layer's name in the cache; directions of one name differ in their numbers."""
    if layer.directions is None:
        return layer.name
    return f"{layer.name} {layer.directions.tobytes().hex()}"


def _from_disk(folder: Path, layer: Layer, images: int, keep: int) -> Extremes | None:
    file = activation_file(folder, layer.name)
    finished = (folder / "finished").exists() and file.exists()
    if not finished or np.load(file, mmap_mode="r").shape != (images, layer.width):
        return None
    return extremes_on_disk(file, keep)


def _pass(
    source: Source,
    weights: str,
    layers: Sequence[Layer],
    images: ImageSet,
    keep: int,
    store: Store,
    work: Work,
) -> Found:
    """Pass once over the blocks that an earlier, stopped run has not done."""
    names = [(_cache_name(layer), layer.width, layer.rows) for layer in layers]
    checkpoint = Checkpoint(store.cache, (weights, names, images.key, keep, work.activations))
    done, found = checkpoint.read(keep)
    if work.activations is not None and not done:
        _make_activation_files(work.activations, layers, len(images))
    todo = [block for block in blocks(len(images)) if block.start not in done]
    arguments = [
        (source, layers, images.part(block), block.start, keep, work.activations) for block in todo
    ]
    saved = time.monotonic()
    total = len(images)
    work.watch("activations", _count(done, total), total)
    try:
        for first, part in in_parallel(
            block_extremes, arguments, n_jobs=work.jobs, cluster=work.cluster
        ):
            found = {k: found[k].merged(v) if k in found else v for k, v in part.items()}
            done.add(first)
            work.watch("activations", _count(done, total), total)
            if time.monotonic() - saved > CHECKPOINT_EVERY and len(done) < len(blocks(total)):
                checkpoint.write(done, found)
                saved = time.monotonic()
    except BaseException:
        checkpoint.write(done, found)
        raise
    checkpoint.remove()
    if work.activations is not None:
        (work.activations / "finished").touch()
    return found


def _count(done: set[int], images: int) -> int:
    return sum(len(block) for block in blocks(images) if block.start in done)


def _make_activation_files(folder: Path, layers: Sequence[Layer], images: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finished").unlink(missing_ok=True)
    for layer in layers:
        np.lib.format.open_memmap(
            activation_file(folder, layer.name), "w+", np.float32, (images, layer.width)
        )


def features_of(
    given: str | Similarity, compared: Similarity, images: ImageSet, store: Store, work: Work
) -> Any:
    """Compute the similarity's features of all images: rows in memory, or read from disk."""
    file = store.features_file(compared.key, images.key)
    if not file.exists():
        _compute_features(given, compared, images, file, work)
    rows = np.load(file, mmap_mode="r")
    if rows.nbytes <= IN_MEMORY:
        return compared.dealt(np.array(rows))
    if isinstance(compared, Shuffled):
        return DiskRows(file, np.random.default_rng(compared.seed).permutation(len(rows)))
    return DiskRows(file)


def _compute_features(
    given: str | Similarity, compared: Similarity, images: ImageSet, file: Path, work: Work
) -> None:
    """Compute features block by block into a file; a stopped run goes on after its last block."""
    source = Source(given, work.device, work.each())
    file.parent.mkdir(parents=True, exist_ok=True)
    half, ledger = file.with_suffix(".part.npy"), file.with_suffix(".done")
    done = set(map(int, ledger.read_text().split())) if ledger.exists() and half.exists() else set()
    total = len(images)
    todo = [block for block in blocks(total) if block.start not in done]
    arguments = [(source, images.part(block), block.start) for block in todo]
    work.watch("features", _count(done, total), total)
    for first, part in in_parallel(
        block_features, arguments, n_jobs=work.jobs, cluster=work.cluster
    ):
        if not done:
            np.lib.format.open_memmap(half, "w+", np.float32, (total, part.shape[1]))
        rows: Any = np.load(half, mmap_mode="r+")
        rows[first : first + len(part)] = part
        rows.flush()
        done.add(first)
        ledger.write_text(" ".join(map(str, sorted(done))))
        work.watch("features", _count(done, total), total)
    half.replace(file)
    ledger.unlink(missing_ok=True)
