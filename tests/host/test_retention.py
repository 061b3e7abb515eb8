"""Retention: ids and answers go when their time has come, not while somebody is still owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from support.recount import recount, tallied
from support.tiny_studies import category_study
from support.walker import Walker, change, link, open_study, rows

from diptych import models
from diptych.authoring.folder import load_study
from diptych.cli import cli
from diptych.ground.database import now_ms, writing
from diptych.ground.settings import Settings
from diptych.payments import ledger
from diptych.payments.ledger import NewOrder
from diptych.privacy import retention
from diptych.privacy.retention import Applied
from diptych.study.faults import StudyFault

pytestmark = pytest.mark.both_databases

DAY = 86_400_000
LIMITS = {"privacy": {"identities_days": 30, "answers_days": 365}}


@pytest.fixture
def limited(app: Flask, studies_folder: Path) -> Flask:
    """`tiny` keeps ids for 30 days and answers for 365; `tiny_2afc` has no limits."""
    category_study(studies_folder / "tiny", changes=LIMITS)
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    return app


def took(app: Flask, name: str, days: float, study: str = "tiny", **entry: str) -> dict[str, Any]:
    """The session of somebody who took a study so many days ago."""
    came = entry or {"PROLIFIC_PID": name, "STUDY_ID": "a" * 24, "SESSION_ID": f"sub-{name}"}
    walker = Walker(app.test_client(), study).start(**came).finish()
    (session,) = rows(app, models.Session, public_id=walker.public_id)
    back = int(days * DAY)
    times = ("entered_at", "consented_at", "started_at", "ended_at", "last_seen_at")
    changed = {key: session[key] - back for key in times}
    change(app, models.Session, changed, id=session["id"])
    return session | changed


def applied(app: Flask, **more: Any) -> Applied:
    with app.app_context():
        return retention.apply(app.extensions["diptych"], **more)


def ids_of(app: Flask, session: dict[str, Any]) -> tuple[int, int]:
    """How many arrivals of a session there are, and platform ids of its person."""
    arrivals = rows(app, models.Arrival, session_id=session["id"])
    known = rows(app, models.Identity, participant_id=session["participant_id"])
    return len(arrivals), len(known)


def order(app: Flask, session: dict[str, Any], state: str) -> None:
    """A row of the ledger for an approval of a session."""
    number, study = session["id"], session["study_id"]
    what = NewOrder(study, number, f"key{number}", 1, "prolific", "approve", 180, "GBP")
    with app.app_context(), writing() as connection:
        ledger.write(connection, state, [what], None)


def test_ids_go_and_then_answers(limited: Flask) -> None:
    new, older, oldest = (took(limited, f"p{days}", days) for days in (29, 31, 366))
    (result,) = rows(limited, models.SessionResult, session_id=older["id"])
    would = Applied(ids=2, people=2, answers=1)
    assert applied(limited, dry=True) == would
    assert [ids_of(limited, each) for each in (new, older, oldest)] == [(1, 1)] * 3
    assert applied(limited) == Applied(ids=1, people=1, answers=1)
    assert [ids_of(limited, each) for each in (new, older, oldest)] == [(1, 1), (0, 0), (0, 0)]
    # Of the second, all answers are there; of the third nothing but that it was.
    assert rows(limited, models.SessionResult, session_id=older["id"]) == [result]
    assert len(rows(limited, models.Response, session_id=older["id"])) == older["n_responses"]
    (shell,) = rows(limited, models.Session, id=oldest["id"])
    assert (shell["status"], shell["participant_id"], shell["browser"]) == ("expired", None, {})
    assert rows(limited, models.Response, session_id=oldest["id"]) == []
    assert rows(limited, models.Participant, id=oldest["participant_id"]) == []
    assert tallied(limited, "tiny") == recount(limited, "tiny")
    assert applied(limited) == Applied()
    noted = {row["action"]: row["detail"] for row in rows(limited, models.AuditEntry)}
    assert noted["retention.ids"]["sessions"] == noted["retention.answers"]["sessions"] == 1


def test_whoever_loads_the_page_of_an_emptied_session_is_told(limited: Flask) -> None:
    walker = Walker(limited.test_client()).start().finish()
    (session,) = rows(limited, models.Session, public_id=walker.public_id)
    changed = {"ended_at": session["ended_at"] - 366 * DAY}
    change(limited, models.Session, changed, id=session["id"])
    applied(limited)
    assert walker.load().state["content"]["outcome"] == "expired"


def test_ids_stay_while_an_order_or_another_study_needs_them(limited: Flask) -> None:
    waits, doubt, elsewhere = (took(limited, name, 40) for name in ("waits", "doubt", "both"))
    took(limited, "both", 40, "tiny_2afc")
    order(limited, waits, "intended")
    order(limited, doubt, "intended")
    order(limited, doubt, "sent")
    assert applied(limited) == Applied(ids=1, people=0, waiting=2)
    assert [ids_of(limited, each) for each in (waits, doubt, elsewhere)] == [(1, 1), (1, 1), (0, 1)]
    order(limited, waits, "failed")
    order(limited, doubt, "confirmed")
    assert applied(limited, most=500) == Applied(ids=2, people=2)
    assert [ids_of(limited, each) for each in (waits, doubt)] == [(0, 0), (0, 0)]
    assert ids_of(limited, elsewhere) == (0, 1)


def test_answers_wait_for_orders_too(limited: Flask) -> None:
    session = took(limited, "waits", 400)
    order(limited, session, "intended")
    assert applied(limited) == Applied(waiting=2)
    assert len(rows(limited, models.Response, session_id=session["id"])) > 0


def test_a_shorter_limit_of_the_current_version_holds_for_older_sessions(
    limited: Flask, studies_folder: Path
) -> None:
    first = took(limited, "first", 20)
    assert applied(limited) == Applied()
    category_study(studies_folder / "tiny", changes={"privacy": {"identities_days": 10}})
    open_study(limited, studies_folder / "tiny")
    assert applied(limited) == Applied(ids=1, people=1)
    # A longer one does not hold for who has agreed to a shorter one.
    category_study(studies_folder / "tiny", changes={"privacy": {"identities_days": 1000}})
    open_study(limited, studies_folder / "tiny")
    second = took(limited, "second", 999)
    category_study(studies_folder / "tiny", changes={"privacy": {"identities_days": 2000}})
    open_study(limited, studies_folder / "tiny")
    assert applied(limited) == Applied()
    change(limited, models.Session, {"ended_at": now_ms() - 1001 * DAY}, id=second["id"])
    assert applied(limited) == Applied(ids=1, people=1)
    assert ids_of(limited, first) == ids_of(limited, second) == (0, 0)


def test_without_limits_and_under_way_nothing_goes(limited: Flask) -> None:
    kept = took(limited, "kept", 5000, "tiny_2afc")
    lives = Walker(limited.test_client()).start(
        PROLIFIC_PID="lives", STUDY_ID="a" * 24, SESSION_ID="s"
    )
    change(limited, models.Session, {"entered_at": 0}, public_id=lives.public_id)
    assert applied(limited) == Applied()
    assert ids_of(limited, kept) == (1, 1)


def test_the_host_does_it_by_itself_and_beside_the_request(
    limited: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = took(limited, "older", 31)
    started: list[Any] = []
    when = retention.now_and_then
    monkeypatch.setattr(
        retention, "now_and_then", lambda app, host: started.append(when(app, host))
    )
    client, host = limited.test_client(), limited.extensions["diptych"]
    assert client.get("/healthz").status_code == 200
    assert started == [None]  # a host that has just started has other things to do
    host.retention_due = 0
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz").status_code == 200  # and not again within the hour
    assert [thread is None for thread in started] == [True, False, True]
    started[1].join()
    assert ids_of(limited, session) == (0, 0)


def test_a_failure_is_logged_and_nobody_s_trouble(
    limited: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(connection: Any) -> Any:
        raise OSError("the database is gone")

    monkeypatch.setattr(retention, "limits", away)
    host = limited.extensions["diptych"]
    host.retention_due = 0
    thread = retention.now_and_then(limited, host)
    assert thread is not None
    thread.join()
    assert "could not be applied" in caplog.text


def test_the_command_says_what_it_would_do_and_does_it(
    limited: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", settings.secret_key)
    session, waits = took(limited, "older", 31), took(limited, "waits", 31)
    order(limited, waits, "intended")
    would = CliRunner().invoke(cli, ["retention", "--dry-run"])
    assert would.exit_code == 0, would.output
    assert "ids of 1 submissions and 1 people would be deleted" in would.output
    assert ids_of(limited, session) == (1, 1)
    done = CliRunner().invoke(cli, ["retention"])
    assert "ids of 1 submissions and 1 people deleted" in done.output
    assert "1 sessions are kept for now: an order for their participant is not" in done.output
    assert (ids_of(limited, session), ids_of(limited, waits)) == ((0, 0), (1, 1))


def test_limits_are_days_above_none(studies_folder: Path) -> None:
    folder = category_study(studies_folder / "tiny", changes={"privacy": {"answers_days": 0}})
    with pytest.raises(StudyFault, match=r"privacy\.answers_days"):
        load_study(folder)


def test_previews_and_failed_log_ins_go_without_being_asked_for(limited: Flask) -> None:
    old, new = (Walker(limited.test_client()) for _ in range(2))
    for walker in (old, new):
        walker.enter(**link(limited, "preview", "tiny"))
    person = took(limited, "person", 5)
    for walker, hours in ((old, 25), (new, 23)):
        entered = now_ms() - hours * 3_600_000
        change(limited, models.Session, {"entered_at": entered}, public_id=walker.public_id)
    with limited.app_context(), writing() as connection:
        connection.execute(
            sa.insert(models.LoginFailure),
            [{"key": str(h), "count": 1, "last_at": now_ms() - h * 3_600_000} for h in (11, 13)],
        )
    applied(limited, dry=True)
    assert len(rows(limited, models.Session)) == 3
    applied(limited)
    left = {session["public_id"] for session in rows(limited, models.Session)}
    assert left == {new.public_id, person["public_id"]}
    assert [failure["key"] for failure in rows(limited, models.LoginFailure)] == ["11"]


def test_who_left_in_the_middle_is_forgotten_too(limited: Flask) -> None:
    """Nobody looks at the dashboard, and nobody comes back."""
    came = {"PROLIFIC_PID": "left", "STUDY_ID": "a" * 24, "SESSION_ID": "sub-left"}
    walker = Walker(limited.test_client()).start(**came)
    walker.answer()
    change(limited, models.Session, {"last_seen_at": now_ms() - DAY}, public_id=walker.public_id)
    applied(limited, dry=True)
    assert session_of(limited, walker)["ended_at"] is None
    applied(limited)
    ended = session_of(limited, walker)
    assert (ended["status"], ids_of(limited, ended)) == ("timed_out", (1, 1))
    assert now_ms() - ended["ended_at"] < 60_000
    for days, ids, answers in ((31, (0, 0), 1), (366, (0, 0), 0)):
        then = now_ms() - days * DAY
        change(limited, models.Session, {"ended_at": then}, public_id=walker.public_id)
        applied(limited)
        assert ids_of(limited, ended) == ids
        assert len(rows(limited, models.Response, session_id=ended["id"])) == answers


def session_of(app: Flask, walker: Walker) -> dict[str, Any]:
    (found,) = rows(app, models.Session, public_id=walker.public_id)
    return found
