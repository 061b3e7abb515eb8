"""Scores of the units of networks: one pass over the images, items, similarity, MIS, tables.

scores = score_network("efficientnet-lite0", images=Path("photographs"), to=Path("out"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.mis.items import Plan
from diptych_analysis.mis.passes import Work, extremes_of, features_of
from diptych_analysis.mis.score import Scale, margins
from diptych_analysis.networks.activations import Source
from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.images import ImageSet, image_set, index_frame
from diptych_analysis.networks.layers import Layer, choose_layers, examine_layers
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.networks.similarity import Similarity, similarity
from diptych_analysis.networks.store import Store
from diptych_analysis.picture_files import in_words


def score_network(
    model: str | Network,
    *,
    images: str | Path,
    to: str | Path,
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

    Parameters
    ----------
    model : str | Network
        A name (see `networks`), or a network of your own.
    images : str | Path
        Folder of images; identical files count once.
    to : str | Path
        Folder of results (see `store`).
    layers : Sequence[str], optional
        Shell patterns of layers; none: all but the first and the last.
    kinds : Sequence[str], optional
        Types of layers; none: all.
    directions : Mapping[str, Path] | None, optional
        Layer -> file of a matrix of directions.
    similarity : str | Similarity, optional
        A name (see `similarity`), or one of your own.
    n : int, optional
        N, items per unit.
    k : int, optional
        K, explanations per side.
    percentile : float | None, optional
        Of the queries (the hard variant); None: next to the explanations.
    scale : Scale | None, optional
        Margin -> probability; by default alpha = 0.16 as temperature.
    work : Work | None, optional
        Processes, device, progress.

    Returns
    -------
    pd.DataFrame
        One row per unit: model, weights, layer, layer_type, layer_index, depth, width,
        relative_width, unit, constant, image_set, images, similarity, n, k, queries, scale,
        scale_reading, calibrated, mis, accuracy, margin, min_activation, max_activation. Scores
        of constant units are NaN.

    Raises
    ------
    MachineFault
        For a wrong name, too few images, an image that can't be read, ...
    """
    work, store, plan = work or Work(), Store(Path(to)), Plan(n, k, percentile)
    network = model if isinstance(model, Network) else load_network(model, work.device)
    found = _images(Path(images), store, work)
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
        extremes = extremes_of(source, network.key, missing, found, keep, store, work)
        features = features_of(similarity, compared, found, store, work)
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
