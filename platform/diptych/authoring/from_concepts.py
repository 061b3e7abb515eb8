"""A study from a search of `diptych concepts`: what people see in its concepts.

`preference` replaces the scores by people. `intruder` and `naming` ask whether a concept is one.
`prediction` asks whether concepts help to predict the network (forward simulation: Doshi-Velez and
Kim, arXiv 1702.08608, sec. 3).
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from diptych.authoring.concept_items import (
    CONDITIONS,
    DESIGNS,
    EXAMPLES,
    INTRUDERS,
    NO,
    YES,
    Item,
    Wanted,
    labels,
)
from diptych.authoring.folder import NAME, NAMES, load_study
from diptych.authoring.grid_pictures import SIDES, square, write_csv, write_texts
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.saved import SavedSearch, read_search

TEXTS = Path(__file__).parent / "concept_texts"
#: Seconds per trial, for the announced duration.
_SECONDS = {"preference": 12, "intruder": 7, "naming": 8, "prediction": 8}


def make_study_from_concepts(folder: Path, search: Path, wanted: Wanted | None = None) -> int:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    search : Path
        Folder that `diptych concepts … --to` has written.
    wanted : Wanted, optional
        What the study shows.

    Returns
    -------
    int
        Number of test items.

    Raises
    ------
    ConceptFault
        If the search has too few steps or images, or the name is taken.
    StudyFault
        If the study that came out has faults.
    """
    wanted = wanted or Wanted()
    if not NAME.fullmatch(folder.name):
        raise ConceptFault(f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}")
    if folder.exists():
        raise ConceptFault(f"{folder} already exists: choose another name")
    if wanted.side not in SIDES:
        raise ConceptFault(f"side {wanted.side}: allowed are {SIDES[0]} to {SIDES[-1]} pixels")
    if wanted.design not in DESIGNS:
        raise ConceptFault(f"design {wanted.design!r}: allowed are {', '.join(DESIGNS)}")
    saved = read_search(search)
    rng = np.random.default_rng([wanted.seed, 3])
    items = DESIGNS[wanted.design](saved, wanted, rng)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        made.mkdir()
        _write_items(made, items, wanted, rng)
        _write_texts(made, saved, items, wanted)
        load_study(made)
        made.rename(folder)
    return sum(item.kind == "test" for item in items)


def _write_items(
    folder: Path, items: Sequence[Item], wanted: Wanted, rng: np.random.Generator
) -> None:
    """Write stimuli/, stimuli.csv and items.csv; the order of the files tells nothing."""
    (folder / "stimuli").mkdir()
    written = {
        id(picture): _png(_scaled(picture, column, wanted))
        for item in items
        for column, pictures in item.pictures.items()
        for picture in pictures
    }
    contents = sorted({hashlib.sha256(data).hexdigest(): data for data in written.values()}.items())
    order = rng.permutation(len(contents))
    names = {
        contents[place][1]: f"stimuli/{number:04d}.png" for number, place in enumerate(order, 1)
    }
    for data, name in names.items():
        (folder / name).write_bytes(data)
    columns, attributes = list(items[0].pictures), list(items[0].attributes)
    odd = ["odd"] if items[0].odd is not None else []
    rows = [
        [
            item.item_id,
            item.kind,
            *(";".join(names[written[id(p)]] for p in item.pictures[c]) for c in columns),
            *([names[written[id(item.odd)]]] if item.odd is not None else []),
            *(item.attributes[name] for name in attributes),
        ]
        for item in items
    ]
    write_csv(folder / "items.csv", ["item_id", "kind", *columns, *odd, *attributes], rows)
    write_csv(folder / "stimuli.csv", ["file", "label"], [[n, ""] for n in sorted(names.values())])


def _scaled(picture: Image.Image, column: str, wanted: Wanted) -> Image.Image:
    """Scale a picture: squares to the wanted side, groups and images with a panel larger."""
    if picture.width != picture.height:
        scale = max(1, -(-3 * wanted.side // picture.height))
        size = (picture.width * scale, picture.height * scale)
        return picture.resize(size, Image.Resampling.NEAREST)
    large = column.startswith("query_") or wanted.design == "naming"
    return square(picture, min(2 * wanted.side, SIDES[-1]) if large else wanted.side)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _write_texts(folder: Path, search: SavedSearch, items: Sequence[Item], wanted: Wanted) -> None:
    """Write study.toml and the texts, to be edited: title, contact, payment."""
    tests = [item for item in items if item.kind == "test"]
    trials = len(tests) // (len(CONDITIONS) if wanted.design == "prediction" else 1)
    practice, catch = (sum(i.kind == kind for i in items) for kind in ("practice", "catch"))
    minutes = max(2, round(2 + (trials + practice + catch) * _SECONDS[wanted.design] / 60))
    values: dict[str, object] = {
        "examples": EXAMPLES,
        "n": INTRUDERS,
        "practice": practice,
        "trials": trials,
        "catch": catch,
        "counted": trials + catch,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
        "labels": json.dumps(labels(search), ensure_ascii=False),
        "answers": json.dumps([YES, NO]),
    }
    for condition in CONDITIONS:
        shown = [item.item_id for item in tests if item.item_id.startswith(f"{condition}-")]
        values[f"{condition}_sequence"] = json.dumps(shown)
    own = TEXTS / wanted.design
    write_texts(folder, [*sorted(TEXTS.glob("*.md")), *sorted(own.iterdir())], values)
