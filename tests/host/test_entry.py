"""Entering a study: who is let in, to which session, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.tiny_studies import category_study
from support.walker import Walker, at_once, change, error_code, link, open_study, rows

from diptych.ground.database import db
from diptych.models import Arrival, Event, Identity, Participant, Response, Session, Trial
from diptych.study.versions import set_state

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
MTURK = {
    "assignmentId": "A1",
    "hitId": "H1",
    "workerId": "W1",
    "turkSubmitTo": "https://www.mturk.com",
}


def prolific(person: str, submission: str = "s1") -> dict[str, str]:
    return {"PROLIFIC_PID": person, "STUDY_ID": "study1", "SESSION_ID": submission}


def make(app: Flask, tmp_path: Path, name: str = "tiny", **recruitment: Any) -> None:
    """Open a study of two trials with settings of `[recruitment]`."""
    changes = {"recruitment": recruitment}
    folder = tmp_path / "studies" / name
    open_study(app, category_study(folder, per_class=2, training=1, test=1, changes=changes))


def state_of(app: Flask, study: str, state: str) -> None:
    with app.app_context():
        set_state(study, state)
        db.session.remove()


def someone(app: Flask, study: str = "tiny") -> Walker:
    return Walker(app.test_client(), study)


@pytest.mark.both_databases
def test_a_person_takes_part_once_and_resumes(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    first = someone(app).start(**prolific("anna"))
    first.answer()
    again = someone(app)
    again.token = first.token  # the same browser: tests/attack/test_typed_ids.py has the others
    reply = again.arrive(**prolific("anna", "s2"))
    assert reply.status_code == 200
    assert again.public_id == first.public_id
    assert again.trial["index"] == 1
    assert [row["parameters"]["SESSION_ID"] for row in rows(app, Arrival)] == ["s1", "s2"]
    assert [row["kind"] for row in rows(app, Event)] == ["reentry"]
    again.finish()
    third = someone(app)
    assert third.arrive(**prolific("anna")).status_code == 200
    assert third.step_name == "end"
    assert third.state["content"]["outcome"] == "completed"
    assert len(rows(app, Session)) == len(rows(app, Participant)) == len(rows(app, Identity)) == 1


@SQLITE
def test_a_study_that_allows_it_can_be_taken_again(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, once=False)
    first = someone(app).start(participant="anna")
    assert someone(app).arrive(participant="anna").status_code == 200  # still under way
    first.finish()
    second = someone(app)
    assert second.arrive(participant="anna").status_code == 201
    assert second.public_id != first.public_id
    assert [row["take"] for row in rows(app, Session)] == [1, 2]
    assert len(rows(app, Participant)) == 1


@pytest.mark.both_databases
def test_the_same_person_arriving_at_once_is_one_participant(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walkers = [someone(app) for _ in range(8)]
    replies = at_once([lambda w=w: w.arrive(**prolific("anna")) for w in walkers])  # type: ignore[misc]
    assert sorted(r.status_code for r in replies) == [200] * 7 + [201], [r.text for r in replies]
    assert len({walker.public_id for walker in walkers}) == 1
    assert len(rows(app, Session)) == len(rows(app, Participant)) == len(rows(app, Identity)) == 1
    assert len(rows(app, Arrival)) == 8


@pytest.mark.both_databases
def test_different_people_arriving_at_once_are_different(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walkers = [someone(app) for _ in range(8)]
    replies = at_once(
        [lambda w=w, n=n: w.arrive(**prolific(f"p{n}")) for n, w in enumerate(walkers)]  # type: ignore[misc]
    )
    assert {r.status_code for r in replies} == {201}, [r.text for r in replies]
    assert len({walker.public_id for walker in walkers}) == 8
    assert len(rows(app, Participant)) == 8


@SQLITE
def test_whoever_took_a_named_study_is_not_let_in(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, "earlier")
    make(app, tmp_path, "later", exclude_studies=["earlier"])
    someone(app, "earlier").enter(**prolific("anna"))
    refused = someone(app, "later").arrive(**prolific("anna"))
    assert (refused.status_code, error_code(refused)) == (403, "not_eligible")
    assert someone(app, "later").arrive(**prolific("bert")).status_code == 201
    # An id of another platform is another person.
    assert someone(app, "later").arrive(participant="anna").status_code == 201


@SQLITE
def test_who_declined_the_named_study_may_take_part(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, "earlier")
    make(app, tmp_path, "later", exclude_studies=["earlier"])
    someone(app, "earlier").enter(**prolific("anna")).take("consent", agreed=False)
    assert someone(app, "later").arrive(**prolific("anna")).status_code == 201


@SQLITE
def test_taking_a_related_study_meanwhile_does_not_lock_anybody_out(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path, "one", exclude_studies=["two"])
    make(app, tmp_path, "two")
    mine = someone(app, "one").start(**prolific("anna"))
    mine.answer()
    someone(app, "two").start(**prolific("anna")).finish()
    back = someone(app, "one").enter(**prolific("anna"))
    assert back.public_id == mine.public_id
    back.finish()
    assert back.state["content"]["exit"]["url"].endswith("cc=DONE")


@SQLITE
@pytest.mark.parametrize(
    ("state", "code"), [("paused", "study_paused"), ("closed", "study_closed")]
)
def test_paused_and_closed_studies_let_nobody_new_in_but_everybody_go_on(
    app: Flask, tmp_path: Path, state: str, code: str
) -> None:
    make(app, tmp_path)
    running = someone(app).start(**prolific("anna"))
    done = someone(app).start(**prolific("bert")).finish()
    state_of(app, "tiny", state)
    refused = someone(app).arrive(**prolific("new"))
    assert (refused.status_code, error_code(refused)) == (409, code)
    assert someone(app).arrive().status_code == 409
    # The page of whoever is under way may have lost its token (MTurk's frame, another browser).
    back = someone(app)
    assert back.arrive(**prolific("anna")).status_code == 200
    assert back.public_id == running.public_id
    back.finish()
    assert back.state["content"]["exit"]["url"].endswith("cc=DONE")
    again = someone(app).enter(**prolific("bert"))
    assert again.public_id == done.public_id
    assert again.state["content"]["exit"]["url"].endswith("cc=DONE")
    preview = someone(app)
    assert preview.arrive(**link(app, "preview", "tiny")).status_code == 201


@SQLITE
@pytest.mark.both_databases
def test_a_full_study_lets_nobody_new_in(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, participants=2)
    first = someone(app).start(**prolific("anna"))
    someone(app).start(**prolific("bert"))
    refused = someone(app).arrive(**prolific("new"))
    assert (refused.status_code, error_code(refused)) == (409, "study_full")
    assert len(rows(app, Participant)) == 2
    assert someone(app).enter(**prolific("anna")).public_id == first.public_id
    for purpose in ("preview", "simulate"):
        assert someone(app).arrive(**link(app, purpose, "tiny")).status_code == 201


def test_unknown_and_never_opened_studies(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    for name in ("other", "", "../tiny", "TINY", "tiny\x00", "x" * 64):
        refused = someone(app, name).arrive()
        assert (refused.status_code, error_code(refused)) == (404, "unknown_study"), name


@SQLITE
@pytest.mark.parametrize("purpose", ["preview", "simulate", "machine"])
def test_forged_researchers_links_are_refused(app: Flask, tmp_path: Path, purpose: str) -> None:
    make(app, tmp_path)
    make(app, tmp_path, "other")
    right = link(app, purpose, "tiny")[purpose]
    swapped = {"preview": "simulate", "simulate": "machine", "machine": "preview"}[purpose]
    forged = [
        {purpose: ""},
        {purpose: right[:-1]},
        {purpose: right + "A"},
        {purpose: "\ud800"},
        {purpose: "ü\x00"},
        {swapped: right},
        link(app, purpose, "other"),
    ]
    for entry in forged:
        refused = someone(app).arrive(**entry)
        assert (refused.status_code, error_code(refused)) == (403, "not_eligible"), entry
    assert rows(app, Session) == []


@SQLITE
def test_links_make_sessions_of_their_own_kind(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    someone(app).enter(**link(app, "preview", "tiny"))
    someone(app).enter(**link(app, "simulate", "tiny"), participant="sim-1")
    someone(app).enter(**link(app, "machine", "tiny"))
    someone(app).enter(participant="sim-1")
    assert [row["kind"] for row in rows(app, Session)] == [
        "preview",
        "simulated",
        "machine",
        "person",
    ]
    assert len(rows(app, Participant)) == 4  # the simulated sim-1 is not the person sim-1


@SQLITE
def test_a_preview_can_be_taken_whole_and_is_not_kept_for_long(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, participants=1)
    old = someone(app).start(**link(app, "preview", "tiny")).finish()
    assert old.state["content"]["outcome"] == "completed"
    someone(app).start(**prolific("anna"))  # the one place is still there
    change(app, Session, {"entered_at": 0}, public_id=old.public_id)
    someone(app).enter(**link(app, "preview", "tiny"))
    assert sorted(row["kind"] for row in rows(app, Session)) == ["person", "preview"]
    assert len(rows(app, Participant)) == 2
    assert {row["session_id"] for row in rows(app, Trial)} == {
        row["id"] for row in rows(app, Session) if row["kind"] == "person"
    }
    assert rows(app, Response) == []
    # The old preview's page is still open somewhere: it is told, politely.
    for reply in (
        old.api("GET", "/session"),
        old.api("GET", "/session/images"),
        old.api("POST", "/events", {"events": [{"kind": "blur", "at_ms": 1}]}),
        old.step("debrief"),
        old.post(0, {"ranking": ["Bari", "Agara"]}),
    ):
        assert (reply.status_code, error_code(reply)) == (401, "bad_token")


@SQLITE
def test_previews_are_never_exported(app: Flask, tmp_path: Path) -> None:
    from diptych.export.tables import export_study

    make(app, tmp_path)
    preview = someone(app).start(**link(app, "preview", "tiny")).finish()
    person = someone(app).start(**prolific("secret-pid")).finish()
    with app.app_context():
        export_study(app.extensions["diptych"], "tiny", tmp_path / "out", ["csv"])
    exported = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.*"))
    assert person.public_id in exported
    assert preview.public_id not in exported
    assert "secret-pid" not in exported


def test_mturks_preview_stores_nothing(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    visitor = someone(app)
    reply = visitor.arrive(
        assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE", hitId="H1", turkSubmitTo=MTURK["turkSubmitTo"]
    )
    assert reply.status_code == 200
    assert reply.json["token"] is None
    assert reply.json["session"] is None
    assert reply.json["step"] == "preview"
    assert "Tiny creatures" in reply.json["content"]["html"]
    for model in (Session, Participant, Identity, Arrival, Event):
        assert rows(app, model) == []
    assert someone(app).arrive(**MTURK).status_code == 201


@pytest.mark.both_databases
def test_whoever_comes_back_too_late_is_told_so(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, resume_within_minutes=10)
    walker = someone(app).start(**prolific("anna"))
    walker.answer()
    row = rows(app, Session)[0]
    almost = {"last_seen_at": row["last_seen_at"] - 9 * 60_000}
    change(app, Session, almost, id=row["id"])
    assert walker.load().step_name == "trials"
    late = {"last_seen_at": row["last_seen_at"] - 10 * 60_000 - 1}
    change(app, Session, late, id=row["id"])
    back = someone(app).enter(**prolific("anna"))
    assert back.public_id == walker.public_id
    assert back.state["content"]["outcome"] == "timed_out"
    assert walker.load().state["session"]["status"] == "timed_out"
    stored = rows(app, Session)[0]
    assert (stored["status"], stored["position"]) == ("timed_out", 1)
    assert stored["ended_at"] is not None
    assert len(rows(app, Response)) == 1


def test_a_page_that_is_loaded_again_keeps_its_session_alive(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, resume_within_minutes=10)
    walker = someone(app).start()
    started = rows(app, Session)[0]["last_seen_at"]
    change(app, Session, {"last_seen_at": started - 9 * 60_000})
    walker.load()
    assert rows(app, Session)[0]["last_seen_at"] >= started
    walker.answer()
    walker.load()
    assert [(e["kind"], e["trial_index"]) for e in rows(app, Event)] == [
        ("reload", 0),
        ("reload", 1),
    ]


@SQLITE
def test_reloading_steps_and_images_of_a_late_session(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    for late in ("load", "step"):
        walker = someone(app).enter()
        change(app, Session, {"last_seen_at": 0}, public_id=walker.public_id)
        if late == "load":
            walker.load()
        else:
            walker.take("consent", agreed=True)
        assert walker.state["content"]["outcome"] == "timed_out"
        row = rows(app, Session, public_id=walker.public_id)[0]
        assert (row["status"], row["condition"], row["consented_at"]) == ("timed_out", None, None)
    assert rows(app, Trial) == []


@SQLITE
def test_completed_sessions_never_time_out(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walker = someone(app).start(**prolific("anna")).trials()
    assert walker.step_name == "debrief"
    change(app, Session, {"last_seen_at": 0})
    assert walker.load().step_name == "debrief"
    assert walker.finish().state["content"]["exit"]["url"].endswith("cc=DONE")


@SQLITE
def test_a_link_names_a_person_or_nobody(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    named = someone(app).enter(participant="lab_07")
    assert someone(app).enter(participant="lab_07").public_id == named.public_id
    nobody = {someone(app).enter().public_id for _ in range(3)}
    assert len(nobody) == 3
    for printable in ("P01.2", "a@b.org", "a b", "é", "a/b"):
        one, again = (someone(app).enter(participant=printable) for _ in range(2))
        assert one.public_id == again.public_id != named.public_id
    for odd in ("", " ", "--", "a" * 129, "a\x00", "\ud800"):
        refused = someone(app).arrive(participant=odd)
        assert (refused.status_code, error_code(refused)) == (403, "not_eligible"), repr(odd)


@SQLITE
def test_a_study_takes_participants_over_its_own_recruiters_only(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path, recruiters=["prolific"])
    for entry in ({}, {"participant": "anna"}, MTURK):
        refused = someone(app).arrive(**entry)
        assert (refused.status_code, error_code(refused)) == (403, "not_eligible")
    assert someone(app).arrive(**prolific("anna")).status_code == 201


@SQLITE
def test_what_the_browser_says_of_itself_is_stored(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    browser = {"width": 940, "height": 600, "pixel_ratio": 1.5, "touch": True}
    assert someone(app).arrive(browser).status_code == 201
    stored = rows(app, Session)[0]["browser"]
    assert {key: stored[key] for key in browser} == browser


@SQLITE
def test_a_new_version_never_touches_running_sessions(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    running = someone(app).start(**prolific("anna"))
    folder = tmp_path / "studies/tiny"
    (folder / "debrief.md").write_text("# Another end\n")
    open_study(app, folder)
    fresh = someone(app).start(**prolific("bert"))
    assert "Another end" not in running.trials().state["content"]["html"]
    assert "Another end" in fresh.trials().state["content"]["html"]
    back = someone(app).enter(**prolific("anna"))
    assert "Another end" not in back.state["content"]["html"]


@pytest.mark.both_databases
@pytest.mark.parametrize("purpose", ["", "preview", "simulate", "machine"])
def test_a_new_session_is_shown_as_a_reload_shows_it(
    app: Flask, tmp_path: Path, purpose: str
) -> None:
    make(app, tmp_path)
    entry = link(app, purpose, "tiny") if purpose else prolific("anna")
    browser = {"width": 1280, "height": 800, "pixel_ratio": 1.25, "language": "de"}
    new = someone(app)
    assert new.arrive(browser, **entry).status_code == 201
    reload = new.api("GET", "/session").json
    assert {"token": new.token, **reload} == new.state
