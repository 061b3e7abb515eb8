"""The images of stimuli in a report: found by their files, drawn as sheets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from diptych_analysis.pictures import PictureFault, read_picture
from diptych_analysis.tables import Tables

SIDE, GAP = 96, 8
#: Pixels of a sheet per CSS pixel: sharp on dense screens and on paper.
SCALE = 2
_TEXT, _ROW = 13, 18
INK, QUIET, PAPER, EMPTY = "#1d2733", "#5b6875", "#ffffff", "#eceff2"


class StimulusPictures:
    """Finds the image of a stimulus in the folders of studies.

    Parameters
    ----------
    folders : sequence of Path
        Folders of studies or data sets; the column `file` of the table `stimuli` is relative to
        one of them. Studies use the same names: the hash of the file decides, where the id of the
        stimulus is one.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = [Path(folder) for folder in folders]
        self._files: dict[str, str] = {}

    def use(self, tables: Tables) -> None:
        """Learn which file each stimulus of a data set is."""
        known = tables.stimuli[tables.stimuli["file"].notna()]
        self._files = dict(zip(known["stimulus_id"], known["file"].astype(str), strict=True))

    def open(self, stimulus: str) -> Image.Image | None:
        """Return the image of a stimulus on white; None where no folder has it."""
        name = self._files.get(stimulus)
        if name is None or Path(name).is_absolute() or ".." in Path(name).parts:
            return None
        for folder in self._folders:
            file = folder / name
            data = file.read_bytes() if file.is_file() else b""
            if data and _is_it(data, stimulus):
                try:
                    return read_picture(data)
                except PictureFault:
                    return None
        return None

    def has_any(self, stimuli: Sequence[str]) -> bool:
        """Say whether one of the stimuli has an image here."""
        return any(self.open(stimulus) is not None for stimulus in stimuli)

    def sheet(self, rows: Sequence[tuple[str, Sequence[str]]]) -> Image.Image | None:
        """Draw rows of stimuli, each below its heading; None where no image is found."""
        cells = [
            (heading, [(stimulus, "", "") for stimulus in stimuli]) for heading, stimuli in rows
        ]
        return self._drawn(cells, words=0)

    def captioned(
        self, cells: Sequence[tuple[str, str, str]], columns: int = 6
    ) -> Image.Image | None:
        """Draw stimuli in a grid, each above two lines of text; None where no image is found.

        Parameters
        ----------
        cells : sequence of (str, str, str)
            Id of the stimulus, and the two lines.
        columns : int
            Cells of a row.
        """
        rows = [("", list(cells[at : at + columns])) for at in range(0, len(cells), columns)]
        return self._drawn(rows, words=2)

    def titled(
        self, rows: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    ) -> Image.Image | None:
        """Draw rows of stimuli below their headings, each above a line; None without an image.

        Parameters
        ----------
        rows : sequence of (str, cells)
            Heading of each row, and its cells as those of `captioned`, whose second line is left
            out.
        """
        return self._drawn(rows, words=1)

    def _drawn(
        self, rows: Sequence[tuple[str, Sequence[tuple[str, str, str]]]], words: int
    ) -> Image.Image | None:
        if not self.has_any([cell[0] for _, cells in rows for cell in cells]):
            return None
        scale = SCALE
        side, gap, line = SIDE * scale, GAP * scale, _ROW * scale
        wide = side if not words else side + 28 * scale
        widest = max(len(cells) for _, cells in rows)
        below = gap * (2 if words and rows[0][0] else 1)  # a heading stands nearer to its own row
        heights = [(line if heading else 0) + side + words * line + below for heading, _ in rows]
        sheet = Image.new("RGB", (widest * (wide + gap) - gap, sum(heights) - below), PAPER)
        draw = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(_TEXT * scale)
        top = 0
        for (heading, cells), height in zip(rows, heights, strict=True):
            at = top
            if heading:
                room = sheet.width
                draw.text((0, at), fitted(heading, font, room), INK, font)
                at += line
            for place, (stimulus, *lines) in enumerate(cells):
                left = place * (wide + gap)
                sheet.paste(self._tile(stimulus, side), (left, at))
                for number, text in enumerate(lines[:words]):
                    ink = INK if number == 0 else QUIET
                    where = (left, at + side + number * line + 2 * scale)
                    draw.text(where, fitted(text, font, wide), ink, font)
            top += height
        return sheet

    def _tile(self, stimulus: str, side: int) -> Image.Image:
        picture = self.open(stimulus)
        tile = Image.new("RGB", (side, side), EMPTY if picture is None else PAPER)
        if picture is not None:
            small = picture.convert("RGB")
            ratio = min(side / small.width, side / small.height)
            size = (max(1, round(small.width * ratio)), max(1, round(small.height * ratio)))
            small = small.resize(size, Image.Resampling.LANCZOS)
            tile.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
        ImageDraw.Draw(tile).rectangle((0, 0, side - 1, side - 1), outline="#dfe4e9")
        return tile


def _is_it(data: bytes, stimulus: str) -> bool:
    """Say whether a file is that of a stimulus; imported data have ids that are no hashes."""
    is_hash = re.fullmatch("[0-9a-f]{64}", stimulus) is not None
    return not is_hash or hashlib.sha256(data).hexdigest() == stimulus


def fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """Shorten a text with … until it fits `room` pixels."""
    while len(text) > 1 and font.getlength(text) > room:
        text = text[:-2].rstrip() + "…"
    return text


def images_of_item(tables: Tables, item: str) -> pd.DataFrame:
    """Return the rows of the table `items` of one item, in the order of roles and places."""
    rows = tables.items[tables.items["item_id"] == item]
    return rows.sort_values("place", kind="stable")
