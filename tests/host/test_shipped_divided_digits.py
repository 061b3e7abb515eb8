"""The study of divided digits: its design, and people beside the machines that it divides."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from support.kept import hash_of_sources, kept, versions
from support.servers import LiveServer
from support.shipped import STUDIES, built

from diptych.authoring import load_study
from diptych.ground.keys import study_key
from diptych.simulation.run import simulate
from diptych_analysis.behaviour import digit_models
from diptych_analysis.behaviour.cli import agree
from diptych_analysis.behaviour.digit_models import write_digits
from diptych_analysis.report.write import write_report

pytestmark = pytest.mark.slow

NAME, PEOPLE = "divided_digits", 12


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies" / NAME
    shutil.copytree(built(NAME, 0), folder)
    shutil.copytree(STUDIES / NAME, folder, dirs_exist_ok=True)
    return folder.parent


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_study_has_no_faults_and_its_design(studies_folder: Path) -> None:
    folder = studies_folder / NAME
    content = load_study(folder).content
    kinds = Counter(item.kind for item in content.items.values())
    assert kinds == {"practice": 30, "test": 60, "catch": 6}
    assert {kind: content.spec.trials(kind) for kind in kinds} == kinds
    items = rows(folder / "items.csv")
    tests = [item for item in items if item["kind"] == "test"]
    pairs = [[item for item in tests if item["set"] == name] for name in ("contrastive", "control")]
    assert [len(each) for each in pairs] == [30, 30]
    assert [item["answer"] for item in pairs[0]] == [item["answer"] for item in pairs[1]]
    practice = Counter(item["answer"] for item in items if item["kind"] == "practice")
    assert practice == dict.fromkeys("0123456789", 3)
    assert len({item["source"] for item in items}) == len(items)


def test_the_images_are_the_digits_of_scikit_learn(studies_folder: Path) -> None:
    data = load_digits()
    known = {
        np.round(255 * (1 - image / 16)).astype(np.uint8).tobytes(): str(label)
        for image, label in zip(data.images, data.target, strict=True)
    }
    for item in rows(studies_folder / NAME / "items.csv"):
        with Image.open(studies_folder / NAME / item["images"]) as picture:
            shown = np.asarray(picture.convert("L"))
        assert shown.shape == (256, 256)
        assert known[shown[16::32, 16::32].tobytes()] == item["answer"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_people_and_machines_are_compared_on_the_same_digits(
    live_server: LiveServer, studies_folder: Path, tmp_path: Path
) -> None:
    secret = live_server.environment["DIPTYCH_SECRET_KEY"].encode()
    key = study_key(secret, "simulate", NAME)
    # A named run sees the same trials each time; in this one, all twelve pass the catch trials.
    done = simulate(
        live_server.url, studies_folder / NAME, PEOPLE, key=key, observer="learner", run="twelve"
    )
    assert done.outcomes == {"completed": PEOPLE}
    out = tmp_path / "out"
    live_server.diptych("export", NAME, "--to", str(out), "--format", "csv")
    machines = kept(
        write_digits, hash_of_sources(Path(digit_models.__file__)), versions("scikit-learn")
    )

    def agree_on(*options: str) -> dict[str, Any]:
        found = tmp_path / "found.json"
        command = [str(out), str(machines / "responses.parquet"), "--stimulus-column", "source"]
        command += ["--by", "set", "-k", "10", "--resamples", "20", "--json", str(found)]
        result = CliRunner().invoke(agree, [*command, *options])
        assert result.exit_code == 0, result.output
        if not options:
            assert "ceiling" in result.output
        read: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return read

    people, models = agree_on(), agree_on("--kind", "machine")
    assert (people["kinds"], people["raters"], people["stimuli"]) == (["simulated"], PEOPLE, 60)
    assert (models["raters"], models["stimuli"]) == (59, 1097)
    both = people["people_and_machines"]
    assert both["stimuli"] == 60
    # Spearman's correlation of the two agreements, from the tables and without the package.
    items = pd.read_csv(studies_folder / NAME / "items.csv", dtype={"answer": str})
    trials = pd.concat(pd.read_csv(file, dtype=str) for file in out.rglob("*trials*_data.csv"))
    trials = trials[trials["phase"] == "test"].merge(items, on="item_id")
    machine = items.set_index("source")["agreement"]
    person = trials.groupby("source")["response"].agg(same_pairs)
    assert both["agreement_correlation"] == pytest.approx(
        spearmanr(person, machine[person.index]).statistic, abs=0.02
    )
    assert both["agreement_ceiling"] == pytest.approx(people["raters_needed"]["correlation_now"])
    assert 0 < both["agreement_ceiling"] < 1
    page = write_report(out, None, tmp_path / "report").read_text(encoding="utf-8")
    assert ">Identifying</h3>" in page
    # Contrastive digits divide the machines; their controls do so less.
    own, theirs = ({row["group"]: row for row in each["by"]["set"]} for each in (models, people))
    assert own["contrastive"]["kappa"] < own["control"]["kappa"] < own["(none)"]["kappa"]
    assert {name: theirs[name]["stimuli"] for name in theirs} == {"contrastive": 30, "control": 30}
    for name in theirs:
        mean = person[items[items["set"] == name]["source"]].mean()
        assert theirs[name]["mean_agreement"] == pytest.approx(mean)


def same_pairs(responses: pd.Series) -> float:
    """The share of pairs of people who answered the same."""
    return float(np.mean([a == b for a, b in combinations(responses, 2)]))
