"""RSVC of two networks over a folder of images, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from diptych_analysis.networks.images import ImageSet
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.activations import Observer, Watch, silent
from diptych_analysis.representations.rsvc.classes import (
    Chosen,
    ImageClass,
    choose_images,
    common_classes,
)
from diptych_analysis.representations.rsvc.comparison import (
    SIDES,
    Comparison,
    PatchSet,
    Side,
    compare_concepts,
)
from diptych_analysis.representations.rsvc.dictionary import Floats, learn_dictionary
from diptych_analysis.representations.rsvc.grids import Ints, concept_grids
from diptych_analysis.representations.rsvc.importance import contributions, importance
from diptych_analysis.representations.rsvc.layerwise import layer_similarity
from diptych_analysis.representations.rsvc.plan import Plan
from diptych_analysis.representations.rsvc.replacement import replacement_test
from diptych_analysis.representations.rsvc.result_tables import ClassResult, Result

#: Images whose patches compare all layers, as in the thesis (section 3.8.1).
LAYER_IMAGES = 50
#: Limit of each layer's dictionary: all pairs of layers are to stay cheap.
LAYER_ITERATIONS = 200


def compare_networks(
    a: Observer, b: Observer, images: ImageSet, plan: Plan, *, watch: Watch = silent
) -> Result:
    """Compare the concepts of two networks, class by class.

    Parameters
    ----------
    a, b : Observer
        The networks and their layers.
    images : ImageSet
        Images of the classes. No labels are needed.
    plan : Plan
        Classes and settings.
    watch : callable, optional
        Gets what is done, how much of it, and how much in all.

    Raises
    ------
    RepresentationFault
        If the networks have different classes, or a class cannot be compared.
    """
    predicted_a, outputs = a.predictions(images, watch)
    predicted_b, outputs_b = b.predictions(images, watch)
    names = (a.network.name, b.network.name)
    if outputs != outputs_b:
        raise RepresentationFault(
            f"{names[0]} has {outputs} classes and {names[1]} has {outputs_b}; expected networks "
            "with the same classes"
        )
    predicted = (predicted_a, predicted_b)
    wanted = _wanted(plan, predicted, outputs, len(images))
    # All choices come first, so that a class that cannot be compared fails early.
    seed, held = plan.settings.seed, plan.held_out
    chosen = [choose_images(c, predicted, names, held_out=held, seed=seed) for c in wanted]
    classes, layers = [], []
    for one, its in zip(wanted, chosen, strict=True):
        classes.append(_compare_class(one, its, a, b, images, plan, watch))
        if plan.layers:
            layers.append(_compare_layers(one, its, a, b, images, plan, watch))
    about = {
        "models": list(names),
        "layers": [a.layer, b.layer],
        "tokens": [a.tokens, b.tokens],
        "patches": asdict(a.grid),
        "image_set": images.key,
        "images": len(images),
        "settings": {
            **asdict(plan.settings),
            "held_out": held,
            "target": plan.target,
            "strength": plan.strength,
        },
    }
    table = pd.concat(layers, ignore_index=True) if layers else pd.DataFrame()
    return Result(names, images, plan, about, classes, table)


def _wanted(plan: Plan, predicted: tuple[Ints, Ints], outputs: int, count: int) -> list[ImageClass]:
    if plan.classes:
        classes = [ImageClass.parse(text, outputs) for text in plan.classes]
        names = [one.name for one in classes]
        for name in names:
            if names.count(name) > 1:
                raise RepresentationFault(f"two classes have the name {name!r}; each needs its own")
        return classes
    found = [ImageClass(str(number), (number,)) for number in _comparable(plan, predicted, outputs)]
    if not found:
        raise RepresentationFault(
            f"no class has enough of the {count} images: both networks must predict it for about "
            "20. Add images, or join classes: --classes NAME=FIRST-LAST"
        )
    return found


def _comparable(plan: Plan, predicted: tuple[Ints, Ints], outputs: int) -> Sequence[int]:
    """Classes whose images suffice for training and evaluation."""
    enough = []
    for number in common_classes(predicted):
        try:
            choose_images(
                ImageClass(str(number), (number,)),
                predicted,
                ("", ""),
                held_out=plan.held_out,
                seed=plan.settings.seed,
            )
        except RepresentationFault:
            continue
        enough.append(number)
    return enough


def _compare_class(
    wanted: ImageClass,
    chosen: Chosen,
    a: Observer,
    b: Observer,
    images: ImageSet,
    plan: Plan,
    watch: Watch,
) -> ClassResult:
    groups = (chosen.own_a, chosen.own_b, chosen.training, chosen.evaluation)
    needed = np.unique(np.concatenate(groups))
    seen = {"a": a.patches(images, needed, watch), "b": b.patches(images, needed, watch)}
    each = len(a.grid.corners)

    def rows(numbers: Ints) -> Ints:
        first = np.searchsorted(needed, numbers) * each
        return np.asarray((first[:, None] + np.arange(each)).ravel(), np.int64)

    def patch_set(numbers: Ints) -> PatchSet:
        own = rows(numbers)
        return PatchSet(np.repeat(numbers, each), seen["a"][own], seen["b"][own])

    watch(f"class {wanted.name}: concepts", 0, 1)
    found = compare_concepts(
        seen["a"][rows(chosen.own_a)],
        seen["b"][rows(chosen.own_b)],
        patch_set(chosen.training),
        patch_set(chosen.evaluation),
        plan.settings,
    )
    watch(f"class {wanted.name}: concepts", 1, 1)
    frame = pd.concat(
        [_concept_rows(wanted, found, side, (a, b), plan) for side in SIDES], ignore_index=True
    )
    grids = {
        (side, i): concept_grids(
            found.side(side).coefficients[:, i],
            found.side(side).cross[:, i],
            found.images,
            plan.grid_size,
        )
        for side in SIDES
        for i in range(len(found.side(side).dictionary))
    }
    number = np.tile(np.arange(each), len(chosen.evaluation))
    patches = pd.DataFrame({"image": found.images, "patch": number})
    return ClassResult(wanted, found, frame, grids, patches)


def _concept_rows(
    wanted: ImageClass, found: Comparison, side: Side, observers: tuple[Observer, ...], plan: Plan
) -> pd.DataFrame:
    """Similarities, importance and replacement of the concepts of one network."""
    own, concepts = observers[SIDES.index(side)], found.side(side)
    frame = found.frame()
    frame = frame[frame["network"] == side].reset_index(drop=True)
    frame.insert(0, "class", wanted.name)
    frame.insert(2, "model", own.network.name)
    frame.insert(3, "predicted_by", observers[1 - SIDES.index(side)].network.name)
    frame["importance"] = np.nan
    if own.head is not None:
        split = contributions(
            concepts.coefficients,
            concepts.dictionary.concepts,
            own.head,
            wanted.outputs,
            target=plan.target,
        )
        frame["importance"] = importance(split)
    replaced = replacement_test(
        concepts.coefficients,
        concepts.cross,
        concepts.same,
        concepts.dictionary.concepts,
        own.head,
        strength=plan.strength,
    )
    frame = frame.merge(replaced, on="concept")
    frame["images"] = found.counts["images_evaluation"]
    frame["patches"] = found.counts["patches_evaluation"]
    frame["seed"] = plan.settings.seed
    return frame


def _compare_layers(
    wanted: ImageClass,
    chosen: Chosen,
    a: Observer,
    b: Observer,
    images: ImageSet,
    plan: Plan,
    watch: Watch,
) -> pd.DataFrame:
    """MCS of all pairs of layers on the first images of the class."""
    numbers = chosen.training[:LAYER_IMAGES]
    used: list[dict[str, Floats]] = []
    for observer in (a, b):
        tables = observer.layers(images, numbers, plan.layers, watch)
        coefficients = {}
        for done, (name, table) in enumerate(tables.items(), 1):
            if not table.any():
                continue
            k = min(plan.settings.concepts, len(table))
            fit = learn_dictionary(
                table,
                k,
                kind="auto",
                seed=plan.settings.seed,
                iterations=min(plan.settings.iterations, LAYER_ITERATIONS),
            )
            coefficients[name] = fit.coefficients(table)
            watch(f"{observer.network.name}: concepts of layers", done, len(tables))
        used.append(coefficients)
    found = layer_similarity(used[0], used[1])
    found.insert(0, "class", wanted.name)
    found["images"], found["patches"] = len(numbers), len(numbers) * len(a.grid.corners)
    return found.assign(seed=plan.settings.seed, concepts=plan.settings.concepts)
