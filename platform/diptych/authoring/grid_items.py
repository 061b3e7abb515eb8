"""The items of a study of grids, as pictures and tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from diptych.authoring.grid_choice import GridItem, Wanted
from diptych.authoring.grid_pictures import Opener, square, write_csv
from diptych.authoring.unit_pictures import jpeg, recropped

_ATTRIBUTES = ("design", "a", "b", "direction", "grid", "margin", "control")
_ROLES = ("query_positive", "query_negative", "positives", "negatives")


def write_items(
    folder: Path,
    names: tuple[str, str],
    items: Sequence[GridItem],
    opener: Opener,
    wanted: Wanted,
    side: int,
    more: Callable[[GridItem], Mapping[str, object]] = lambda item: {},
) -> None:
    """Write stimuli/, stimuli.csv and items.csv; the order of the files tells nothing.

    Parameters
    ----------
    folder : Path
        The study folder.
    names : pair of str
        A and B.
    items : sequence of GridItem
        The items.
    opener : callable
        Opens the image of a row.
    wanted : Wanted
        Design and seed.
    side : int
        Side of the images, in pixels.
    more : callable, optional
        Further columns of an item.
    """
    (folder / "stimuli").mkdir()
    rng = np.random.default_rng([wanted.seed, 2])
    # Queries of easy items are among the examples: another crop, so that no address is repeated.
    keys = sorted({key for number, item in enumerate(items) for key in _shown(number, item)})
    files: dict[tuple[int, int], str] = {}
    contents: dict[str, str] = {}
    for place in rng.permutation(len(keys)):
        number, row = keys[place]
        picture = square(opener(row), side)
        data = jpeg(recropped(picture, rng) if number >= 0 else picture)
        digest = hashlib.sha256(data).hexdigest()
        if digest not in contents:
            contents[digest] = f"stimuli/{len(contents) + 1:04d}.jpg"
            (folder / contents[digest]).write_bytes(data)
        files[(number, row)] = contents[digest]
    odd = wanted.design == "E5"
    head = ["item_id", "kind", *(("images", "odd", "group") if odd else ("unit", *_ROLES))]
    rows = []
    for number, item in enumerate(items):
        shown = [files[key] for key in _shown(number, item)]
        unit = f"{item.grid.direction}:{item.grid.number}"
        if odd:
            roles = [";".join(shown), shown[0], unit]
        else:
            k = len(item.positives)
            roles = [unit, *shown[:2], ";".join(shown[2 : 2 + k]), ";".join(shown[2 + k :])]
        control = "shuffled" if wanted.shuffled else ""
        margin = "" if np.isnan(item.margin) else round(item.margin, 4)
        rows.append([f"{item.kind}-{number:03d}", item.kind, *roles, wanted.design, *names,
                     item.grid.direction, item.grid.number, margin, control,
                     *more(item).values()])  # fmt: skip
    write_csv(folder / "items.csv", [*head, *_ATTRIBUTES, *more(items[0])], rows)
    write_csv(folder / "stimuli.csv", ["file", "label"], [[n, ""] for n in contents.values()])


def _shown(number: int, item: GridItem) -> list[tuple[int, int]]:
    """List the images of an item, queries first: the item whose own crop it is (or -1), the row."""
    queries = [row for row in (item.query_positive, item.query_negative) if row >= 0]
    own = number if item.kind != "test" and item.query_negative >= 0 else -1
    others = [(-1, row) for row in (*item.positives, *item.negatives)]
    return [*((own, row) for row in queries), *others]
