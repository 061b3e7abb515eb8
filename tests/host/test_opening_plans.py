"""Dates and limits of a study: who still enters, who is turned away, and what researchers see."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from support.dashboard import researcher, study_id
from support.tiny_studies import category_study
from support.walker import Walker, at_once, change, error_code, link, open_study, rows

from diptych import models
from diptych.cli import cli
from diptych.ground.database import now_ms
from diptych.ground.settings import Settings
from diptych.payments import budget

HOUR = 3_600_000
PAGE = "/studies/tiny/opening"
EMPTY = {"opens_at": "", "ends_at": "", "end_state": "closed", "most_kept": ""}


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Flask:
    changes = {"payment": {"reward": 2.5, "currency": "GBP"}, "recruitment": {"participants": 50}}
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1, changes=changes))
    return app


def utc(at: int) -> str:
    """A time as the form sends it."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def plan(app: Flask, **form: str) -> Any:
    """Save dates and limits as an editor."""
    return researcher(app, "editor").post(PAGE, EMPTY | form)


def refusal(app: Flask, **entry: str) -> str:
    """How the host turns somebody new away; empty if it does not."""
    body = {"study": "tiny", "entry": entry, "browser": {}}
    reply = app.test_client().post("/api/v1/sessions", json=body)
    return "" if reply.status_code in (200, 201) else error_code(reply)


def state(app: Flask) -> str:
    (row,) = rows(app, models.Study, name="tiny")
    return str(row["state"])


def complete(app: Flask, participants: int) -> None:
    for _ in range(participants):
        Walker(app.test_client()).start().finish()


def test_before_its_date_a_study_says_when_it_opens(opened: Flask) -> None:
    opens_at = (now_ms() // 60_000 + 90) * 60_000
    assert plan(opened, opens_at=utc(opens_at)).status_code == 302
    reply = opened.test_client().post(
        "/api/v1/sessions", json={"study": "tiny", "entry": {}, "browser": {}}
    )
    assert (reply.status_code, error_code(reply)) == (409, "study_early")
    assert reply.json["error"]["said"] == {"key": "study_early", "values": {"at": opens_at}}
    assert "scheduled" in researcher(opened, "editor").get("/studies").text
    change(opened, models.OpeningPlan, {"opens_at": now_ms()})
    assert refusal(opened) == ""


@pytest.mark.parametrize(("end", "code"), [("closed", "study_closed"), ("paused", "study_paused")])
def test_at_its_end_a_study_takes_nobody_new_and_loses_nobody(
    opened: Flask, end: str, code: str
) -> None:
    running = Walker(opened.test_client()).start(participant="ada")
    assert plan(opened, ends_at=utc(now_ms() + HOUR), end_state=end).status_code == 302
    assert refusal(opened) == "" and state(opened) == "open"
    change(opened, models.OpeningPlan, {"ends_at": now_ms() - 1})
    assert refusal(opened) == code and state(opened) == end
    running.finish()
    assert rows(opened, models.Session, public_id=running.public_id)[0]["status"] == "completed"
    page = researcher(opened, "viewer").get("/studies/tiny").text
    assert f"{end.capitalize()}: end date reached" in page


@pytest.mark.both_databases
def test_of_all_who_consent_at_once_no_more_get_in_than_may_be_kept(opened: Flask) -> None:
    plan(opened, most_kept="3")
    walkers = [Walker(opened.test_client()).enter() for _ in range(6)]
    replies = at_once([lambda w=w: w.step("consent", agreed=True) for w in walkers])  # type: ignore[misc]
    assert Counter(reply.status_code for reply in replies) == {200: 3, 409: 3}
    assert refusal(opened) == "study_paused" and state(opened) == "open", "a place may come free"
    inside = [w for w, reply in zip(walkers, replies, strict=True) if reply.status_code == 200]
    for walker in inside:
        walker.take("instructions", read_ms=20_000).finish()
    at_once([lambda: refusal(opened) for _ in range(4)])
    assert state(opened) == "paused"
    pauses = rows(opened, models.AuditEntry, action="study.pause")
    assert [(row["actor"], row["detail"]["because"]) for row in pauses] == [
        ("host", "number of kept sessions reached, 3 of 3")
    ]


def test_who_was_paused_by_a_limit_goes_on_with_a_higher_one(opened: Flask) -> None:
    plan(opened, most_kept="2")
    complete(opened, 2)
    editor = researcher(opened, "editor")
    assert "Paused: number of kept sessions reached, 2 of 2" in editor.get("/studies/tiny").text
    editor.post("/studies/tiny/state", {"state": "open"})
    assert state(opened) == "paused" and refusal(opened) == "study_paused"
    plan(opened, most_kept="3", then="open")
    assert state(opened) == "open" and "Paused:" not in editor.get("/studies/tiny").text
    complete(opened, 1)
    assert refusal(opened) == "study_paused"


def test_an_excluded_session_is_not_kept(opened: Flask) -> None:
    plan(opened, most_kept="2")
    complete(opened, 2)
    researcher(opened, "viewer").get("/studies/tiny/participants")  # settles
    first = rows(opened, models.SessionResult)[0]["session_id"]
    change(opened, models.SessionResult, {"excluded": True}, session_id=first)
    plan(opened, most_kept="2", then="open")
    assert state(opened) == "open"


def test_simulated_participants_neither_count_nor_wait(opened: Flask) -> None:
    plan(opened, most_kept="1")
    for name in ("a", "b"):
        query = link(opened, "simulate", "tiny") | {"participant": name}
        Walker(opened.test_client()).start(**query).finish()
    assert refusal(opened) == ""


def test_a_study_pauses_when_the_budget_pays_nobody_more(opened: Flask) -> None:
    with opened.app_context():
        budget.set_budget(study_id("tiny"), 1_000, "GBP", None)
    plan(opened, stops_at_budget="yes")
    complete(opened, 3)
    on_the_way = Walker(opened.test_client()).start()
    assert refusal(opened) == "study_paused" and state(opened) == "open"
    on_the_way.finish()
    assert refusal(opened) == "study_paused" and state(opened) == "paused"
    page = researcher(opened, "viewer").get(PAGE).text
    assert "budget reached, 10.00 of 10.00 GBP" in page
    with opened.app_context():
        budget.set_budget(study_id("tiny"), 1_250, "GBP", None)
    plan(opened, stops_at_budget="yes", then="open")
    assert refusal(opened) == ""


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"most_kept": "0"}, "from 1 to"),
        ({"most_kept": "many"}, "whole number"),
        ({"ends_at": "2020-01-01T00:00"}, "in the past"),
        ({"opens_at": "soon"}, "date and time"),
        ({"opens_at": "2999-01-02T00:00", "ends_at": "2999-01-01T00:00"}, "end before it opens"),
        ({"end_state": "gone"}, "ends as"),
    ],
)
def test_a_wrong_date_or_limit_changes_nothing(
    opened: Flask, form: dict[str, str], says: str
) -> None:
    reply = plan(opened, **form)
    assert reply.status_code == 422 and says in reply.text
    assert rows(opened, models.OpeningPlan) == []


def test_the_command_sets_and_shows_the_same(
    opened: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))

    def said(*options: str) -> str:
        result = CliRunner().invoke(cli, ["study", "plan", "tiny", *options])
        return f"{result.exit_code} {result.output}"

    assert "opens   at once" in said()
    shown = said("--opens", "2999-06-01T09:00+02:00", "--kept", "7", "--budget")
    assert "opens   2999-06-01 07:00 UTC" in shown and "pauses at 7" in shown
    assert refusal(opened) == "study_early"
    shown = said("--opens", "none", "--no-budget")
    assert "opens   at once" in shown and "pauses at 7" in shown
    assert said("--opens", "soon").startswith("2") and said("--kept", "0").startswith("2")
    assert said("--ends", "2020-01-01T00:00").startswith("1")
    assert researcher(opened, "viewer").get(PAGE).status_code == 200


def test_dates_leave_the_version_as_it_is(opened: Flask) -> None:
    before = rows(opened, models.StudyVersion)
    plan(opened, opens_at=utc(now_ms() + HOUR), most_kept="9")
    assert rows(opened, models.StudyVersion) == before
    assert [row["action"] for row in rows(opened, models.AuditEntry)].count("study.plan") == 1
    assert researcher(opened, "viewer").post(PAGE, EMPTY).status_code == 403
