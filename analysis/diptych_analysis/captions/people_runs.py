"""`diptych captions people`: read tables and images, compare, and write what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from diptych_analysis.captions.labelled import Labelled, read_folder
from diptych_analysis.captions.people import (
    People,
    beside_attention,
    caption_scores,
    people_captions,
    pointing_scores,
    read_people,
)
from diptych_analysis.captions.pointing import WordMap, word_maps
from diptych_analysis.captions.prompts import Condition, Material, read_prompt
from diptych_analysis.captions.sources import wording_of
from diptych_analysis.captions.store import Store
from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.pictures import read_header
from diptych_analysis.tables.metadata import write_json
from diptych_analysis.tables.read import read_tables


def compare(
    tables: Path, images: Path, folder: Path, generator: Generator | None, *, seed: int = 0
) -> dict[str, Any]:
    """Compare participants with labels, and clicks with the attention of a model.

    Parameters
    ----------
    tables : Path
        Export of a study of the task `caption` or `point`.
    images : Path
        The labelled images that the study was made from.
    folder : Path
        Gets people.json; for captions also people.csv, and for clicks with a model attention.csv.
    generator : Generator, optional
        The model.
    seed : int
        Chooses among several captions of an image.

    Returns
    -------
    dict
        As people.json has it.

    Raises
    ------
    CaptionFault
        If tables and images do not fit.
    """
    labelled = read_folder(images, _side(images))
    people = read_people(read_tables(tables), labelled, wording_of(labelled.classes))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any]
    if people.captions:
        found = dict(caption_scores(people))
        people_captions(people, seed).to_csv(folder / "people.csv", index=False)
    else:
        found = dict(pointing_scores(people))
        if generator is not None:
            beside = beside_attention(people, asked_maps(people, labelled, generator))
            beside.to_csv(folder / "attention.csv", index=False)
            there = beside[beside["there"]]
            found |= {
                "model": generator.name,
                "compared": len(there),
                "model_hits": float(there["model_hits"].mean()) if len(there) else None,
                "distance": float(there["distance"].median()) if len(there) else None,
            }
    write_json(folder / "people.json", found)
    return found


def asked_maps(people: People, labelled: Labelled, generator: Generator) -> list[WordMap]:
    """Return the model's attention to every word that people were asked about.

    The prompt names the classes of the image and, if it is not one of them, the word.
    """
    asked = people.trials[["image", "word"]].drop_duplicates()
    wording, store = people.wording, Store(generator)
    kinds = {word: number for number, word in enumerate(wording.words) if word}
    rows = [(int(image), kinds[word]) for image, word in asked.to_numpy() if word in kinds]
    chosen = np.array([image for image, _ in rows], np.int64)
    shown = labelled.part(chosen)
    texts = tuple(
        wording.listed(sorted({*np.flatnonzero(present).tolist(), kind}))
        for present, (_, kind) in zip(shown.present, rows, strict=True)
    )
    material = Material(shown, wording, lambda _: texts)
    made = Condition(read_prompt("oracle"), texts)
    result = []
    for found in word_maps(store, material, made, len(rows)):
        image, kind = rows[found.image]
        if found.kind == kind:
            result.append(WordMap(image, kind, found.word, found.attention))
    return result


def _side(folder: Path) -> int:
    """Return the shortest side of the first image: labels are read at this size."""
    first = min((folder / "images").glob("*"), default=None)
    if first is None:
        return 32
    header = read_header(first.read_bytes())
    return min(header.width, header.height)
