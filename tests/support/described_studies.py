"""Small studies of the tasks about words in images: point and caption."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from support.judged_studies import study
from support.tiny_studies import draw_once, write_csv

WORDS = ("circle", "square")
KINDS: Mapping[str, int] = {"practice": 1, "test": 4, "catch": 1}


def point_study(folder: Path, *, changes: Mapping[str, Any] | None = None) -> Path:
    """Write a study of where a word is; returns the folder.

    Every third item has a word that is not there. The others have the box of the left half (circle)
    or of the right half (square).

    Parameters
    ----------
    folder
        The study folder; its name is the study's name.
    changes
        Laid over study.toml, table by table; None takes a key out.
    """
    draw_once(partial(_draw, boxes=True), {"task": "point"}, folder, __file__)
    return study(folder, {"name": "point", "question": "Where is the {word}?"}, KINDS, changes)


def caption_study(folder: Path, *, changes: Mapping[str, Any] | None = None) -> Path:
    """Write a study of captions by ticked words; returns the folder. See `point_study`."""
    draw_once(partial(_draw, boxes=False), {"task": "caption"}, folder, __file__)
    task = {"name": "caption", "question": "What is there?", "input": "words", "words": list(WORDS)}
    return study(folder, task, KINDS, changes)


def _draw(folder: Path, *, boxes: bool) -> None:
    (folder / "stimuli").mkdir()
    stimuli, items = [], []
    for kind, many in KINDS.items():
        for _ in range(many):
            number = len(items)
            word = WORDS[number % 2]
            absent = number % 3 == 2
            name = f"stimuli/{number:03d}.png"
            _picture(word, absent=absent, number=number).save(folder / name)
            x, y = (-1, -1) if absent else (0.25 + 0.5 * (number % 2), 0.5)
            row: dict[str, Any] = {"file": name, "label": ""}
            item: dict[str, Any] = {"item_id": f"item-{number:02d}", "kind": kind, "image": name}
            if boxes:
                row |= {f"{word}_x": x, f"{word}_y": y}
                left = "" if absent else 0.5 * (number % 2)
                item |= {"word": word, "left": left, "top": "" if absent else 0,
                         "right": "" if absent else left + 0.5, "bottom": "" if absent else 1,
                         "answer": "absent" if absent else ""}  # fmt: skip
            else:
                right = WORDS if absent else (word,)
                row |= {each: int(each in right) for each in WORDS}
                item |= {"answer": ";".join(right)}
            stimuli.append(row)
            items.append(item)
    columns = dict.fromkeys(name for row in stimuli for name in row)
    write_csv(
        folder / "stimuli.csv", [{name: row.get(name, -1) for name in columns} for row in stimuli]
    )
    write_csv(folder / "items.csv", items)


def _picture(word: str, *, absent: bool, number: int) -> Image.Image:
    image = Image.new("RGB", (64, 64), (230, 230, 240))
    pen = ImageDraw.Draw(image)
    left = 8 if word == "circle" else 40
    if not absent:
        draw = pen.ellipse if word == "circle" else pen.rectangle
        draw((left, 24, left + 16, 40), fill=(0, 114, 178))
    pen.point((number, 63), fill=(9, 9, 9))
    return image
