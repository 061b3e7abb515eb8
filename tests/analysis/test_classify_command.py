"""`diptych classify`: what is kept of machines' probabilities, resuming, and bad input."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from diptych.cli import cli
from diptych_analysis.behaviour import classification
from diptych_analysis.behaviour.classification import Answer, Execution, classify, coarse
from diptych_analysis.behaviour.classifiers import (
    Classifier,
    EstimatorClassifier,
    NetworkClassifier,
)
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.image_labels import read_labels
from diptych_analysis.behaviour.response_files import read_responses

DIGITS = load_digits()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 digits as files, with their labels beside the folder."""
    folder = tmp_path_factory.mktemp("digits") / "images"
    folder.mkdir()
    rows = []
    for i in range(60):
        grey = np.round(DIGITS.images[i] * 255 / 16).astype(np.uint8)
        Image.fromarray(grey).save(folder / f"{i:03d}.png")
        rows.append((f"{i:03d}.png", DIGITS.target[i]))
    with (folder.parent / "labels.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("file", "label"), *rows])
    return folder


@pytest.fixture(scope="module")
def neighbours() -> EstimatorClassifier:
    model = KNeighborsClassifier(3).fit(DIGITS.data[300:] / 16, DIGITS.target[300:])
    return EstimatorClassifier("neighbours", model)


class Brightness(Classifier):
    """Dark or bright, by the mean; counts the images that it sees, and can stop."""

    name, key, categories = "brightness", "1", ("bright", "dark")

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen, self.stop_after = 0, stop_after

    def probabilities(self, images: Sequence[Image.Image]) -> np.ndarray:
        if self.stop_after is not None and self.seen >= self.stop_after:
            raise KeyboardInterrupt
        self.seen += len(images)
        p = np.array([np.asarray(image).mean() / 255 for image in images])
        return np.stack([p, 1 - p], axis=1)


def test_an_estimator_sees_the_pixels_that_it_was_fitted_to(
    digits: Path, neighbours: EstimatorClassifier, tmp_path: Path
) -> None:
    labels = read_labels(digits.parent / "labels.csv")
    file = classify(neighbours, images=digits, to=tmp_path, labels=labels)
    found = pd.read_parquet(file)
    expected = neighbours.estimator.predict(DIGITS.data[:60] / 16)
    files = pd.read_parquet(tmp_path / "stimuli.parquet").set_index("stimulus")
    names = found["stimulus"].map(files["file"])
    assert sorted(zip(names, found["response"], strict=True)) == [
        (f"{i:03d}.png", str(digit)) for i, digit in enumerate(expected)
    ]
    assert found["top"].map(len).eq(5).all()
    assert (found["top"].str[0] == found["response"]).all()
    assert found["top_probabilities"].map(lambda p: (np.diff(p) <= 0).all()).all()
    hit = found["response"] == found["stimulus"].map(files["label"])
    np.testing.assert_allclose(found["probability"][hit], found["label_probability"][hit])
    assert classification.accuracy(file, tmp_path)["accuracy"] == pytest.approx(hit.mean())


def test_an_estimator_without_probabilities_is_sure(neighbours: EstimatorClassifier) -> None:
    model = RidgeClassifier().fit(DIGITS.data[:300] / 16, DIGITS.target[:300])
    found = EstimatorClassifier("ridge", model)
    image = Image.fromarray(np.round(DIGITS.images[3] * 255 / 16).astype(np.uint8)).convert("RGB")
    p = found.probabilities([image])
    assert p.max() == 1 and p.sum() == 1
    with pytest.raises(BehaviourFault, match="no fitted classifier"):
        EstimatorClassifier("ridge", RidgeClassifier())
    with pytest.raises(BehaviourFault, match=r"fitted to 5 features; allowed are side \* side"):
        EstimatorClassifier("odd", RidgeClassifier().fit(np.eye(5), [0, 1, 0, 1, 0]))


def test_a_stopped_run_continues_with_the_block_that_is_missing(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "BLOCK", 20)
    with pytest.raises(KeyboardInterrupt):
        classify(Brightness(stop_after=40), images=digits, to=tmp_path)
    assert not list((tmp_path / "responses.parquet").glob("*"))
    again = Brightness()
    steps: list[tuple[int, int]] = []
    watch = Execution(watch=lambda done, of: steps.append((done, of)))
    file = classify(again, images=digits, to=tmp_path, execution=watch)
    assert again.seen == 20 and steps == [(40, 60), (60, 60)]
    whole = Brightness()
    other = classify(whole, images=digits, to=tmp_path / "other")
    assert whole.seen == 60
    pd.testing.assert_frame_equal(pd.read_parquet(file), pd.read_parquet(other))
    classify(again, images=digits, to=tmp_path)
    assert again.seen == 20
    assert not list((tmp_path / "cache").glob("classify-*"))


def test_agree_reads_what_classify_wrote(
    digits: Path, neighbours: EstimatorClassifier, tmp_path: Path
) -> None:
    labels = read_labels(digits.parent / "labels.csv")
    classify(neighbours, images=digits, to=tmp_path, labels=labels)
    classify(Brightness(), images=digits, to=tmp_path)
    found = read_responses([tmp_path])
    assert set(found.raters["rater"]) == {"neighbours", "brightness"}
    assert set(found.raters["kind"]) == {"machine"}
    assert (found.labels >= 0).all() and set(found.categories) >= {"dark", "0", "9"}
    for file in (tmp_path / "responses.parquet").glob("*.parquet"):
        table = pd.read_parquet(file).set_index("stimulus")["response"]
        name = pd.read_parquet(file)["rater"].iloc[0]
        row = found.codes[int(np.flatnonzero(found.raters["rater"] == name)[0])]
        given = [found.categories[code] for code in row]
        assert given == list(table[found.stimuli["stimulus"]])


@given(
    arrays(np.float64, (3, 4), elements=st.floats(0.01, 1)),
    st.lists(st.sampled_from(["x", "y", None]), min_size=4, max_size=4).filter(any),
)
def test_coarse_probabilities_are_scaled_means(p: np.ndarray, of: list[str | None]) -> None:
    mapping = {str(i): name for i, name in enumerate(of) if name}
    names, found = coarse(("0", "1", "2", "3"), p, mapping)
    for row, expected in zip(found, p, strict=True):
        means = {
            n: np.mean([expected[i] for i in range(4) if of[i] == n]) for n in set(of) - {None}
        }
        total = sum(means.values())
        assert dict(zip(names, row, strict=True)) == pytest.approx(
            {name: value / total for name, value in means.items()}
        )


def test_responses_of_another_tool_are_kept(digits: Path, tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    table.write_text("file,response\n000.png,7\n001.png,1\n")
    result = run("table:" + str(table), digits, tmp_path / "out", "--labels", "labels.csv")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "found.json").read_text())["models"]
    assert found == [{"rater": "other", "images": 2, "labelled": 2, "accuracy": 0.5}]


def run(model: str, digits: Path, to: Path, *more: str) -> Any:
    given = [str(digits.parent / m) if m == "labels.csv" else m for m in more]
    arguments = ["classify", model, "--images", str(digits), "--to", str(to)]
    return CliRunner().invoke(cli, [*arguments, "--json", str(to / "found.json"), *given])


def test_an_estimator_of_a_module_is_found_by_name(
    digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_for_test.py").write_text(
        "from sklearn.datasets import load_digits\n"
        "from sklearn.naive_bayes import GaussianNB\n"
        "d = load_digits()\n"
        "bayes = GaussianNB(var_smoothing=1e-2).fit(d.data[300:] / 16, d.target[300:])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run(
        "estimator:mine_for_test:bayes", digits, tmp_path / "out", "--labels", "labels.csv"
    )
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out" / "found.json").read_text())["models"][0]
    assert found["rater"] == "bayes" and found["accuracy"] > 0.7
    sys.modules.pop("mine_for_test", None)


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        ("nothing", (), "no network 'nothing'"),
        ("estimator:json", (), "expected estimator:MODULE:NAME"),
        ("estimator:json:nothing", (), "can't be loaded"),
        ("table:nowhere.csv", (), "no such file"),
        ("estimator:json:loads", ("--labels", "labels.csv", "--label-column", "x"), "missing"),
        ("estimator:json:loads", (), "no fitted classifier"),
        ("estimator:broken_for_test:svm", (), "can't be loaded: ZeroDivisionError"),
        ("estimator:half_for_test:svm", (), "can't be loaded: SyntaxError"),
        ("table:none.csv", (), "responses of 0 raters"),
        ("timm:resnet18@empty.pt", (), "the weights 'empty.pt' can't be read: EOFError"),
    ],
)
def test_a_wrong_model_is_one_line_and_leaves_no_folder(
    digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    more: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("broken_for_test.py").write_text("1 / 0")
    Path("half_for_test.py").write_text("def")
    Path("none.csv").write_text("file,response\n000.png,\n")
    Path("empty.pt").touch()
    result = run(model, digits, tmp_path / "out", *more)
    assert result.exit_code == 1 and message in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_labels_of_other_images_and_labels_that_change(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(BehaviourFault, match="the labels name no image"):
        classify(Brightness(), images=digits, to=tmp_path, labels={"a.png": "x"})
    classify(Brightness(), images=digits, to=tmp_path, labels={"000.png": "x"})
    with pytest.raises(BehaviourFault, match=r"label 'x' for 000\.png, and now it is 'y'"):
        classify(Brightness(), images=digits, to=tmp_path, labels={"000.png": "y"})


@pytest.mark.slow
def test_a_network_gives_the_softmax_of_its_logits(digits: Path, tmp_path: Path) -> None:
    import torch

    from diptych_analysis.networks.networks import load_network

    network = load_network("timm:resnet18+untrained", "cpu")
    machine = NetworkClassifier(network)
    assert len(machine.categories) == 1000 and machine.categories[404] == "n02690373"
    images = [Image.open(file).convert("RGB") for file in sorted(digits.iterdir())[:3]]
    expected = torch.softmax(network.module(network.batch(images)).double(), 1).numpy()
    np.testing.assert_allclose(machine.probabilities(images), expected, atol=1e-9)
    with pytest.raises(BehaviourFault, match="has 1,000 categories; 2 names were given"):
        NetworkClassifier(network, ("a", "b"))


@pytest.mark.slow
def test_two_processes_and_a_cluster_give_the_same_responses(
    digits: Path, neighbours: EstimatorClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dask.distributed import LocalCluster

    monkeypatch.setattr(classification, "BLOCK", 32)
    given: dict[str, Any] = {"images": digits, "answer": Answer(top=3)}
    alone = pd.read_parquet(classify(neighbours, to=tmp_path / "a", **given))
    jobs = Execution(jobs=2)
    two = pd.read_parquet(classify(neighbours, to=tmp_path / "b", execution=jobs, **given))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        there = Execution(cluster=cluster.scheduler_address)
        third = pd.read_parquet(classify(neighbours, to=tmp_path / "c", execution=there, **given))
    for other in (two, third):
        assert list(alone["response"]) == list(other["response"])
        np.testing.assert_allclose(alone["probability"], other["probability"], rtol=1e-5)
