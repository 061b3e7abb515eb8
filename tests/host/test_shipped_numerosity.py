"""The three studies of number: their designs, in the manifests and in the pixels."""

from __future__ import annotations

import csv
import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from support.shipped import STUDIES, built

from diptych.authoring import load_study
from diptych.simulation import SeenTrial, observer_class

pytestmark = pytest.mark.slow

COVARIATES = ("area", "hull", "intensity")
Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counted(path: Path) -> int:
    """Squares in an image, counted in its pixels."""
    with Image.open(path) as picture:
        _, found = ndimage.label(np.asarray(picture) > 0, structure=np.ones((3, 3)))
    return int(found)


@pytest.mark.parametrize(
    "name", ["numerosity", "numerosity_estimation", "numerosity_actions"]
)  # fmt: skip
def test_the_study_has_no_faults_and_its_pixels_have_the_numbers(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(built(name, 16), folder)
    shutil.copytree(STUDIES / name, folder, dirs_exist_ok=True)
    content = load_study(folder).content
    kinds = Counter(item.kind for item in content.items.values())
    assert {kind: content.spec.trials(kind) for kind in kinds} == kinds
    stimuli = rows(folder / "stimuli.csv")
    assert {row["file"] for row in stimuli} == {
        f"stimuli/{path.name}" for path in (folder / "stimuli").iterdir()
    }
    for row in stimuli[::3]:
        assert counted(folder / row["file"]) == int(row["number"])


def test_covariates_go_against_the_number_in_half_of_the_pairs() -> None:
    folder = built("numerosity", 16)
    items = [item for item in rows(folder / "items.csv") if item["kind"] == "test"]
    stimuli = {row["file"]: row for row in rows(folder / "stimuli.csv")}
    levels = Counter(item["number"] for item in items)
    assert len(levels) == 14 and set(levels.values()) == {12}
    against: dict[str, Counter[str]] = {name: Counter() for name in COVARIATES}
    fooled: Counter[str] = Counter()
    for item in items:
        test, reference = (stimuli[item[role]] for role in ("test", "reference"))
        assert int(reference["number"]) == 16
        number = math.log(int(test["number"]) / 16)
        assert item["answer"] == ("test" if number > 0 else "reference")
        for name in COVARIATES:
            assert float(item[name]) == float(test[name])
            assert float(item[f"reference_{name}"]) == float(reference[name])
            ratio = math.log(float(test[name]) / float(reference[name]))
            assert abs(ratio) > 0.1
            with_number = ratio * number > 0
            assert item[f"{name}_and_number"] == ("with" if with_number else "against")
            against[name][item["number"]] += not with_number
            fooled[item["pair"]] += not with_number
    for name in COVARIATES:
        assert set(against[name].values()) == {6}
    pairs = Counter(item["pair"] for item in items)
    assert pairs == {"congruent": 42, "incongruent": 42, "mixed": 84}
    # Each covariate alone is wrong in all incongruent pairs, and in none of the congruent ones.
    assert fooled["incongruent"] == 3 * 42 and fooled["congruent"] == 0


def test_incongruent_pairs_tell_who_compares_areas() -> None:
    folder = built("numerosity", 16)
    numbers = {
        row["file"]: {name: float(row[name]) for name in ("number", *COVARIATES)}
        for row in rows(folder / "stimuli.csv")
    }
    shown = {"layout": "side_by_side", "confidence": False, "enable_after_ms": 0}
    share: dict[tuple[str, str], float] = {}
    for name in ("learner", "area"):
        observer = observer_class("comparison", name)(np.random.default_rng(7))
        right: dict[str, list[bool]] = {}
        for item in [item for item in rows(folder / "items.csv") if item["kind"] == "test"] * 10:
            files = [item["reference"], item["test"]]
            trial = SeenTrial(
                "test", {**shown, "images": files}, {}, {f: numbers[f] for f in files}
            )
            chose_test = observer.answer(trial).response["choice"] == "right"
            right.setdefault(item["pair"], []).append(chose_test == (item["answer"] == "test"))
        share |= {(name, pair): float(np.mean(hits)) for pair, hits in right.items()}
    assert share["learner", "congruent"] == pytest.approx(share["learner", "incongruent"], abs=0.07)
    assert share["learner", "incongruent"] > 0.8
    assert share["area", "congruent"] > 0.85 and share["area", "incongruent"] < 0.15


def test_covariates_say_little_about_the_number_of_an_estimate() -> None:
    items = rows(built("numerosity_estimation", 16) / "items.csv")
    number = np.array([float(item["number"]) for item in items])
    many = number > 3
    for name in COVARIATES:
        values = np.array([float(item[name]) for item in items])
        assert abs(np.corrcoef(number[many], values[many])[0, 1]) < 0.35, name


def test_each_action_is_shown_equally_often_at_each_number() -> None:
    folder = built("numerosity_actions", 16)
    numbers = {row["file"]: int(row["number"]) for row in rows(folder / "stimuli.csv")}
    change = {"put": 1, "take": -1, "shake": 0}
    counts: Counter[tuple[int, str]] = Counter()
    for item in rows(folder / "items.csv"):
        before, after = (numbers[file] for file in item["images"].split(";"))
        assert after - before == change[item["answer"]]
        assert before == int(item["number"])
        if item["kind"] == "test":
            counts[before, item["answer"]] += 1
    assert set(counts.values()) == {5}
    assert set(counts) == {(n, a) for n in range(9) for a in change if (n, a) != (0, "take")}
