"""Images with a class for every pixel: from a folder, or drawn in the tiny world.

FOLDER/
  classes.txt          one class per line; line 1 is class 0
  images/NAME.png      square images (others are cut to their centre)
  labels/NAME.png      the same size, grey, each pixel a class; 255 counts nowhere
  depth/NAME.png       optional, 16 bits, millimetres; 0 counts nowhere
  captions.csv         optional: columns image, caption, and more columns with other captions
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.pictures import PictureFault, read_numbers, read_picture

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
#: Label of pixels that count neither in training nor in scores.
IGNORED = 255
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Labelled:
    """Images, the class of every pixel and, where it is known, the depth.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes; class 0 first.
    images : ndarray, (n, H, H, 3)
        0 to 255.
    labels : ndarray, (n, H, H)
        Classes, or `IGNORED`.
    depth : ndarray of float, (n, H, H), optional
        Positive; 0 where it is not known.
    captions : dict of str to tuple of str
        Captions of all images, by the name of their column.
    names : tuple of str
        Names of the images.
    """

    classes: tuple[str, ...]
    images: Bytes
    labels: Bytes
    depth: Floats | None = None
    captions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    @property
    def present(self) -> Bools:
        """Which classes each image shows, (n, classes)."""
        result = np.zeros((len(self), len(self.classes)), np.bool_)
        for number in range(len(self.classes)):
            result[:, number] = (self.labels == number).any((1, 2))
        return result

    @property
    def key(self) -> str:
        """Hash of the images, 12 hex digits."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images).tobytes())
        return digest.hexdigest()[:12]

    def part(self, chosen: npt.NDArray[np.generic] | slice) -> Labelled:
        """Select images by number, mask or slice."""
        at = np.arange(len(self))[chosen].tolist()
        return Labelled(
            self.classes,
            self.images[at],
            self.labels[at],
            None if self.depth is None else self.depth[at],
            {name: tuple(found[i] for i in at) for name, found in self.captions.items()},
            tuple(self.names[i] for i in at) if self.names else (),
        )


def read_folder(folder: Path, size: int) -> Labelled:
    """Read a folder of labelled images at one size.

    Parameters
    ----------
    folder : Path
        As the module says.
    size : int
        Side in pixels. Images are smoothed when they shrink; labels are never mixed.

    Raises
    ------
    CaptionFault
        If a file is missing, damaged, or holds a class that classes.txt does not name.
    """
    classes = _read_classes(folder / "classes.txt")
    files = _files(folder)
    images = np.stack([_image(file, size) for file in files])
    labels = np.stack([_labels(folder, file, size, len(classes)) for file in files])
    depth = None
    if (folder / "depth").is_dir():
        depth = np.stack([_depth(folder / "depth" / f"{file.stem}.png", size) for file in files])
    names = tuple(file.name for file in files)
    return Labelled(classes, images, labels, depth, _captions(folder, names), names)


def write_folder(folder: Path, images: Labelled) -> None:
    """Write labelled images as `read_folder` reads them.

    Parameters
    ----------
    folder : Path
        A new folder, or an empty one.
    images : Labelled
        With names; their endings are replaced by `.png`.

    Raises
    ------
    CaptionFault
        If the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise CaptionFault(f"{str(folder)!r} is not empty: choose a new folder")
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(images.classes) + "\n", encoding="utf-8")
    stems = [Path(name).stem for name in images.names]
    for number, stem in enumerate(stems):
        Image.fromarray(images.images[number]).save(folder / "images" / f"{stem}.png")
        Image.fromarray(images.labels[number]).save(folder / "labels" / f"{stem}.png")
    if images.captions:
        table = pd.DataFrame({"image": [f"{stem}.png" for stem in stems], **images.captions})
        table.to_csv(folder / "captions.csv", index=False)


def _read_classes(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CaptionFault(f"{str(file)!r} can't be read ({error}): one class per line") from error
    classes = tuple(line.strip() for line in lines if line.strip())
    if not 2 <= len(classes) < IGNORED or len(set(classes)) < len(classes):
        raise CaptionFault(
            f"{str(file)!r} has {len(classes)} classes; allowed are 2 to {IGNORED - 1} different "
            "ones, one per line"
        )
    return classes


def _files(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.glob("images/*") if file.suffix.lower() in SUFFIXES)
    if len(found) < 2:
        raise CaptionFault(
            f"{str(folder / 'images')!r} has {len(found)} images; allowed are 2 or more "
            f"({', '.join(SUFFIXES)})"
        )
    stems = [file.stem for file in found]
    twice = {stem for stem in stems if stems.count(stem) > 1}
    if twice:
        raise CaptionFault(f"{str(folder / 'images')!r}: two images are named {min(twice)!r}")
    return found


def _square(picture: Image.Image, size: int, how: Image.Resampling) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size, size), how)


def _image(file: Path, size: int) -> Bytes:
    try:
        picture = read_picture(file.read_bytes())
    except (OSError, PictureFault) as error:
        raise CaptionFault(f"the image {str(file)!r} can't be read: {error}") from error
    return np.asarray(_square(picture, size, Image.Resampling.BICUBIC), np.uint8)


def _open(file: Path) -> Image.Image:
    try:
        return read_numbers(file.read_bytes())
    except (OSError, PictureFault) as error:
        raise CaptionFault(f"{str(file)!r} can't be read: {error}") from error


def _labels(folder: Path, file: Path, size: int, classes: int) -> Bytes:
    beside = folder / "labels" / f"{file.stem}.png"
    picture = _open(beside)
    if picture.mode not in ("L", "P"):
        raise CaptionFault(
            f"{str(beside)!r} has mode {picture.mode}; allowed is one class per pixel (L or P)"
        )
    found = np.asarray(_square(picture, size, Image.Resampling.NEAREST), np.uint8)
    wrong = found[(found >= classes) & (found != IGNORED)]
    if wrong.size:
        raise CaptionFault(
            f"{str(beside)!r} holds class {wrong[0]}; allowed are 0 to {classes - 1}, as in "
            f"classes.txt, and {IGNORED} for pixels that do not count"
        )
    return found


def _depth(file: Path, size: int) -> Floats:
    picture = _open(file)
    metres = np.asarray(_square(picture, size, Image.Resampling.NEAREST), np.float32) / 1000
    return metres.astype(np.float32)


def _captions(folder: Path, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    file = folder / "captions.csv"
    if not file.exists():
        return {}
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CaptionFault(f"{str(file)!r} can't be read: {error}") from error
    if "image" not in table or len(table.columns) < 2:
        raise CaptionFault(
            f"{str(file)!r} has columns {', '.join(table.columns)}; needed are image and caption"
        )
    table = table.drop_duplicates("image").set_index("image")
    missing = [name for name in names if name not in table.index]
    if missing:
        raise CaptionFault(
            f"{str(file)!r} has no row for {len(missing)} of {len(names)} images, "
            f"such as {missing[0]!r}"
        )
    return {str(column): tuple(table.loc[list(names), column]) for column in table.columns}
