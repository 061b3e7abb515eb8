"""Results of the analysis: kept from files by name, shown, replaced, removed."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from PIL import Image
from sqlalchemy import select
from support.dashboard import researcher, study_id
from support.tiny_studies import category_study
from support.walker import open_study

from diptych import models
from diptych.cli import cli
from diptych.figures import kept_results
from diptych.ground.database import reading, table
from diptych.ground.settings import Settings
from diptych_analysis.agreement.correlation import correlate

CLASSES = ["Agara", "Bari"]


def trace_json() -> dict[str, Any]:
    """What `diptych trace … --json` writes, of two models and three trials."""
    rng = np.random.default_rng(3)

    def curve(lift: float) -> list[dict[str, Any]]:
        rows = []
        for phase, trial in (("training", 1), ("training", 2), ("test", 3)):
            for name, n in ((None, 12), ("Agara", 5), ("Bari", 7)):
                predicted = min(1.0, 0.3 + lift * trial)
                rows.append({"phase": phase, "trial": trial, "class": name, "n": n,
                             "right": 2 + trial, "predicted": predicted})  # fmt: skip
        return rows

    return {
        "name": "tiny",
        "encoder": "none",
        "split_count": 3,
        "seed": int(rng.integers(10)),
        "sessions": 40,
        "learners": 40,
        "participant_kinds": ["simulated"],
        "trials": 120,
        "longest": 3,
        "classes": CLASSES,
        "models": {
            "static": {"summary": {}, "splits": [], "learning": curve(0.0)},
            "dkt": {"summary": {}, "splits": [], "learning": curve(0.1)},
        },
    }


def agreement_json() -> dict[str, Any]:
    """What `diptych correlate … --json` writes, of thirty units."""
    rng = np.random.default_rng(4)
    mis = rng.uniform(0.5, 1, 30)
    his = np.clip(mis + rng.normal(0, 0.08, 30), 0, 1)
    found = correlate(mis, his, resamples=200)
    units = [
        {"model": "cnn", "unit": f"layer:{i}", "n": 20, "right": round(20 * h), "his": h,
         "low": max(0, h - 0.15), "high": min(1, h + 0.15), "weighted": h, "weighted_low": 0.2,
         "weighted_high": 0.9, "mis": m, "group": ("easiest", "hardest")[i % 2],
         "calibrated_on": i == 3}
        for i, (h, m) in enumerate(zip(his.tolist(), mis.tolist(), strict=True))
    ]  # fmt: skip
    units.append({**units[0], "unit": "unscored", "mis": None})
    ceiling = {"mean": 0.91, "sd": 0.02, "low": 0.88, "high": 0.95, "draws": 10, "used": 10}
    return {
        "name": "tiny",
        "participants": {"person": 9},
        "score": "HIS",
        "sessions": 9,
        "answers": 600,
        "correlation": found.described(),
        "ceilings": {"oracle": ceiling},
        "units": units,
        "notes": [],
    }


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Flask:
    open_study(app, category_study(tmp_path / "studies" / "tiny"))
    return app


@pytest.fixture
def run(opened: Flask, settings: Settings) -> Any:
    """`diptych results …` on the database of `opened`."""
    environment = {
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_STUDIES": str(settings.studies),
        "DIPTYCH_SECRET_KEY": settings.secret_key,
    }

    def command(*arguments: object) -> Result:
        return CliRunner().invoke(cli, ["results", *map(str, arguments)], env=environment)

    return command


def written(folder: Path, name: str, content: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def kept(app: Flask) -> list[kept_results.Result]:
    with app.app_context():
        return kept_results.kept_for(study_id("tiny"))


def test_add_list_replace_and_remove(opened: Flask, run: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "first.json", trace_json())
    added = run("add", "tiny", file)
    assert added.exit_code == 0 and "Added first (tracing)" in added.output
    assert "Added second" in run("add", "tiny", file, "--name", "second").output
    changed = {**trace_json(), "sessions": 41}
    assert "Replaced first" in run("add", "tiny", written(tmp_path, "first.json", changed)).output
    assert {r.name: r.data["sessions"] for r in kept(opened)} == {"first": 41, "second": 40}
    listed = run("list", "tiny").output
    assert "first" in listed and "second" in listed and "UTC" in listed
    assert "Removed second" in run("remove", "tiny", "second").output
    assert [r.name for r in kept(opened)] == ["first"]
    gone = run("remove", "tiny", "second")
    assert gone.exit_code == 1 and "has no result 'second'" in gone.output
    entries = table(models.AuditEntry)
    with opened.app_context(), reading() as connection:
        noted = connection.execute(select(entries.c.action, entries.c.subject)).all()
    assert [tuple(row) for row in noted if row.action.startswith("result.")] == [
        ("result.add", "first"),
        ("result.add", "second"),
        ("result.replace", "first"),
        ("result.remove", "second"),
    ]


def test_a_folder_gives_every_result_in_it(opened: Flask, run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    written(folder, "trace.json", trace_json())
    written(folder / "deeper", "units.json", agreement_json())
    written(folder, "data_dictionary.json", {"tables": {}})
    (folder / "broken.json").write_text("{", encoding="utf-8")
    assert run("add", "tiny", folder).exit_code == 0
    assert {(r.name, r.kind) for r in kept(opened)} == {
        ("trace", "tracing"),
        ("units", "agreement"),
    }


def test_bad_files_get_one_line(opened: Flask, run: Any, tmp_path: Path) -> None:
    without = trace_json()
    del without["models"]["dkt"]["learning"]
    beyond = trace_json()
    beyond["models"]["dkt"]["learning"][0]["predicted"] = 1.5
    unscored = agreement_json()
    for unit in unscored["units"]:
        unit["mis"] = None
    for content, told in (
        ({"a": 1}, "neither a result of"),
        ([1, 2], "neither a result of"),
        (without, "models.dkt.learning: Field required"),
        (beyond, "models.dkt.learning.0.predicted"),
        (unscored, "no unit has both scores"),
    ):
        reply = run("add", "tiny", written(tmp_path / "bad", "bad.json", content))
        assert reply.exit_code == 1 and told in reply.output, reply.output
        assert reply.output.count("\n") <= 2 and "bad.json" in reply.output
    (tmp_path / "bad" / "bad.json").write_text("{", encoding="utf-8")
    assert "not JSON" in run("add", "tiny", tmp_path / "bad" / "bad.json").output
    assert "no JSON in it" in run("add", "tiny", tmp_path / "bad").output
    named = run("add", "tiny", tmp_path / "bad", "--name", "x")
    assert named.exit_code == 1 and f"--name needs a file, but {tmp_path}" in named.output
    assert not kept(opened)
    strange = {**trace_json(), "name": "another study"}
    told = run("add", "tiny", written(tmp_path, "strange.json", strange))
    assert told.exit_code == 0 and "another study" in told.output


def test_predicted_against_observed_learning(opened: Flask, run: Any, tmp_path: Path) -> None:
    run("add", "tiny", written(tmp_path, "trace.json", trace_json()))
    (result,) = kept(opened)
    viewer = researcher(opened, "viewer")
    base = f"/studies/tiny/figures/result-{result.id}"
    frame = pd.read_csv(io.BytesIO(viewer.get(f"{base}.csv").data))
    for row in trace_json()["models"]["dkt"]["learning"]:
        name = row["class"] or "(all classes)"
        own = frame[(frame["trial"] == row["trial"]) & (frame["class"] == name)]
        by = own.set_index("series")
        assert by.loc["dkt", "share"] == pytest.approx(row["predicted"])
        assert by.loc["observed", "share"] == pytest.approx(row["right"] / row["n"])
        assert by.loc["observed", "low"] < row["right"] / row["n"] <= by.loc["observed", "high"]
        assert math.isnan(by.loc["dkt", "low"]), "a model's mean has no interval here"
        assert set(by.index) == {"observed", "static", "dkt"}
    shown_and_drawn(viewer, base, "Predicted against observed learning: trace")


def test_his_against_mis(opened: Flask, run: Any, tmp_path: Path) -> None:
    run("add", "tiny", written(tmp_path, "units.json", agreement_json()))
    (result,) = kept(opened)
    viewer = researcher(opened, "viewer")
    base = f"/studies/tiny/figures/result-{result.id}"
    frame = pd.read_csv(io.BytesIO(viewer.get(f"{base}.csv").data))
    expected = {unit["unit"]: unit for unit in agreement_json()["units"]}
    assert set(frame["unit"]) == set(expected)
    for _, row in frame.iterrows():
        unit = expected[row["unit"]]
        assert row["his"] == pytest.approx(unit["his"])
        assert row["mis"] == pytest.approx(unit["mis"]) or unit["mis"] is None
    spec = shown_and_drawn(viewer, base, "HIS against MIS: units")
    told = " ".join(spec["title"]["text"])
    found = agreement_json()["correlation"]["pearson"]
    assert f"Pearson {found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})" in told
    assert "noise ceiling (Pearson) 0.91 (0.88 to 0.95)" in told
    assert "30 units" in told, "the one without a score is not drawn"


def shown_and_drawn(viewer: Any, base: str, title: str) -> dict[str, Any]:
    page = viewer.get("/studies/tiny/figures").get_data(as_text=True)
    assert title in page and f"{base}.json" in page and "<time datetime=" in page
    spec: dict[str, Any] = viewer.get(f"{base}.json?theme=dark").json
    assert spec["width"] == "container"
    picture = Image.open(io.BytesIO(viewer.get(f"{base}.png").data)).convert("RGB")
    assert len(picture.getcolors(1 << 24) or []) > 20
    assert viewer.get(f"{base}.svg").data.startswith(b"<svg")
    return spec


def test_only_editors_take_a_result_off_the_page(opened: Flask, run: Any, tmp_path: Path) -> None:
    run("add", "tiny", written(tmp_path, "trace.json", trace_json()))
    viewer, editor = researcher(opened, "viewer"), researcher(opened, "editor")
    there = "/studies/tiny/figures/results"
    assert "Remove it" not in viewer.get("/studies/tiny/figures").get_data(as_text=True)
    assert viewer.post(there, {"name": "trace"}).status_code == 403
    assert "Remove it" in editor.get("/studies/tiny/figures").get_data(as_text=True)
    assert editor.post(there, {"name": "nothing"}).status_code == 404
    assert kept(opened)
    assert editor.post(there, {"name": "trace"}).status_code == 302
    assert not kept(opened)
    assert researcher(opened, None).get("/studies/tiny/figures").status_code == 404
