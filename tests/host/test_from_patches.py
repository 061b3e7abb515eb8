"""`diptych study from-grids --design E3`: patches that one network knows and the other misses."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.planted_patches import planted_concepts

from diptych.authoring import load_study
from diptych.authoring.from_grids import make_study_from_grids
from diptych.authoring.grid_choice import Wanted
from diptych.authoring.grid_misses import choose_misses, key
from diptych.cli import cli
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.grids import alike
from diptych_analysis.representations.rsvc.saved import (
    GRIDS,
    TABLE,
    SavedConcepts,
    read_concepts,
)

WANTED = Wanted(design="E3", tests=5)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_concepts(tmp_path_factory.mktemp("planted") / "out")


@pytest.fixture(scope="module")
def saved(planted: Path) -> SavedConcepts:
    return read_concepts(planted)


def test_the_folder_is_read_back(planted: Path, saved: SavedConcepts) -> None:
    table = pd.read_csv(planted / TABLE)
    assert saved.names == ("a", "b") and len(saved.concepts) == 12
    assert [each.cmcs for each in saved.concepts] == sorted(table.groupby(
        ["class", "network", "concept"])["cmcs"].first())  # fmt: skip
    for each in saved.concepts:
        own = table[(table["class"] == each.group) & (table["network"] == each.side)]
        own = own[own["concept"] == each.number]
        for name in GRIDS:
            rows = getattr(each, name)
            part = own[own["grid"] == name].sort_values("place")
            assert [saved.files[row] for row in rows] == part["file"].tolist()
            assert each.coefficients[rows] == pytest.approx(part["coefficient"].to_numpy())


def test_right_queries_are_missed_and_wrong_ones_are_taken_for_the_concept(
    saved: SavedConcepts,
) -> None:
    items, used = choose_misses(saved, WANTED)
    concepts = {key(each): each for each in used}
    tests = [item for item in items if item.kind == "test"]
    assert len(tests) == WANTED.tests * len(used)
    for item in tests:
        concept = concepts[item.grid.direction, item.grid.number]
        u, predicted = concept.coefficients, concept.predicted
        assert u[item.query_positive] > predicted[item.query_positive]
        assert u[item.query_negative] < predicted[item.query_negative]
        assert item.margin > 0
        near = 0.25 * 0.8  # the standard deviation of the planted predictions is 0.71
        for has, lacks in [*zip(item.positives, item.negatives, strict=True),
                           (item.query_positive, item.query_negative)]:  # fmt: skip
            assert u[lacks] < u[has] / 2 and u[lacks] < predicted[lacks]
            assert abs(predicted[has] - predicted[lacks]) <= near
        assert set(item.positives) <= set(concept.top)
        assert not set(item.positives) & set(item.negatives)
        images = {saved.images[row] for row in (*item.positives, *item.negatives)}
        assert saved.images[item.query_positive] not in images
        assert saved.images[item.query_negative] not in images


def test_no_query_is_shown_elsewhere(saved: SavedConcepts) -> None:
    items, _ = choose_misses(saved, WANTED)
    for item in items:
        if item.kind != "test":
            continue
        for other in items:
            shown = {*other.positives, *other.negatives}
            if other is not item:
                shown |= {other.query_positive, other.query_negative}
            assert not {item.query_positive, item.query_negative} & shown


def test_it_becomes_a_sound_study(planted: Path, tmp_path: Path) -> None:
    made = make_study_from_grids(tmp_path / "study", planted, None, WANTED, side=64)
    content = load_study(tmp_path / "study").content
    assert content.spec.task.name == "two_afc"
    items = pd.read_csv(tmp_path / "study" / "items.csv")
    tests = items[items["kind"] == "test"]
    assert made.items == len(tests) == 5 * tests["unit"].nunique()
    assert items["kind"].value_counts()["catch"] == 4
    similarity = pd.read_csv(planted / TABLE).groupby(["class", "network", "concept"])["cmcs"]
    for (name, side, number), cmcs in similarity.first().items():
        own = tests[tests["unit"] == f"{name}:{side}:{number}"]
        assert own["cmcs"].to_numpy() == pytest.approx(cmcs, abs=1e-4)
    # Easy items compare concepts of two classes.
    again = make_study_from_grids(tmp_path / "again", planted, None, WANTED, side=64)
    assert again == made
    same = [(tmp_path / name / "items.csv").read_bytes() for name in ("study", "again")]
    assert same[0] == same[1]


def test_easy_items_compare_classes(saved: SavedConcepts) -> None:
    items, _ = choose_misses(saved, WANTED)
    for item in items:
        if item.kind != "test":
            groups = [
                {saved.images[row].split("-")[0] for row in rows}
                for rows in (item.positives, item.negatives)
            ]
            assert len(groups[0]) == len(groups[1]) == 1 and groups[0] != groups[1]


def test_observers_answer_as_the_design_says(planted: Path, tmp_path: Path) -> None:
    right = make_study_from_grids(tmp_path / "study", planted, None, WANTED, side=32).observers
    assert right["own"] >= 0.9
    assert right["other"] <= 0.62  # 60 items; 0.5 is chance
    assert abs(right["pixels"] - 0.5) <= 0.2


def test_nobody_answers_a_shuffled_study(planted: Path, tmp_path: Path) -> None:
    wanted = Wanted(design="E3", tests=5, shuffled=True)
    right = make_study_from_grids(tmp_path / "study", planted, None, wanted, side=32).observers
    for share in right.values():
        assert abs(share - 0.5) <= 0.25


def test_the_command_needs_no_images(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path / "studies"))
    done = CliRunner().invoke(
        cli, ["study", "from-grids", "seen", "--grids", str(planted), "--design", "E3"]
    )
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "test items" in said and "Chance: 0.50" in said


def test_what_can_not_be_a_study_is_one_fault(planted: Path, tmp_path: Path) -> None:
    with pytest.raises(RepresentationFault, match="must come from `diptych rsvc"):
        make_study_from_grids(tmp_path / "study", tmp_path, None, WANTED)
    with pytest.raises(RepresentationFault, match="concepts have enough patches"):
        many = Wanted(design="E3", tests=40)
        make_study_from_grids(tmp_path / "study", planted, None, many)
    with pytest.raises(RepresentationFault, match="E1 needs the images"):
        make_study_from_grids(tmp_path / "study", planted, None, Wanted(design="E1"))
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / TABLE).write_bytes((planted / TABLE).read_bytes())
    with pytest.raises(RepresentationFault, match="has no patch 'patches/"):
        make_study_from_grids(tmp_path / "study", tmp_path / "cut", None, WANTED)
    text = (planted / TABLE).read_text().replace(",top,0,", ",middle,0,", 1)
    (tmp_path / "cut" / TABLE).write_text(text)
    with pytest.raises(RepresentationFault, match=r"row 1: found 'middle'; allowed is one of top"):
        make_study_from_grids(tmp_path / "study", tmp_path / "cut", None, WANTED)
    assert not list(tmp_path.glob(".making-*"))


def test_a_concept_that_the_other_network_knows_is_left_out(tmp_path: Path) -> None:
    saved = read_concepts(planted_concepts(tmp_path / "out", (0.1, 0.3, 0.999)))
    _, used = choose_misses(saved, Wanted(design="E3", tests=4))
    assert {each.number for each in used} == {0, 1}


def fits(u: np.ndarray, predicted: np.ndarray, images: np.ndarray, has: int, lacks: int) -> bool:
    """Whether the other network cannot tell two patches apart of which one lacks the concept."""
    return bool(
        predicted[lacks] > u[lacks]
        and u[lacks] < u[has] / 2
        and images[lacks] != images[has]
        and abs(predicted[lacks] - predicted[has]) <= 0.25 * predicted.std()
    )


def test_the_most_alike_are_found_and_nothing_else() -> None:
    """Against all assignments of small cases."""
    rng = np.random.default_rng(3)
    most = 0
    for _ in range(40):
        u, predicted = rng.gamma(1, 1, (2, 9))
        images = rng.integers(0, 4, 9)
        found = alike(u, predicted, images, np.arange(3), np.arange(9) < 3)
        best = max(
            sum(fits(u, predicted, images, has, lacks) for has, lacks in enumerate(rows))
            for rows in permutations(range(3, 9), 3)
        )
        own = found[found >= 0].tolist()
        assert len(own) == len(set(own)) == best
        assert all(fits(u, predicted, images, at, row) for at, row in enumerate(found) if row >= 0)
        most = max(most, best)
    assert most >= 2
