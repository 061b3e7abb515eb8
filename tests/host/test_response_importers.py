"""Other labs' responses to images in the tidy tables, and what `diptych agree` makes of them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.foreign_responses import (
    CIFAR10,
    cifar10h_counts,
    cifar10h_raw,
    long_responses,
    model_vs_human,
    whole_cifar10h_counts,
)

from diptych.importers import ImportFault, import_dataset, importers
from diptych_analysis.behaviour.error_consistency import mean_consistency
from diptych_analysis.behaviour.fleiss import agreement, agreement_of_counts
from diptych_analysis.behaviour.response_files import read_responses
from diptych_analysis.behaviour.responses import Responses
from diptych_analysis.behaviour.tidy_responses import Selection
from diptych_analysis.tables import Tables, read_tables

#: A folder with the experiments `edge` and `silhouette` of model-vs-human.
PUBLISHED = os.environ.get("DIPTYCH_MODEL_VS_HUMAN")


def imported(name: str, source: Path, to: Path) -> Tables:
    import_dataset(name, source, to)
    return read_tables(to)


def cells(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_model_vs_human_keeps_every_response(tmp_path: Path) -> None:
    source = model_vs_human(tmp_path / "edge")
    tables = imported("model-vs-human", source, tmp_path / "out")
    given = [row for file in sorted(source.glob("*.csv")) for row in cells(file)]
    assert len(tables.trials) == len(given) == 60
    assert list(tables.trials["label"]) == [row["category"] for row in given]
    answered = [None if r["object_response"] == "na" else r["object_response"] for r in given]
    assert [x if isinstance(x, str) else None for x in tables.trials["response"]] == answered
    # Each participant saw each image under another name; it is one stimulus.
    assert len(tables.stimuli) == 12
    assert set(tables.trials.groupby("stimulus_id").size()) == {5}
    assert "edge:c0_bear_00_bear0.png" in set(tables.stimuli["stimulus_id"])
    assert set(tables.stimuli["image_condition"]) == {"c0", "c1"}
    kinds = tables.sessions.set_index("participant_id")["participant_kind"]
    assert kinds["edge-alexnet"] == "machine" and kinds["edge-subject-01"] == "person"
    times = tables.trials["rt_ms"].dropna()
    assert times.between(400, 1400).all()
    unanswered = tables.trials["response"].isna()
    assert tables.trials.loc[unanswered, ["correct", "rt_ms"]].isna().all().all()


@pytest.mark.skipif(
    PUBLISHED is None, reason="DIPTYCH_MODEL_VS_HUMAN names no folder with edge and silhouette"
)
@pytest.mark.parametrize(
    ("name", "kappa", "consistency", "accuracy"),
    [("edge", 0.790, 0.318, 0.871), ("silhouette", 0.677, 0.476, 0.753)],
)
def test_people_of_model_vs_human_agree_as_computed_elsewhere(
    tmp_path: Path, name: str, kappa: float, consistency: float, accuracy: float
) -> None:
    import_dataset("model-vs-human", Path(str(PUBLISHED)) / name, tmp_path / "out")
    found = read_responses([tmp_path / "out"])
    assert agreement(found.codes, len(found.categories)).kappa == pytest.approx(kappa, abs=5e-4)
    right, counted = found.right()
    assert mean_consistency(right, counted, resamples=0).mean == pytest.approx(
        consistency, abs=5e-4
    )
    assert found.accuracy().mean() == pytest.approx(accuracy, abs=5e-4)


def test_an_unanswered_trial_is_a_category_or_left_out(tmp_path: Path) -> None:
    source = model_vs_human(tmp_path / "edge", raters=8, seed=4)
    import_dataset("model-vs-human", source, tmp_path / "out")
    counted = read_responses([tmp_path / "out"])
    left_out = read_responses([tmp_path / "out"], Selection(unanswered=False))
    silent = int((counted.codes == counted.categories.index("(no answer)")).sum())
    assert silent > 0
    assert left_out.count == counted.count - silent
    assert "(no answer)" not in left_out.categories
    assert left_out.accuracy().mean() > counted.accuracy().mean()


def test_cifar10h_names_stimuli_by_their_index(tmp_path: Path) -> None:
    source = cifar10h_raw(tmp_path / "data")
    tables = imported("cifar10h", source, tmp_path / "out")
    given = cells(source / "cifar10h-raw.csv")
    assert len(tables.sessions) == 4 and len(tables.trials) == len(given) == 28
    test = tables.trials[tables.trials["phase"] == "test"]
    assert set(test["stimulus_id"]) == {f"cifar10h:{i:05d}" for i in range(6)}
    assert set(tables.trials["phase"].value_counts()) == {24, 4}
    for row in given:
        if row["is_attn_check"] == "0":
            same = test[
                (test["participant_id"] == f"cifar10h-a{int(row['annotator_id']):04d}")
                & (test["stimulus_id"] == f"cifar10h:{int(row['cifar10_test_test_idx']):05d}")
            ].iloc[0]
            assert same["response"] == row["chosen_category"]
            assert same["label"] == row["true_category"]
            assert same["rt_ms"] == float(row["reaction_time"])
    responses = read_responses([tmp_path / "out"])
    assert responses.codes.shape == (4, 6) and (responses.codes >= 0).all()


def counts_of(responses: Responses) -> np.ndarray:
    order = [responses.categories.index(name) for name in CIFAR10 if name in responses.categories]
    return np.stack([(responses.codes == c).sum(axis=0) for c in order], axis=1)


def test_counts_of_cifar10h_come_back(tmp_path: Path) -> None:
    source = cifar10h_counts(tmp_path / "data")
    import_dataset("cifar10h", source, tmp_path / "out")
    responses = read_responses([tmp_path / "out"])
    counts = np.load(source / "cifar10h-counts.npy")
    assert counts_of(responses).tolist() == counts[:, counts.sum(axis=0) > 0].tolist()
    found = agreement(responses.codes, len(responses.categories))
    expected = agreement_of_counts(counts)
    np.testing.assert_allclose(found.per_stimulus, expected.per_stimulus)
    assert found.kappa == pytest.approx(expected.kappa)
    assert (responses.labels < 0).all()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_counts_of_the_published_size_come_back(tmp_path: Path) -> None:
    """10,000 x 10 counts of 47 to 63 people: half a million responses."""
    source = whole_cifar10h_counts(tmp_path / "data")
    counts = np.load(source / "cifar10h-counts.npy")
    assert counts.shape == (10_000, 10)
    import_dataset("cifar10h", source, tmp_path / "out")
    responses = read_responses([tmp_path / "out"])
    assert responses.codes.shape == (counts.sum(axis=1).max(), 10_000)
    assert responses.count == counts.sum()
    assert responses.stimuli["stimulus"].tolist() == [f"cifar10h:{i:05d}" for i in range(10_000)]
    assert (counts_of(responses) == counts).all()


def test_raw_rows_of_the_published_columns_are_read(tmp_path: Path) -> None:
    """Workers saw 200 images and 10 attention checks, whose index is -99999."""
    head = (
        "annotator_id,trial_index,task_number,image_filename,true_category,chosen_category,"
        "true_label,chosen_label,correct_guess,cifar10_test_test_idx,is_attn_check,"
        "reaction_time,time_elapsed"
    )
    rng = np.random.default_rng(6)
    rows, chosen, checks = [head], {}, 0
    for worker in range(20):
        images = rng.choice(10_000, 200, replace=False)
        tasks = rng.permutation([*images, *[-99_999] * 10])
        for trial, image in enumerate(tasks):
            true = int(image % 10) if image >= 0 else int(rng.integers(10))
            answer = true if rng.random() < 0.95 else int(rng.integers(10))
            checks += image < 0
            if image >= 0:
                chosen[worker, int(image)] = CIFAR10[answer]
            rows.append(
                f"{worker},{trial},{trial % 200},{CIFAR10[true]}_s_{trial:06d}.png,{CIFAR10[true]},"
                f"{CIFAR10[answer]},{true},{answer},{float(true == answer)},{image},"
                f"{int(image < 0)},{rng.uniform(300, 5000)},{trial * 2000}"
            )
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "cifar10h-raw.csv").write_text("\n".join(rows) + "\n")
    tables = imported("cifar10h", folder, tmp_path / "out")
    assert checks == 200
    assert tables.trials["phase"].value_counts().to_dict() == {"test": 4000, "catch": 200}
    responses = read_responses([tmp_path / "out"])
    assert responses.count == 4000
    stimuli = {name: place for place, name in enumerate(responses.stimuli["stimulus"])}
    raters = {name: place for place, name in enumerate(responses.raters["rater"])}
    for (worker, image), answer in chosen.items():
        row, column = raters[f"cifar10h-a{worker:04d}"], stimuli[f"cifar10h:{image:05d}"]
        assert responses.categories[responses.codes[row, column]] == answer


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((3, 9)), r"has the shape \(3, 9\); expected \(images, 10\)"),
        (np.full((3, 10), 0.5), "not counts of people"),
        (np.full((3, 10), -1), "not counts of people"),
        (np.full((3, 10), "a"), "holds no numbers"),
        (np.array(None, dtype=object), "is no array"),
    ],
)
def test_counts_that_are_none_are_one_fault(
    tmp_path: Path, array: np.ndarray, message: str
) -> None:
    file = tmp_path / "cifar10h-counts.npy"
    np.save(file, array, allow_pickle=True)
    with pytest.raises(ImportFault, match=message):
        importers.get("cifar10h")().read(file)


def test_a_long_table_keeps_machines_names_and_numbers_people(tmp_path: Path) -> None:
    folder = long_responses(tmp_path / "data")
    tables = imported("responses", folder, tmp_path / "out")
    given = pd.read_csv(folder / "responses.csv")
    assert set(tables.sessions["participant_id"]) == {"data-r0", "data-p0001", "data-p0002"}
    assert list(tables.trials["response"]) == list(given["response"])
    assert list(tables.trials["correct"]) == list(given["response"] == given["label"])
    assert set(tables.trials["rt_ms"]) == {1.25}
    direct, again = read_responses([folder / "responses.csv"]), read_responses([tmp_path / "out"])
    assert sorted(map(list, direct.codes)) == sorted(map(list, again.codes))
    assert direct.categories == again.categories


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("responses", "rater,stimulus\na,b\n", "missing columns: response"),
        ("responses", "rater,stimulus,response\n,b,c\n", "row 1: rater is empty"),
        ("responses", "rater,stimulus,response,kind\na,b,c,robot\n", "kind is 'robot'; allowed"),
        ("responses", "rater,stimulus,response,rt\na,b,c,-1\n", "row 1: rt is '-1'"),
        ("responses", "rater,stimulus,response\n", "has no rows"),
        (
            "responses",
            "rater,stimulus,response,label\na,b,c,d\ne,b,c,f\n",
            "stimulus 'b' has several labels",
        ),
        (
            "responses",
            "rater,stimulus,response,kind\na,b,c,person\na,d,c,machine\n",
            "rater 'a' has several kinds",
        ),
        ("cifar10h", "annotator_id\n1\n", "missing columns: trial_index"),
        ("model-vs-human", "subj,session\na,1\n", "missing columns: rt"),
    ],
)
def test_a_wrong_file_is_one_fault_that_names_it(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / ("cifar10h-raw.csv" if name == "cifar10h" else "table.csv")).write_text(text)
    with pytest.raises(ImportFault, match=message) as caught:
        importers.get(name)().read(folder)
    assert str(folder) in str(caught.value)


def test_an_empty_folder_is_one_fault(tmp_path: Path) -> None:
    for name, message in (
        ("responses", "expected one table; found none"),
        ("cifar10h", "expected cifar10h-raw.csv"),
        ("model-vs-human", "no CSV files"),
    ):
        with pytest.raises(ImportFault, match=message):
            importers.get(name)().read(tmp_path)


def test_a_label_that_differs_between_participants_is_a_fault(tmp_path: Path) -> None:
    source = model_vs_human(tmp_path / "edge")
    file = next(iter(sorted(source.glob("*.csv"))))
    file.write_text(file.read_text().replace(",bear,c0", ",oven,c0"))
    with pytest.raises(ImportFault, match=r"different values of label: \['bear', 'oven'\]"):
        importers.get("model-vs-human")().read(source)
