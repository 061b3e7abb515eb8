"""Scores the units of networks: one pass over the images, items, similarity, MIS, tables.

scores = score_network("efficientnet-lite0", images=Path("photographs"), to=Path("out"))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from diptych_analysis.mis.items import Plan
from diptych_analysis.mis.score import Scale, margins
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
from diptych_analysis.networks.images import ImageSet, image_set, index_frame
from diptych_analysis.networks.layers import Layer, choose_layers, examine_layers
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.similarity import Shuffled, Similarity, similarity
from diptych_analysis.networks.store import IN_MEMORY, DiskRows, Store
from diptych_analysis.parallel import in_parallel
from diptych_analysis.picture_files import in_words

#: Called with what is being done, images (or layers) done, and of how many.
Watch = Callable[[str, int, int], None]
CHECKPOINT_EVERY = 20.0  # seconds


@dataclass(frozen=True)
class Work:
    """How the work is done; nothing of it changes a score.

    Attributes:
        jobs: processes.
        cluster: address of a Dask scheduler instead.
        device: auto, cpu, cuda or cuda:N.
        threads: of torch in each process; None: all cores for one process, else 1.
        activations: folder for the activations of all images, or None.
        watch: told how far it is.
        tell: told in a sentence what is worth knowing.
    """

    jobs: int = 1
    cluster: str | None = None
    device: str = "auto"
    threads: int | None = None
    activations: Path | None = None
    watch: Watch = field(default=lambda what, done, of: None, repr=False)
    tell: Callable[[str], None] = field(default=lambda words: None, repr=False)

    def each(self) -> int:
        """Threads of torch in each process."""
        if self.threads is not None:
            return self.threads
        alone = self.jobs == 1 and self.cluster is None
        return torch.get_num_threads() if alone else 1


def score_network(
    model: str | Network,
    *,
    images: Path,
    to: Path,
    layers: Sequence[str] = (),
    kinds: Sequence[str] = (),
    directions: Mapping[str, Path] | None = None,
    similarity: str | Similarity = "efficientnet-lite2",
    n: int = 20,
    k: int = 9,
    percentile: float | None = None,
    scale: Scale | None = None,
    work: Work | None = None,
) -> pd.DataFrame:
    """Score a network's units; read what an earlier run has computed.

    Args:
        model: a name (see `networks`), or a network of your own.
        images: folder of images; identical files count once.
        to: folder of results (see `store`).
        layers: shell patterns of layers; none: all but the first and the last.
        kinds: types of layers; none: all.
        directions: layer -> file of a matrix of directions.
        similarity: a name (see `similarity`), or one of your own.
        n: N, items a unit.
        k: K, explanations a side.
        percentile: of the queries (the hard variant); None: next to the explanations.
        scale: margin -> probability; by default alpha = 0.16 as temperature.
        work: processes, device, progress.

    Returns:
        A row a unit: model, weights, layer, layer_type, layer_index, depth, width, relative_width,
        unit, constant, image_set, images, similarity, n, k, queries, scale, scale_reading,
        calibrated, mis, accuracy, margin, min_activation, max_activation. Scores of constant units
        are NaN.

    Raises:
        MachineFault: a wrong name, too few images, an image that can't be read, ...
    """
    work, store, plan = work or Work(), Store(to), Plan(n, k, percentile)
    network = model if isinstance(model, Network) else load_network(model, work.device)
    found = _images(images, store, work)
    keep = plan.keep(len(found))
    examined = examine_layers(network)
    chosen = choose_layers(network, layers, kinds, directions, examined=examined)
    store.add_left_out(network.name, network.key, examined.left_out)
    compared = _similarity(similarity, work.device)
    about = _about(network, found, compared, plan, scale or Scale())
    done = store.layers_done(about, chosen, len(found))
    missing = [layer for layer in chosen if layer.name not in done]
    if missing:
        source = Source(model if isinstance(model, str) else network, work.device, work.each())
        extremes = _extremes(source, network.key, missing, found, keep, store, work)
        features = _features(similarity, compared, found, store, work)
        tables = [
            _score_layer(layer, extremes[layer.name], features, plan, about, examined.layers, work)
            for layer in missing
        ]
        scores = pd.concat([table[0] for table in tables], ignore_index=True)
        items = pd.concat([table[1] for table in tables], ignore_index=True)
        store.add(about, scores, items)
        store.add_images(found)
    return _scores_of(store, about, [layer.name for layer in chosen])


def _images(folder: Path, store: Store, work: Work) -> ImageSet:
    index = store.cache / "index.parquet"
    known = pd.read_parquet(index) if index.exists() else None
    found = image_set(folder, known)
    if found.left_out:
        work.tell(f"{folder}: {in_words(list(found.left_out))}")
    index.parent.mkdir(parents=True, exist_ok=True)
    index_frame(found).to_parquet(index, index=False)
    return found


def _similarity(given: str | Similarity, device: str) -> Similarity:
    return given if isinstance(given, Similarity) else similarity(given, device)


def _about(
    network: Network, images: ImageSet, compared: Similarity, plan: Plan, scale: Scale
) -> dict[str, Any]:
    """Describe which computation this is (`store.KEY`)."""
    return {
        "model": network.name,
        "weights": network.key,
        "image_set": images.key,
        "similarity": compared.name,
        "n": plan.n,
        "k": plan.k,
        "queries": plan.name,
        "scale": scale.value,
        "scale_reading": scale.reading,
        "calibrated": scale.calibrated,
    }


def _extremes(
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
    """Whether extremes are those of a layer's units over a set of images."""
    return (len(kept.high), kept.count) == (layer.width, images)


def _cache_name(layer: Layer) -> str:
    """Directions of the same name can change; their numbers tell."""
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
    """One forward pass over the blocks that an earlier, stopped run has not done."""
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


def _features(
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
    """Features block by block into a file; a stopped run goes on after its last block."""
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


def _score_layer(
    layer: Layer,
    extremes: Extremes,
    features: Any,
    plan: Plan,
    about: dict[str, Any],
    everything: Sequence[Layer],
    work: Work,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of one layer: of its units, and of their items."""
    images = extremes.count
    items = plan.items(extremes.most(), extremes.least(), images)
    found = margins(features, items)
    scale = Scale(about["scale"], about["scale_reading"], about["calibrated"])
    probability = scale.probability(found)
    constant = extremes.constant()
    least, greatest = extremes.range()
    live = ~constant
    scores = pd.DataFrame({**about, "layer": layer.name, "unit": np.arange(layer.width)})
    scores["layer_type"], scores["layer_index"] = layer.kind, layer.index
    last = max(len(everything) - 3, 1)
    scores["depth"] = min(max((layer.index - 1) / last, 0.0), 1.0)
    scores["width"] = layer.width
    scores["relative_width"] = layer.width / max(other.width for other in everything)
    scores["constant"], scores["images"] = constant, images
    scores["mis"] = np.where(live, probability.mean(axis=1), np.nan)
    # A margin of 0 decides nothing: such an item counts as half right.
    right = (found > 0) + 0.5 * (found == 0)
    scores["accuracy"] = np.where(live, right.mean(axis=1), np.nan)
    scores["margin"] = np.where(live, found.mean(axis=1), np.nan)
    scores["min_activation"], scores["max_activation"] = least, greatest
    units, tasks = np.nonzero(np.broadcast_to(live[:, None], found.shape))
    rows = pd.DataFrame(
        {
            **{name: about[name] for name in ("model", "image_set", "similarity", "n", "k")},
            "queries": about["queries"],
            "layer": layer.name,
            "unit": units,
            "task": tasks,
            "query_positive": items.query_positive[live].ravel(),
            "query_negative": items.query_negative[live].ravel(),
            "positives": list(items.positives[live].reshape(-1, plan.k).astype(np.int32)),
            "negatives": list(items.negatives[live].reshape(-1, plan.k).astype(np.int32)),
            "margin": found[live].ravel(),
            "probability": probability[live].ravel(),
        }
    )
    work.watch(f"scores of {layer.name}", 1, 1)
    return scores, rows


def _scores_of(store: Store, about: dict[str, Any], layers: Sequence[str]) -> pd.DataFrame:
    from diptych_analysis.networks.store import KEY, read_scores

    scores = read_scores(store.folder)
    same = np.logical_and.reduce([scores[name] == about[name] for name in KEY])
    chosen: pd.DataFrame = scores[same & scores["layer"].isin(layers)]
    return chosen.sort_values(["layer_index", "layer", "unit"], ignore_index=True)
