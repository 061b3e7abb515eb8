"""Small studies of the tasks that ask one question: comparison, estimation and identify."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from support.tiny_studies import RECRUITMENT, draw_once, merged, write_csv, write_study

NUMBERS = (8, 12, 14, 18, 20, 24)
REFERENCE = 16
ACTIONS = {"put": 1, "take": -1, "shake": 0}
TIMING: Mapping[str, Any] = {"fixation_ms": 200, "exposure_ms": 250, "mask": "noise"}
#: Measures the screen of a trial, CSS pixels: see `assert_laid_out`.
LAID_OUT = """
() => {
  const box = (e) => e.getBoundingClientRect();
  const bottoms = [...document.querySelectorAll('.judgement button')].map((e) => box(e).bottom);
  return {
    least: Math.min(...[...document.querySelectorAll('.judgement img')].map((e) => box(e).width)),
    sideways: document.documentElement.scrollWidth - innerWidth,
    below: Math.max(...bottoms) - innerHeight,
    pressable: Math.min(
      ...[...document.querySelectorAll('.judgement-answers button')].map((e) => box(e).height)),
  };
}
"""


def assert_laid_out(found: Mapping[str, float], name: str) -> None:
    """Check that a trial fits the window, and that its images and buttons are large enough."""
    assert found["least"] >= 120, name
    assert found["sideways"] <= 0 and found["below"] <= 0, name
    assert found["pressable"] >= 48, name


def write_each_judgement(folder: Path, timing: Mapping[str, Any] = TIMING) -> None:
    """Write one study per screen of the three tasks; their names are those of the folders.

    Parameters
    ----------
    folder
        Receives `beside`, `turns`, `typed`, `slider` and `what`.
    timing
        `[timing]` of `beside`, `turns` and `typed`. `slider` is not timed, `what` has two frames.
    """
    timed = {"timing": timing}
    comparison_study(folder / "beside", changes=timed)
    comparison_study(
        folder / "turns", changes={**timed, "task": {"layout": "in_turn", "confidence": True}}
    )
    estimation_study(folder / "typed", changes=timed)
    estimation_study(folder / "slider", changes={"task": {"input": "slider"}})
    identify_study(folder / "what")


def study(folder: Path, task: Mapping[str, Any], kinds: Mapping[str, int],
          changes: Mapping[str, Any] | None) -> Path:  # fmt: skip
    """Write study.toml and texts of a study whose images are drawn; returns the folder."""
    spec = {
        "title": "Dots",
        "description": "A question about dots.",
        "contact": "Ada Example <ada@example.org>",
        "minutes": 1,
        "task": dict(task),
        "phases": dict(kinds),
        "stimuli": {"manifest": "stimuli.csv"},
        "items": {"manifest": "items.csv"},
        "recruitment": RECRUITMENT,
    }
    write_study(folder, merged(spec, changes or {}), {})
    return folder


def comparison_study(
    folder: Path,
    *,
    practice: int = 1,
    test: int = 6,
    catch: int = 1,
    judged: bool = True,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a comparison of numbers of dots with 16; returns the folder.

    Parameters
    ----------
    folder
        The study folder; its name is the study's name.
    practice
        Practice trials, and items of that kind.
    test
        Test trials, and items of that kind.
    catch
        Catch trials, and items of that kind.
    judged
        Whether test items say which display is right; the others do.
    changes
        Laid over study.toml, table by table; None takes a key out.
    """
    kinds = {"practice": practice, "test": test, "catch": catch}
    drawn = {"kinds": kinds, "judged": judged}
    draw_once(partial(_draw_pairs, **drawn), {"task": "comparison", **drawn}, folder, __file__)
    task = {"name": "comparison", "question": "Which has more dots?", "attribute": "number"}
    return study(folder, task, kinds, changes)


def estimation_study(
    folder: Path,
    *,
    practice: int = 1,
    test: int = 6,
    catch: int = 1,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write an estimation of numbers of dots, 0 to 40; returns the folder. See comparison_study."""
    kinds = {"practice": practice, "test": test, "catch": catch}
    drawn = {"kinds": kinds}
    draw_once(partial(_draw_single, **drawn), {"task": "estimation", **drawn}, folder, __file__)
    task = {"name": "estimation", "question": "How many dots?", "attribute": "number",
            "most": 40, "tolerance": 0.25, "unit": "dots"}  # fmt: skip
    return study(folder, task, kinds, changes)


def identify_study(
    folder: Path,
    *,
    practice: int = 3,
    test: int = 6,
    catch: int = 1,
    displays: int = 2,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a study of what happened between two frames; returns the folder.

    Parameters
    ----------
    folder
        The study folder; its name is the study's name.
    practice
        Practice trials, and items of that kind.
    test
        Test trials, and items of that kind.
    catch
        Catch trials, and items of that kind.
    displays
        2: frames before and after; 1: only the frame after.
    changes
        Laid over study.toml, table by table; None takes a key out.
    """
    kinds = {"practice": practice, "test": test, "catch": catch}
    drawn = {"kinds": kinds, "displays": displays}
    draw_once(partial(_draw_frames, **drawn), {"task": "identify", **drawn}, folder, __file__)
    task = {"name": "identify", "question": "What happened?", "labels": list(ACTIONS),
            "keys": ["p", "t", "s"], "gap_ms": 100}  # fmt: skip
    timing = {"timing": {"exposure_ms": 200}} if displays > 1 else {}
    return study(folder, task, kinds, merged(timing, changes or {}))


def dots(number: int, seed: int) -> Image.Image:
    """A picture of a number of dots on a grid; the seed makes each one different."""
    image = Image.new("L", (64, 64), 0)
    pen = ImageDraw.Draw(image)
    for at in range(number):
        x, y = 4 + at % 8 * 7, 4 + at // 8 * 7
        pen.rectangle((x, y, x + 4, y + 4), fill=255)
    pen.point((seed % 64, 63 - seed // 64), fill=90)
    return image


class _Drawing:
    """Images of a study that is being drawn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        (folder / "stimuli").mkdir()

    def dots(self, number: int) -> str:
        """Draw dots; the name of their file."""
        name = f"stimuli/{len(self.rows):03d}.png"
        dots(number, len(self.rows)).save(self.folder / name)
        self.rows.append({"file": name, "label": "", "number": number, "area": 25 * number})
        return name


def _draw_pairs(folder: Path, kinds: Mapping[str, int], judged: bool) -> None:
    drawing, items = _Drawing(folder), []
    for kind, many in kinds.items():
        for at in range(many):
            test, reference = (NUMBERS[at % len(NUMBERS)], REFERENCE)
            if kind == "catch":
                test, reference = (4, 32)
            answer = "test" if test > reference else "reference"
            items.append({
                "item_id": f"item-{len(items):02d}", "kind": kind, "test": drawing.dots(test),
                "reference": drawing.dots(reference),
                "answer": answer if judged or kind != "test" else "",
                "number": test, "reference_number": reference, "half": "ab"[at % 2],
            })  # fmt: skip
    write_csv(folder / "stimuli.csv", drawing.rows)
    write_csv(folder / "items.csv", items)


def _draw_single(folder: Path, kinds: Mapping[str, int]) -> None:
    drawing, items = _Drawing(folder), []
    for kind, many in kinds.items():
        for at in range(many):
            number = 2 if kind == "catch" else (1, 3, *NUMBERS)[at % 8]
            items.append({
                "item_id": f"item-{len(items):02d}", "kind": kind, "image": drawing.dots(number),
                "number": number,
            })  # fmt: skip
    write_csv(folder / "stimuli.csv", drawing.rows)
    write_csv(folder / "items.csv", items)


def _draw_frames(folder: Path, kinds: Mapping[str, int], displays: int) -> None:
    drawing, items = _Drawing(folder), []
    for kind, many in kinds.items():
        for at in range(many):
            action, change = list(ACTIONS.items())[at % 3]
            before = 3 + at % 2
            images = [drawing.dots(before), drawing.dots(before + change)][-displays:]
            items.append({
                "item_id": f"item-{len(items):02d}", "kind": kind, "images": ";".join(images),
                "answer": action, "before": before,
            })  # fmt: skip
    write_csv(folder / "stimuli.csv", drawing.rows)
    write_csv(folder / "items.csv", items)
