"""A folder of images as one ordered set: what is in it, under which hash, and how it is opened."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.picture_files import SUFFIXES, picture_files
from diptych_analysis.pictures import PictureFault, read_picture


@dataclass(frozen=True)
class ImageSet:
    """Images in the order of their names; of identical files only the first is in it.

    Attributes
    ----------
    folder : Path
        Where they are.
    files : tuple[str, ...]
        Paths relative to the folder, (n,).
    hashes : tuple[str, ...]
        SHA-256 of the files, (n,).
    duplicates : tuple[tuple[str, str], ...]
        Files left out, each with the one that it repeats.
    left_out : tuple[str, ...]
        Files that are hidden or no images.
    """

    folder: Path
    files: tuple[str, ...]
    hashes: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.files)

    @property
    def key(self) -> str:
        """12 hex digits of the images and their order; names and places don't matter."""
        return hashlib.sha256("".join(self.hashes).encode()).hexdigest()[:12]

    def open(self, number: int) -> Image.Image:
        """Open one image, RGB.

        Raises
        ------
        MachineFault
            Naming the file.
        """
        return open_image(self.folder / self.files[number])

    def part(self, block: range) -> ImageSet:
        """Select the images of a block, numbered from 0."""
        cut = slice(block.start, block.stop)
        return ImageSet(self.folder, self.files[cut], self.hashes[cut])

    def frame(self) -> pd.DataFrame:
        """Return one row per image: image_set, image, file, sha256."""
        return pd.DataFrame(
            {
                "image_set": self.key,
                "image": range(len(self)),
                "file": self.files,
                "sha256": self.hashes,
            }
        )


def open_image(file: Path) -> Image.Image:
    """Open an image as people see it: see `diptych_analysis.pictures`.

    Raises
    ------
    MachineFault
        A file that is missing or no image, naming it.
    """
    try:
        return read_picture(file.read_bytes())
    except FileNotFoundError:
        raise MachineFault(f"no image {str(file)!r}") from None
    except OSError as error:
        raise MachineFault(f"the image {str(file)!r} can't be read: {error.strerror}") from error
    except PictureFault as fault:
        raise MachineFault(f"the image {str(file)!r} {fault}") from None


def image_set(folder: Path, known: pd.DataFrame | None = None, threads: int = 4) -> ImageSet:
    """Find the images of a folder and all folders in it.

    Parameters
    ----------
    folder : Path
        Where they are.
    known : pd.DataFrame | None, optional
        An earlier index (file, size, changed, sha256), so that big folders are not read
        again to be hashed.
    threads : int, optional
        Files that are read at a time.

    Raises
    ------
    MachineFault
        No folder, or no image in it.
    """
    if not folder.is_dir():
        raise MachineFault(f"no folder of images {str(folder)!r}")
    found, left_out = picture_files(folder)
    if not found:
        raise MachineFault(
            f"no images in {str(folder)!r}; it needs files of these kinds: "
            f"{' '.join(sorted(SUFFIXES))}"
        )
    hashes = _hashes(folder, found, known, threads)
    first: dict[str, str] = {}
    repeated = []
    for name in found:
        if hashes[name] in first:
            repeated.append((name, first[hashes[name]]))
        else:
            first[hashes[name]] = name
    return ImageSet(folder, tuple(first.values()), tuple(first), tuple(repeated), tuple(left_out))


def _hashes(
    folder: Path, names: Sequence[str], known: pd.DataFrame | None, threads: int
) -> dict[str, str]:
    told: dict[tuple[str, int, int], str] = {}
    if known is not None:
        rows = known[["file", "size", "changed", "sha256"]].itertuples(index=False)
        told = {(file, size, changed): sha for file, size, changed, sha in rows}

    def one(name: str) -> str:
        stat = (folder / name).stat()
        kept = told.get((name, stat.st_size, stat.st_mtime_ns))
        return kept or hashlib.sha256((folder / name).read_bytes()).hexdigest()

    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def index_frame(images: ImageSet) -> pd.DataFrame:
    """Return what `image_set` can take next time: file, size, changed (ns), sha256."""
    sha = dict(zip(images.files, images.hashes, strict=True))
    sha |= {name: sha[first] for name, first in images.duplicates}
    stats = {name: (images.folder / name).stat() for name in sha}
    return pd.DataFrame(
        [(name, stats[name].st_size, stats[name].st_mtime_ns, sha[name]) for name in sha],
        columns=["file", "size", "changed", "sha256"],
    )


def opened(images: ImageSet, numbers: Sequence[int], threads: int) -> Iterator[Image.Image]:
    """Open the images in order, decoded ahead of need by a few threads."""
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        waiting: deque[Future[Image.Image]] = deque()
        for number in numbers:
            waiting.append(pool.submit(images.open, number))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
