"""The tidy tables: whole round trips, and every fault named with file, column and row."""

from __future__ import annotations

import codecs
import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exports import files_in, table_in
from support.properties import costly

from diptych_analysis.tables import (
    TABLES,
    Column,
    DatasetWriter,
    TableFault,
    Tables,
    data_dictionary,
    dataset_description,
    read_tables,
    write_tables,
)

SESSION = {
    "session_id": "s1",
    "participant_id": "p1",
    "participant_kind": "person",
    "study": "greebles",
    "status": "completed",
}
TRIAL = {**SESSION, "trial_index": 0, "phase": "training", "task": "category_learning"}
TRIAL.pop("status")

text = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=12)
times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
numbers = st.floats(0, 1e9)
trial_rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "label": text,
            "response": text,
            "confidence": st.integers(1, 3),
            "correct": st.booleans(),
            "rt_ms": numbers,
            "presented_at": times,
            "response_ranking": st.lists(st.sampled_from("ABC"), min_size=1, unique=True),
            "angle": st.floats(allow_nan=False, allow_infinity=False),
        },
    ),
    max_size=6,
)


def write(to: Path, trials: list[dict[str, object]], formats: tuple[str, ...]) -> None:
    extras = {"trials": [Column("angle", "number", "An attribute.", "degrees")]}
    with DatasetWriter(to, formats, name="x", extras=extras) as out:
        out.write("sessions", [SESSION])
        out.write("trials", ({**TRIAL, "trial_index": i, **t} for i, t in enumerate(trials)))


@pytest.mark.slow
@costly()
@given(trials=trial_rows)
def test_what_is_written_is_read_from_either_format(
    trials: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    for name in ("csv", "parquet"):
        write(folder / name, trials, (name,))
        found = read_tables(folder / name).trials
        assert len(found) == len(trials)
        for row, given_row in zip(found.to_dict("records"), trials, strict=True):
            for key in ("confidence", "correct", "rt_ms", "presented_at", "angle"):
                if key in given_row:
                    assert row[key] == given_row[key], (name, key)
                else:
                    assert pd.isna(row[key])
            for key in ("label", "response"):
                wanted = given_row.get(key) or None
                assert (None if pd.isna(row[key]) else row[key]) == wanted
            ranking = given_row.get("response_ranking")
            if ranking:
                assert row["response_ranking"] == "|".join(ranking)  # type: ignore[arg-type]


def test_both_formats_hold_the_same(tmp_path: Path, simulated: Callable[..., Tables]) -> None:
    tables = simulated(4)
    write_tables(tables, tmp_path / "both", ("csv", "parquet"))
    write_tables(tables, tmp_path / "csv", ("csv",))
    from_parquet, from_csv = read_tables(tmp_path / "both"), read_tables(tmp_path / "csv")
    for table in TABLES:
        pd.testing.assert_frame_equal(from_parquet.frame(table), from_csv.frame(table))
    assert from_csv.name == "clouds" and from_csv.description == "Simulated learners."


def broken(folder: Path, table: str, row: int, column: str, cell: str | None) -> Path:
    """A sound folder of CSV tables with one cell changed, or one column taken away."""
    write(folder, [{"label": "A", "response": "B", "correct": False}] * 3, ("csv",))
    file = table_in(folder, table)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    names = list(rows[0])
    if cell is None:
        names.remove(column)
    else:
        rows[row - 1][column] = cell
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize(
    ("table", "row", "column", "cell", "reason"),
    [
        ("trials", 2, "rt_ms", "fast", "found 'fast'; allowed is a finite number"),
        ("trials", 2, "rt_ms", "inf", "allowed is a finite number"),
        ("trials", 3, "rt_ms", "-1", "found -1; at least 0 is allowed"),
        ("trials", 1, "trial_index", "1.5", "found '1.5'; allowed is a whole number"),
        ("trials", 2, "phase", "trainig", "allowed is one of practice, training, test, catch"),
        ("trials", 2, "correct", "perhaps", "found 'perhaps'; allowed is true or false"),
        ("trials", 3, "presented_at", "noon", "found 'noon'; allowed is an ISO 8601 time"),
        ("trials", 2, "session_id", "s9", "'s9' is not among the sessions"),
        ("trials", 3, "trial_index", "0", "session 's1' has trial 0 twice"),
        ("trials", 1, "session_id", "", "empty; a value is required"),
        ("sessions", 1, "status", "done", "allowed is one of entered, consented"),
    ],
)
def test_a_bad_cell_is_named(
    tmp_path: Path, table: str, row: int, column: str, cell: str, reason: str
) -> None:
    folder = broken(tmp_path / "x", table, row, column, cell)
    with pytest.raises(TableFault, match=reason) as caught:
        read_tables(folder)
    assert (caught.value.column, caught.value.row) == (column, row)
    assert table in caught.value.file


def test_missing_columns_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableFault, match="column 'phase': missing; the file has"):
        read_tables(broken(tmp_path / "x", "trials", 1, "phase", None))
    trials, sessions = (table_in(tmp_path / "x", table) for table in ("trials", "sessions"))
    trials.write_text("")
    with pytest.raises(TableFault, match=r"description-trials_data\.csv: empty file"):
        read_tables(tmp_path / "x")
    trials.unlink()
    with pytest.raises(TableFault, match=r"x: holds no trials: there is neither data/study-NAME"):
        read_tables(tmp_path / "x")
    with pytest.raises(TableFault, match="give the folder above it"):
        read_tables(tmp_path / "x" / "data")
    sessions.unlink()
    with pytest.raises(TableFault, match=r"holds no sessions: .* nor sessions\.csv"):
        read_tables(tmp_path / "x")
    with pytest.raises(TableFault, match="no such folder"):
        read_tables(tmp_path / "y")
    (tmp_path / "x" / "data_dictionary.json").write_text('{"tables": 3}')
    with pytest.raises(TableFault, match="malformed data dictionary"):
        read_tables(tmp_path / "x")


def test_a_table_with_only_a_header_is_empty(tmp_path: Path) -> None:
    folder = broken(tmp_path / "x", "trials", 1, "rt_ms", "400")
    file = table_in(folder, "trials")
    file.write_text(file.read_text().splitlines()[0] + "\n")
    trials = read_tables(folder).trials
    assert len(trials) == 0 and "rt_ms" in trials.columns


def test_rows_longer_than_the_header_are_a_fault(tmp_path: Path) -> None:
    folder = broken(tmp_path / "x", "trials", 1, "rt_ms", "400")
    file = table_in(folder, "trials")
    header, *lines = file.read_text().splitlines()
    file.write_text("\n".join([header, *(f"{line},more" for line in lines)]) + "\n")
    of = header.count(",") + 1
    with pytest.raises(TableFault, match=f"row 1: {of + 1} cells under {of} columns") as caught:
        read_tables(folder)
    assert caught.value.row == 1


def test_optional_tables_and_columns_may_be_missing(tmp_path: Path) -> None:
    folder = broken(tmp_path / "x", "trials", 1, "rt_ms", None)
    for table in ("stimuli", "items", "events", "choices", "answers", "questions"):
        table_in(folder, table).unlink()
    tables = read_tables(folder)
    assert tables.trials["rt_ms"].isna().all()
    assert list(tables.events.columns) == [c.name for c in TABLES["events"]]


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    def breaking() -> Iterator[dict[str, object]]:
        yield {**TRIAL}
        raise RuntimeError("the database went away")

    write(tmp_path / "x", [{"label": "old"}], ("csv", "parquet"))
    before = {name: file.read_bytes() for name, file in files_in(tmp_path / "x").items()}
    with (
        pytest.raises(RuntimeError, match="went away"),
        DatasetWriter(tmp_path / "x", name="x") as out,
    ):
        out.write("sessions", [SESSION])
        out.write("trials", breaking())
    after = {name: file.read_bytes() for name, file in files_in(tmp_path / "x").items()}
    assert after == before
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_writing_again_in_another_format_leaves_no_old_tables(tmp_path: Path) -> None:
    write(tmp_path / "x", [{"label": "old"}], ("csv", "parquet"))
    (tmp_path / "x" / "notes.txt").write_text("mine")
    write(tmp_path / "x", [{"label": "new"}], ("csv",))
    assert list(read_tables(tmp_path / "x").trials["label"]) == ["new"]
    assert (tmp_path / "x" / "notes.txt").read_text() == "mine"


def flattened(folder: Path) -> Path:
    """A data set as older versions of Diptych wrote it: `trials.csv` in the folder itself."""
    for path in (folder / "data").iterdir():
        table = path.stem.removesuffix("_data").rpartition("-")[2]
        path.rename(folder / f"{table}{path.suffix}")
    (folder / "data").rmdir()
    return folder


def test_folders_of_older_versions_are_read_and_replaced(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(2)
    write_tables(tables, tmp_path / "new")
    write_tables(tables, tmp_path / "old")
    old = flattened(tmp_path / "old")
    assert (old / "trials.parquet").exists()
    for name in TABLES:
        pd.testing.assert_frame_equal(
            read_tables(old).frame(name), read_tables(tmp_path / "new").frame(name)
        )
    shutil.copytree(tmp_path / "new" / "data", old / "data")
    with pytest.raises(TableFault, match=r"old: holds tables twice: .*data\.csv and, as older"):
        read_tables(old)
    write_tables(tables, old)
    assert set(files_in(old)) == set(files_in(tmp_path / "new"))


def test_tables_of_two_studies_in_a_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [], ("csv",))
    shutil.copy(
        table_in(tmp_path, "items"), tmp_path / "data" / "study-y_description-items_data.csv"
    )
    with pytest.raises(TableFault, match=r"holds items of two studies: study-x_.* and study-y_"):
        read_tables(tmp_path)


def test_texts_that_somebody_has_written_stay_and_a_study_keeps_its_manifests(
    tmp_path: Path,
) -> None:
    (tmp_path / "stimuli.csv").write_text("file,label\n")
    write(tmp_path, [], ("csv",))
    assert "# x" in (tmp_path / "README.md").read_text()
    (tmp_path / "README.md").write_text("# My study\n")
    write(tmp_path, [{"label": "A"}], ("csv",))
    assert (tmp_path / "README.md").read_text() == "# My study\n"
    assert (tmp_path / "stimuli.csv").read_text() == "file,label\n"
    assert len(read_tables(tmp_path).trials) == 1


def test_csv_for_excel_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path, name="x", excel=True) as out:
        out.write("sessions", [SESSION])
        out.write("trials", [{**TRIAL, "label": "é日"}])
    for table in TABLES:
        data = table_in(tmp_path, table).read_bytes()
        assert data.startswith(codecs.BOM_UTF8) and data.count(codecs.BOM_UTF8) == 1
        table_in(tmp_path, table, "parquet").unlink()
    assert list(read_tables(tmp_path).trials["label"]) == ["é日"]


@pytest.mark.parametrize(
    ("name", "value"), [("my_study-2.1", "mystudy21"), ("Größe", "Groe"), ("日", "unnamed")]
)
def test_any_name_becomes_a_file_name(tmp_path: Path, name: str, value: str) -> None:
    with DatasetWriter(tmp_path, ("csv",), name=name) as out:
        out.write("sessions", [SESSION])
    assert table_in(tmp_path, "trials").name == f"study-{value}_description-trials_data.csv"
    assert json.loads((tmp_path / "dataset_description.json").read_text())["name"] == name


@pytest.mark.parametrize("mask", [0o022, 0o027])
def test_a_new_folder_may_be_read_by_whom_the_umask_lets(tmp_path: Path, mask: int) -> None:
    usual = os.umask(mask)
    try:
        write(tmp_path / "x", [], ("csv",))
    finally:
        os.umask(usual)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("name", ["NA", "null", "nan", "1"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    for kind in ("csv", "parquet"):
        extras = {"trials": [Column(name, "string", "An attribute.")]}
        with DatasetWriter(tmp_path / kind, (kind,), name="x", extras=extras) as out:
            out.write("sessions", [SESSION])
            out.write("trials", [{**TRIAL, name: "here"}])
        assert list(read_tables(tmp_path / kind).trials[name]) == ["here"]


def test_every_column_is_described(tmp_path: Path) -> None:
    write(tmp_path / "x", [{"angle": 3.5}], ("csv",))
    dictionary = json.loads((tmp_path / "x" / "data_dictionary.json").read_text())
    for table, columns in TABLES.items():
        described = {c["name"]: c for c in dictionary["tables"][table]["columns"]}
        header = table_in(tmp_path / "x", table).read_text().splitlines()[0].split(",")
        assert list(described) == header
        assert {c.name for c in columns} <= set(described)
        assert all(c["description"] and c["type"] for c in described.values())
    assert dictionary["tables"]["trials"]["rows"] == 1
    angle = next(c for c in dictionary["tables"]["trials"]["columns"] if c["name"] == "angle")
    assert angle["unit"] == "degrees"
    about = json.loads((tmp_path / "x" / "dataset_description.json").read_text())
    assert about["@type"] == "Dataset" and about["@context"] == "https://schema.org/"
    assert {v["name"] for v in about["variableMeasured"]} >= {"rt_ms", "angle", "feedback_text"}
    assert data_dictionary("x")["tables"] and dataset_description("x")["name"] == "x"


def test_times_are_written_in_utc_whatever_zone_they_come_in(tmp_path: Path) -> None:
    from datetime import timezone

    moment = datetime(2022, 10, 23, 14, 0, 0, 123_456, timezone(timedelta(hours=2)))
    write(tmp_path / "x", [{"presented_at": moment}], ("csv",))
    assert "2022-10-23T12:00:00.123Z" in table_in(tmp_path / "x", "trials").read_text()


def test_the_tables_load_no_torch() -> None:
    modules = "diptych_analysis.tables, diptych_analysis.tracing.cli, diptych_analysis.report.write"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


#: Text that a spreadsheet would run, or that looks as if it had been guarded against that.
FORMULAS = (
    "=1+1",
    "+49 170",
    "-3",
    "@SUM(A1)",
    "\t=1",
    "'=1",
    "''=1",
    "'quoted'",
    "a=b",
    "'",
    "＝1+1",
    "\n=1",
    "a;=1",
    "a; '@b;\t=1",
    "a\rb",
    "a\r\nb",
)


@pytest.mark.parametrize("words", FORMULAS)
def test_no_cell_is_a_formula_and_every_text_comes_back(tmp_path: Path, words: str) -> None:
    row = {"label": words, "response": words, "response_ranking": [words, "B"], "angle": -3.5}
    write(tmp_path, [row], ("csv",))
    with table_in(tmp_path, "trials").open(newline="") as file:
        (stored,) = csv.DictReader(file)
    for key in ("label", "response", "response_ranking"):
        assert not stored[key].startswith(tuple("=+-@＝＋－＠\t\r\n"))
    bare = words.replace("'", "")
    assert stored["label"].replace("'", "") == bare
    assert stored["response_ranking"].replace("'", "") == f"{bare}|B"
    assert stored["angle"] == "-3.5", "numbers are no text"
    (found,) = read_tables(tmp_path).trials.to_dict("records")
    assert (found["label"], found["response"]) == (words, words)
    assert found["angle"] == -3.5
    assert "formula" in json.loads((tmp_path / "data_dictionary.json").read_text())["text"]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_of_a_column_is_a_formula_and_every_name_comes_back(
    tmp_path: Path, name: str
) -> None:
    extras = {"trials": [Column(name, "number", "Attribute from the study's manifest.")]}
    with DatasetWriter(tmp_path, ("csv",), name="x", extras=extras) as out:
        out.write("sessions", [SESSION])
        out.write("trials", [{**TRIAL, name: 3.5}])
    with table_in(tmp_path, "trials").open(newline="") as file:
        header = next(csv.reader(file))
    assert not [each for each in header if each.startswith(tuple("=+-@＝＋－＠\t\r\n"))]
    about = json.loads((tmp_path / "dataset_description.json").read_text())
    assert set(header) <= {variable["name"] for variable in about["variableMeasured"]}
    (found,) = read_tables(tmp_path).trials.to_dict("records")
    assert found[name] == 3.5
