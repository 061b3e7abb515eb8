"""`diptych study from-grids`: grids of planted groups as studies, and observers who take them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from support.planted_grids import GROUP, GROUPS, planted_run

from diptych.authoring import load_study
from diptych.authoring.from_grids import make_study_from_grids, observe
from diptych.authoring.grid_choice import DESIGNS, Wanted, choose_items
from diptych.cli import cli
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.saved import SavedRun, read_run

QUERIES = ("query_positive", "query_negative")
CHANCE = {"E1": 0.5, "E2": 0.5, "E4": 0.5, "E5": 1 / 9}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return planted_run(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def run(planted: tuple[Path, Path]) -> SavedRun:
    return read_run(planted[0])


def group(row: int) -> int:
    """Number of the planted group of a row; -1: none."""
    return row // GROUP if row < 2 * GROUPS * GROUP else -1


def test_a_run_is_read_back(planted: tuple[Path, Path], run: SavedRun) -> None:
    table = pd.read_csv(planted[0] / "grids.csv")
    for (direction, _), rows in table.groupby(["direction", "grid"]):
        grid = run.grids[str(direction)][int(rows["grid"].iloc[0]) - 1]
        assert rows["row"].tolist() == grid.items.tolist()
        assert set(grid.items) <= set(grid.cluster)
        block = run.pairs[str(direction)].affinity(grid.items[:, None], grid.items[None])
        mean = block[~np.eye(len(block), dtype=bool)].mean()
        assert mean == pytest.approx(rows["affinity"].iloc[0], rel=1e-3)


@pytest.mark.parametrize("design", DESIGNS)
def test_each_design_becomes_a_sound_study(
    design: str, planted: tuple[Path, Path], tmp_path: Path
) -> None:
    wanted = Wanted(design=design, tests=3)
    made = make_study_from_grids(tmp_path / "study", *planted, wanted, side=64)
    content = load_study(tmp_path / "study").content
    assert content.spec.task.name == ("odd_one_out" if design == "E5" else "two_afc")
    items = pd.read_csv(tmp_path / "study" / "items.csv")
    assert items["kind"].value_counts().to_dict() == {"test": 18, "practice": 4, "catch": 4}
    assert made.items == 18
    assert (items.loc[items["kind"] == "test", "margin"] > 0).all()
    again = make_study_from_grids(tmp_path / "again", *planted, wanted, side=64)
    assert again == made
    for file in ("items.csv", "stimuli.csv"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "study" / file).read_bytes()


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", range(2))
def test_no_query_is_shown_elsewhere(design: str, seed: int, run: SavedRun) -> None:
    light = np.random.default_rng(seed).uniform(0, 255, len(run.items))
    items = choose_items(run, Wanted(design=design, seed=seed), light)
    for item in items:
        if item.kind != "test":
            continue
        own = {item.query_positive, item.query_negative} - {-1}
        for other in items:
            shown = {*other.positives, *other.negatives}
            if other is not item:
                shown |= {other.query_positive, other.query_negative}
            assert not own & shown


@pytest.mark.parametrize("sampling", ["spectral", "greedy"])
def test_the_right_query_belongs_to_the_group_on_the_right(sampling: str, tmp_path: Path) -> None:
    run = read_run(planted_run(tmp_path, sampling=sampling, seed=1)[0])
    items = choose_items(run, Wanted(design="E2"), np.zeros(len(run.items)))
    tests = [item for item in items if item.kind == "test"]
    fits = [
        group(item.query_positive) == group(item.positives[0])
        and group(item.query_negative) == group(item.negatives[0])
        for item in tests
    ]
    assert len(tests) == 24
    assert np.mean(fits) > 0.9


@pytest.mark.parametrize("design", DESIGNS)
def test_observers_answer_as_the_design_says(
    design: str, planted: tuple[Path, Path], tmp_path: Path
) -> None:
    right = make_study_from_grids(
        tmp_path / "study", *planted, Wanted(design=design, tests=8), side=32
    ).observers
    chance = CHANCE[design]
    assert right["own"] >= 0.9
    assert abs(right["pixels"] - chance) <= 0.25
    if design == "E2":  # the examples on the left are near each other in the other one
        assert right["other"] >= 0.9
    else:
        assert right["other"] <= chance + 0.12


@pytest.mark.slow
def test_the_other_representation_says_nothing_about_e1(tmp_path: Path) -> None:
    """A biased choice of foils would show in the mean: one study of 48 items varies by 0.07."""
    shares = []
    for seed in range(8):
        run = read_run(planted_run(tmp_path / str(seed), seed=seed)[0])
        rows = np.random.default_rng(seed).normal(size=(len(run.items), 4))
        items = choose_items(run, Wanted(design="E1", tests=8), rows[:, 0])
        shares.append(observe(run, items, rows)["other"])
    print(f"E1, the other representation: {np.mean(shares):.3f} of {len(shares)} studies")
    assert abs(np.mean(shares) - 0.5) <= 0.05
    assert np.std(shares) < 0.1


@pytest.mark.parametrize("design", DESIGNS)
def test_nobody_answers_a_shuffled_study(
    design: str, planted: tuple[Path, Path], tmp_path: Path
) -> None:
    wanted = Wanted(design=design, tests=8, shuffled=True)
    right = make_study_from_grids(tmp_path / "study", *planted, wanted, side=32).observers
    for share in right.values():
        assert abs(share - CHANCE[design]) <= 0.25


def test_queries_of_easy_items_are_other_files_than_their_examples(
    planted: tuple[Path, Path], tmp_path: Path
) -> None:
    make_study_from_grids(tmp_path / "study", *planted, Wanted(tests=1), side=64)
    items = pd.read_csv(tmp_path / "study" / "items.csv")
    for item in items[items["kind"] != "test"].to_dict("records"):
        examples = {*item["positives"].split(";"), *item["negatives"].split(";")}
        assert not examples & {item[name] for name in QUERIES}


def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *more: object) -> tuple[int, str]:
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path / "studies"))
    done = CliRunner().invoke(cli, ["study", "from-grids", "seen", *map(str, more)])
    assert "Traceback" not in done.output
    return done.exit_code, " ".join(done.output.split())


def test_the_command_says_what_observers_reach(
    planted: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--grids", planted[0], "--images", planted[1], "--side", 32)
    code, said = command(tmp_path, monkeypatch, *where, "--design", "E1")
    assert code == 0, said
    assert "24 test items" in said
    assert "Observers answer right in" in said
    code, said = command(tmp_path, monkeypatch, *where)
    assert code == 1
    assert "already exists" in said


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--design", "E3"), "the folder must come from `diptych rsvc … --to`"),
        (("--items", 40), "Ask for fewer items per grid (--items)"),
        (("--side", 8), "allowed are 32 to 1024 pixels"),
    ],
)
def test_what_can_not_be_a_study_is_one_line(
    more: tuple[object, ...],
    message: str,
    planted: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = ("--grids", planted[0], "--images", planted[1])
    code, said = command(tmp_path, monkeypatch, *where, *more)
    assert code == 1
    assert message in said
    assert not list((tmp_path / "studies").glob("*"))


def test_a_folder_without_a_run_or_images_is_refused(
    planted: tuple[Path, Path], tmp_path: Path
) -> None:
    grids, images = planted
    with pytest.raises(RepresentationFault, match="must come from `diptych rdx"):
        make_study_from_grids(tmp_path / "study", tmp_path, images)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "rdx.json").write_bytes((grids / "rdx.json").read_bytes())
    with pytest.raises(RepresentationFault, match="write the folder again"):
        make_study_from_grids(tmp_path / "study", tmp_path / "old", images)
    (tmp_path / "few").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "few" / "000.png")
    with pytest.raises(RepresentationFault, match=r"has no image '001.png'"):
        make_study_from_grids(tmp_path / "study", grids, tmp_path / "few")
    assert not list(tmp_path.glob(".making-*"))


def test_a_grid_with_too_few_images_is_left_out(
    planted: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(planted[0], tmp_path / "cut")
    said = json.loads((tmp_path / "cut" / "rdx.json").read_text())
    grid = said["forward"]["grids"][1]
    grid["rows"], grid["items"] = grid["rows"][:5], grid["items"][:5]
    (tmp_path / "cut" / "rdx.json").write_text(json.dumps(said))
    where = ("--grids", tmp_path / "cut", "--images", planted[1], "--side", 32)
    code, said_out = command(tmp_path, monkeypatch, *where)
    assert code == 0
    assert "20 test items" in said_out
    assert "left out, with too few images: 1" in said_out
    units = pd.read_csv(tmp_path / "studies" / "seen" / "items.csv")["unit"]
    assert "forward:2" not in set(units)
    assert units.nunique() == 5
