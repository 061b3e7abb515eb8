"""Small but complete studies, written in a moment."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from support.kept import copy_of, hash_of_sources, kept, versions

CLASSES = ("Agara", "Bari", "Cooka")
RECRUITMENT = {
    "participants": 500,
    "recruiters": ["direct", "prolific", "mturk"],
    "prolific": {"completed": "DONE", "screened_out": "OUT", "declined": "NO"},
}
TEXTS = {
    "consent.md": "# Consent\n\nYou may stop at any time.\n",
    "instructions.md": "# What you do\n\nLook.\n\n---\n\n# How you answer\n\nChoose.\n",
    "debrief.md": "# Thank you\n\nThat was all.\n",
}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return str(value)


def to_toml(tables: Mapping[str, Any], prefix: str = "") -> str:
    """TOML of nested dicts; a list of dicts becomes an array of tables."""
    plain, nested = [], []
    for key, value in tables.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            nested.append(f"\n[{name}]\n{to_toml(value, name + '.')}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            nested += [f"\n[[{name}]]\n{to_toml(v, name + '.')}" for v in value]
        else:
            plain.append(f"{key} = {_toml(value)}\n")
    return "".join(plain) + "".join(nested)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, table by table; a change to None takes the key out."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def write_study(folder: Path, spec: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(to_toml(spec), encoding="utf-8")
    for name, text in {**TEXTS, **texts}.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def draw_once(
    draw: Callable[[Path], None],
    arguments: Mapping[str, Any],
    folder: Path,
    source: str = __file__,
) -> None:
    """Put drawn images and their manifests into a folder: copies of those kept between runs."""
    sources = hash_of_sources(Path(source))
    copy_of(kept(draw, sources, versions("pillow", "numpy"), json.dumps(arguments)), folder)


def _blob(path: Path, hue: tuple[int, int, int], size: float, rng: np.random.Generator) -> None:
    """A 32 x 32 image: one disc of a radius (pixels) on grey noise, so that no two are the same."""
    noise = rng.integers(96, 160, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise, "RGB")
    x, y = 16 + rng.uniform(-3, 3, 2)
    ImageDraw.Draw(image).ellipse((x - size, y - size, x + size, y + size), fill=hue)
    image.save(path, format="PNG")


def category_study(
    folder: Path,
    *,
    per_class: int = 8,
    training: int = 4,
    test: int = 2,
    changes: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """Write a category-learning study; file names don't tell the class. Returns the folder.

    Parameters
    ----------
    folder : Path
        The study folder; its name is the study's name.
    per_class : int, optional
        Images per class.
    training : int, optional
        Number of training trials.
    test : int, optional
        Number of test trials.
    changes : Mapping[str, Any] | None, optional
        Laid over study.toml, table by table; None takes a key out.
    texts : Mapping[str, str] | None, optional
        Further or other Markdown files, name -> text.
    """
    spec = {
        "title": "Tiny creatures",
        "description": "Learn three kinds of discs.",
        "contact": "Ada Example <ada@example.org>",
        "minutes": 1,
        "task": {"name": "category_learning", "rank": 2, "feedback": ["training"]},
        "phases": {"training": training, "test": test},
        "stimuli": {"manifest": "stimuli.csv"},
        "recruitment": RECRUITMENT,
    }
    draw_once(partial(_draw_discs, per_class=per_class), {"per_class": per_class}, folder)
    write_study(folder, merged(spec, changes or {}), texts or {})
    return folder


def _draw_discs(folder: Path, per_class: int) -> None:
    """Draw the images of a category-learning study, and list them in stimuli.csv."""
    rng = np.random.default_rng(7)
    (folder / "stimuli").mkdir()
    rows: list[dict[str, Any]] = []
    hues = ((200, 60, 60), (60, 180, 60), (60, 60, 200))
    order = rng.permutation(per_class * len(CLASSES))
    for n, number in enumerate(order):
        label = int(number) % len(CLASSES)
        size = 4.0 + 2 * label + float(rng.uniform(-1, 1))
        name = f"stimuli/{n:03d}.png"
        _blob(folder / name, hues[label], size, rng)
        rows.append({"file": name, "label": CLASSES[label], "size": round(size, 3)})
    write_csv(folder / "stimuli.csv", rows)


def two_afc_study(
    folder: Path,
    *,
    practice: int = 2,
    test: int = 4,
    catch: int = 1,
    explanations: int = 9,
    changes: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """Write a 2-AFC study of one unit, "is it red?"; returns the folder.

    Parameters
    ----------
    folder : Path
        The study folder; its name is the study's name.
    practice : int, optional
        Practice trials, and items of that kind.
    test : int, optional
        Test trials, and items of that kind.
    catch : int, optional
        Catch trials, and items of that kind.
    explanations : int, optional
        Positive and negative explanations per item.
    changes : Mapping[str, Any] | None, optional
        Laid over study.toml, table by table; None takes a key out.
    texts : Mapping[str, str] | None, optional
        Further or other Markdown files, name -> text.
    """
    kinds = {"practice": practice, "test": test, "catch": catch}
    spec = {
        "title": "Which picture belongs?",
        "description": "Two queries, two sets of explanations.",
        "contact": "Ada Example <ada@example.org>",
        "minutes": 1,
        "task": {
            "name": "two_afc",
            "practice_hard": 0,
            "explanations": explanations,
            "enable_after_ms": 100,
            "feedback_delay_ms": 50,
            "feedback_ms": 100,
        },
        "phases": kinds,
        "stimuli": {"manifest": "stimuli.csv"},
        "items": {"manifest": "items.csv"},
        "recruitment": RECRUITMENT,
    }
    drawn = {"kinds": kinds, "explanations": explanations}
    draw_once(partial(_draw_items, **drawn), drawn, folder)
    write_study(folder, merged(spec, changes or {}), texts or {})
    return folder


def _draw_items(folder: Path, kinds: dict[str, int], explanations: int) -> None:
    """Draw the images of a 2-AFC study, and list them in stimuli.csv and items.csv."""
    rng = np.random.default_rng(8)
    (folder / "stimuli").mkdir()
    stimuli: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []

    def draw(red: bool) -> str:
        name = f"stimuli/{len(stimuli):03d}.png"
        shade = int(rng.integers(0, 40))
        hue = (200 + shade, 50, 50) if red else (50, 50, 200 + shade)
        _blob(folder / name, hue, float(rng.uniform(5, 11)), rng)
        stimuli.append({"file": name, "label": "any", "red": int(red)})
        return name

    for n, kind in enumerate(kind for kind, number in kinds.items() for _ in range(number)):
        items.append(
            {
                "item_id": f"item-{n:02d}",
                "kind": kind,
                "unit": "red",
                "query_positive": draw(True),
                "query_negative": draw(False),
                "positives": ";".join(draw(True) for _ in range(explanations)),
                "negatives": ";".join(draw(False) for _ in range(explanations)),
                "margin": round(float(rng.uniform(0.5, 2)), 3),
            }
        )
    write_csv(folder / "stimuli.csv", stimuli)
    write_csv(folder / "items.csv", items)


def odd_one_out_study(
    folder: Path,
    *,
    practice: int = 1,
    test: int = 4,
    catch: int = 1,
    n: int = 3,
    judged: bool = True,
    changes: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """Write an odd-one-out study of red discs and a blue one; returns the folder.

    Parameters
    ----------
    folder : Path
        The study folder; its name is the study's name.
    practice : int, optional
        Practice trials, and items of that kind.
    test : int, optional
        Test trials, and items of that kind.
    catch : int, optional
        Catch trials, and items of that kind.
    n : int, optional
        Images per item.
    judged : bool, optional
        Whether test items say which image is the odd one; the others do.
    changes : Mapping[str, Any] | None, optional
        Laid over study.toml, table by table; None takes a key out.
    texts : Mapping[str, str] | None, optional
        Further or other Markdown files, name -> text.
    """
    kinds = {"practice": practice, "test": test, "catch": catch}
    spec = {
        "title": "Which one is odd?",
        "description": "Several discs, one of another colour.",
        "contact": "Ada Example <ada@example.org>",
        "minutes": 1,
        "task": {"name": "odd_one_out", "n": n, "enable_after_ms": 100},
        "phases": kinds,
        "stimuli": {"manifest": "stimuli.csv"},
        "items": {"manifest": "items.csv"},
        "recruitment": RECRUITMENT,
    }
    drawn = {"kinds": kinds, "n": n, "judged": judged}
    draw_once(partial(_draw_odd, **drawn), drawn, folder)
    write_study(folder, merged(spec, changes or {}), texts or {})
    return folder


def _draw_odd(folder: Path, kinds: dict[str, int], n: int, judged: bool) -> None:
    """Draw the images of an odd-one-out study, and list them in stimuli.csv and items.csv."""
    rng = np.random.default_rng(9)
    (folder / "stimuli").mkdir()
    stimuli: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []

    def draw(red: bool) -> str:
        name = f"stimuli/{len(stimuli):03d}.png"
        _blob(folder / name, (210, 50, 50) if red else (50, 50, 210), 9.0, rng)
        stimuli.append({"file": name, "label": "", "red": int(red)})
        return name

    for number, kind in enumerate(kind for kind, many in kinds.items() for _ in range(many)):
        place = int(rng.integers(n))
        images = [draw(at != place) for at in range(n)]
        odd = images[place] if judged or kind != "test" else ""
        items.append({
            "item_id": f"item-{number:02d}", "kind": kind, "images": ";".join(images), "odd": odd,
            "hard": number % 2,
        })  # fmt: skip
    write_csv(folder / "stimuli.csv", stimuli)
    write_csv(folder / "items.csv", items)
