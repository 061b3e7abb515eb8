"""Studies from the units of a scored network. The scores here are simulated: no network ran."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.simulated_units import simulated_images, simulated_layers, simulated_run
from support.walker import Walker, link, open_study

from diptych.authoring import load_study
from diptych.authoring.from_units import UnitsFault, Wanted, make_study_from_units
from diptych.authoring.unit_choice import choose_items, read_scored
from diptych.cli import cli

MODEL, SMALL = "net", Wanted(easiest=3, random=4, hardest=3, tasks=2)
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
ROLES = ("query_positive", "query_negative", "positives", "negatives")


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder as `diptych mis` writes it, and the images."""
    folder = tmp_path_factory.mktemp("units")
    images = simulated_images(folder / "images")
    scores, items = simulated_run(simulated_layers(MODEL), seed=3)
    for name, table in (("scores", scores), ("items", items), ("images", images)):
        (folder / f"{name}.parquet").mkdir()
        half = len(table) // 2  # a table is a folder of files
        table[:half].to_parquet(folder / f"{name}.parquet" / "a.parquet")
        table[half:].to_parquet(folder / f"{name}.parquet" / "b.parquet")
    return folder, folder / "images"


def make(scored: tuple[Path, Path], to: Path, **options: Any) -> pd.DataFrame:
    options = {"wanted": SMALL, "side": 64, **options}
    make_study_from_units(to, *scored, MODEL, **options)
    return pd.read_csv(to / "items.csv")


def content(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_study_is_sound_and_says_what_the_machine_made_of_each_item(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    items = make(scored, tmp_path / "units")
    load_study(tmp_path / "units")
    counts = {"test": 20, "practice": 6, "practice_hard": 3, "catch": 5}
    assert items["kind"].value_counts().to_dict() == counts
    test = items[items["kind"] == "test"]
    assert test["group"].value_counts().to_dict() == {"easiest": 6, "random": 8, "hardest": 6}
    scores = pd.concat(pd.read_parquet(f) for f in (scored[0] / "scores.parquet").iterdir())
    known = {f"{row.layer}:{row.unit}": row for row in scores.itertuples()}
    for row in items.itertuples():
        assert row.model == MODEL and row.unit.startswith(f"{row.layer}:")
        assert row.mis == pytest.approx(known[row.unit].mis)
    assert test["probability"].to_numpy() == pytest.approx(1 / (1 + np.exp(-test["margin"] / 0.16)))
    groups = test.groupby("group")["mis"]
    others = items.loc[items["kind"] != "test", "mis"]
    assert groups.min()["easiest"] >= others.max() >= others.min() >= groups.max()["hardest"]


def test_the_images_are_those_of_the_items_that_were_scored(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    """By their pixels: each shown file is the scaled image that items.parquet names."""
    items = make(scored, tmp_path / "units")
    table = pd.concat(pd.read_parquet(f) for f in (scored[0] / "items.parquet").iterdir())
    table["unit"] = table["layer"] + ":" + table["unit"].astype(str)
    images = pd.concat(pd.read_parquet(f) for f in (scored[0] / "images.parquet").iterdir())
    names = dict(zip(images["image"], images["file"], strict=True))

    def near(shown: str, image: int) -> bool:
        with (
            Image.open(tmp_path / "units" / shown) as one,
            Image.open(scored[1] / names[image]) as o,
        ):
            side = min(o.size)
            left, top = (o.width - side) // 2, (o.height - side) // 2
            middle = o.crop((left, top, left + side, top + side)).resize((16, 16), Image.BOX)
            apart = np.asarray(one.resize((16, 16), Image.BOX), float) - np.asarray(middle, float)
        return float(np.abs(apart).mean()) < 6

    for row in items[items["kind"] == "test"].to_dict("records"):
        _, _, task = row["item_id"].rsplit("-", 2)
        found = table[(table["unit"] == row["unit"]) & (table["task"] == int(task))].iloc[0]
        assert row["margin"] == pytest.approx(found["margin"])
        for role in ROLES:
            wanted = np.atleast_1d(found[role]).tolist()
            shown = row[role].split(";")
            assert len(shown) == len(wanted)
            assert all(near(s, w) for s, w in zip(shown, wanted, strict=True))


def test_a_catch_item_shows_a_query_among_the_examples_and_no_other_item_does(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    """To the eye: under its own name and in bytes of its own, so that no script can tell."""
    rows = make(scored, tmp_path / "units").to_dict("records")

    def seen(name: str) -> np.ndarray[Any, np.dtype[Any]]:
        with Image.open(tmp_path / "units" / name) as file:
            return np.asarray(file.convert("L").resize((8, 8), Image.Resampling.BOX), dtype=float)

    names = Counter(name for row in rows for role in ROLES for name in row[role].split(";"))
    for row in rows:
        sides = row["positives"].split(";"), row["negatives"].split(";")
        for query, side in zip((row["query_positive"], row["query_negative"]), sides, strict=True):
            assert query not in sides[0] + sides[1]
            apart = [float(np.abs(seen(query) - seen(name)).mean()) for name in side]
            if row["kind"] == "catch":
                assert apart[0] == min(apart) < 12 and names[query] == 1
                assert content(tmp_path / "units" / query) != content(tmp_path / "units" / side[0])
    assert load_study(tmp_path / "units").remarks == ()


def test_a_study_that_shows_a_query_under_the_address_of_an_example_is_told(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    items = make(scored, tmp_path / "units")
    catch = items.index[items["kind"] == "catch"]
    items.loc[catch, "query_positive"] = items.loc[catch, "positives"].str.split(";").str[0]
    items.to_csv(tmp_path / "units" / "items.csv", index=False)
    told = load_study(tmp_path / "units").remarks
    assert any("5 items show a query among their explanations" in remark for remark in told)


@given(
    easiest=st.integers(0, 8), drawn=st.integers(0, 8), hardest=st.integers(0, 8),
    tasks=st.integers(1, 6), seed=st.integers(0, 2**31 - 1),
)  # fmt: skip
def test_groups_never_overlap_and_no_unit_is_both_tested_and_practised(
    scored: tuple[Path, Path], easiest: int, drawn: int, hardest: int, tasks: int, seed: int
) -> None:
    wanted = Wanted(easiest, drawn, hardest, tasks)
    run = read_scored(scored[0], MODEL)
    if wanted.tested == 0:
        with pytest.raises(UnitsFault, match="must be 0 or more"):
            choose_items(run, wanted, seed)
        return
    items = choose_items(run, wanted, seed)
    groups: dict[tuple[str, int], set[str]] = {}
    for item in items:
        role = item.group if item.kind == "test" else item.kind
        groups.setdefault((item.layer, item.unit), set()).add(role)
    assert all(len(roles) == 1 for roles in groups.values())
    counted = Counter(next(iter(roles)) for roles in groups.values())
    expected = {"easiest": easiest, "random": drawn, "hardest": hardest, "practice": 6,
                "practice_hard": 3, "catch": 5, "instructions": 1}  # fmt: skip
    assert counted == {name: count for name, count in expected.items() if count}
    test = [item for item in items if item.kind == "test"]
    assert len({(i.layer, i.unit, i.item_id) for i in test}) == len(test) == wanted.tested * tasks
    assert all(np.isfinite(item.mis) for item in items)


def test_same_seed_same_bytes_other_seed_other_units(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    def made(name: str, seed: int) -> dict[str, str]:
        make(scored, tmp_path / name / "units", seed=seed)
        folder = tmp_path / name / "units"
        return {str(p.relative_to(folder)): content(p) for p in folder.rglob("*") if p.is_file()}

    first = made("a", 1)
    assert made("b", 1) == first
    assert made("c", 2)["items.csv"] != first["items.csv"]


@SQLITE
def test_a_participant_can_take_it_to_the_end(
    app: Flask, scored: tuple[Path, Path], tmp_path: Path
) -> None:
    make(scored, tmp_path / "studies/units")
    open_study(app, tmp_path / "studies/units")
    walker = Walker(app.test_client(), "units")
    walker.start(**link(app, "machine", "units"), participant="net-1")
    walker.finish(lambda trial: {"choice": "top", "confidence": 0.5})
    assert walker.state["content"]["outcome"] == "completed"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wanted": Wanted(60, 60, 60)}, "would overlap: net has"),
        ({"wanted": Wanted(15, 10, 15)}, "others for practice"),
        ({"wanted": Wanted(2, 2, 2, tasks=7)}, "allowed are 1 to 6"),
        ({"side": 10}, "32 to 1024"),
        ({"per_participant": 1000}, "20 test items"),
        ({"similarity": "lpips"}, "no run with"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left(
    scored: tuple[Path, Path], tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnitsFault, match=said):
        make(scored, tmp_path / "units", **options)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_gone_or_has_changed_is_told(
    scored: tuple[Path, Path], tmp_path: Path
) -> None:
    images = tmp_path / "images"
    simulated_images(images)
    other = Image.new("RGB", (96, 96), "red")
    for file in images.iterdir():
        other.save(file)
    with pytest.raises(UnitsFault, match="not the image that was scored"):
        make((scored[0], images), tmp_path / "units")
    with pytest.raises(UnitsFault, match="cannot be read"):
        make((scored[0], tmp_path / "nowhere"), tmp_path / "units")
    assert {path.name for path in tmp_path.iterdir()} == {"images"}


def test_the_command_makes_it_and_tells_faults_in_one_line(
    scored: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path))
    paths = ["--scores", str(scored[0]), "--images", str(scored[1])]
    few = ["--easiest", "2", "--random", "2", "--hardest", "2", "--side", "48"]

    def run(name: str, model: str) -> Any:
        command = ["study", "from-units", name, *paths, "--model", model, *few]
        return CliRunner().invoke(cli, command)

    assert run("units", MODEL).exit_code == 0
    assert load_study(tmp_path / "units").content.name == "units"
    for name, model, said in (
        ("units", MODEL, "already exists"),
        ("other", "resnet", "no scores of 'resnet'; it has: net"),
        ("Not A Name", MODEL, "cannot be the name of a study"),
    ):
        result = run(name, model)
        assert result.exit_code == 1 and said in result.output
        assert "Traceback" not in result.output
