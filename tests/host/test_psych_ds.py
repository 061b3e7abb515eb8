"""Exports are Psych-DS data sets, by the rules of the published schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from flask import Flask
from support.exports import files_in, table_in
from support.kept import copy_of
from support.psych_ds import issues
from support.shipped import STUDIES, built
from support.tiny_studies import category_study
from support.walker import Walker, link, open_study

from diptych.export.tables import export_study
from diptych.host import host
from diptych_analysis.tables import read_tables


def exported(app: Flask, study: str, to: Path, **options: bool) -> Path:
    with app.app_context():
        export_study(host(), study, to, ("csv", "parquet"), **options)
    return to


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("greebles", {"per_class": 30}),
        pytest.param("which_unit", {}, marks=pytest.mark.exhaustive),
    ],
)
def test_exports_of_shipped_studies_pass(
    app: Flask, tmp_path: Path, name: str, small: dict[str, int]
) -> None:
    folder = tmp_path / name
    ignore = shutil.ignore_patterns("stimuli", "assets", "*.csv", "__pycache__")
    shutil.copytree(STUDIES / name, folder, ignore=ignore)
    copy_of(built(name, 1, **small), folder)
    open_study(app, folder)
    for _ in range(2):
        Walker(app.test_client(), name).start(**link(app, "simulate", name)).finish()
    to = exported(app, name, tmp_path / "out")
    assert issues(to) == []
    assert len(read_tables(to).sessions) == 2
    readme = (to / "README.md").read_text()
    assert "**This is simulated data**: 2 sessions of simulated participants." in readme


def test_texts_of_people_and_the_key_file_break_no_rule(app: Flask, tmp_path: Path) -> None:
    """Line ends and formulas in comments; two versions; ids of platforms at the root."""
    texts = {"feedback.md": "# Anything to say?\n"}
    folder = category_study(tmp_path / "my_tiny-1", texts=texts)
    for person, debrief in (("5f0c0ffee0ddba11", "# Thanks"), ("5f0c0ffee0ddba22", "# Bye")):
        (folder / "debrief.md").write_text(debrief)
        open_study(app, folder)
        entry = {"PROLIFIC_PID": person, "STUDY_ID": "place", "SESSION_ID": "visit"}
        said = Walker(app.test_client(), folder.name).start(**entry).trials()
        said.take("feedback", text="one\rtwo\r\n=three;é\nfour")
    to = exported(app, folder.name, tmp_path / "out", with_ids=True)
    assert issues(to) == []
    assert set(files_in(to)) == {
        "dataset_description.json", "data_dictionary.json", "README.md", "CHANGES.md",
        ".psychdsignore", "identities.csv",
        *(f"data/study-mytiny1_description-{table}_data.{kind}"
          for table in ("sessions", "trials", "stimuli", "items", "events", "choices", "answers",
                        "questions")
          for kind in ("csv", "parquet")),
    }  # fmt: skip
    assert read_tables(to).sessions["feedback_text"].str.contains("four").all()
    readme, changes = (to / "README.md").read_text(), (to / "CHANGES.md").read_text()
    assert "The data set holds 2 sessions of people." in readme
    assert "| trials | One row per presented or planned trial" in readme and "| 12 |" in readme
    for version in read_tables(to).sessions["study_version"]:
        assert f"| `{version}` | 1 |" in changes


def test_the_rules_see_what_is_wrong(app: Flask, tmp_path: Path) -> None:
    """Each change is one that the official validator reported, or would."""
    open_study(app, category_study(tmp_path / "tiny"))
    Walker(app.test_client()).start().finish()
    sound = exported(app, "tiny", tmp_path / "sound")
    assert issues(sound) == []

    def changed(change: str) -> list[str]:
        folder = shutil.copytree(sound, tmp_path / change.replace(" ", "-"))
        trials, about = table_in(folder, "trials"), folder / "dataset_description.json"
        content = json.loads(about.read_text())
        match change:
            case "no ignore file":
                (folder / ".psychdsignore").unlink()
            case "keyword":
                trials.rename(trials.with_name("study-tiny_table-trials_data.csv"))
            case "levels":
                content["variableMeasured"][0]["levels"] = ["a", "b"]
            case "variable":
                del content["variableMeasured"][0]
            case "flat":
                for path in (folder / "data").iterdir():
                    path.rename(folder / path.name)
                (folder / "data").rmdir()
        about.write_text(json.dumps(content))
        return issues(folder)

    assert "FILE_NOT_CHECKED data_dictionary.json" in changed("no ignore file")
    assert changed("keyword") == ["FILENAME_UNOFFICIAL_KEYWORD_WARNING table"]
    assert changed("levels") == ["INVALID_SCHEMAORG_PROPERTY levels"]
    assert "CSV_COLUMN_MISSING_FROM_METADATA session_id" in changed("variable")
    assert {"MISSING_DATA_DIRECTORY", "MISSING_DATAFILE"} < set(changed("flat"))
