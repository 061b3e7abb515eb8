"""Contact sheets: images in rows of ten, which a reader sees and a later command cuts again."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile, PngInfo

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.pictures import read_picture

Bytes = npt.NDArray[np.uint8]

#: Small images are enlarged to at least this many pixels in contact sheets.
_SHOWN = 96
_COLUMNS = 10
_GAP = 2
#: Text of the PNG file: images of each group, height, width and scale of an image.
_MARK = "diptych-sheet"


def contact_sheet(groups: Sequence[Bytes]) -> Image.Image:
    """Lay images out in rows of ten, each group on a new row; enlarge small ones, unsmoothed.

    Parameters
    ----------
    groups : sequence of ndarray, (images, H, W, 3)
        All of one size.
    """
    height, width = groups[0].shape[1:3]
    scale = _scale(height)
    rows = [group[i : i + _COLUMNS] for group in groups for i in range(0, len(group), _COLUMNS)]
    columns = max(len(row) for row in rows)
    sheet = np.full(
        (len(rows) * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3), 128, np.uint8
    )
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = _GAP + row * (height + _GAP), _GAP + column * (width + _GAP)
            sheet[top : top + height, left : left + width] = image
    picture = Image.fromarray(sheet)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def write_sheet(file: Path, groups: Sequence[Bytes]) -> None:
    """Write a contact sheet as PNG; `read_sheet` cuts it again.

    Parameters
    ----------
    file : Path
        Its folder is made.
    groups : sequence of ndarray, (images, H, W, 3)
        All of one size.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    height, width = groups[0].shape[1:3]
    about = PngInfo()
    about.add_text(_MARK, f"{','.join(str(len(group)) for group in groups)} {height} {width}")
    contact_sheet(groups).save(file, pnginfo=about)


def read_sheet(file: Path) -> list[Bytes]:
    """Cut a contact sheet into its groups of images, each (images, H, W, 3), as they were drawn.

    Raises
    ------
    ConceptFault
        If the file is missing or no contact sheet of a search.
    """
    try:
        data = file.read_bytes()
        with PngImageFile(BytesIO(data)) as about:
            counts, height, width = str(about.text[_MARK]).split()
        picture, scale = read_picture(data), _scale(int(height))
        small = (picture.width // scale, picture.height // scale)
        sheet = np.asarray(picture.resize(small, Image.Resampling.NEAREST))
    except (OSError, SyntaxError, KeyError, ValueError) as error:
        raise ConceptFault(
            f"{str(file)!r} is no contact sheet of `diptych concepts` ({error!r}); a search of an "
            "earlier version must run again"
        ) from error
    row, result = 0, []
    for count in map(int, counts.split(",")):
        places = [(row + i // _COLUMNS, i % _COLUMNS) for i in range(count)]
        result.append(np.stack([_tile(sheet, *place, int(height), int(width)) for place in places]))
        row += -(-count // _COLUMNS)
    return result


def as_images(pictures: Sequence[Image.Image], size: tuple[int, int]) -> Bytes:
    """Cut and scale pictures to one size (height, width); return (images, H, W, 3)."""
    height, width = size
    fitted = [ImageOps.fit(picture.convert("RGB"), (width, height)) for picture in pictures]
    return np.stack([np.asarray(picture) for picture in fitted])


def _tile(sheet: Bytes, row: int, column: int, height: int, width: int) -> Bytes:
    top, left = _GAP + row * (height + _GAP), _GAP + column * (width + _GAP)
    return sheet[top : top + height, left : left + width]


def _scale(height: int) -> int:
    return max(1, -(-_SHOWN // height))
