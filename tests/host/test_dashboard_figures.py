"""The page of figures, and each figure as specification, picture, data and table."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from PIL import Image
from support.dashboard import Researcher, researcher, study_id
from support.figure_sessions import open_category, open_two_afc, running, take

from diptych import figures
from diptych.host import host
from diptych.overview.figures import content_of
from diptych.settling import corrections

SIMULATED = "?who=simulated"


@pytest.fixture(scope="module")
def taken(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Both studies, taken by a few simulated people each, and one by a person."""
    folder = tmp_path_factory.mktemp("figures")
    with running(folder, migrated_sqlite) as app:
        open_category(app, folder / "studies" / "tiny")
        quality = {"min_catch_accuracy": 0.5}
        open_two_afc(app, folder / "studies" / "tiny_2afc", quality=quality)
        for study in ("tiny", "tiny_2afc"):
            for number in range(3):
                take(app, study, number)
        take(app, "tiny", 9, simulated=False)
        yield app


def names(app: Flask, study: str) -> list[str]:
    with app.app_context():
        return [figure.name for figure in figures.figures_of(content_of(study_id(study)))]


def get(who: Researcher, path: str, status: int = 200, study: str = "tiny", **options: Any) -> Any:
    reply = who.get(f"/studies/{study}/figures{path}", **options)
    assert reply.status_code == status, reply.get_data(as_text=True)[:1500]
    return reply


def schema() -> Any:
    """Vega-Lite's own schema, as Altair brings it."""
    folder = resources.files("altair") / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    return jsonschema.Draft7Validator(json.loads(folder.read_text(encoding="utf-8")))


def test_the_page_has_every_figure_to_be_loaded_by_itself(taken: Flask) -> None:
    viewer = researcher(taken, "viewer")
    page = get(viewer, SIMULATED).get_data(as_text=True)
    for name in names(taken, "tiny"):
        for form in ("json", "png", "svg", "csv"):
            address = f"/dashboard/studies/tiny/figures/{name}.{form}?who=simulated&amp;scope=kept"
            assert address in page, (name, form)
        assert f"/figures/{name}/table?who=simulated&amp;scope=kept" in page
    assert "3 completed sessions of simulated participants" in page
    assert "come from simulated participants, not from people" in " ".join(page.split()) or (
        "comes from simulated participants, not from people" in page
    )
    # nothing is drawn with the page itself
    assert "vega" not in page.lower()
    people = get(viewer, "").get_data(as_text=True)
    assert "1 completed session of people" in people and "not from people" not in people


@pytest.mark.parametrize("study", ["tiny", "tiny_2afc"])
def test_every_specification_is_vega_lite_and_fits_its_place(taken: Flask, study: str) -> None:
    viewer = researcher(taken, "viewer", study)
    valid = schema()
    for name in names(taken, study):
        for theme in ("light", "dark"):
            reply = get(viewer, f"/{name}.json{SIMULATED}&theme={theme}", study=study)
            spec = reply.json
            assert reply.mimetype == "application/json"
            faults = list(valid.iter_errors(spec))
            assert not faults, (name, [fault.message[:300] for fault in faults[:3]])
            assert spec["width"] == "container" and spec["background"] == "transparent"
            assert re.search(r"\d", " ".join(spec["title"]["text"])), "says how many"
            titles = axis_titles(spec)
            assert titles, name
            # dark ink would not be seen on dark ground
            inks = {"#1d2733", "#5b6875", "#000000"}
            assert not (theme == "dark" and inks & set(strings(spec))), name


def axis_titles(spec: Any) -> set[str]:
    layers = spec.get("layer", [spec])
    return {
        channel["title"]
        for layer in layers
        for name, channel in layer.get("encoding", {}).items()
        if name in ("x", "y") and channel.get("title")
    }


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for part in value.values() for found in strings(part)]
    if isinstance(value, list):
        return [found for part in value for found in strings(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("study", ["tiny", "tiny_2afc"])
@pytest.mark.slow
def test_every_figure_is_a_picture_too(taken: Flask, study: str) -> None:
    viewer = researcher(taken, "viewer", study)
    for name in names(taken, study):
        reply = get(viewer, f"/{name}.png{SIMULATED}", study=study)
        picture = Image.open(io.BytesIO(reply.data)).convert("RGB")
        assert picture.width == pytest.approx(1280, abs=60) and picture.height > 250, name
        assert len(picture.getcolors(1 << 24) or []) > 20, "nothing is drawn in it"
        assert picture.getpixel((2, 2)) == (255, 255, 255)
        file = f"{study}-{name}-simulated-kept.png"
        assert file in reply.headers["Content-Disposition"]
        reply = get(viewer, f"/{name}.svg{SIMULATED}&theme=dark", study=study)
        root = ElementTree.fromstring(reply.data)
        assert root.tag.endswith("svg") and len(list(root.iter())) > 30, name


@pytest.mark.parametrize("study", ["tiny", "tiny_2afc"])
def test_the_data_of_a_figure_is_its_frame(taken: Flask, study: str) -> None:
    viewer = researcher(taken, "viewer", study)
    for name in names(taken, study):
        reply = get(viewer, f"/{name}.csv{SIMULATED}", study=study)
        assert reply.mimetype == "text/csv"
        rows = list(csv.DictReader(io.StringIO(reply.get_data(as_text=True))))
        assert rows and all(None not in row for row in rows)
        table = get(viewer, f"/{name}/table{SIMULATED}", study=study).get_data(as_text=True)
        assert len(re.findall(r"<tr>", table)) == len(rows) + 1
        for column in rows[0]:
            assert f'<th scope="col">{column.replace("_", " ")}</th>' in table
        assert "<html" in table, "a page of its own"
        part = get(viewer, f"/{name}/table{SIMULATED}", study=study, headers={"HX-Request": "true"})
        assert "<html" not in part.get_data(as_text=True)
        assert "HX-Request" in part.headers["Vary"]


def test_no_cell_of_the_data_is_a_formula(taken: Flask) -> None:
    viewer = researcher(taken, "viewer", "tiny_2afc")
    rows = csv.DictReader(
        io.StringIO(
            get(viewer, f"/his-units.csv{SIMULATED}", study="tiny_2afc").get_data(as_text=True)
        )
    )
    assert "'=round" in {row["unit"] for row in rows}


def test_a_figure_is_sent_again_only_when_it_has_changed(app: Flask, tmp_path: Path) -> None:
    """On both databases."""
    open_category(app, tmp_path / "studies" / "tiny")
    take(app, "tiny", 1)
    viewer = researcher(app, "viewer")
    for path in ("/confusion.json?who=simulated", "/confusion/table?who=simulated"):
        first = get(viewer, path)
        assert "private" in first.headers["Cache-Control"]
        tag = {"If-None-Match": first.headers["ETag"]}
        again = get(viewer, path, 304, headers=tag)
        assert again.data == b"" and again.headers["ETag"] == first.headers["ETag"]
        get(viewer, path + "&scope=all", 200, headers=tag)
    tag = {"If-None-Match": get(viewer, "/confusion.json?who=simulated").headers["ETag"]}
    get(viewer, "/confusion.json?who=simulated&theme=dark", 200, headers=tag)
    take(app, "tiny", 2)
    get(viewer, "/confusion.json?who=simulated", 200, headers=tag)


def test_excluded_sessions_are_in_all_and_not_in_kept(taken: Flask) -> None:
    viewer = researcher(taken, "viewer")

    def sessions(scope: str) -> int:
        body = get(viewer, f"/test-scores.csv?who=simulated&scope={scope}").get_data(as_text=True)
        return sum(int(row["sessions"]) for row in csv.DictReader(io.StringIO(body)))

    assert sessions("kept") == sessions("all") == 3
    with taken.app_context():
        corrections.set_excluded(host(), 1, True)
    assert (sessions("kept"), sessions("all")) == (2, 3)
    assert "2 completed sessions" in get(viewer, SIMULATED).get_data(as_text=True)
    with taken.app_context():
        corrections.set_excluded(host(), 1, False)
    assert (sessions("kept"), sessions("all")) == (3, 3)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nonsense.json", 404, "no figure"),
        ("/his-units.json", 404, ""),
        ("/result-1.json", 404, ""),
        ("/result-x.png", 404, ""),
        ("/nonsense/table", 404, ""),
        ("/confusion.json?who=machine", 404, "Nothing was counted"),
        ("/confusion.pdf", 404, ""),
        ("/confusion.json?who=everybody", 400, "person, simulated, machine"),
        ("/confusion.json?who=simulated&theme=pink", 400, "light, dark"),
        ("?scope=some", 400, "all, kept"),
    ],
)
def test_what_there_is_not_is_said(taken: Flask, path: str, status: int, said: str) -> None:
    reply = get(researcher(taken, "viewer"), path, status)
    assert said in reply.get_data(as_text=True)


def test_before_anybody_came_the_page_says_what_to_do(app: Flask, tmp_path: Path) -> None:
    open_category(app, tmp_path / "studies" / "tiny")
    viewer = researcher(app, "viewer")
    assert "No completed session yet" in get(viewer, "").get_data(as_text=True)
    assert "diptych simulate tiny" in get(viewer, SIMULATED).get_data(as_text=True)
    assert "No machines" in get(viewer, "?who=machine").get_data(as_text=True)
    assert "diptych results add tiny FILE" in get(viewer, "").get_data(as_text=True)
    get(viewer, "/confusion.json", 404)


def test_a_figure_without_counts_is_no_broken_picture(app: Flask, tmp_path: Path) -> None:
    """A study without catch trials: its other figures are there, this one says why it is not."""
    from support.tiny_studies import two_afc_study
    from support.walker import open_study

    two_afc_study(tmp_path / "studies" / "tiny_2afc", practice=0, catch=0, explanations=1)
    open_study(app, tmp_path / "studies" / "tiny_2afc")
    take(app, "tiny_2afc", 1)
    viewer = researcher(app, "viewer", "tiny_2afc")
    page = get(viewer, SIMULATED, study="tiny_2afc").get_data(as_text=True)
    assert "his-units.json" in page and "catch-trials.json" not in page
    assert "No data for this figure" in page


def test_without_altair_the_numbers_are_there_all_the_same(
    taken: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)  # as if it were not installed
    viewer = researcher(taken, "viewer")
    page = get(viewer, SIMULATED).get_data(as_text=True)
    assert "diptych[models]" in page and "data-spec" not in page and ".png" not in page
    assert 'hx-trigger="load"' in page
    get(viewer, f"/confusion/table{SIMULATED}")
    get(viewer, f"/confusion.csv{SIMULATED}")
    for form in ("json", "png", "svg"):
        said = get(viewer, f"/confusion.{form}{SIMULATED}", 409).get_data(as_text=True)
        assert "diptych[models]" in said
