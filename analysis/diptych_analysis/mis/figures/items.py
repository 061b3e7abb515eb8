"""One item as participants see it, and a sheet of a model's easiest and hardest units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image, ImageDraw, ImageFont, ImageOps

from diptych_analysis.charts import INK, PALETTE, QUIET
from diptych_analysis.mis.analyses.frames import require
from diptych_analysis.mis.analyses.units import EASIEST, HARDEST, easiest_and_hardest, tasks_of
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.images import open_image

POSITIVE, NEGATIVE, FRAME = PALETTE[0], PALETTE[1], PALETTE[2]
GAP = 0.05  # between pictures, in tiles
BETWEEN = 0.45  # between the three groups, in tiles


class Pictures:
    """Square pictures of an image set, each read once.

    Parameters
    ----------
    images : pd.DataFrame
        Rows of images.parquet.
    folder : Path
        What its file names are relative to.
    image_set : str | None, optional
        Which of its sets; by default the only one.
    """

    def __init__(self, images: pd.DataFrame, folder: Path, image_set: str | None = None) -> None:
        require(images, ("image_set", "image", "file"), "images")
        sets = sorted(images["image_set"].unique())
        if image_set is None and len(sets) != 1:
            raise MachineFault(f"images: name one of the image sets {', '.join(sets) or '(none)'}")
        own = images if image_set is None else images[images["image_set"] == image_set]
        if own.empty:
            raise MachineFault(f"images: no image set {image_set!r}; there are {', '.join(sets)}")
        self._files = dict(zip(own["image"].astype(int), own["file"].astype(str), strict=True))
        self._folder = folder
        self._read: dict[tuple[int, int], Image.Image] = {}

    def square(self, image: int, side: int) -> Image.Image:
        """Return the middle of an image, `side` pixels wide and high, in RGB.

        Raises `MachineFault` where the set has no such image, or its file can't be read.
        """
        if (image, side) not in self._read:
            if image not in self._files:
                raise MachineFault(f"images: no image {image} in the set")
            picture = open_image(self._folder / self._files[image])
            self._read[image, side] = ImageOps.fit(picture, (side, side))
        return self._read[image, side]


def item_figure(
    item: Mapping[str, Any] | pd.Series,
    pictures: Pictures,
    *,
    tile: int = 96,
    positive_on_top: bool = True,
    told: bool = True,
) -> Image.Image:
    """Draw the screen of a task: negatives left, queries in the middle, positives right.

    Explanations stand in rows from most to least extreme; participants see them shuffled.

    Parameters
    ----------
    item : Mapping[str, Any] | pd.Series
        A row of items.parquet.
    pictures : Pictures
        Of its image set.
    tile : int, optional
        Side of an explanation in pixels; queries are half as wide again.
    positive_on_top : bool, optional
        Which query stands above.
    told : bool, optional
        With headings, and the right query in a frame; participants see neither.
    """
    negatives = [int(i) for i in item["negatives"]]
    positives = [int(i) for i in item["positives"]]
    across = math.ceil(math.sqrt(max(len(negatives), len(positives))))
    gap, between, query = round(tile * GAP), round(tile * BETWEEN), round(tile * 1.45)
    side = across * tile + (across - 1) * gap
    height = max(side, 2 * query + gap)
    head = round(tile * 0.32) if told else 0
    picture = Image.new("RGB", (2 * side + query + 2 * between, height + head), "white")
    middle = side + between
    for x, which in ((0, negatives), (middle + query + between, positives)):
        _grid(picture, pictures, which, x, head + (height - side) // 2, tile, gap, across)
    queries = [int(item["query_positive"]), int(item["query_negative"])]
    if not positive_on_top:
        queries.reverse()
    rest = height - 2 * query
    for place, image in enumerate(queries):
        y = head + rest // 3 + place * (query + rest // 3)
        picture.paste(pictures.square(image, query), (middle, y))
        if told and image == int(item["query_positive"]):
            box = [middle, y, middle + query - 1, y + query - 1]
            ImageDraw.Draw(picture).rectangle(box, outline=FRAME, width=max(2, tile // 24))
    if told:
        size = max(10, round(tile * 0.17))
        _write(picture, (side / 2, 0), "weakly activating", NEGATIVE, size)
        _write(picture, (middle + query / 2, 0), "which fits right?", QUIET, size)
        right = middle + query + between + side / 2
        _write(picture, (right, 0), "strongly activating", POSITIVE, size)
    return picture


def _grid(
    picture: Image.Image,
    pictures: Pictures,
    which: Sequence[int],
    left: int,
    top: int,
    tile: int,
    gap: int,
    across: int,
) -> None:
    for place, image in enumerate(which):
        at = (left + place % across * (tile + gap), top + place // across * (tile + gap))
        picture.paste(pictures.square(image, tile), at)


def _write(
    picture: Image.Image,
    at: tuple[float, float],
    text: str,
    colour: str,
    size: int,
    anchor: str = "ma",
) -> None:
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).text(at, text, fill=colour, font=font, anchor=anchor)


def unit_sheet(
    scores: pd.DataFrame,
    items: pd.DataFrame,
    pictures: Pictures,
    model: str,
    *,
    each: int = 4,
    task: int = 0,
    tile: int = 56,
) -> Image.Image:
    """Draw a task of each of the `each` easiest (left) and hardest (right) units of a model.

    `scores` are of one setting, `items` of that setting among others. `task` is the number of the
    task that is shown; the first one if a unit has no such task.
    """
    units = easiest_and_hardest(scores, model, each)
    drawn: dict[str, list[Image.Image]] = {EASIEST: [], HARDEST: []}
    for _, unit in units.iterrows():
        tasks = tasks_of(items, unit)
        item = tasks.iloc[task if task < len(tasks) else 0]
        figure = item_figure(
            item, pictures, tile=tile, positive_on_top=len(drawn[unit["group"]]) % 2 == 0
        )
        drawn[unit["group"]].append(_captioned(figure, unit, item))
    columns = {group: figures for group, figures in drawn.items() if figures}
    width, height = next(iter(columns.values()))[0].size
    gap, head = round(tile * 0.6), round(tile * 0.75)
    rows = max(len(figures) for figures in columns.values())
    size = (len(columns) * width + (len(columns) + 1) * gap, head + rows * (height + gap))
    sheet = Image.new("RGB", size, "white")
    for column, (group, figures) in enumerate(columns.items()):
        left = gap + column * (width + gap)
        words = f"{group} unit{'s' if len(figures) > 1 else ''}"
        _write(sheet, (left, round(tile * 0.2)), words, INK, round(tile * 0.34), "la")
        for row, figure in enumerate(figures):
            sheet.paste(figure, (left, head + row * (height + gap)))
    return sheet


def _captioned(figure: Image.Image, unit: pd.Series, item: pd.Series) -> Image.Image:
    """Draw the item with the unit's name and score above it."""
    size = max(12, figure.height // 16)
    head = round(size * 1.7)
    found = Image.new("RGB", (figure.width, figure.height + head), "white")
    found.paste(figure, (0, head))
    score = f"MIS {unit['mis']:.2f} (this task {item['probability']:.2f})"
    font = ImageFont.load_default(size)
    room = figure.width - font.getlength(score) - size
    name = _shortened(str(unit["name"]), font, room)
    _write(found, (0, 0), name, INK, size, "la")
    _write(found, (figure.width, 0), score, QUIET, size, "ra")
    return found


def _shortened(text: str, font: Any, room: float) -> str:
    """Return the end of a text that is too long: layers differ at the end of their names."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength("…" + text) > room:
        text = text[1:]
    return "…" + text
