"""Data sets with one thing wrong: they are read, or one fault names the file; never a traceback."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.foreign_data import explain_teach, imi, vkt
from support.foreign_responses import cifar10h_raw, long_responses, model_vs_human

from diptych.importers import ImportFault, import_dataset, importers

MAKERS: dict[str, Callable[[Path], Path]] = {
    "explain-teach": explain_teach,
    "vkt": vkt,
    "imi": imi,
    "model-vs-human": model_vs_human,
    "cifar10h": cifar10h_raw,
    "responses": long_responses,
}
#: What stands in people's files where something else is expected.
ODD: tuple[Any, ...] = (
    None, "", " ", "ten", "75%", "1,5", "1_000", "\ud800", "x" * 200_000, "\x00", "=1+1",
    0, 1.0, 1.5, -1, 1e300, 10**400, float("nan"), float("inf"), True, [], {}, [[]], [None],
    "2017-13-40 25:61:61", "2017-11-14T00:00:09+02:00", "02:30:00", "[0, 1", "[1e999]", "null",
)  # fmt: skip
CELLS = tuple(str(value) for value in ODD if isinstance(value, str | int | float | bool))


@pytest.fixture(scope="module", params=sorted(MAKERS))
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(importer, a sound data set of its kind)."""
    folder = tmp_path_factory.mktemp("sound") / "data"
    return request.param, MAKERS[request.param](folder)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON document: all keys and indices, three of each list."""
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = list(enumerate(value))[:3]
    for key, below in entries:
        yield (*here, key)
        yield from places(below, (*here, key))


def changed_json(data: st.DataObject, text: str) -> bytes:
    document = copy.deepcopy(json.loads(text))
    place = data.draw(st.sampled_from(list(places(document))))
    within = document
    for key in place[:-1]:
        within = within[key]
    how = data.draw(st.sampled_from(["replace", "replace", "replace", "delete", "twice"]))
    if how == "delete":
        del within[place[-1]]
    elif how == "twice" and isinstance(within, list):
        within.append(copy.deepcopy(within[place[-1]]))
    else:
        within[place[-1]] = data.draw(st.sampled_from(ODD))
    return json.dumps(document).encode("utf-8", "surrogatepass")


def changed_csv(data: st.DataObject, text: str) -> bytes:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    row = data.draw(st.integers(0, min(4, len(rows) - 1)))
    how = data.draw(st.sampled_from(["cell", "cell", "cell", "twice", "short", "long", "index"]))
    if how == "cell":
        rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = data.draw(st.sampled_from(CELLS))
    elif how == "twice":
        rows.append(list(rows[row]))
    elif how == "short":
        rows[row].pop()
    elif how == "long":
        rows[row].append("more")
    else:  # as pandas writes it
        rows = [[str(number - 1) if number else "", *cells] for number, cells in enumerate(rows)]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def changed_bytes(data: st.DataObject, content: bytes) -> bytes:
    at = data.draw(st.integers(0, len(content)))
    more = data.draw(
        st.sampled_from([b"", b"\xff", b"\x00", b'"', b"\n", b"\xef\xbb\xbf", b"," * 300])
    )
    return content[:at] + more + (content[at:] if data.draw(st.booleans()) else b"")


@given(data=st.data())
def test_one_thing_wrong_is_read_or_is_one_fault(
    source: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name, sound = source
    files = sorted(path for path in sound.rglob("*") if path.suffix in (".json", ".csv"))
    file = data.draw(st.sampled_from(files))
    kept = file.read_bytes()
    if data.draw(st.integers(0, 4)) == 0:
        content = changed_bytes(data, kept)
    else:
        change = changed_json if file.suffix == ".json" else changed_csv
        content = change(data, kept.decode())
    to = tmp_path_factory.mktemp("out") / "tables"
    try:
        file.write_bytes(content)
        import_dataset(name, sound, to, ("csv",))
    except ImportFault as fault:
        assert str(sound) in str(fault)
        assert len(str(fault)) < 1000
        assert not to.exists()
    finally:
        file.write_bytes(kept)


def test_an_index_column_of_pandas_and_a_mark_are_passed_over(tmp_path: Path) -> None:
    folder = imi(tmp_path / "data")
    plain = importers.get("imi")().read(folder)
    file = folder / "responses_main.csv"
    lines = file.read_text().splitlines()
    indexed = [f"{number - 1 if number else ''},{line}" for number, line in enumerate(lines)]
    file.write_text("\n".join(indexed), encoding="utf-8-sig")
    again = importers.get("imi")().read(folder)
    assert again.trials.drop(columns="study_version").equals(
        plain.trials.drop(columns="study_version")
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({(3, "trial_index"): "1e300"}, r"row 3: trial_index is '1e300'; allowed are whole"),
        ({(2, "rt"): "x" * 200_000}, r"responses_main.csv, row 2: not valid CSV: field larger"),
    ],
)
def test_imi_names_the_row(tmp_path: Path, change: dict[tuple[int, str], str], told: str) -> None:
    with pytest.raises(ImportFault, match=told):
        importers.get("imi")().read(imi(tmp_path / "data", change))


def test_a_row_that_stands_there_twice_is_a_fault_that_names_both(tmp_path: Path) -> None:
    folder = imi(tmp_path / "data")
    file = folder / "responses_main.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, lines[4]]))
    with pytest.raises(ImportFault, match="row 13: the same as row 4"):
        importers.get("imi")().read(folder)


def test_whole_numbers_may_be_written_as_floats_and_scores_with_a_sign(tmp_path: Path) -> None:
    def change(learners: list[Any]) -> None:
        learners[0].update(gt_label=[0.0, 1.0, 0.0, 1.0], response=[0.0, 1.0, 1.0, 1.0])
        learners[0]["score"], learners[1]["score"] = "75%", "50"

    sessions = importers.get("explain-teach")().read(explain_teach(tmp_path / "a", change)).sessions
    assert list(sessions["score"]) == [75, 50, 50]

    def word(learners: dict[str, Any]) -> None:
        learners["5f0prolific2"]["num_correct_test"] = "ten"

    with pytest.raises(ImportFault, match=r"row 2: num_correct_test is 'ten'"):
        importers.get("vkt")().read(vkt(tmp_path / "b", word))
    about = tmp_path / "b" / "greebles.json"
    about.write_text(about.read_text().replace("[0, 1, 2, 0, 1, 2]", "[0.0, 1.0, 2.0, 0, 1, 2]"))
    database = tmp_path / "b" / "mongodb_data" / "db_dict.json"
    database.write_text(database.read_text().replace('"ten"', "15.0"))
    found = importers.get("vkt")().read(tmp_path / "b")
    assert list(found.sessions["num_correct_test"]) == [15, 15]
    assert list(found.stimuli["label"][:3]) == ["Agara", "Bari", "Cooka"]


def test_a_night_in_which_the_clocks_go_back_lasts_no_day(tmp_path: Path) -> None:
    def change(learners: list[Any]) -> None:
        learners[0]["time"] = ["02:58:00", "02:59:30", "02:00:10", "02:01:00"]
        learners[0]["completion_time"] = "2017-10-29 02:01:05"

    found = importers.get("explain-teach")().read(explain_teach(tmp_path / "night", change))
    first = found.trials[found.trials["session_id"] == "night-0001"]
    assert list(first["since_previous_ms"].dropna()) == [90_000, 40_000, 50_000]
    assert first["responded_at"].iloc[0] == datetime(2017, 10, 29, 1, 58, tzinfo=UTC)
