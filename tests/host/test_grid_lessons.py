"""`diptych study from-grids --design E6`: clusters of one representation as classes to learn."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.planted_grids import GROUP, GROUPS, planted_run

from diptych.authoring import load_study
from diptych.authoring.from_grids import make_study_from_grids
from diptych.authoring.grid_choice import Wanted
from diptych.authoring.grid_lesson import choose_classes, lesson_length
from diptych.cli import cli
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.saved import SavedRun, read_run

WANTED = Wanted(design="E6")
CHANCE = 1 / GROUPS


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return planted_run(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def run(planted: tuple[Path, Path]) -> SavedRun:
    return read_run(planted[0])


def test_a_class_is_a_planted_group(run: SavedRun) -> None:
    classes = choose_classes(run)
    assert {each.name for each in classes} == {"Group 1", "Group 2", "Group 3"}
    groups = [Counter(int(row) // GROUP for row in each.rows).most_common(1)[0] for each in classes]
    assert {group for group, _ in groups} == set(range(GROUPS))
    sizes = {len(each.rows) for each in classes}
    assert len(sizes) == 1
    assert all(count > 0.9 * sizes.copy().pop() for _, count in groups)
    everything = np.concatenate([each.rows for each in classes])
    assert len(set(everything)) == len(everything)


def test_it_becomes_a_sound_study(planted: tuple[Path, Path], tmp_path: Path) -> None:
    made = make_study_from_grids(tmp_path / "study", *planted, WANTED, side=64)
    content = load_study(tmp_path / "study").content
    spec = content.spec
    assert (spec.task.name, spec.trials("training"), spec.trials("test")) == (
        "category_learning", 30, 15,
    )  # fmt: skip
    stimuli = pd.read_csv(tmp_path / "study" / "stimuli.csv")
    assert len(stimuli) == made.items
    assert stimuli["label"].value_counts().nunique() == 1
    assert stimuli.groupby("label")["cluster"].nunique().eq(1).all()
    # The order of the files does not tell the class.
    labels = stimuli.sort_values("file")["label"].tolist()
    assert 0.1 < np.mean([a == b for a, b in pairwise(labels)]) < 0.6
    again = make_study_from_grids(tmp_path / "again", *planted, WANTED, side=64)
    assert again == made
    same = [(tmp_path / name / "stimuli.csv").read_bytes() for name in ("study", "again")]
    assert same[0] == same[1]


def test_observers_answer_as_the_design_says(planted: tuple[Path, Path], tmp_path: Path) -> None:
    made = make_study_from_grids(tmp_path / "study", *planted, WANTED, side=32)
    assert made.chance == pytest.approx(CHANCE)
    assert made.observers["own"] >= 0.9
    assert made.observers["other"] <= CHANCE + 0.12
    assert abs(made.observers["pixels"] - CHANCE) <= 0.12


def test_nobody_learns_shuffled_classes(planted: tuple[Path, Path], tmp_path: Path) -> None:
    wanted = Wanted(design="E6", shuffled=True)
    made = make_study_from_grids(tmp_path / "study", *planted, wanted, side=32)
    for share in made.observers.values():
        assert abs(share - CHANCE) <= 0.12


@pytest.mark.parametrize("seed", range(3))
def test_true_classes_are_shown_equally_often_in_each_class(seed: int, run: SavedRun) -> None:
    rng = np.random.default_rng(seed)
    labels = {name: str(rng.choice(["cat", "dog", "hen"])) for name in run.items}
    counts = [
        Counter(labels[run.items[row]] for row in each.rows) for each in choose_classes(run, labels)
    ]
    assert counts[0] == counts[1] == counts[2]
    assert sum(counts[0].values()) > 8
    # A cluster of one true class only leaves nothing to teach.
    own = {name: f"label {row // GROUP}" for row, name in enumerate(run.items)}
    with pytest.raises(RepresentationFault, match="equally many of each true class"):
        choose_classes(run, own)
    del labels[run.items[3]]
    with pytest.raises(RepresentationFault, match=r"no label of the item '003.png'"):
        choose_classes(run, labels)


def test_few_images_give_a_short_lesson(tmp_path: Path) -> None:
    # Without clusters a class is its grid of nine images.
    run = read_run(planted_run(tmp_path, sampling="greedy")[0])
    classes = choose_classes(run)
    assert lesson_length(classes) == (18, 9)
    run.grids["forward"][:] = run.grids["forward"][:1]
    with pytest.raises(RepresentationFault, match="the run has 1"):
        choose_classes(run)


def test_the_command_reads_labels(
    planted: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: SavedRun
) -> None:
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path / "studies"))
    labels = tmp_path / "labels.csv"
    pd.DataFrame({"file": run.items, "label": ["cat", "dog"] * (len(run.items) // 2)}).to_csv(
        labels, index=False
    )
    where = ["--grids", planted[0], "--images", planted[1], "--side", 32, "--labels", labels]
    command = ["study", "from-grids", "learned", "--design", "E6", *map(str, where)]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "images in classes" in said and "Chance: 0.33" in said
    stimuli = pd.read_csv(tmp_path / "studies" / "learned" / "stimuli.csv")
    counts = stimuli.groupby(["label", "true_class"]).size().unstack()
    assert counts.nunique().eq(1).all()
    labels.write_text("file\n1\n")
    done = CliRunner().invoke(cli, [*command[:2], "other", *command[3:]])
    assert done.exit_code == 1 and "missing columns: label" in " ".join(done.output.split())
