"""Grids of patches as pictures."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from diptych_analysis.charts import INK, QUIET
from diptych_analysis.representations.rsvc.comparison import Side
from diptych_analysis.representations.rsvc.grids import Ints
from diptych_analysis.representations.rsvc.patches import PatchGrid
from diptych_analysis.representations.rsvc.result_tables import ClassResult, Result

_SIDE, _GAP, _TEXT = 80, 4, 20
_ROWS = (
    ("top", "largest coefficients"),
    ("under", "predicted too low"),
    ("over", "predicted too high"),
)


class Gallery:
    """Draws concepts; each image is read once.

    Parameters
    ----------
    result : Result
        All results, which know the images.
    """

    def __init__(self, result: Result) -> None:
        self.result = result
        self._grid = PatchGrid(**result.about["patches"])
        self._squares: dict[int, Image.Image] = {}

    def patch(self, found: ClassResult, row: int) -> Image.Image:
        """Cut an evaluation patch of a class."""
        image, number = (int(value) for value in found.patches.iloc[row])
        if image not in self._squares:
            self._squares[image] = self._grid.square(self.result.images.open(image))
        return self._grid.patch(self._squares[image], number)


def draw_concept(gallery: Gallery, found: ClassResult, side: Side, concept: int) -> Image.Image:
    """Draw the three grids of a concept, one row each, with n, seed and settings.

    Parameters
    ----------
    gallery : Gallery
        Reads the patches.
    found : ClassResult
        Those of the class.
    side : {"a", "b"}
        The network that has the concept.
    concept : int
        Number of the concept.
    """
    result, grids = gallery.result, found.grids[(side, concept)]
    size = result.plan.grid_size
    width = max(size * (_SIDE + _GAP), 640)
    height = 2 * _TEXT + len(_ROWS) * (_SIDE + _TEXT + _GAP)
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    top = 0
    for text, colour in zip(_titles(result, found, side, concept), (INK, QUIET), strict=True):
        pen.text((0, top + 3), text, fill=colour, font=ImageFont.load_default(12))
        top += _TEXT
    for name, meaning in _ROWS:
        rows: Ints = getattr(grids, name)
        note = f"{meaning}" if len(rows) else f"{meaning}: no such patch"
        pen.text((0, top + 4), note, fill=QUIET, font=ImageFont.load_default(11))
        top += _TEXT
        for place, row in enumerate(rows):
            patch = gallery.patch(found, int(row)).resize((_SIDE, _SIDE))
            sheet.paste(patch, (place * (_SIDE + _GAP), top))
        top += _SIDE + _GAP
    return sheet


def _titles(result: Result, found: ClassResult, side: Side, concept: int) -> tuple[str, str]:
    own = found.concepts
    row = own[(own["network"] == side) & (own["concept"] == concept)].iloc[0]
    settings = result.plan.settings
    first = (
        f"{found.wanted.name}: concept {concept} of {row['model']}, predicted by "
        f"{row['predicted_by']}: CMCS {row['cmcs']:.2f} "
        f"({row['cmcs_low']:.2f} to {row['cmcs_high']:.2f}), SMCS {row['smcs']:.2f}"
    )
    second = (
        f"{row['images']} held-out images, {row['patches']} patches, k = {settings.concepts}, "
        f"alpha = {settings.alpha:g}, seed {settings.seed}"
    )
    return first, second
