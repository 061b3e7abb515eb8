"""The figure of studies whose policy chooses levels, beside the exported tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from support.figure_sessions import running, take
from support.recount import recount, tallied
from support.tiny_studies import odd_one_out_study, two_afc_study
from support.walker import open_study

from diptych.authoring import load_study
from diptych.counts import tallies
from diptych.export.tables import export_study
from diptych.figures import figures_of
from diptych.figures.level_charts import function
from diptych.ground.database import reading
from diptych.host import host
from diptych.study.versions import current_version
from diptych_analysis.psychometric.report_section import judged_columns
from diptych_analysis.tables import read_tables
from diptych_analysis.tables.schema import Judged

POLICY = {"name": "constant_stimuli", "attribute": "margin", "log": True}
pytestmark = pytest.mark.slow


@pytest.fixture
def app(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    with running(tmp_path, migrated_sqlite) as made:
        yield made


def test_the_figure_counts_what_the_export_says(app: Flask, tmp_path: Path) -> None:
    changes = {"policy": POLICY, "phases": {"practice": 0, "test": 12, "catch": 1}}
    folder = two_afc_study(
        tmp_path / "studies" / "tiny", practice=0, test=6, catch=1, changes=changes
    )
    open_study(app, folder)
    for number in range(4):
        take(app, "tiny", number)
    assert tallied(app, "tiny") == recount(app, "tiny")
    with app.app_context():
        content = load_study(folder).content
        figure = figures_of(content)[0]
        assert figure.name == "levels"
        with reading() as connection:
            study = current_version("tiny")[0]
            _, counts = tallies.read(connection, study, "simulated", "all", "levels")
        frame = figure.frame(counts, content)
        export_study(host(), "tiny", tmp_path / "out", ["csv"])
    tables = read_tables(tmp_path / "out")
    assert judged_columns(tables) == {"margin": Judged("", 0.5, True)}
    trials = tables.trials[tables.trials["phase"] == "test"]
    margin = tables.items.drop_duplicates("item_id").set_index("item_id")["margin"]
    known = trials.assign(level=trials["item_id"].map(margin)).groupby("level")["correct"]
    assert frame["level"].tolist() == list(known.size().index)
    assert frame["answers"].tolist() == known.size().tolist()
    assert frame["positive"].tolist() == known.sum().tolist()
    assert figure.chart(frame, content).to_dict()["layer"]
    empty = figure.frame({}, content)
    assert empty.empty


def test_studies_without_levels_have_no_such_figure(tmp_path: Path) -> None:
    content = load_study(odd_one_out_study(tmp_path / "odd")).content
    assert "levels" not in [figure.name for figure in figures_of(content)]


def test_answers_that_determine_no_function_are_drawn_without_one() -> None:
    import pandas as pd

    rows = [("a", 1.0, 2, 4, 4, 1.0, 0.5, 1.0), ("a", 2.0, 2, 4, 4, 1.0, 0.5, 1.0)]
    names = ["condition", "level", "sessions", "answers", "positive", "share", "low", "high"]
    chart = function(pd.DataFrame(rows, columns=names), "n", Judged()).to_dict()
    assert len(chart["layer"]) == 2
