"""The steps around the trials: in order, once, and keeping no more than they may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, at_once, error_code, link, open_study, rows

from diptych.ground.database import db, reading
from diptych.models import Arrival, Event, Identity, Participant, Session, Trial

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
QUESTIONS = [
    {"question": "What is asked?", "options": ["The class", "The name"], "answer": 0},
    {"question": "How often?", "options": ["Once", "Twice", "Always"], "answer": 2},
]
PROLIFIC = {"PROLIFIC_PID": "pid-of-anna", "STUDY_ID": "st-of-anna", "SESSION_ID": "se-of-anna"}
MTURK = {
    "assignmentId": "assignment-of-anna",
    "hitId": "hit-of-anna",
    "workerId": "worker-of-anna",
    "turkSubmitTo": "https://workersandbox.mturk.com",
}


def make(app: Flask, tmp_path: Path, *, questions: bool = False, feedback: bool = False) -> None:
    changes: dict[str, Any] = {"comprehension": QUESTIONS} if questions else {}
    texts = {"feedback.md": "# How was it?\n"} if feedback else {}
    texts["declined.md"] = "# Goodbye then\n"
    folder = tmp_path / "studies/tiny"
    open_study(
        app, category_study(folder, per_class=2, training=1, test=1, changes=changes, texts=texts)
    )


def someone(app: Flask, study: str = "tiny") -> Walker:
    return Walker(app.test_client(), study)


def everything_stored(app: Flask) -> str:
    """Every row of every table but those of the study itself, as text."""
    study = {"studies", "study_versions", "stimuli", "items", "images"}
    with app.app_context(), reading() as connection:
        return "\n".join(
            f"{name}: {dict(row)}"
            for name, columns in db.metadata.tables.items()
            if name not in study
            for row in connection.execute(select(columns)).mappings()
        )


def test_who_declines_leaves_nothing_but_the_count(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    browser = {"width": 1234, "user_agent": "Browser of Anna", "language": "nl-BE"}
    walkers = [someone(app) for _ in range(3)]
    for walker, entry in zip(walkers, (PROLIFIC, MTURK, {"participant": "anna"}), strict=True):
        assert walker.arrive(browser, **entry).status_code == 201
        walker.api("POST", "/events", {"events": [{"kind": "blur", "at_ms": 4321}]})
        walker.load()
        walker.take("consent", agreed=False)
        assert walker.state["content"]["outcome"] == "declined"
        assert "Goodbye then" in walker.state["content"]["html"]
        # The page is still open, and says what happens to it.
        late = {"kind": "hidden", "at_ms": 4321.5, "detail": "of anna"}
        assert walker.api("POST", "/events", {"events": [late]}).status_code == 204
        walker.load()
    for model in (Participant, Identity, Arrival, Event, Trial):
        assert rows(app, model) == [], model.__tablename__
    stored = everything_stored(app).lower()
    for trace in ("anna", "1234", "nl-be", "4321", *map(str.lower, MTURK.values())):
        assert trace not in stored
    for row in rows(app, Session):
        kept = {key for key, value in row.items() if value not in (None, 0, {}, "")}
        assert kept == {
            "id", "public_id", "study_id", "version_id", "take", "part", "kind", "recruiter",
            "status", "step", "entered_at", "last_seen_at", "ended_at", "result_at",
        }  # fmt: skip
        times = ("entered_at", "last_seen_at", "ended_at", "result_at")
        assert {row[key] % 86_400_000 for key in times} == {0}


@SQLITE
def test_declining_twice_says_the_same_twice(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walker = someone(app).enter(**PROLIFIC)
    first = walker.step("consent", agreed=False)
    again = walker.step("consent", agreed=False)
    changed_mind = walker.step("consent", agreed=True)
    assert first.data == again.data == changed_mind.data
    assert walker.state["content"]["exit"]["url"].endswith("?cc=NO")
    assert error_code(walker.post(0, {"ranking": ["Bari", "Agara"]})) == "ended"
    # Who comes again may think again: nothing is known of the refusal.
    back = someone(app)
    assert back.arrive(**PROLIFIC).status_code == 201
    assert back.step_name == "consent"


@pytest.mark.both_databases
def test_consent_and_refusal_at_once_leave_one_of_the_two(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    for _ in range(3):
        walker = someone(app).enter(**PROLIFIC)
        windows = [someone(app) for _ in range(6)]
        for window in windows:
            window.token = walker.token
        replies = at_once(
            [
                lambda w=window, yes=bool(n % 2): w.step("consent", agreed=yes)  # type: ignore[misc]
                for n, window in enumerate(windows)
            ]
        )
        assert {reply.status_code for reply in replies} == {200}, [r.text for r in replies]
        assert len({reply.json["step"] for reply in replies}) == 1
        session = rows(app, Session, public_id=walker.public_id)[0]
        assert session["status"] in ("declined", "consented")
        agreed = session["status"] == "consented"
        assert len(rows(app, Trial, session_id=session["id"])) == 2 * agreed
        assert len(rows(app, Identity)) == agreed
        if agreed:
            break


def test_steps_in_order_with_everything_a_study_can_have(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, questions=True, feedback=True)
    walker = someone(app).enter()
    assert (walker.step_name, walker.state["session"]["status"]) == ("consent", "entered")
    walker.take("consent", agreed=True)
    assert (walker.step_name, walker.state["session"]["status"]) == ("instructions", "consented")
    assert [page.split("</h1>")[0] for page in walker.state["content"]["pages"]] == [
        "<h1>What you do",
        "<h1>How you answer",
    ]
    walker.take("instructions", read_ms=12_345.5)
    assert walker.step_name == "comprehension"
    assert walker.state["content"] == {
        "questions": [{"text": q["question"], "options": q["options"]} for q in QUESTIONS],
        "attempts_left": 2,
    }
    walker.take("comprehension", answers=[0, 2])
    assert (walker.step_name, walker.state["session"]["status"]) == ("trials", "running")
    walker.trials()
    assert (walker.step_name, walker.state["session"]["status"]) == ("feedback", "completed")
    walker.take("feedback", text="  Schön & “gut”, 👍  ")
    assert walker.step_name == "debrief"
    assert walker.state["content"]["score"]["of"] == 1
    walker.take("debrief")
    assert walker.state["content"]["outcome"] == "completed"
    stored = rows(app, Session)[0]
    assert stored["instructions_ms"] == 12_345.5
    assert stored["comprehension_attempts"] == 1
    assert stored["feedback_text"] == "Schön & “gut”, 👍"
    times = [stored[f"{name}_at"] for name in ("entered", "consented", "started", "ended")]
    assert times == sorted(times)


@SQLITE
def test_a_step_taken_again_changes_nothing(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, questions=True, feedback=True)
    walker = someone(app).enter()
    taken: list[tuple[str, dict[str, Any]]] = [
        ("consent", {"agreed": True}),
        ("instructions", {"read_ms": 1000}),
        ("comprehension", {"answers": [0, 2]}),
    ]
    others = {"consent": {"agreed": False}, "instructions": {"read_ms": 5}}
    for name, body in taken:
        first = walker.step(name, **body)
        again = walker.step(name, **body)
        other = walker.step(name, **others.get(name, {"answers": [1, 1]}))
        assert first.data == again.data == other.data
    walker.trials()
    for name, body in (*taken, ("feedback", {"text": "once"}), ("feedback", {"text": "twice"})):
        walker.take(name, **body)
    assert walker.step_name == "debrief"
    stored = rows(app, Session)[0]
    assert stored["feedback_text"] == "once"
    assert stored["instructions_ms"] == 1000
    assert stored["comprehension_attempts"] == 1
    assert stored["status"] == "completed"


@pytest.mark.both_databases
def test_doubled_consent_plans_once(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walker = someone(app).enter()
    windows = [someone(app) for _ in range(6)]
    for window in windows:
        window.token = walker.token
    replies = at_once([lambda w=w: w.step("consent", agreed=True) for w in windows])  # type: ignore[misc]
    assert {reply.status_code for reply in replies} == {200}, [r.text for r in replies]
    assert len({reply.data for reply in replies}) == 1
    assert [row["trial_index"] for row in rows(app, Trial)] == [0, 1]


@SQLITE
def test_steps_out_of_order_are_refused(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walker = someone(app).enter()
    early: list[tuple[str, dict[str, Any]]] = [
        ("instructions", {"read_ms": 1}),
        ("comprehension", {"answers": []}),  # a step this study does not have
        ("feedback", {"text": ""}),
        ("debrief", {}),
    ]
    for name, body in early:
        refused = walker.step(name, **body)
        assert (refused.status_code, error_code(refused)) == (409, "wrong_step"), name
    assert walker.load().step_name == "consent"
    walker.take("consent", agreed=True).take("instructions", read_ms=1)
    assert walker.step_name == "trials"
    assert error_code(walker.step("debrief")) == "wrong_step"
    assert walker.step("trials").status_code == 404


@SQLITE
def test_wrong_comprehension_leads_back_to_the_instructions_then_out(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path, questions=True)
    walker = someone(app).enter(**PROLIFIC).take("consent", agreed=True)
    walker.take("instructions", read_ms=1).take("comprehension", answers=[1, 2])
    assert walker.step_name == "instructions"
    assert walker.state["session"]["status"] == "consented"
    # The same request again, because its reply was lost, does not use up the second try.
    assert walker.step("comprehension", answers=[1, 2]).status_code == 409
    walker.take("instructions", read_ms=2)
    assert walker.state["content"]["attempts_left"] == 1
    for wrong in ([], [0], [0, 2, 1]):
        refused = walker.step("comprehension", answers=wrong)
        assert error_code(refused) == "invalid"
        assert "answers" in refused.json["error"]["fields"]
    walker.take("comprehension", answers=[0, 1])
    assert walker.state["content"]["outcome"] == "screened_out"
    assert walker.state["content"]["exit"]["url"].endswith("?cc=OUT")
    assert walker.step("comprehension", answers=[0, 2]).json["step"] == "end"
    assert error_code(walker.post(0, {"ranking": ["Bari", "Agara"]})) == "ended"
    stored = rows(app, Session)[0]
    assert (stored["status"], stored["comprehension_attempts"]) == ("screened_out", 2)
    assert stored["ended_at"] is not None


@SQLITE
def test_the_right_option_is_told_nowhere(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, questions=True)
    walker = someone(app).enter().take("consent", agreed=True).take("instructions", read_ms=1)
    assert all('"answer"' not in reply.text for reply in walker.sent)


@SQLITE
def test_feedback_may_be_empty_and_hold_anything(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, feedback=True)
    for text, kept in (("", None), (" \n ", None), ("a\x00b", "ab"), ("<b>", "<b>")):
        walker = someone(app).start().trials()
        walker.take("feedback", text=text)
        assert rows(app, Session, public_id=walker.public_id)[0]["feedback_text"] == kept
    walker = someone(app).start().trials()
    refused = walker.step("feedback", text="x" * 5001)
    assert error_code(refused) == "invalid"
    assert walker.load().step_name == "feedback"


def outcomes(app: Flask, tmp_path: Path, entry: dict[str, str]) -> dict[str, Any]:
    """The exit of each outcome that a walk leads to."""
    found = {}
    found["declined"] = someone(app).enter(**entry).take("consent", agreed=False)
    out = someone(app, "pair").start(**entry)
    while out.step_name == "trials":
        row = rows(app, Trial, trial_index=out.trial["index"])[-1]
        right = "top" if row["item"]["top"] == "positive" else "bottom"
        out.answer({"choice": "bottom" if right == "top" else "top", "confidence": 1})
    found["screened_out"] = out
    found["completed"] = someone(app).start(**entry).finish()
    return {
        name: walker.state["content"]["exit"]
        for name, walker in found.items()
        if walker.state["content"]["outcome"] == name
    }


@SQLITE
def test_the_way_out_of_each_outcome_at_each_recruiter(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    pair = tmp_path / "studies/pair"
    open_study(app, two_afc_study(pair, practice=1, test=1, catch=0, explanations=1))
    assert outcomes(app, tmp_path, PROLIFIC) == {
        name: {
            "kind": "redirect",
            "url": f"https://app.prolific.com/submissions/complete?cc={code}",
            "place": "Prolific",
            "code": code,
        }
        for name, code in (("declined", "NO"), ("screened_out", "OUT"), ("completed", "DONE"))
    }
    form = {"kind": "form", "action": "https://workersandbox.mturk.com/mturk/externalSubmit"}
    fields = {"assignmentId": "assignment-of-anna"}
    assert outcomes(app, tmp_path, MTURK) == {
        "declined": None,
        "screened_out": form | {"fields": fields | {"outcome": "screened_out"}},
        "completed": form | {"fields": fields | {"outcome": "completed"}},
    }
    assert outcomes(app, tmp_path, {"participant": "anna"}) == {
        "declined": None,
        "screened_out": None,
        "completed": None,
    }


@SQLITE
def test_a_workers_second_assignment_is_the_one_that_is_submitted(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path)
    walker = someone(app).start(**MTURK)
    walker.enter(**{**MTURK, "assignmentId": "second"}).finish()
    assert walker.state["content"]["exit"]["fields"]["assignmentId"] == "second"


@SQLITE
def test_previews_go_nowhere_at_the_end(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    walker = someone(app).start(**link(app, "preview", "tiny")).finish()
    assert walker.state["content"]["exit"] is None
