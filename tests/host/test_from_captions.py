"""A study about words in images: made, taken by simulated people, and compared with the labels."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from support.walker import Walker, open_study

from diptych.authoring.from_captions import Wanted, make_study_from_captions, words_of
from diptych.export.tables import export_study
from diptych.host import host
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import write_folder
from diptych_analysis.captions.tiny_world import draw_labelled

IMAGES = draw_labelled(20, seed=4, stream=9)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as from_:
        return list(csv.DictReader(from_))


def test_boxes_hold_the_pixels_of_the_word_and_a_third_is_absent(tmp_path: Path) -> None:
    wanted = Wanted(tests=15, practice=2, catch=2)
    assert make_study_from_captions(tmp_path / "where", IMAGES, wanted) == 15
    items = _rows(tmp_path / "where/items.csv")
    names = {name: number for number, name in words_of(IMAGES)}
    rows = {name: row for row, name in enumerate(IMAGES.names)}
    for item in items:
        labels = IMAGES.labels[rows[item["source"]]]
        own = labels == names[item["word"]]
        if item["answer"] == "absent":
            assert not own.any() and not item["left"]
            continue
        at = [round(float(item[side]) * 32) for side in ("left", "top", "right", "bottom")]
        left, top, right, bottom = at
        assert own[top:bottom, left:right].sum() == own.sum()
        assert own[top].any() and own[bottom - 1].any()
        assert own[:, left].any() and own[:, right - 1].any()
    assert sum(item["answer"] == "absent" for item in items) == round(19 / 3)
    assert len({item["source"] for item in items}) == 19


def test_faults_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(CaptionFault, match="20 images for 46 items"):
        make_study_from_captions(tmp_path / "where", IMAGES)
    with pytest.raises(CaptionFault, match="cannot be the name of a study"):
        make_study_from_captions(tmp_path / "A b", IMAGES, Wanted(tests=5))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_peoples_clicks_are_compared_with_labels(app: Flask, tmp_path: Path) -> None:
    from diptych_analysis.captions.people_runs import compare

    wanted = Wanted(tests=12, practice=1, catch=1)
    folder = tmp_path / "studies/where"
    make_study_from_captions(folder, IMAGES, wanted)
    open_study(app, folder)
    walker = Walker(app.test_client(), "where").start()
    walker.finish(lambda _: {"choice": "absent"})
    with app.app_context():
        export_study(host(), "where", tmp_path / "out", ("csv",))
    write_folder(tmp_path / "labelled", IMAGES)
    found = compare(tmp_path / "out", tmp_path / "labelled", tmp_path / "people", None)
    assert (found["hits"], found["missed"], found["right_absent"]) == (0, 1, 1)
    assert found["clicks"] + found["absent"] == 12


@pytest.mark.slow
def test_peoples_captions_become_prompts(app: Flask, tmp_path: Path) -> None:
    from diptych_analysis.captions.people_runs import compare

    folder = tmp_path / "studies/what"
    wanted = Wanted(task="caption", input="words", tests=12, practice=1, catch=1)
    make_study_from_captions(folder, IMAGES, wanted)
    open_study(app, folder)
    walker = Walker(app.test_client(), "what").start()
    walker.finish(lambda _: {"words": ["circle"]})
    with app.app_context():
        export_study(host(), "what", tmp_path / "out", ("csv",))
    write_folder(tmp_path / "labelled", IMAGES)
    found = compare(tmp_path / "out", tmp_path / "labelled", tmp_path / "people", None)
    test = [row for row in _rows(folder / "items.csv") if row["kind"] == "test"]
    with_circle = np.mean(["circle" in row["answer"].split(";") for row in test])
    assert found["precision"] == pytest.approx(with_circle)
    assert {row["people"] for row in _rows(tmp_path / "people/people.csv")} == {"circle"}
