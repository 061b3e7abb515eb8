"""The live view: what it counts, that all agrees with what is stored, and that it stays cheap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from support.dashboard import researcher, study_id
from support.moments import MINUTE, well_within
from support.tiny_studies import category_study
from support.walker import Walker, change, link, open_study, rows

from diptych import models
from diptych.ground.database import db, now_ms
from diptych.overview.live import LiveView, live_view

pytestmark = pytest.mark.both_databases

HOUR = 3_600_000


@pytest.fixture
def tiny(app: Flask, studies_folder: Path) -> Flask:
    category_study(
        studies_folder / "tiny",
        changes={
            "payment": {"currency": "GBP", "reward": 1.5},
            "conditions": [{"name": "a", "weight": 3}, {"name": "b", "weight": 1}],
        },
    )
    open_study(app, studies_folder / "tiny")
    open_study(app, studies_folder / "tiny_2afc")
    return app


def view(app: Flask, kind: str = "person", study: str = "tiny") -> LiveView:
    with app.app_context():
        return live_view(app.extensions["diptych"], study_id(study), kind)


def reached(found: LiveView) -> dict[str, int]:
    return {stage.name: stage.reached for stage in found.stages}


def here(found: LiveView) -> dict[str, int]:
    return {stage.name: stage.here for stage in found.stages if stage.here}


def crowd(client: FlaskClient) -> dict[str, Walker]:
    """Somebody at every stage, and somebody for every end."""
    people = {name: Walker(client) for name in ("new", "reading", "running", "done", "gone")}
    people["new"].enter()
    people["reading"].enter().take("consent", agreed=True)
    people["running"].start().answer()
    people["done"].start().finish()
    people["gone"].start()
    people["gone"].answer()
    people["gone"].answer()
    Walker(client).enter().take("consent", agreed=False)
    return people


def test_everybody_stands_where_they_are(tiny: Flask, client: FlaskClient) -> None:
    people = crowd(client)
    found = view(tiny)
    assert reached(found) == {"entered": 6, "consented": 4, "running": 3, "completed": 1}
    assert here(found) == {"entered": 1, "consented": 1, "running": 2}
    assert dict(found.ends) == {"declined": 1}
    assert found.places == 4 and found.wanted == 500
    assert sum(c.taken for c in found.conditions) == 4
    assert {c.name: c.wanted for c in found.conditions} == {"a": 0.75, "b": 0.25}
    assert sum(n for _, n in found.hour) == 5  # of who declined only the day is known
    assert all(at % (HOUR // 12) == 0 for at, _ in found.hour)

    change(
        tiny,
        models.Session,
        {"last_seen_at": now_ms() - HOUR},
        public_id=people["running"].public_id,
    )
    assert (view(tiny).silent, view(tiny).places) == (1, 3)


def test_a_session_left_for_too_long_is_ended(tiny: Flask, client: FlaskClient) -> None:
    gone = crowd(client)["gone"]
    change(tiny, models.Session, {"last_seen_at": now_ms() - 3 * HOUR}, public_id=gone.public_id)
    found = view(tiny)
    assert dict(found.ends) == {"declined": 1, "timed_out": 1}
    assert reached(found)["running"] == 3 and here(found)["running"] == 1
    (session,) = [s for s in rows(tiny, models.Session) if s["public_id"] == gone.public_id]
    assert session["status"] == "timed_out" and session["result_at"] is not None
    assert [(bar.first, bar.left, bar.came) for bar in found.left] == [
        (0, 0, 2), (1, 0, 2), (2, 1, 2),
    ]  # fmt: skip
    assert found.left_before == ()
    assert gone.load().step_name == "end"


def test_time_spent_and_pay_per_hour(tiny: Flask, client: FlaskClient) -> None:
    begin = now_ms()
    for minutes in (4, 6, 8, 10, 30):
        walker = Walker(client).start()
        change(
            tiny, models.Session, {"consented_at": begin - minutes * 60_000},
            public_id=walker.public_id,
        )  # fmt: skip
        walker.trials()
    _, lower, median, upper, _ = sorted(
        row["ended_at"] - row["consented_at"] for row in rows(tiny, models.Session)
    )
    assert median >= 8 * 60_000
    time = view(tiny).time
    assert time.sessions == 5
    for found, expected in ((time.lower, lower), (time.median, median), (time.upper, upper)):
        assert found == pytest.approx(expected, rel=0.01)
    assert view(tiny).hourly == pytest.approx(1.5 * HOUR / median, rel=0.01)


def test_errors_of_browsers(tiny: Flask, client: FlaskClient) -> None:
    people = crowd(client)
    for name in ("running", "done"):
        error = {"kind": "image_error", "at_ms": 1, "trial_index": 1, "detail": f"/i/{name}"}
        people[name].api("POST", "/events", {"events": [error]})
    newest = view(tiny).newest_errors
    assert [(row[1], row[4]) for row in newest] == [
        (people["done"].public_id, "/i/done"), (people["running"].public_id, "/i/running"),
    ]  # fmt: skip
    assert view(tiny).errors == ()  # one came after the end, the other session goes on
    people["running"].finish()
    assert view(tiny).errors == (("image_error", 1),)


def test_people_simulated_people_and_machines_stand_apart(tiny: Flask, client: FlaskClient) -> None:
    crowd(client)
    Walker(client).start(**link(tiny, "simulate", "tiny"), participant="s1").finish()
    Walker(client).start(**link(tiny, "machine", "tiny"), participant="net")
    Walker(client).start(**link(tiny, "preview", "tiny")).finish()
    assert reached(view(tiny))["entered"] == 6
    assert reached(view(tiny, "simulated")) == dict.fromkeys(
        ("entered", "consented", "running", "completed"), 1
    )
    assert reached(view(tiny, "machine")) == {
        "entered": 1, "consented": 1, "running": 1, "completed": 0,
    }  # fmt: skip
    assert view(tiny, "simulated").wanted is None


def test_the_view_agrees_with_a_slow_count(tiny: Flask, client: FlaskClient) -> None:
    """Practice, screening out, and sessions at every trial of it."""
    for answers in range(9):
        walker = Walker(client, "tiny_2afc").start()
        for _ in range(answers):
            if walker.step_name == "trials":
                walker.answer({"choice": "top", "confidence": 1})
    found = view(tiny, study="tiny_2afc")
    sessions = rows(tiny, models.Session)
    status = Counter(s["status"] for s in sessions)
    assert here(found) == {
        name: n
        for name, n in (("practised", status["practising"]), ("running", status["running"]))
        if n
    }
    assert dict(found.ends) == ({"screened_out": n} if (n := status["screened_out"]) else {})
    assert reached(found)["practised"] == 9
    assert reached(found)["running"] == status["running"] + status["completed"]
    assert reached(found)["completed"] == status["completed"]


def statements(app: Flask) -> int:
    """How many statements one look costs."""
    sent: list[str] = []

    def note(_c: Any, _k: Any, sql: str, *_rest: Any) -> None:
        sent.append(sql)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        live_view(app.extensions["diptych"], study_id("tiny"), "person")
        event.remove(db.engine, "before_cursor_execute", note)
    return len([s for s in sent if not s.startswith(("BEGIN", "COMMIT", "ROLLBACK"))])


def test_a_look_costs_the_same_after_more_sessions(tiny: Flask, client: FlaskClient) -> None:
    crowd(client)
    view(tiny)
    before = statements(tiny)
    for _ in range(5):
        Walker(client).start().finish()
    assert statements(tiny) == before <= 12


def test_the_page_and_its_panel(tiny: Flask, client: FlaskClient) -> None:
    viewer = researcher(tiny, "viewer")
    empty = viewer.get("/studies/tiny/live")
    assert empty.status_code == 200 and "No participants yet" in empty.text
    crowd(client)
    panel = viewer.get("/studies/tiny/live/panel")
    assert panel.status_code == 200 and "<html" not in panel.text
    assert "style=" not in panel.text and "<script" not in panel.text
    assert "here now" in panel.text
    page = viewer.get("/studies/tiny/live")
    assert 'hx-trigger="poll"' in page.text
    assert viewer.get("/studies/tiny/live?who=nobody").status_code == 400
    for who in ("simulated", "machine"):
        assert viewer.get(f"/studies/tiny/live?who={who}").status_code == 200
    assert researcher(tiny, None).get("/studies/tiny/live/panel").status_code == 404


def test_nothing_is_sent_while_nothing_has_changed(tiny: Flask, client: FlaskClient) -> None:
    well_within(5 * MINUTE, room_s=10)  # the last hour is shown in slices of so long
    viewer = researcher(tiny, "viewer")
    people = crowd(client)
    first = viewer.get("/studies/tiny/live/panel")
    tag = first.headers["ETag"]
    again = viewer.get("/studies/tiny/live/panel", headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.data == b""
    seen = tag.strip('"')
    assert viewer.get("/studies/tiny/live/panel", query_string={"seen": seen}).status_code == 204
    people["new"].take("consent", agreed=True)
    changed = viewer.get("/studies/tiny/live/panel", headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag
    assert viewer.get("/studies/tiny/live/panel", query_string={"seen": seen}).status_code == 200
