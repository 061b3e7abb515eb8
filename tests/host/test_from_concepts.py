"""`diptych study from-concepts`: a search becomes four studies, and people's answers come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from flask import Flask
from support.figure_sessions import exported, take
from support.planted_search import CAUSE, SETTINGS, WORDS, planted_search, snow_target
from support.walker import open_study

from diptych.authoring import load_study
from diptych.authoring.concept_items import CONDITIONS, DESIGNS, Wanted
from diptych.authoring.from_concepts import make_study_from_concepts
from diptych.cli import cli
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.people import agreement, read_judged
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.saved import read_search
from diptych_analysis.pictures import read_picture
from diptych_analysis.worlds.drawer import SceneDrawer

TASKS = {
    "preference": "two_afc",
    "intruder": "odd_one_out",
    "naming": "identify",
    "prediction": "identify",
}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_search(tmp_path_factory.mktemp("searches") / "snow")


def test_a_search_is_read_back(search: Path) -> None:
    saved = read_search(search)
    assert set(saved.concepts) == set(WORDS)
    assert next(iter(saved.concepts)) == CAUSE
    steps = pd.read_csv(search / "steps.csv")
    assert [groups.word for groups in saved.steps] == steps["word"].tolist()
    drawer, shown = SceneDrawer(), saved.concepts[CAUSE]
    assert shown.shape == (20, 32, 32, 3)
    assert saved.in_class[CAUSE].all() and not saved.in_class["night"].any()
    # The light corner of snow, where no object lies, is as it was drawn.
    assert shown[:, 0, 0].min() > 200
    assert saved.steps[0].images.shape == (2, 10, 32, 32, 3)
    assert (saved.random_images == drawer.draw([""] * 40, _random_seeds())).all()
    with pytest.raises(ConceptFault, match="is no finished search with pictures"):
        read_search(search / "concepts")


def _random_seeds() -> list[int]:
    from diptych_analysis.concepts.search import RANDOM_SETS, image_seeds

    return image_seeds(np.random.default_rng([SETTINGS.seed, RANDOM_SETS]), 60)[:40]


@pytest.mark.parametrize("design", DESIGNS)
def test_each_design_becomes_a_sound_study(design: str, search: Path, tmp_path: Path) -> None:
    wanted = Wanted(design=design, tests=8, side=64)
    count = make_study_from_concepts(tmp_path / "study", search, wanted)
    content = load_study(tmp_path / "study").content
    assert content.spec.task.name == TASKS[design]
    items = pd.read_csv(tmp_path / "study" / "items.csv", dtype=str, keep_default_na=False)
    tests = items[items["kind"] == "test"]
    assert len(tests) == count == 8 * (len(CONDITIONS) if design == "prediction" else 1)
    make_study_from_concepts(tmp_path / "again", search, wanted)
    for file in ("items.csv", "stimuli.csv", "study.toml"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "study" / file).read_bytes()
    for name in pd.read_csv(tmp_path / "study" / "stimuli.csv")["file"]:
        assert read_picture((tmp_path / "study" / name).read_bytes()).height >= 64
    if design == "prediction":
        answers = tests.groupby("explained")["answer"].value_counts().unstack()
        assert (answers == 4).all(axis=None)
        assert {each.name for each in content.spec.conditions} == set(CONDITIONS)
    if design == "intruder":
        assert (tests["group"] != tests["outsider"]).all()


def test_people_become_labels(app: Flask, search: Path, tmp_path: Path) -> None:
    """Simulated participants take the study through the API; their choices train the next run."""
    wanted = Wanted(tests=8, practice=1, catch=1, side=32)
    make_study_from_concepts(tmp_path / "groups", search, wanted)
    text = (tmp_path / "groups" / "study.toml").read_text(encoding="utf-8")
    text = text.replace("practice = 1", "practice = 0")
    (tmp_path / "groups" / "study.toml").write_text(text, encoding="utf-8")
    open_study(app, tmp_path / "groups")
    for number in range(3):
        take(app, "groups", number)
    tables = exported(app, "groups", tmp_path / "tables")
    saved = read_search(search)
    judged = read_judged(tmp_path / "tables", saved)
    assert len(judged) == 8

    # Counted again, from which query each participant chose.
    trials = tables.trials[tables.trials["phase"] == "test"]
    for each in judged:
        rows = trials[trials["item_id"] == f"step-{each.groups.step:04d}"]
        right = int((rows["response"] == rows["label"]).sum())
        place = max(0, each.groups.preferred)
        assert each.votes[place] == right and sum(each.votes) == 3
    about = agreement(judged)
    assert about["answers"] == 24
    assert -1 <= about["kappa_scores"] <= 1

    found = run_search(tmp_path / "next", SceneDrawer(), snow_target(), SETTINGS, judged=judged)
    assert found["people"]["steps"] == 8
    labels = pd.read_csv(tmp_path / "next" / "steps.csv")["preferred"].tolist()
    assert labels == [each.preferred + 1 for each in judged]
    with pytest.raises(ConceptFault, match="people differ"):
        run_search(tmp_path / "next", SceneDrawer(), snow_target(), SETTINGS)


def test_agreement_is_that_of_the_formulas(search: Path) -> None:
    from sklearn.metrics import cohen_kappa_score

    from diptych_analysis.concepts.people import Judged

    rng = np.random.default_rng(4)
    steps = read_search(search).steps
    judged = [Judged(one, tuple(rng.multinomial(5, (0.4, 0.6)).tolist())) for one in steps]
    about = agreement(judged)
    pairs = [(j.preferred, j.groups.preferred) for j in judged if j.groups.preferred >= 0]
    assert about["kappa_scores"] == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    same = [
        np.mean([a == b for i, a in enumerate(votes) for b in votes[i + 1 :]])
        for votes in ([0] * j.votes[0] + [1] * j.votes[1] for j in judged)
    ]
    share = sum(j.votes[0] for j in judged) / (5 * len(judged))
    chance = share**2 + (1 - share) ** 2
    assert about["kappa_people"] == pytest.approx((np.mean(same) - chance) / (1 - chance))


def test_the_command_says_what_it_made_and_what_is_wrong(
    search: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path / "studies"))

    def said(*more: object) -> tuple[int, str]:
        command = ["study", "from-concepts", "seen", *map(str, more)]
        done = CliRunner().invoke(cli, command)
        assert "Traceback" not in done.output
        return done.exit_code, " ".join(done.output.split())

    assert said("--search", tmp_path)[0] == 1
    assert "no finished search" in said("--search", tmp_path)[1]
    code, text = said("--search", search, "--design", "prediction", "--items", 60)
    assert code == 1 and "use a smaller --items" in text
    assert not list((tmp_path / "studies").glob("*"))
    code, text = said("--search", search, "--design", "naming", "--items", 4)
    assert code == 0 and "4 test items" in text
    assert "already exists" in said("--search", search)[1]
