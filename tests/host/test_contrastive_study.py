"""`diptych study from-contrastive`: contrastive images, controls and easy images as a study."""

from __future__ import annotations

import csv
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.responses import responses_of

from diptych.authoring.from_contrastive import Wanted, choose_items, make_study_from_contrastive
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.findings import Options, find
from diptych_analysis.behaviour.responses import Responses

RESPONSES = responses_of(raters=12, stimuli=200, kinds=("machine",), seed=5)
WANTED = Wanted(k=10, catch=3, side=64)
needs_identify = pytest.mark.skipif(
    "identify" not in entry_points(group="diptych.tasks").names,
    reason="the task identify is not installed",
)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """An image for each stimulus, named by it."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number, name in enumerate(RESPONSES.stimuli["stimulus"]):
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_the_items_are_what_the_raters_say() -> None:
    found = find(RESPONSES, Options(k=10, resamples=20))
    items = choose_items(found, WANTED)
    sets = {group: [i for i in items if i.group == group] for group in ("contrastive", "control")}
    assert found.chosen is not None
    assert {i.stimulus for i in sets["contrastive"]} <= set(found.chosen.chosen.tolist())
    assert len(sets["contrastive"]) == len(sets["control"]) > 0
    for one, other in zip(sets["contrastive"], sets["control"], strict=True):
        assert one.answer == other.answer
    easy = [i for i in items if i.group == "easy"]
    assert [i.kind for i in easy] == ["practice"] * 4 + ["catch"] * 3
    assert {i.answer for i in easy[:4]} == set(RESPONSES.categories)
    accuracy = RESPONSES.stimulus_accuracy()
    used = {i.stimulus for i in items if i.kind == "test"} | set(found.chosen.naive.tolist())
    for item in easy[:4]:
        same = np.flatnonzero(RESPONSES.labels == RESPONSES.labels[item.stimulus])
        assert accuracy[item.stimulus] == max(accuracy[i] for i in same if i not in used)
    assert len({i.stimulus for i in items}) == len(items)


@needs_identify
def test_the_study_is_ready_to_open(tmp_path: Path, images: Path) -> None:
    from diptych.authoring import load_study

    folder = make_study_from_contrastive(tmp_path / "divided", RESPONSES, images, WANTED)
    content = load_study(folder).content
    assert content.spec.task.name == "identify"
    assert len(content.items) == len(content.stimuli)
    rows = list(csv.DictReader((folder / "items.csv").open()))
    for row in rows:
        with Image.open(folder / row["images"]) as picture:
            shown = np.asarray(picture.convert("L").resize((8, 8), Image.Resampling.NEAREST))
        with Image.open(images / f"{row['source']}.png") as picture:
            assert (shown == np.asarray(picture.convert("L"))).all()
    # The order of the files does not tell the set.
    files = [row["images"] for row in sorted(rows, key=lambda row: row["images"])]
    ranks = {row["images"]: row["set"] for row in rows}
    ordered = [ranks[file] for file in files]
    assert ordered != sorted(ordered)
    again = make_study_from_contrastive(tmp_path / "again", RESPONSES, images, WANTED)
    assert (again / "items.csv").read_bytes() == (folder / "items.csv").read_bytes()


def fails(tmp_path: Path, images: Path, responses: Responses, wanted: Wanted = WANTED) -> str:
    with pytest.raises(BehaviourFault) as caught:
        make_study_from_contrastive(tmp_path / "study_name", responses, images, wanted)
    assert not (tmp_path / "study_name").exists()
    assert not list(tmp_path.glob(".making-*"))
    return str(caught.value)


def test_what_can_not_be_a_study_is_one_fault(tmp_path: Path, images: Path) -> None:
    many = responses_of(raters=6, stimuli=200, categories=20, seed=1, kinds=("machine",))
    assert "20 classes; a study has 2 to 16 answers" in fails(tmp_path, images, many)
    few = RESPONSES.of_raters(np.arange(3))
    assert "at least 4 raters" in fails(tmp_path, images, few)
    assert "allowed are 32 to 1024 pixels" in fails(
        tmp_path, images, RESPONSES, Wanted(k=10, side=8)
    )
    assert "images that most raters name correctly" in fails(
        tmp_path, images, RESPONSES, Wanted(k=10, catch=190)
    )
    next(iter(sorted(images.iterdir()))).unlink()
    for file in list(images.iterdir())[:-1]:
        file.unlink()
    assert "has no image of the stimulus" in fails(tmp_path, images, RESPONSES)
