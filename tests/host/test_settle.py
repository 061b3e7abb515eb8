"""Settling: every ended session is measured, judged and counted once, whatever happens."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.recount import recount, tallied
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.database import now_ms
from diptych.studies.versions import _study_named

HOUR = 3_600_000


def study_id(app: Flask, name: str = "tiny") -> int:
    with app.app_context():
        return int(_study_named(name).id)


def one(app: Flask, model: Any = models.Session, **where: Any) -> dict[str, Any]:
    (found,) = rows(app, model, **where)
    return found


def assert_counted(app: Flask, study: str = "tiny") -> None:
    """The tallies are what a slow recount of all sessions comes to."""
    assert tallied(app, study) == recount(app, study)


@pytest.fixture
def tiny(app: Flask, studies_folder: Path) -> Flask:
    open_study(app, studies_folder / "tiny")
    open_study(app, studies_folder / "tiny_2afc")
    return app


def test_a_completed_session_is_settled_with_its_last_answer(
    tiny: Flask, client: FlaskClient
) -> None:
    walker = Walker(client).start()
    walker.trials()
    session = one(tiny)
    result = one(tiny, models.SessionResult)
    assert session["status"] == "completed" and session["result_at"] is not None
    assert result["score"] == session["n_correct"] / session["n_counted"]
    assert result["duration_ms"] == session["ended_at"] - session["consented_at"]
    assert result["median_rt_ms"] == 640.5
    assert (result["status"], result["counted"], result["excluded"]) == ("completed", "kept", False)
    assert_counted(tiny)
    walker.finish()
    assert_counted(tiny)


def test_every_way_to_end_is_settled(tiny: Flask, client: FlaskClient) -> None:
    Walker(client).start().finish()
    Walker(client).enter().take("consent", agreed=False)
    wrong = Walker(client, "tiny_2afc").start()
    while wrong.step_name == "trials":  # practice is repeated until it is right, to an end
        wrong.answer({"choice": "top", "confidence": 1})
    late = Walker(client).start()
    late.answer()
    change(tiny, models.Session, {"last_seen_at": now_ms() - 3 * HOUR}, public_id=late.public_id)
    late.load()
    statuses = Counter(s["status"] for s in rows(tiny, models.Session))
    assert statuses["completed"] >= 1 and statuses["declined"] == statuses["timed_out"] == 1
    assert all(s["result_at"] is not None for s in rows(tiny, models.Session))
    assert len(rows(tiny, models.SessionResult)) == 3  # of who declined, only the count
    assert_counted(tiny)
    assert_counted(tiny, "tiny_2afc")
