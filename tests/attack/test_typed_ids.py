"""A worker's id that another person types into an entry link: whose session it opens."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from support.local_prolific import LocalProlific, local_prolific
from support.mturk_study import open_on_mturk
from support.paying import PLACE, paying_host
from support.tiny_studies import category_study
from support.walker import Walker, change, error_code, open_study, rows

from diptych import models
from diptych.ground.database import reading
from diptych.ground.settings import Settings
from diptych.journey.claims import LEFT_AFTER_MS
from diptych.payments.decided_sessions import subjects

VICTIM, INTRUDER = "3VICTIM0000000000000000000001", "3INTRUDER00000000000000000002"


def hit(assignment: str, worker: str = "AVICTIM") -> dict[str, str]:
    """The entry link of an accepted HIT."""
    return {
        "assignmentId": assignment,
        "hitId": "3HIT",
        "workerId": worker,
        "turkSubmitTo": "https://www.mturk.com",
    }


@pytest.fixture
def study(app: Flask, settings: Settings) -> Flask:
    open_on_mturk(app, settings.studies / "tiny")
    return app


def submits(walker: Walker) -> str:
    """The assignment that the end page of somebody hands in."""
    fields: dict[str, str] = walker.state["content"]["exit"]["fields"]
    return fields["assignmentId"]


def paid_submission(app: Flask) -> str | None:
    """The assignment that an approval of the only session would be about."""
    (session,) = rows(app, models.Session)
    with app.app_context(), reading() as connection:
        return subjects(connection, session["study_id"], [session["id"]])[session["id"]].submission


def left_alone(app: Flask) -> None:
    """The victim was last heard of a while ago."""
    (session,) = rows(app, models.Session)
    change(app, models.Session, {"last_seen_at": session["last_seen_at"] - LEFT_AFTER_MS})


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_session_under_way_is_not_given_to_who_types_its_workers_id(
    study: Flask, confirmed: bool
) -> None:
    victim = Walker(study.test_client()).start(**hit(VICTIM))
    intruder = Walker(study.test_client())
    body = {"study": "tiny", "entry": hit(INTRUDER), "confirmed": confirmed}
    reply = intruder.api("POST", "/sessions", body)
    assert (reply.status_code, error_code(reply)) == (409, "in_use")
    assert re.search(r"continue here in \d+ minutes", reply.json["error"]["message"])
    assert victim.public_id not in reply.text and "token" not in reply.json
    assert submits(victim.finish()) == VICTIM
    assert paid_submission(study) == VICTIM
    assert len(rows(study, models.Arrival)) == 1


def test_a_session_that_was_left_is_asked_for_and_the_victim_still_submits_their_own(
    study: Flask,
) -> None:
    """A browser that keeps nothing can't prove who it is: it may go on, and nothing is taken."""
    victim = Walker(study.test_client()).start(**hit(VICTIM))
    left_alone(study)
    other = Walker(study.test_client())
    reply = other.arrive(**hit(INTRUDER))
    assert (reply.status_code, error_code(reply)) == (409, "other_arrival")
    assert len(rows(study, models.Arrival)) == 1
    body = {"study": "tiny", "entry": hit(INTRUDER), "confirmed": True}
    reply = other.api("POST", "/sessions", body)
    assert reply.status_code == 200
    other.token, other.state = reply.json["token"], reply.json
    assert paid_submission(study) == INTRUDER  # so far: who goes on there may be the person
    assert submits(victim.finish()) == VICTIM
    assert submits(victim.load()) == VICTIM
    assert paid_submission(study) == VICTIM
    assert submits(other.load()) == INTRUDER
    assert paid_submission(study) == VICTIM


def test_who_accepts_again_in_the_same_browser_goes_on_under_the_new_assignment(
    study: Flask,
) -> None:
    first = Walker(study.test_client()).start(**hit("3FIRST"))
    second = Walker(study.test_client())
    body = {"study": "tiny", "entry": hit("3SECOND"), "token": first.token}
    reply = second.api("POST", "/sessions", body)
    assert reply.status_code == 200 and reply.json["step"] == "trials"
    second.token, second.state = reply.json["token"], reply.json
    assert submits(second.finish()) == "3SECOND" == paid_submission(study)


def test_a_token_of_another_session_proves_nothing(study: Flask) -> None:
    Walker(study.test_client()).start(**hit(VICTIM))
    intruder = Walker(study.test_client()).start(**hit("3OWN", worker="AINTRUDER"))
    for token in (intruder.token, "not a token", f"{intruder.token}x"):
        body = {"study": "tiny", "entry": hit(INTRUDER), "token": token, "confirmed": True}
        reply = intruder.api("POST", "/sessions", body)
        assert error_code(reply) == "in_use"


def test_the_same_assignment_is_the_same_person_in_any_browser(study: Flask) -> None:
    Walker(study.test_client()).start(**hit(VICTIM)).answer()
    again = Walker(study.test_client())
    assert again.enter(**hit(VICTIM)).step_name == "trials"
    assert submits(again.finish()) == VICTIM


def test_a_finished_session_tells_who_types_its_workers_id_nothing(study: Flask) -> None:
    victim = Walker(study.test_client()).start(**hit(VICTIM)).finish()
    intruder = Walker(study.test_client())
    left_alone(study)
    for confirmed in (False, True):
        body = {"study": "tiny", "entry": hit(INTRUDER), "confirmed": confirmed}
        reply = intruder.api("POST", "/sessions", body)
        assert (reply.status_code, error_code(reply)) == (403, "not_eligible")
        assert VICTIM not in reply.text
    assert submits(victim.load()) == VICTIM == paid_submission(study)


def test_a_session_left_for_too_long_tells_nothing_either(study: Flask) -> None:
    Walker(study.test_client()).start(**hit(VICTIM))
    change(study, models.Session, {"last_seen_at": 1})
    reply = Walker(study.test_client()).arrive(**hit(INTRUDER))
    assert (reply.status_code, error_code(reply)) == (403, "not_eligible")
    assert VICTIM not in reply.text


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    with local_prolific() as made:
        yield made


@pytest.mark.parametrize("asked", [True, False])
def test_prolific_vouches_for_another_submission_where_it_is_asked(
    settings: Settings, prolific: LocalProlific, asked: bool
) -> None:
    """With a token the host asks Prolific whose submission it is; without, nobody says so."""
    more = {} if asked else {"prolific_token": ""}
    paying = paying_host(settings, settings.studies, prolific, **more)
    first = prolific.take(PLACE, "5f3e9c0a0000000000000001")
    Walker(paying.app.test_client()).start(**first)
    second = prolific.take(PLACE, "5f3e9c0a0000000000000001")
    reply = Walker(paying.app.test_client()).arrive(**second)
    assert reply.status_code == (200 if asked else 409), reply.text


def test_a_lab_that_names_its_participants_itself_goes_on_with_them(
    app: Flask, settings: Settings
) -> None:
    """`?participant=ID` carries nothing else that could tell people apart (docs/mturk.md)."""
    open_study(app, category_study(settings.studies / "tiny"))
    Walker(app.test_client()).start(participant="p01")
    assert Walker(app.test_client()).enter(participant="p01").step_name == "trials"
