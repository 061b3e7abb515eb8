"""Who is due for a later part: on the dashboard, in lists, and invited by platforms."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from support.dashboard import researcher, study_id
from support.local_prolific import TOKEN, LocalProlific
from support.tiny_studies import category_study
from support.walker import Walker, change, error_code, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.cli import cli
from diptych.ground.database import db, reading
from diptych.ground.settings import Settings
from diptych.host import host
from diptych.overview import parts
from diptych.overview.live import live_view
from diptych.payments import budget, decisions, sending
from diptych.privacy import withdrawal
from diptych.settling import settle
from diptych.study.windows import DAY_MS

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
CHANGES: dict[str, Any] = {
    "payment": {"currency": "GBP", "reward": 2},
    "part": [
        {"after_days": 1, "window_days": 2, "phases": {"test": 2}, "reward": 0.5,
         "recruitment": {"prolific": {"completed": "DONE2"}}},
        {"after_days": 7, "phases": {"test": 1},
         "recruitment": {"prolific": {"completed": "DONE3"}}},
    ],
}  # fmt: skip


def open_parts(app: Flask, tmp_path: Path) -> None:
    open_study(app, category_study(tmp_path / "studies/tiny", changes=CHANGES))


def take(app: Flask, days_ago: float, **entry: str) -> int:
    """Complete a part; if it is the first, so many days ago. The row of the session."""
    Walker(app.test_client()).start(**entry).finish()
    row = rows(app, models.Session)[-1]
    if row["part"] == 1:
        ended_at = row["ended_at"] - round(days_ago * DAY_MS)
        change(app, models.Session, {"ended_at": ended_at}, id=row["id"])
    return int(row["id"])


def turns_of(app: Flask) -> list[parts.Turn]:
    with app.app_context():
        settle.catch_up(host(), study_id("tiny"))
        with reading() as connection:
            return parts.turns(host(), connection, study_id("tiny"))


@pytest.mark.both_databases
def test_everybody_is_where_they_are(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    take(app, 0.5, participant="waits")
    take(app, 1.5, participant="due")
    take(app, 1.5, participant="begins")
    Walker(app.test_client()).start(participant="begins", part="2")
    take(app, 1.5, participant="comes")
    take(app, 0, participant="comes", part="2")
    take(app, 4, participant="stays_away")
    take(app, 1.5, participant="excluded")
    Walker(app.test_client()).start(participant="never_finishes")
    settled = turns_of(app)
    excluded = rows(app, models.Session)[-2]["id"]
    change(app, models.SessionResult, {"excluded": True}, session_id=excluded)
    found = turns_of(app)
    assert len(found) == len(settled) == 12
    second = [turn for turn in found if turn.part == 2]
    assert sorted(turn.state for turn in second) == [
        "completed", "due", "due", "missed", "under_way", "waiting",
    ]  # fmt: skip
    assert {turn.state for turn in found if turn.part == 3} == {"waiting"}
    (due,) = parts.due(found)
    assert due.link is not None
    assert due.link.startswith("http://127.0.0.1:8000/s/tiny?part=2&person=")
    assert parts.due(found, 3) == []
    (row,) = [each for each in parts.returns(found) if each.part == 2]
    assert (row.first, row.lost) == (6, 0.5)
    completed = next(turn for turn in second if turn.state == "completed")
    assert row.score == completed.score is not None
    assert row.score in (0, 0.5, 1)


@SQLITE
def test_the_page_and_its_lists(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    take(app, 1.5, participant="ada")
    viewer, editor = researcher(app, "viewer"), researcher(app, "editor")
    page = viewer.get("/studies/tiny/parts")
    assert page.status_code == 200
    assert 'href="/dashboard/studies/tiny/parts" aria-current="page"' in page.text
    assert "Due now" in page.text
    assert "ids=1" not in page.text
    listed = list(csv.DictReader(io.StringIO(viewer.get("/studies/tiny/parts/due.csv").text)))
    assert [(row["part"], row["state"]) for row in listed] == [("2", "due")]
    assert "platform_id" not in listed[0]
    assert viewer.get("/studies/tiny/parts/due.csv?ids=1").status_code == 403
    assert rows(app, models.AuditEntry, action="export.ids") == []
    text = editor.get("/studies/tiny/parts/due.csv?ids=1").text
    assert [row["platform_id"] for row in csv.DictReader(io.StringIO(text))] == ["ada"]
    assert len(rows(app, models.AuditEntry, action="export.ids")) == 1
    for kind in ("simulated", "machine"):
        assert viewer.get(f"/studies/tiny/parts?who={kind}").status_code == 200
    assert viewer.get("/studies/tiny/parts?who=cats").status_code == 400


@SQLITE
def test_pages_tell_the_parts_apart(app: Flask, tmp_path: Path) -> None:
    changes = {**CHANGES, "quality": {"max_repeats": 0}}
    texts = {"instructions_part2.md": "Look at them again.\n"}
    open_study(app, category_study(tmp_path / "studies/tiny", changes=changes, texts=texts))
    first = take(app, 1.5, participant="ada")
    second = take(app, 0, participant="ada", part="2")
    turns_of(app)
    # Another part is no repetition of the study.
    findings = {row["session_id"]: row["flagged"] for row in rows(app, models.QualityResult)}
    assert findings == {first: False, second: False}
    editor = researcher(app, "editor")
    assert "· part 2" in editor.get("/studies/tiny/participants").text
    name = rows(app, models.Session, id=second)[0]["public_id"]
    page = editor.get(f"/studies/tiny/participants/{name}").text
    assert "1.5 days after the first" in page
    shown = editor.get("/studies/tiny/versions/preview?part=2").text
    assert "Look at them again." in shown
    assert "DONE2" in shown
    assert "Look at them again." not in editor.get("/studies/tiny/versions/preview").text
    taken = editor.post("/studies/tiny/versions/preview/take", {"part": "2"})
    assert taken.location.endswith("&part=2")
    links = editor.get("/studies/tiny/recruitment").text
    assert "/s/tiny?part=2&amp;PROLIFIC_PID=" in links
    assert "/s/tiny?part=3&amp;PROLIFIC_PID=" in links
    # Live, places and figures are about first parts.
    with app.app_context():
        view = live_view(host(), study_id("tiny"))
    assert (view.places, view.stages[-1].reached, view.time.sessions) == (1, 1, 1)
    tallies = rows(app, models.Tally, figure="test-scores")
    assert {row["sessions"] for row in tallies} == {1}


@SQLITE
def test_a_study_of_one_part_has_no_such_page_in_its_bar(app: Flask, tmp_path: Path) -> None:
    open_study(app, category_study(tmp_path / "studies/tiny"))
    page = researcher(app, "viewer").get("/studies/tiny/quality").text
    assert "/studies/tiny/parts" not in page


@SQLITE
def test_a_withdrawal_deletes_every_part(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    take(app, 1.5, participant="ada")
    second = take(app, 0, participant="ada", part="2")
    turns_of(app)
    with app.app_context():
        person = withdrawal.by_platform_id("direct:ada")
        assert withdrawal.erase(host(), person).sessions == 2
    assert rows(app, models.Response) == rows(app, models.Participant) == []
    shell = rows(app, models.Session, id=second)[0]
    assert (shell["status"], shell["first_ended_at"]) == ("withdrawn", None)
    assert turns_of(app) == []
    reply = Walker(app.test_client()).arrive(participant="ada", part="2")
    assert error_code(reply) == "part_unknown"


@pytest.fixture
def paying(app: Flask, settings: Settings, prolific: LocalProlific) -> Iterator[Flask]:
    """The same host, with a token for the local Prolific."""
    made = create_app(
        settings.model_copy(update={"prolific_token": TOKEN, "prolific_api": prolific.url})
    )
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@SQLITE
def test_prolific_invites_who_is_approved_and_pays_each_part_once(
    paying: Flask, tmp_path: Path, prolific: LocalProlific, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    app = paying
    open_parts(app, tmp_path)
    for place, reward in (("p1", 200), ("p2", 50)):
        prolific.study(place, reward)
    with app.app_context():
        budget.set_budget(study_id("tiny"), 1000, "GBP", None)
    sessions = []
    for name in ("ada", "bob"):
        ids = prolific.take("p1", name)
        sessions.append(take(app, 1.5, **ids))
        prolific.complete(ids["SESSION_ID"])
    turns_of(app)

    def approve(*numbers: int) -> list[int]:
        """Approve sessions; what each costs."""
        with app.app_context():
            plan = decisions.preview(host(), study_id("tiny"), numbers, "approve")
            decisions.carry_out(host(), plan, None)
            sending.send(host(), study_id("tiny"), None)
            return [row["amount"] for row in rows(app, models.PaymentOrder)]

    assert approve(sessions[0]) == [200]
    for name in ("HOME", "DATABASE_URL", "STUDIES", "SECRET_KEY"):
        monkeypatch.setenv(f"DIPTYCH_{name}", str(getattr(settings, name.lower())))
    monkeypatch.setenv("DIPTYCH_PROLIFIC_TOKEN", TOKEN)
    monkeypatch.setenv("DIPTYCH_PROLIFIC_API", prolific.url)
    prolific.groups["g1"] = []

    def parts_command(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, ["parts", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    invite = ("invite", "tiny", "--part", "2", "--recruiter", "prolific", "--yes")
    assert "--group" in parts_command(*invite, code=1)
    assert "not found" in parts_command(*invite, "--group", "g2", code=1)
    for _ in range(2):  # again changes nothing
        assert "1 participants are due" in parts_command(*invite, "--group", "g1")
    assert prolific.groups == {"g1": ["ada"]}
    assert len(rows(app, models.AuditEntry, action="parts.invite")) == 2
    parts_command(*invite, "--group", "g1", "--unpaid")
    assert prolific.groups == {"g1": ["ada", "bob"]}
    listed = list(csv.DictReader(io.StringIO(parts_command("due", "tiny", "--with-ids"))))
    assert [(row["platform_id"], row["approved"]) for row in listed] == [
        ("ada", "True"), ("bob", "False"),
    ]  # fmt: skip
    nobody = ("invite", "tiny", "--part", "2", "--recruiter", "direct", "--yes")
    assert "0 participants" in parts_command(*nobody)
    ids = prolific.take("p2", "ada")
    second = take(app, 0, part="2", **ids)
    prolific.complete(ids["SESSION_ID"])
    assert approve(second) == [200, 50]
    assert approve(second, sessions[0]) == [200, 50]  # nobody is paid twice
    prolific.work()
    assert prolific.total() == 250
    (found,) = [
        each for each in json.loads(parts_command("status", "tiny", "--json")) if each["part"] == 2
    ]
    assert (found["first"], found["completed"], found["due"], found["lost"]) == (2, 1, 1, 0)
    words = " ".join(parts_command("status", "tiny").split())
    assert "2 default 2 0 1 0 1 0 0 0%" in words
