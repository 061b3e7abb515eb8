"""Figures and the page about the units of networks, from simulated scores; and the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from support.simulated_units import (
    CNN,
    simulated_images,
    simulated_layers,
    simulated_run,
    simulated_scores,
)

from diptych.cli import cli
from diptych_analysis import charts
from diptych_analysis.mis.analyses.layer_types import type_means
from diptych_analysis.mis.analyses.ranking import constant_units, rank_models
from diptych_analysis.mis.analyses.training import unit_changes
from diptych_analysis.mis.analyses.trends import by_depth
from diptych_analysis.mis.figures import layer_types, ranking, training, trends
from diptych_analysis.mis.figures.items import FRAME, Pictures, item_figure, unit_sheet
from diptych_analysis.mis.report import write_machine_report
from diptych_analysis.networks.faults import MachineFault

Run = tuple[pd.DataFrame, pd.DataFrame]


def texts(chart: Any) -> str:
    """Everything that is written in a figure."""
    svg = charts.svg_of(charts.spec_of(chart))
    return " | ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


@pytest.fixture(scope="module")
def net() -> Run:
    return simulated_run(simulated_layers("timm:net", CNN, blocks=3), lift=0.25)


@pytest.mark.parametrize("models", [1, 2, 9, 16, 41])
def test_models_are_drawn_whether_few_or_many(models: int) -> None:
    scores = simulated_scores(models, blocks=2, units=3)
    ranked = rank_models(scores)
    assert "5th to 95th percentile" in texts(ranking.model_ranking(ranked))
    assert "5th percentile" in texts(ranking.worst_units(rank_models(scores, by="low")))
    assert "constant units" in texts(ranking.constant_ratio(constant_units(scores)))
    drawn = texts(ranking.variability(scores, ranked))
    assert ("lowest variability" in drawn) == (models > 9)
    types = texts(layer_types.layer_types(type_means(scores), ranked))
    assert "batchnorm" in types
    if models <= ranking.FEW:
        assert all(name in types for name in ranked["model"])


def test_histograms_show_units_that_hardly_differ() -> None:
    scores = simulated_scores(1, units=40)
    flat = scores.assign(mis=0.513 + 0.01 * (scores["mis"] - 0.5))
    chart = ranking.variability(flat, rank_models(flat))
    spec = charts.spec_of(chart)
    rows = next(rows for rows in spec["datasets"].values() if "share" in rows[0])
    assert len(rows) > 3
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_significance_shows_every_pair_once() -> None:
    kinds = ["conv", "linear", "attention"]
    p = pd.DataFrame([[1, 0.0004, 0.03], [0.0004, 1, 0.2], [0.03, 0.2, 1]], kinds, kinds)
    drawn = texts(layer_types.significance(p))
    assert drawn.count("0.001") >= 1
    assert "0.030" in drawn
    assert "0.200" in drawn


def test_trends_leave_out_families_of_hardly_any_layers(net: Run) -> None:
    scores, _ = net
    one = scores[(scores["layer_type"] == "conv") | (scores["layer"] == "blocks.0.batchnorm")]
    drawn = texts(trends.trend(by_depth(one), "relative depth"))
    assert "conv/linear" in drawn
    assert "batchnorm" not in drawn
    lone = one[one["layer"] == "blocks.0.conv"]
    assert trends.trend(by_depth(lone), "relative depth") is None


def test_units_that_drop_are_drawn_if_there_are_any(net: Run) -> None:
    scores, _ = net
    better = scores.assign(model="after", mis=scores["mis"] + 0.001)
    changes = unit_changes(pd.concat([scores, better], ignore_index=True), "timm:net", "after")
    assert training.dropping_units(changes) is None
    worse = changes.assign(before=changes["after"], after=changes["before"], change=-0.001)
    assert changes["name"][0] in texts(training.dropping_units(worse))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = tmp_path_factory.mktemp("images")
    return Pictures(simulated_images(folder), folder)


ITEM: dict[str, Any] = {
    "query_positive": 0,
    "query_negative": 1,
    "positives": list(range(2, 11)),
    "negatives": list(range(11, 20)),
}


def test_an_item_shows_nine_a_side_and_frames_the_right_query(pictures: Pictures) -> None:
    tile, frame = 48, tuple(int(FRAME[i : i + 2], 16) for i in (1, 3, 5))
    told = np.asarray(item_figure(ITEM, pictures, tile=tile))
    below = np.asarray(item_figure(ITEM, pictures, tile=tile, positive_on_top=False))
    rows = np.where((told == frame).all(-1).any(1))[0]
    other = np.where((below == frame).all(-1).any(1))[0]
    assert rows.max() < other.min()
    seen = np.asarray(item_figure(ITEM, pictures, tile=tile, told=False))
    assert not (seen == frame).all(-1).any()
    step = tile + round(tile * 0.05)
    for place in range(9):
        y, x = place // 3 * step, place % 3 * step
        expected = np.asarray(pictures.square(ITEM["negatives"][place], tile))
        assert (seen[y : y + tile, x : x + tile] == expected).all()
        right = seen[y : y + tile, seen.shape[1] - (3 * step - (step - tile)) + x :][:, :tile]
        assert (right == np.asarray(pictures.square(ITEM["positives"][place], tile))).all()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_items_of_other_sizes_are_drawn_too(pictures: Pictures, k: int) -> None:
    item = {**ITEM, "positives": ITEM["positives"][:k], "negatives": ITEM["negatives"][:k]}
    assert item_figure(item, pictures).width > 96 * 2


def test_pictures_say_what_they_lack(tmp_path: Path) -> None:
    images = simulated_images(tmp_path, 3)
    with pytest.raises(MachineFault, match="no image set 'other'; there are 0123456789ab"):
        Pictures(images, tmp_path, "other")
    with pytest.raises(MachineFault, match="no image 7 in the set"):
        Pictures(images, tmp_path).square(7, 10)
    (tmp_path / "001.png").write_bytes(b"no image")
    with pytest.raises(MachineFault, match=r"001\.png' can't be read as an image"):
        Pictures(images, tmp_path).square(1, 10)


def test_grey_and_tiny_pictures_are_shown(tmp_path: Path) -> None:
    for number, mode in enumerate(("L", "CMYK", "RGBA", "1")):
        Image.new(mode, (1, 1)).save(tmp_path / f"{number}.tif")
    files = [f"{number}.tif" for number in range(4)]
    images = pd.DataFrame({"image_set": "x", "image": range(4), "file": files})
    pictures = Pictures(images, tmp_path)
    assert {pictures.square(number, 20).size for number in range(4)} == {(20, 20)}


def test_a_sheet_of_one_unit_has_one_column(net: Run, pictures: Pictures) -> None:
    scores, items = net
    both = unit_sheet(scores, items, pictures, "timm:net", each=2)
    alone = scores[scores["constant"].eq(False)].head(1)
    one = unit_sheet(alone, items, pictures, "timm:net", each=2)
    assert one.width * 2 > both.width > one.width
    assert one.height < both.height


@pytest.mark.slow
def test_the_page_says_all_that_the_scores_allow(tmp_path: Path, net: Run) -> None:
    images = simulated_images(tmp_path / "images")
    scores, items = net
    layers = simulated_layers("timm:net", CNN, blocks=3)
    untrained = layers.assign(model="timm:net+untrained")
    runs = [
        simulated_run(untrained, lift=0, seed=1)[0],
        simulated_run(layers, lift=0, seed=2, similarity="shuffled:efficientnet-lite2")[0],
        simulated_run(layers, lift=0.25, n=3)[0],
        simulated_scores(4, blocks=2, units=3),
    ]
    accuracy = pd.DataFrame({"model": ["timm:net", "timm:cnn0"], "accuracy": [0.7, 0.6]})
    page = write_machine_report(
        tmp_path / "page",
        pd.concat([scores, *runs], ignore_index=True),
        items,
        images,
        tmp_path / "images",
        accuracy,
    )
    text = page.read_text()
    for heading in ("Models", "Layers", "Networks and controls", "Interpretability and accuracy"):
        assert f"<h2>{heading}</h2>" in text
    assert "<h2>How many tasks are enough?</h2>" in text
    assert "<h2>Easiest and hardest units</h2>" in text
    assert not re.search(r"""(src|href)=["']?https?:""", text)
    drawn = {file.stem for file in (tmp_path / "page" / "figures").glob("*.png")}
    assert {"ranking", "variability", "depth", "width", "comparison", "accuracy"} <= drawn
    assert {"convergence", "convergence-recreated", "units-timm-net"} <= drawn
    numbers = [int(n) for n in re.findall(r"<b>Figure (\d+)\.", text)]
    assert numbers == list(range(1, len(numbers) + 1))
    specs = json.loads(re.search(r"const specs = (.*);\n", text).group(1).replace("<\\/", "</"))  # type: ignore[union-attr]
    assert all(f'id="figure-{number}"' in text for number, _ in specs)
    kept = pd.read_csv(tmp_path / "page" / "tables" / "layers.csv")
    assert len(kept) == sum(
        p["layer"].nunique() for _, p in pd.concat([scores, runs[0], runs[3]]).groupby("model")
    )


def test_the_page_of_a_single_layer_is_written(tmp_path: Path) -> None:
    scores, _ = simulated_run(simulated_layers("a", ("conv",), 1, 3), constant=0.0)
    left = ("a", "w", "attn.bias", "linear", "its rows are not images: 49 for 3 images, 49 for 2")
    left_out = pd.DataFrame([left], columns=["model", "weights", "layer", "layer_type", "reason"])
    text = write_machine_report(tmp_path, scores, left_out=left_out).read_text()
    assert "<h2>Layers that are left out</h2>" in text and left[-1] in text
    assert "No unit is constant." in text
    assert "at least two are needed, here is conv" in text
    assert "nan" not in re.sub(r"<script>.*</script>", "", text, flags=re.S).lower()


def stored(folder: Path, run: Run, images: pd.DataFrame) -> Path:
    for name, frame in zip(("scores", "items", "images"), (*run, images), strict=True):
        where = folder / f"{name}.parquet"
        where.mkdir(parents=True)
        frame.to_parquet(where / "0.parquet", index=False)
    return folder


@pytest.mark.slow
def test_the_command_prints_tables_and_writes_the_page(tmp_path: Path, net: Run) -> None:
    images = simulated_images(tmp_path / "images")
    out = stored(tmp_path / "out", (net[0].assign(weights="w"), net[1]), images)
    to, pictures = tmp_path / "page", tmp_path / "images"
    command = ["mis-report", str(out), "--to", str(to), "--images", str(pictures), "--layers"]
    found = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert "timm:net" in found.output
    assert "blocks.2.conv" in found.output
    assert (to / "index.html").is_file()
    assert (to / "figures" / "units-timm-net.png").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path, net: Run) -> None:
    empty = CliRunner().invoke(cli, ["mis-report", str(tmp_path)])
    assert empty.exit_code == 1
    assert "no scores in" in empty.output
    out = stored(
        tmp_path / "out", (net[0].assign(weights="w"), net[1]), pd.DataFrame({"image": []})
    )
    file = tmp_path / "accuracy.csv"
    file.write_text("model,accuracy\nother,0.5\n")
    wrong = CliRunner().invoke(cli, ["mis-report", str(out), "--accuracy", str(file)])
    assert wrong.exit_code == 1
    assert "none of its models (other) is scored" in wrong.output
