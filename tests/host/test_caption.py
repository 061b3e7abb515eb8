"""Caption: a sentence or ticked words, from the folder to the tables, figure and report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from support.described_studies import WORDS, caption_study
from support.walker import Walker, error_code, open_study

from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.host import host
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych.tasks.caption.report import precision_and_recall
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, read_tables

SENTENCES = {"task": {"input": "sentence", "words": None}}


def exported(app: Flask, study: str, to: Path) -> Tables:
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({"words": ["circle"]}, "task", "1 words: allowed are 2 to 40"),
        ({"words": ["circle", "circle"]}, "task", "one text twice"),
        ({"words": ["circle", "a|b"]}, "task", "texts without |"),
        ({"input": "sentence"}, "task", "allowed are none"),
        ({"words": ["circle", "ring"]}, "item-01, answer", "square"),
    ],
)
def test_words_that_do_not_fit_are_faults(
    tmp_path: Path, changes: dict[str, Any], key: str, found: str
) -> None:
    folder = caption_study(tmp_path / "what", changes={"task": changes})
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    faults = [(each.key, f"{each.found} {each.allowed}") for each in fault.value.faults]
    assert any(name == key and found in words for name, words in faults), faults


def test_ticked_words_are_scored_and_exported(app: Flask, tmp_path: Path) -> None:
    open_study(app, caption_study(tmp_path / "studies/what"))
    walker = Walker(app.test_client(), "what").start()
    assert walker.trial["show"]["words"] == list(WORDS)
    for wrong in ({"words": []}, {"words": ["ring"]}, {"words": ["circle"] * 2}, {"text": "a ring"},
                  {"words": ["circle"], "text": "a"}, {"words": "circle"}, {}):  # fmt: skip
        assert error_code(walker.post(walker.trial["index"], wrong)) == "invalid"
    feedback = walker.answer({"words": ["square", "circle"]})["feedback"]
    assert feedback == {"correct": False, "answer": ["circle"], "duration_ms": 1000}
    walker.finish(lambda _: {"words": ["circle"]})
    trials = exported(app, "what", tmp_path / "out").trials
    first = trials[trials["phase"] == "practice"].iloc[0]
    assert (first["response"], first["words"]) == ("circle;square", "circle|square")
    rest = trials[trials["phase"] != "practice"]
    assert (rest["correct"].astype(bool) == (rest["label"] == "circle")).all()


def test_sentences_are_kept_letter_by_letter(app: Flask, tmp_path: Path) -> None:
    open_study(app, caption_study(tmp_path / "studies/what", changes=SENTENCES))
    walker = Walker(app.test_client(), "what").start()
    for wrong in ({"text": "a"}, {"text": "  a  "}, {"text": "x" * 501}, {"words": ["circle"]}):
        assert error_code(walker.post(walker.trial["index"], wrong)) == "invalid"
    said = "=1+1: „ein Kreis“, a 圆 | and\u2028more"
    walker.finish(lambda _: {"text": said})
    trials = exported(app, "what", tmp_path / "out").trials
    assert set(trials["caption"]) == {said}
    assert trials.loc[trials["phase"] != "catch", "correct"].isna().all()
    assert not trials.loc[trials["phase"] == "catch", "correct"].astype(bool).any()


def test_the_figure_and_the_report_show_the_words(app: Flask, tmp_path: Path) -> None:
    open_study(app, caption_study(tmp_path / "studies/what", changes=SENTENCES))
    for number, text in enumerate(("A circle, a circle!", "one Square", "circle and square")):
        walker = Walker(app.test_client(), "what").start(participant=f"p{number}")
        walker.finish(lambda _, said=text: {"text": said})
    exported(app, "what", tmp_path / "out")
    with app.app_context(), reading() as connection:
        several = [facts(host(), connection, session) for session in (1, 2, 3)]
    content = several[0].content
    figure = next(each for each in figures_of(content) if each.name == "named-words")
    frame = figure.frame(added(*(figure.count(each) for each in several)), content)
    figure.chart(frame, content).to_dict()
    shares = dict(zip(frame["word"], frame["share"], strict=True))
    assert shares == pytest.approx({"circle": 2 / 3, "square": 2 / 3, "one": 1 / 3, "and": 1 / 3})
    page = write_report(tmp_path / "out", None, tmp_path / "report").read_text()
    assert re.search(r"<h3[^>]*>Captions</h3>", page) and "(precision)" in page


def test_precision_and_recall_of_words() -> None:
    labels = pd.Series(["circle;square", "circle", None])
    named = [{"circle", "red"}, {"Square", "circle"}, {"circle"}]
    assert precision_and_recall(named, labels) == pytest.approx((2 / 3, 2 / 3, 2))
    assert precision_and_recall(named, pd.Series([None, None, None])) is None


@pytest.mark.parametrize("input_", ["words", "sentence"])
def test_simulated_people_name_what_is_there(input_: str) -> None:
    show = {"image": "i", "input": input_, "words": ["ring", "bow"] if input_ == "words" else [],
            "least": 3, "longest": 500, "enable_after_ms": 0}  # fmt: skip
    trial = SeenTrial("test", show, {"i": np.zeros(1)}, {"i": {"ring": 1.0, "bow": 0.0}})
    for name, least in (("learner", 0.8), ("noisy", 0.3), ("guesser", 0.3), ("bot", 1.0)):
        observer = observer_class("caption", name)(np.random.default_rng(3))
        answers = [observer.answer(trial).response for _ in range(200)]
        said = [answer.get("text") or " ".join(answer["words"]) for answer in answers]
        assert all(3 <= len(text) <= 500 for text in said)
        assert np.mean(["ring" in text for text in said]) >= least
