"""Grids as pictures: one row of images per grid, with its scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from diptych_analysis.charts import INK
from diptych_analysis.representations.rdx.comparison import Direction

Opener = Callable[[int], Image.Image]
_GAP, _LINE = 4, 20


def draw_direction(
    direction: Direction, opener: Opener, *, side: int = 72, notes: Sequence[str] = ()
) -> Image.Image | None:
    """Draw the grids of a direction, the strongest first.

    Parameters
    ----------
    direction : Direction
        Grids and scores.
    opener : callable
        Row number of an item -> its image.
    side : int
        Width and height of each image, in pixels.
    notes : sequence of str
        One more remark per grid.

    Returns
    -------
    PIL.Image.Image or None
        None without grids.
    """
    if not direction.grids:
        return None
    columns = max(len(grid.items) for grid in direction.grids)
    row = side + _LINE + 2 * _GAP
    width = max(columns * (side + _GAP) + _GAP, 460)
    sheet = Image.new("RGB", (width, row * len(direction.grids)), "white")
    pen = ImageDraw.Draw(sheet)
    font: Any = ImageFont.load_default(13)
    for number, grid in enumerate(direction.grids):
        top = number * row
        note = f"; {notes[number]}" if number < len(notes) else ""
        pen.text(
            (_GAP, top + 2),
            f"{number + 1}: affinity {grid.affinity:.0f}, BSR {grid.success_rate:.2f}{note}",
            fill=INK,
            font=font,
        )
        for place, item in enumerate(grid.items):
            picture = opener(int(item)).convert("RGB").resize((side, side))
            sheet.paste(picture, (_GAP + place * (side + _GAP), top + _LINE))
    return sheet
