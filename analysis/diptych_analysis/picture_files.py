"""Which files of a folder are pictures: those that somebody has put there on purpose."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm"})
#: What macOS packs beside each file of an archive.
_PACKED_BESIDE = "__MACOSX"


def picture_files(folder: Path) -> tuple[list[str], list[str]]:
    """Find the pictures in a folder and in all folders within it.

    Parameters
    ----------
    folder : Path
        Where to look.

    Returns
    -------
    pictures : list of str
        Paths relative to the folder, in the order of their names.
    left_out : list of str
        Files that are none: hidden ones (`.DS_Store`, `._a.png`), and those whose names do not end
        like one of `SUFFIXES` (`Thumbs.db`).
    """
    pictures: list[str] = []
    left_out: list[str] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(folder)
        wanted = path.suffix.lower() in SUFFIXES and not any(map(is_hidden, name.parts))
        (pictures if wanted else left_out).append(name.as_posix())
    return sorted(pictures), sorted(left_out)


def is_hidden(name: str) -> bool:
    """Say whether a file or folder of this name is not for people: systems make such themselves."""
    return name.startswith(".") or name == _PACKED_BESIDE


def in_words(left_out: list[str]) -> str:
    """Return how many files were left out, and some of their names."""
    count = "1 file" if len(left_out) == 1 else f"{len(left_out)} files"
    return f"{count} left out: {few(left_out)}"


def few(names: list[str]) -> str:
    """Name the first three of many: `a, b, c, …`."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
