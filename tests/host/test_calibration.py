"""Images of a size in degrees: the page measures screen and distance before the trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.figure_sessions import exported
from support.tiny_studies import category_study
from support.walker import Walker, error_code, link, open_study

DEGREES = {"timing": {"image_size": "4.5 deg"}}
MEASURED = {"px_per_degree": 38.2, "viewing_distance_cm": 57.5}
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def opened(app: Flask, tmp_path: Path, changes: dict[str, Any]) -> Flask:
    open_study(app, category_study(tmp_path / "studies/tiny", changes=changes))
    return app


def read(app: Flask, **entry: str) -> Walker:
    """Somebody who has read the instructions."""
    return Walker(app.test_client()).start(**entry)


@SQLITE
def test_a_study_without_degrees_asks_for_nothing(app: Flask, tmp_path: Path) -> None:
    opened(app, tmp_path, {"timing": {"image_size": 200}})
    ada = read(app)
    assert ada.step_name == "trials"
    assert error_code(ada.step("calibration", **MEASURED)) == "wrong_step"


@SQLITE
@pytest.mark.parametrize("asked", [0, 57])
def test_a_study_with_degrees_does_before_the_trials(
    app: Flask, tmp_path: Path, asked: float
) -> None:
    opened(app, tmp_path, {**DEGREES, "screen": {"viewing_distance_cm": asked}})
    ada = read(app)
    assert ada.step_name == "calibration"
    assert ada.state["content"] == {"viewing_distance_cm": asked or None}
    assert ada.load().state["study"]["px_per_degree"] is None
    ada.take("calibration", **MEASURED)
    assert ada.trial["timing"]["image_degrees"] == 4.5
    # A page that is loaded again must draw the images as large as before.
    assert ada.load().state["study"]["px_per_degree"] == MEASURED["px_per_degree"]


@SQLITE
def test_one_condition_with_degrees_is_enough(app: Flask, tmp_path: Path) -> None:
    conditions = [{"name": "plain"}, {"name": "sized", "weight": 0, **DEGREES}]
    opened(app, tmp_path, {"conditions": conditions})
    assert read(app).step_name == "calibration"


@SQLITE
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"px_per_degree": 38.2}, 422),
        ({**MEASURED, "px_per_degree": 0}, 422),
        ({**MEASURED, "px_per_degree": 1e9}, 422),
        ({**MEASURED, "viewing_distance_cm": -1}, 422),
        ({**MEASURED, "viewing_distance_cm": "near"}, 422),
        (MEASURED, 200),
    ],
)
def test_only_what_can_be_is_stored(
    app: Flask, tmp_path: Path, body: dict[str, Any], status: int
) -> None:
    ada = read(opened(app, tmp_path, DEGREES))
    assert ada.step("calibration", **body).status_code == status
    assert ada.step_name == ("trials" if status == 200 else "calibration")


@SQLITE
def test_the_table_of_sessions_has_it(app: Flask, tmp_path: Path) -> None:
    opened(app, tmp_path, DEGREES)
    ada = read(app).take("calibration", **MEASURED)
    net = read(app, **link(app, "machine", "tiny")).take("calibration")
    net.answer()
    sessions = exported(app, "tiny", tmp_path / "out").sessions.set_index("session_id")
    assert sessions.loc[ada.public_id, list(MEASURED)].to_dict() == MEASURED
    assert sessions.loc[net.public_id, list(MEASURED)].isna().all()


@SQLITE
def test_the_preview_of_pages_goes_past_it(app: Flask, tmp_path: Path) -> None:
    from diptych.host import host
    from diptych.journey.previews import pages
    from diptych.study.versions import frozen

    version = open_study(app, category_study(tmp_path / "studies/tiny", changes=DEGREES))
    with app.app_context(), app.test_request_context():
        names = [page.name for page in pages(host(), version, frozen(version))]
    assert names[:2] == ["consent", "instructions"] and "calibration" not in names
