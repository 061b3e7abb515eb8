"""Machines' responses to a folder of images, kept so that a second run does only what is missing.

    DIR/stimuli.parquet       one row per image: stimulus (SHA-256), file, label
    DIR/responses.parquet/    one file per machine: rater, stimulus, response, probability, top,
                              top_probabilities, label_probability
    DIR/cache/                blocks of an unfinished run, and the hashes of the images

Images go in blocks. A stopped run continues with the first block that is missing.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.classifiers import Classifier, load_classifier
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.response_files import (
    PREDICTIONS,
    STIMULI,
    checked_long_table,
    read_table,
)
from diptych_analysis.behaviour.responses import Floats
from diptych_analysis.networks.images import ImageSet, image_set, index_frame, opened
from diptych_analysis.parallel import in_parallel

BATCH = 32
BLOCK = 8 * BATCH
TABLE = "table:"
INDEX = Path("cache", "index.parquet")


@dataclass(frozen=True)
class Execution:
    """How the work is done; nothing of it changes a response.

    Attributes
    ----------
    jobs : int
        Processes.
    cluster : str or None
        Address of a Dask scheduler instead.
    device : str
        auto, cpu, cuda or cuda:N.
    threads : int
        Threads of torch in each process.
    watch : callable
        Called with the number of images that are done, and of all.
    """

    jobs: int = 1
    cluster: str | None = None
    device: str = "auto"
    threads: int = 1
    watch: Callable[[int, int], None] = field(default=lambda done, of: None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What is kept of each machine's probabilities.

    Attributes
    ----------
    top : int
        Categories to keep, most likely first.
    mapping : mapping or None
        Fine category -> coarse category: the probabilities of each coarse category's fine ones are
        averaged, as Geirhos et al. do in their code. Other categories are left out.
    categories : tuple of str or None
        Names of the network's outputs.
    """

    top: int = 5
    mapping: Mapping[str, str] | None = None
    categories: tuple[str, ...] | None = None


def classify(
    model: str | Classifier,
    *,
    images: Path,
    to: Path,
    labels: Mapping[str, str] | None = None,
    answer: Answer | None = None,
    execution: Execution | None = None,
) -> Path:
    """Let a machine classify a folder of images.

    Parameters
    ----------
    model : str or Classifier
        A name (see `classifiers`), `table:FILE` for the responses of another tool, or a classifier.
    images : Path
        Folder of images; identical files count once.
    to : Path
        Folder of results.
    labels : mapping, optional
        File, relative to `images`, -> label.
    answer, execution
        What is kept, and how the work is done.

    Returns
    -------
    Path
        The file with the machine's responses.

    Raises
    ------
    BehaviourFault, MachineFault
        If the model, an image or a label can't be used.
    """
    answer, execution = answer or Answer(), execution or Execution()
    # What can't be used is found before anything is written.
    if isinstance(model, str) and model.startswith(TABLE):
        found = _images(images, to)
        stimuli = _stimuli(found, labels, answer.mapping)
        responses = _from_table(Path(model.removeprefix(TABLE)), stimuli)
        _write_stimuli(stimuli, found, to)
        return _keep(responses, to)
    classifier = _load(model, answer, execution)
    found = _images(images, to)
    stimuli = _stimuli(found, labels, answer.mapping)
    _write_stimuli(stimuli, found, to)
    given = tuple(stimuli["label"].fillna("").astype(str))
    machine = (classifier.name, classifier.key, classifier.categories)
    kept = (answer.top, _sorted(answer.mapping))
    key = hashlib.sha256(repr((machine, found.key, kept, given)).encode()).hexdigest()[:12]
    file = to / PREDICTIONS / f"{key}.parquet"
    if file.exists():
        execution.watch(len(found), len(found))
        return file
    what = model if isinstance(model, str) else classifier
    parts = _blocks(what, found, given, answer, execution, to / "cache" / f"classify-{key}")
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "rater", classifier.name)
    _write(table, file)
    shutil.rmtree(to / "cache" / f"classify-{key}")
    return file


def _sorted(mapping: Mapping[str, str] | None) -> list[tuple[str, str]] | None:
    return None if mapping is None else sorted(mapping.items())


def _images(folder: Path, to: Path) -> ImageSet:
    index = to / INDEX
    return image_set(folder, pd.read_parquet(index) if index.exists() else None)


def _stimuli(
    images: ImageSet, labels: Mapping[str, str] | None, mapping: Mapping[str, str] | None
) -> pd.DataFrame:
    table = pd.DataFrame({"stimulus": images.hashes, "file": images.files, "label": None})
    if labels is None:
        return table
    missing = [name for name in images.files if name not in labels]
    if len(missing) == len(images.files):
        raise BehaviourFault(
            f"the labels name no image of {images.folder}, for example not {missing[0]!r}; they "
            f"name {next(iter(labels), 'nothing')!r}"
        )
    known = [labels.get(name) for name in images.files]
    coarse = [None if x is None else (mapping or {}).get(x, x) for x in known]
    return table.assign(label=pd.Series(coarse, dtype="object"))


def _write_stimuli(stimuli: pd.DataFrame, images: ImageSet, to: Path) -> None:
    """Add the stimuli to those of earlier runs, whose labels must be the same."""
    file = to / STIMULI
    if file.exists():
        earlier = pd.read_parquet(file)
        both = earlier.merge(stimuli, on="stimulus", suffixes=("", "_new"))
        differ = both["label"].notna() & both["label_new"].notna()
        differ &= both["label"] != both["label_new"]
        if differ.any():
            row = both[differ].iloc[0]
            raise BehaviourFault(
                f"{to} has the label {row['label']!r} for {row['file']}, and now it is "
                f"{row['label_new']!r}; use another folder (--to)"
            )
        # A label that this run knows fills the gap of an earlier run without labels.
        rows = pd.concat([stimuli, earlier]).sort_values("label", kind="stable")
        stimuli = rows.drop_duplicates("stimulus").sort_values("stimulus", ignore_index=True)
    _write(stimuli, file)
    _write(index_frame(images), to / INDEX)


def _load(model: str | Classifier, answer: Answer, execution: Execution) -> Classifier:
    if isinstance(model, Classifier):
        return model
    import torch

    torch.set_num_threads(execution.threads)
    return load_classifier(model, device=execution.device, categories=answer.categories)


def _blocks(
    model: str | Classifier,
    images: ImageSet,
    labels: tuple[str, ...],
    answer: Answer,
    execution: Execution,
    cache: Path,
) -> list[pd.DataFrame]:
    """Classify the blocks that are missing; return all of them in order."""
    total = len(images)
    every = [range(a, min(a + BLOCK, total)) for a in range(0, total, BLOCK)]
    files = {block.start: cache / f"{block.start:09d}.parquet" for block in every}
    todo = [block for block in every if not files[block.start].exists()]
    done = total - sum(map(len, todo))
    execution.watch(done, total)
    arguments = [
        (model, images.part(b), labels[b.start : b.stop], b.start, answer, execution.device,
         execution.threads)
        for b in todo
    ]  # fmt: skip
    for first, part in in_parallel(
        classify_block, arguments, n_jobs=execution.jobs, cluster=execution.cluster
    ):
        _write(part, files[first])
        done += len(part)
        execution.watch(done, total)
    return [pd.read_parquet(files[block.start]) for block in every]


_loaded: dict[str, Classifier] = {}


def classify_block(
    model: str | Classifier,
    images: ImageSet,
    labels: Sequence[str],
    first: int,
    answer: Answer,
    device: str,
    threads: int,
) -> tuple[int, pd.DataFrame]:
    """Classify one block of images in a worker.

    Returns
    -------
    first : int
        Number of the block's first image.
    table : pd.DataFrame
        One row per image.
    """
    classifier = model if isinstance(model, Classifier) else _once(model, answer, device, threads)
    parts, batch = [], []
    for image in opened(images, range(len(images)), threads):
        batch.append(image)
        if len(batch) == BATCH:
            parts.append(classifier.probabilities(batch))
            batch = []
    if batch:
        parts.append(classifier.probabilities(batch))
    names, probabilities = coarse(classifier.categories, np.concatenate(parts), answer.mapping)
    return first, _table(images, labels, names, probabilities, answer.top)


def _once(model: str, answer: Answer, device: str, threads: int) -> Classifier:
    """Return the classifier that a worker keeps for its next block."""
    key = repr((model, device, answer.categories))
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = _load(model, answer, Execution(device=device, threads=threads))
    return _loaded[key]


def coarse(
    names: Sequence[str], probabilities: Floats, mapping: Mapping[str, str] | None
) -> tuple[tuple[str, ...], Floats]:
    """Average the probabilities of each coarse category's fine ones, and scale their sum to 1.

    Parameters
    ----------
    names : sequence of str
        Fine categories.
    probabilities : array of float, shape (images, fine categories)
        Probabilities.
    mapping : mapping or None
        Fine category -> coarse category; None changes nothing.

    Returns
    -------
    names : tuple of str
        Coarse categories, sorted.
    probabilities : array of float, shape (images, coarse categories)

    Raises
    ------
    BehaviourFault
        If no category is in the mapping.
    """
    if mapping is None:
        return tuple(names), probabilities
    members: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if name in mapping:
            members.setdefault(mapping[name], []).append(place)
    if not members:
        raise BehaviourFault(
            f"no category of the model is in the mapping; it has {', '.join(names[:3])}, ..."
        )
    found = sorted(members)
    means = np.stack([probabilities[:, members[name]].mean(axis=1) for name in found], axis=1)
    return tuple(found), means / np.maximum(means.sum(axis=1, keepdims=True), 1e-300)


def _table(
    images: ImageSet,
    labels: Sequence[str],
    names: tuple[str, ...],
    probabilities: Floats,
    top: int,
) -> pd.DataFrame:
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    ranked = np.take_along_axis(probabilities, order, axis=1)
    categories = np.array(names, dtype=object)
    places = {name: place for place, name in enumerate(names)}
    own = np.array([places.get(label, -1) for label in labels])
    of_label = np.where(own >= 0, probabilities[np.arange(len(own)), own], np.nan)
    return pd.DataFrame(
        {
            "stimulus": images.hashes,
            "response": categories[order[:, 0]],
            "probability": ranked[:, 0].astype(np.float32),
            "top": list(categories[order]),
            "top_probabilities": list(ranked.astype(np.float32)),
            "label_probability": of_label.astype(np.float32),
        }
    )


def _from_table(file: Path, stimuli: pd.DataFrame) -> pd.DataFrame:
    """Read the responses of another tool: `response`, and `stimulus` or `file`."""
    try:
        table = read_table(file)
        if "stimulus" not in table and "file" in table:
            named = dict(zip(stimuli["file"], stimuli["stimulus"], strict=True))
            table = table.assign(stimulus=table["file"].map(named))
            strange = table["stimulus"].isna()
            if strange.any():
                raise BehaviourFault(f"{table['file'][strange].iloc[0]!r} is not among the images")
        if "rater" not in table:
            table = table.assign(rater=file.stem)
        table = checked_long_table(table, unanswered=False)
        if table.empty or table["rater"].nunique() != 1:
            raise BehaviourFault(f"responses of {table['rater'].nunique()} raters; expected one")
    except BehaviourFault as fault:
        raise BehaviourFault(f"{file}: {fault}") from None
    known = table["stimulus"].isin(stimuli["stimulus"])
    if not known.all():
        raise BehaviourFault(f"{file}: {table['stimulus'][~known].iloc[0]!r} is not an image")
    return table[["rater", "stimulus", "response"]].drop_duplicates("stimulus")


def _keep(kept: pd.DataFrame, to: Path) -> Path:
    """Write the responses of another tool under a name that their content gives."""
    key = hashlib.sha256(kept.to_csv(index=False).encode()).hexdigest()[:12]
    target = to / PREDICTIONS / f"{key}.parquet"
    _write(kept, target)
    return target


def _write(table: pd.DataFrame, file: Path) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".tmp")
    table.to_parquet(half, index=False)
    half.replace(file)


def accuracy(file: Path, to: Path) -> dict[str, Any]:
    """Summarise a machine's responses: images, accuracy, mean probability of the response."""
    table = pd.read_parquet(file, columns=["rater", "stimulus", "response"])
    labels = pd.read_parquet(to / STIMULI).set_index("stimulus")["label"]
    label = table["stimulus"].map(labels)
    known = label.notna()
    right = (table["response"] == label)[known]
    return {
        "rater": str(table["rater"].iloc[0]),
        "images": len(table),
        "labelled": int(known.sum()),
        "accuracy": float(right.mean()) if known.any() else None,
    }
