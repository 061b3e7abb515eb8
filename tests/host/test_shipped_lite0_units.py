"""lite0_units: it builds from packages alone, and its numbers are those of the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from flask import Flask
from support.psych_ds import issues
from support.shipped import STUDIES, generator
from support.walker import Walker, link, open_study

from diptych.authoring import build_study, load_study
from diptych.export.tables import export_study
from diptych.host import host

SHIPPED = STUDIES / "lite0_units"
BUILT = ("stimuli", "assets", "stimuli.csv", "items.csv", "__pycache__")
pytestmark = [pytest.mark.exhaustive, pytest.mark.slow]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, built anew."""
    folder = tmp_path_factory.mktemp("studies") / "lite0_units"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns(*BUILT))
    assert build_study(folder)
    return folder


def test_it_has_no_faults_and_three_groups_of_units(study: Path) -> None:
    assert load_study(study).remarks == ()
    items = pd.read_csv(study / "items.csv")
    test = items[items["kind"] == "test"]
    units = test.drop_duplicates("unit").groupby("group")["mis"]
    assert units.size().to_dict() == {"easiest": 8, "random": 8, "hardest": 8}
    assert (test.groupby("unit").size() == 2).all()
    means = units.mean()
    assert means["easiest"] > 0.9 > means["random"] > means["hardest"]
    # The rounds before the study must be fair: the machine finds each right, and clearly.
    practice = items[items["kind"].isin(["practice", "practice_hard"])]
    assert (practice["probability"] > 0.85).all()


def test_the_numbers_are_those_of_the_machine_on_the_images_that_are_shown(study: Path) -> None:
    """The images shown are JPEG and may differ a little from the crops that were scored."""
    from diptych_analysis.mis.study_items import score_items
    from diptych_analysis.networks.similarity import similarity

    items = pd.read_csv(study / "items.csv").set_index("item_id")
    rows = [
        {"item_id": name, "kind": row["kind"], "unit": row["unit"], "role": role.rstrip("s"),
         "place": place, "stimulus_id": file}
        for name, row in items[items["kind"] != "catch"].iterrows()
        for role in ("query_positive", "query_negative", "positives", "negatives")
        for place, file in enumerate(row[role].split(";"))
    ]  # fmt: skip
    found = score_items(
        pd.DataFrame(rows), lambda file: study / file, similarity("efficientnet-lite2", "cpu")
    ).set_index("item_id")
    apart = (found["margin"] - items.loc[found.index, "margin"]).abs()
    assert apart.max() < 0.12 and apart.mean() < 0.03
    assert found["margin"].corr(items.loc[found.index, "margin"]) > 0.99


def test_every_photograph_is_credited(study: Path) -> None:
    lines = (study / "README.md").read_text(encoding="utf-8").splitlines()
    credited = {
        line.split("|")[1].strip() for line in lines if line.endswith(("CC0 |", "domain |"))
    }
    names = {
        Path(name).stem.split("_motion")[0].replace("_", " ")
        for name in generator("lite0_units").PHOTOGRAPHS
    }
    assert names == credited


def test_its_export_is_a_psych_ds_data_set(app: Flask, study: Path, tmp_path: Path) -> None:
    """Of `model|layer` and the other attributes of units, too."""
    open_study(app, study)
    Walker(app.test_client(), study.name).start(**link(app, "simulate", study.name)).finish()
    with app.app_context():
        export_study(host(), study.name, tmp_path / "out", ("csv", "parquet"))
    assert issues(tmp_path / "out") == []
