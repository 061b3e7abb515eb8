"""Other people's data enter the tidy tables whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.exports import files_in, table_in
from support.foreign_data import explain_teach, imi, vkt

from diptych.importers import ImportFault, import_dataset, importers
from diptych.importers.explain_teach import ExplainTeach
from diptych_analysis.tables import Tables, read_tables
from diptych_analysis.tracing.sequences import sequences_from

REAL = Path(__file__).parents[3] / "shared" / "data" / "explain-teach"
needs_real = pytest.mark.skipif(
    not REAL.exists(),
    reason="the explain-teach data are not beside the repository (../shared/data)",
)


def imported(name: str, source: Path, to: Path) -> Tables:
    import_dataset(name, source, to)
    return read_tables(to)


def test_the_three_formats_are_installed() -> None:
    assert {"explain-teach", "vkt", "imi"} <= set(importers.names())
    for kind in importers.all().values():
        assert kind.help and kind.name


# --- explain-teach -------------------------------------------------------------------------------


@needs_real
@pytest.mark.parametrize(
    ("name", "sessions", "classes"), [("butterflies_crop", 160, 5), ("chinese_chars", 162, 3)]
)
def test_explain_teach_keeps_every_answer(
    tmp_path: Path, name: str, sessions: int, classes: int
) -> None:
    tables = imported("explain-teach", REAL / name, tmp_path / "out")
    source = json.loads((REAL / name / "results.json").read_text())
    names = json.loads((REAL / name / "settings.json").read_text())["class_names"]

    assert len(tables.sessions) == sessions
    assert len(tables.trials) == sessions * 40
    assert set(tables.trials["label"]) == set(names) and len(names) == classes
    assert list(tables.sessions["condition"]) == [learner["strategy"] for learner in source]
    for learner, (_, trials) in zip(source, tables.trials.groupby("session_id"), strict=True):
        assert list(trials["response"]) == [names[i] for i in learner["response"]]
        assert list(trials["label"]) == [names[i] for i in learner["gt_label"]]
        assert list(trials["phase"] == "training") == [bool(i) for i in learner["is_train"]]
        assert list(trials["responded_at"].dt.strftime("%H:%M:%S")) == learner["time"]
        assert trials["responded_at"].is_monotonic_increasing
    # one stimulus, one class, also where learners were shown another list of images
    assert tables.trials.groupby("stimulus_id")["label"].nunique().max() == 1
    assert set(tables.trials["stimulus_id"]) <= set(tables.stimuli["stimulus_id"])
    everything = table_in(tmp_path / "out", "sessions").read_text()
    assert not any(learner["mturk_code"] in everything for learner in source)


def test_explain_teach_names_the_experiments_of_a_folder_that_holds_several(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("bugs", "characters"):
        explain_teach(tmp_path / "data" / name)
    with pytest.raises(ImportFault) as fault:
        import_dataset("explain-teach", tmp_path / "data", tmp_path / "out")
    assert "expected one experiment; its folders are bugs, characters" in str(fault.value)
    assert not (tmp_path / "out").exists()


def test_tables_just_read_are_traced_as_those_of_the_files(tmp_path: Path) -> None:
    source = explain_teach(tmp_path / "bugs")
    read, written = ExplainTeach().read(source), imported("explain-teach", source, tmp_path / "out")
    assert sequences_from(read).fingerprint() == sequences_from(written).fingerprint()


@needs_real
def test_explain_teach_gives_response_times_only_where_no_feedback_lies_between(
    tmp_path: Path,
) -> None:
    trials = imported("explain-teach", REAL / "butterflies_crop", tmp_path / "out").trials
    timed = trials["rt_ms"].notna()
    assert set(trials.loc[timed, "trial_index"]) == set(range(21, 40))
    assert (trials.loc[timed, "rt_ms"] == trials.loc[timed, "since_previous_ms"]).all()


def test_a_session_over_midnight_stays_in_order(tmp_path: Path) -> None:
    source = explain_teach(tmp_path / "bugs", lambda learners: None)
    trials = imported("explain-teach", source, tmp_path / "out").trials
    first = trials[trials["session_id"] == "bugs-0001"]
    assert list(first["since_previous_ms"].dropna()) == [8000, 5000, 6000]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda x: x[1].update(response=[0, 1, 7, 1]), r"row 2: response\[2\] is 7"),
        (
            lambda x: x[2].update(time=["nonsense"] * 4),
            r"row 3: time\[0\] is 'nonsense'; expected HH:MM:SS",
        ),
        (
            lambda x: x[2].update(completion_time="x" * 200_000),
            r"row 3: completion_time is 'x{79}…; expected a date and a time",
        ),
        (lambda x: x[1].update(is_train=[1, 1]), "row 2: lists of unequal length"),
        (lambda x: x[0].pop("strategy"), "row 1: strategy"),
        (lambda x: x.__setitem__(1, "learner"), "row 2: expected an object"),
        (lambda x: x[1].pop("gt_label"), "row 2: gt_label: expected a list"),
    ],
)
def test_a_malformed_learner_is_refused(
    tmp_path: Path, change: Callable[[list[Any]], object], reason: str
) -> None:
    source = explain_teach(tmp_path / "bugs", change)
    with pytest.raises(ImportFault, match=reason):
        import_dataset("explain-teach", source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


def test_one_label_that_contradicts_the_image_is_a_fault(tmp_path: Path) -> None:
    def long_and_wrong(learners: list[Any]) -> None:
        for learner in learners:
            for key in ("image_id", "gt_label", "response", "is_train", "time"):
                learner[key] = [value for value in learner[key] for _ in range(5)]
        learners[1]["gt_label"][7] = 0

    source = explain_teach(tmp_path / "bugs", long_and_wrong)
    with pytest.raises(ImportFault, match=r"row 2: gt_label\[7\] is 0, but the class of image 1"):
        import_dataset("explain-teach", source, tmp_path / "out")


# --- vkt -----------------------------------------------------------------------------------------


def test_vkt_keeps_rankings_and_forgets_usernames(tmp_path: Path) -> None:
    source = vkt(tmp_path / "data")
    (source / "submissions.csv").write_text(
        "participant_id,status\n5f0prolific1,APPROVED\n5f0prolific2,RETURNED\n"
    )
    tables = imported("vkt", source, tmp_path / "out")
    assert len(tables.sessions) == 2 and len(tables.trials) == 90
    assert sorted(tables.sessions["excluded"]) == [False, True]
    assert set(tables.trials.query("phase == 'training'")["trial_index"]) == set(range(30))
    accepted = tables.sessions.query("not excluded")["session_id"].item()
    trials = tables.trials[tables.trials["session_id"] == accepted]
    assert list(trials["response_ranking"].iloc[:3]) == ["Agara|Bari", "Bari|Cooka", "Cooka|Agara"]
    assert trials["correct"].all()
    for file in files_in(tmp_path / "out").values():
        assert b"5f0prolific" not in file.read_bytes()
    seen = tables.stimuli.iloc[0]
    assert (seen["width"], seen["height"], len(seen["stimulus_id"])) == (12, 10, 64)
    assert list(tables.stimuli["stimulus_id"].iloc[1:]) == [f"greebles:{i}" for i in range(1, 6)]


def test_vkt_keeps_unfinished_sessions_as_such(tmp_path: Path) -> None:
    def stop(learners: dict[str, Any]) -> None:
        learners["5f0prolific2"].pop("session_finish_time")
        learners["5f0prolific2"]["hit_list"] = learners["5f0prolific2"]["hit_list"][:7]

    tables = imported("vkt", vkt(tmp_path / "data", stop), tmp_path / "out")
    assert dict(tables.sessions.groupby("status")["n_responses"].sum()) == {
        "completed": 45,
        "timed_out": 7,
    }


def change_hit(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda learners: learners["5f0prolific2"]["hit_list"][3].update({key: value})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            change_hit("HIT_image_ids", 6),
            r"row 2: hit_list\[3\].HIT_image_ids is 6; allowed are whole numbers from 0 to 5",
        ),
        (change_hit("response", "[0, 0]"), r"row 2: hit_list\[3\].response"),
        (change_hit("response", "[0, 3]"), "allowed are different indices 0 to 2"),
        (change_hit("response", "[0, "), "expected a JSON list"),
        (lambda x: x["5f0prolific1"].pop("hit_list"), "row 1: hit_list"),
        (lambda x: x["5f0prolific1"].update(timestamp="soon"), "row 1: timestamp is 'soon'"),
    ],
)
def test_a_malformed_vkt_session_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    source = vkt(tmp_path / "data", change)
    with pytest.raises(ImportFault, match=reason) as caught:
        import_dataset("vkt", source, tmp_path / "out")
    assert "prolific" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [source]


def test_an_unreadable_vkt_image_is_refused(tmp_path: Path) -> None:
    source = vkt(tmp_path / "data")
    (source / "images" / "a1.png").write_bytes(b"not an image")
    with pytest.raises(ImportFault, match=r"a1\.png.*can't be read"):
        import_dataset("vkt", source, tmp_path / "out")


# --- imi -----------------------------------------------------------------------------------------


def test_imi_becomes_trials_and_passes_other_columns_on(tmp_path: Path) -> None:
    tables = imported("imi", imi(tmp_path / "data"), tmp_path / "out")
    assert list(tables.sessions["n_responses"]) == [6, 6]
    assert list(tables.sessions["condition"]) == ["natural", "natural"]
    first = tables.trials[tables.trials["session_id"] == "imi-00001"]
    assert list(first["phase"]) == ["practice"] * 2 + ["test"] * 3 + ["catch"]
    assert list(first["trial_index"]) == [0, 1, 2, 3, 4, 5]
    assert list(first["source_trial_index"]) == [0, 1, 2, 3, 0, 1]
    assert (first["correct"] == (first["label"] == first["response"])).all()
    assert list(first["label"]) == ["top", "bottom"] * 3
    assert set(first["unit"]) == {"resnet50.layer4.7"} and set(first["source_unit"]) == {"theirs"}
    assert set(first["country"]) == {"XX"}
    for file in files_in(tmp_path / "out").values():
        assert b"AWORKER" not in file.read_bytes()
    dictionary = json.loads((tmp_path / "out" / "data_dictionary.json").read_text())
    described = {c["name"]: c["description"] for c in dictionary["tables"]["trials"]["columns"]}
    assert described["country"] == "country of the source, as it is."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({(3, "choice"): "c"}, "row 3: choice is 'c'"),
        ({(5, "confidence"): "4"}, "row 5: confidence is '4'"),
        ({(2, "rt"): "fast"}, "row 2: rt is 'fast'"),
        ({(2, "rt"): "nan"}, "row 2: rt is 'nan'"),
        ({(4, "correct"): "True"}, "row 4: choice is a but correct is True"),
        ({(6, "catch_trial"): "maybe"}, "row 6: catch_trial is 'maybe'"),
    ],
)
def test_a_malformed_imi_row_is_refused(
    tmp_path: Path, change: dict[tuple[int, str], str], reason: str
) -> None:
    source = imi(tmp_path / "data", change)
    with pytest.raises(ImportFault, match=reason):
        import_dataset("imi", source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFault, match=r"responses_main\.csv: no such file"):
        import_dataset("imi", tmp_path, tmp_path / "out")
    (tmp_path / "responses_main.csv").write_text("participant_id,task_id\n1,2\n")
    with pytest.raises(ImportFault, match="missing columns: trial_index, is_demo"):
        import_dataset("imi", tmp_path, tmp_path / "out")
    with pytest.raises(ImportFault, match=r"results\.json: no such file"):
        import_dataset("explain-teach", tmp_path, tmp_path / "out")
