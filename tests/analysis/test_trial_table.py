"""Tables of trials from other laboratories: names by flags, whole round trips, clear faults."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from support.psychometric_crowd import crowd

from diptych.cli import cli
from diptych.importers import ImportFault, import_dataset
from diptych_analysis.psychometric.estimate import Settings
from diptych_analysis.psychometric.fitted_study import as_json, fit_study
from diptych_analysis.psychometric.judgements import Choices
from diptych_analysis.psychometric.trial_table import read_trials
from diptych_analysis.tables import TableFault, read_tables

NAMES = {"participant": "subj", "test": "n_dots", "reference": "standard", "answer": "key"}
FEW = Settings(resamples=100)


def long_table(people: int = 3) -> pd.DataFrame:
    """Answers as a laboratory may keep them, with trials of all people mixed."""
    trials = crowd(people, seed=1)[0].trials.sample(frac=1, random_state=0)
    return pd.DataFrame({
        "subj": trials["participant_id"],
        "n_dots": trials["test"],
        "standard": trials["reference"],
        "key": trials["response"],
        "seconds": 0.4,
        "confidence": 2,
        "hand": "left",
    })  # fmt: skip


def written(frame: pd.DataFrame, file: Path) -> Path:
    match file.suffix:
        case ".parquet":
            frame.to_parquet(file, index=False)
        case suffix:
            frame.to_csv(file, index=False, sep="\t" if suffix == ".tsv" else ",")
    return file


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_every_format_gives_the_same_tables(tmp_path: Path, suffix: str) -> None:
    frame = long_table()
    tables = read_trials(written(frame, tmp_path / f"dots{suffix}"), NAMES | {"rt_s": "seconds"})
    trials = tables.trials
    assert len(trials) == len(frame) and len(tables.sessions) == 3
    assert trials["response"].tolist() == frame["key"].tolist()
    assert trials["test"].tolist() == frame["n_dots"].tolist()
    assert set(trials["rt_ms"]) == {400.0} and set(trials["confidence"]) == {2.0}
    assert set(trials["hand"]) == {"left"}
    for _, session in trials.groupby("session_id"):
        assert session["trial_index"].tolist() == list(range(168))
    assert set(tables.sessions["n_responses"]) == {168}


def test_an_import_is_read_back_and_fitted_as_the_file(tmp_path: Path) -> None:
    file = written(long_table(), tmp_path / "dots.csv")
    import_dataset("trials", file, tmp_path / "out", columns=NAMES)
    again = read_tables(tmp_path / "out")
    assert again.trials["test"].notna().all()
    choices = Choices(positive="more")
    from_folder = as_json(fit_study(again, choices, FEW))
    from_file = as_json(fit_study(read_trials(file, NAMES), choices, FEW))
    assert from_folder == from_file and from_file["standard"] == 16


def test_conditions_are_sessions_and_gaps_are_unanswered(tmp_path: Path) -> None:
    frame = long_table(2).assign(condition=["a", "b"] * 168)
    frame.loc[frame.index[:5], "key"] = ""
    tables = read_trials(written(frame, tmp_path / "x.csv"), NAMES)
    assert len(tables.sessions) == 4
    assert tables.trials["response"].isna().sum() == 5
    assert tables.sessions["n_responses"].sum() == 2 * 168 - 5


def test_outcomes_alone_and_labels_are_enough(tmp_path: Path) -> None:
    right = pd.DataFrame({"test": [1, 2, 3], "correct": [1, 0, 1]})
    trials = read_trials(written(right, tmp_path / "a.csv")).trials
    assert trials["response"].tolist() == ["right", "wrong", "right"]
    assert trials["correct"].tolist() == [True, False, True]
    labelled = pd.DataFrame({"label": ["yes", "no", "no"], "answer": ["yes", "yes", ""]})
    trials = read_trials(written(labelled, tmp_path / "b.csv")).trials
    assert trials["correct"].tolist()[:2] == [True, False] and trials["correct"].isna()[2]


def test_a_column_with_a_name_of_the_tables_is_kept_beside_it(tmp_path: Path) -> None:
    frame = long_table().assign(phase="night")
    trials = read_trials(written(frame, tmp_path / "x.csv"), NAMES).trials
    assert set(trials["phase"]) == {"test"} and set(trials["source_phase"]) == {"night"}


def test_a_column_with_the_name_of_a_role_is_kept_beside_the_named_one(tmp_path: Path) -> None:
    frame = long_table().assign(test="pilot", trial_index=7)
    trials = read_trials(written(frame, tmp_path / "x.csv"), NAMES).trials
    assert trials["test"].tolist() == frame["n_dots"].tolist()
    assert set(trials["source_test"]) == {"pilot"} and set(trials["source_trial_index"]) == {"7"}
    # Roles may even exchange their names.
    swapped = frame.drop(columns="test").rename(columns={"n_dots": "reference", "standard": "test"})
    names = NAMES | {"test": "reference", "reference": "test"}
    trials = read_trials(written(swapped, tmp_path / "y.csv"), names).trials
    assert trials["test"].tolist() == frame["n_dots"].tolist()
    assert set(trials["reference"]) == {16}
    taken = frame.drop(columns="test").rename(columns={"key": "label"})
    trials = read_trials(written(taken, tmp_path / "z.csv"), NAMES | {"answer": "label"}).trials
    assert trials["response"].tolist() == frame["key"].tolist() and trials["label"].isna().all()
    timed = frame.drop(columns="test").rename(columns={"key": "rt_s"})
    trials = read_trials(written(timed, tmp_path / "t.csv"), NAMES | {"answer": "rt_s"}).trials
    assert trials["response"].tolist() == frame["key"].tolist() and trials["rt_ms"].isna().all()


@pytest.mark.parametrize("reference", ["none", "some"])
def test_levels_need_no_reference(tmp_path: Path, reference: str) -> None:
    frame = long_table().drop(columns="seconds")
    frame["standard"] = frame["standard"].astype(float)
    frame.loc[frame.index[: 1 if reference == "some" else None], "standard"] = float("nan")
    names = {role: name for role, name in NAMES.items() if role != "reference"}
    if reference == "some":
        names = NAMES
    file = written(frame, tmp_path / "dots.csv")
    choices = Choices(positive="more")
    found = as_json(fit_study(read_trials(file, names), choices, FEW))
    whole = written(long_table(), tmp_path / "whole.csv")
    expected = as_json(fit_study(read_trials(whole, NAMES), choices, FEW))
    assert [row["threshold"] for row in found["people"]] == [
        row["threshold"] for row in expected["people"]
    ]
    assert found["standard"] == (16 if reference == "some" else None)


@pytest.mark.parametrize(
    ("change", "names", "told"),
    [
        ({}, {"test": "dots"}, "column 'dots': missing or empty"),
        ({}, {"test": "n_dots"}, "no column answer or correct; name it with --column answer=NAME"),
        ({}, {"answer": "key"}, "no column test or label"),
        ({"n_dots": "many"}, NAMES, "column 'n_dots', row 1: found 'many'; allowed is a finite"),
        ({"seconds": -1}, NAMES | {"rt_s": "seconds"}, "at least 0 is allowed"),
        ({"rt": 3}, NAMES | {"rt_s": "seconds"}, "name one of rt and rt_s"),
        ({"test": 3}, NAMES | {"test": "dots"}, "column 'dots': missing or empty"),
        ({}, NAMES | {"label": "key"}, "column 'key': named for answer and label; a column has"),
    ],
)
def test_faults_name_file_column_and_row(tmp_path: Path, change, names, told: str) -> None:
    file = written(long_table().assign(**change), tmp_path / "dots.csv")
    with pytest.raises(TableFault, match=told):
        read_trials(file, names)
    with pytest.raises(ImportFault, match=r"dots\.csv"):
        import_dataset("trials", file, tmp_path / "out", columns=names)
    assert not (tmp_path / "out").exists()


def test_other_kinds_of_files_and_roles_are_refused(tmp_path: Path) -> None:
    file = written(long_table(), tmp_path / "dots.txt")
    with pytest.raises(TableFault, match=r"'\.txt'; allowed are \.csv, \.tsv, \.parquet"):
        read_trials(file, NAMES)
    with pytest.raises(ImportFault, match="no role 'test'"):
        import_dataset("imi", file, tmp_path / "out", columns={"test": "n"})


def test_the_commands_take_names_of_columns(tmp_path: Path) -> None:
    file = written(long_table(), tmp_path / "dots.csv")
    flags = [part for role, name in NAMES.items() for part in ("--column", f"{role}={name}")]
    run = CliRunner().invoke
    fitted = run(
        cli, ["psychometric", str(file), *flags, "--positive", "more", "--resamples", "100"]
    )
    assert fitted.exit_code == 0, fitted.output
    assert "504 answers" in fitted.stdout
    imported = run(cli, ["import", "trials", str(file), "--to", str(tmp_path / "out"), *flags])
    assert imported.exit_code == 0, imported.output
    wrong = run(cli, ["psychometric", str(file), "--column", "dots=n_dots"])
    assert wrong.exit_code == 2 and "roles are participant" in " ".join(wrong.output.split())
    twice = run(cli, ["psychometric", str(file), "--column", "test=a", "--column", "test=b"])
    assert twice.exit_code == 2 and "has two columns" in twice.output
    folder = run(cli, ["psychometric", str(tmp_path / "out"), "--column", "test=n_dots"])
    assert folder.exit_code == 1 and "not for a folder" in folder.output
