"""The ledger and MTurk's own books: the same to the cent, whatever goes wrong on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.local_mturk import FAULTS, LocalMTurk
from support.local_prolific import TOKEN, LocalProlific
from support.mturk_study import REWARD, mturk_settings, open_on_mturk, take
from support.properties import costly
from support.walker import Walker, change, error_code, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.mturk.hits import create_hit
from diptych.payments import budget, decisions, reconcile, sending
from diptych.payments.retry import try_again
from diptych.recruiters import mturk_platform
from diptych.study.versions import frozen

ON_BOTH = {
    "recruiters": ["direct", "mturk", "prolific"],
    "prolific": {"completed": "DONE", "screened_out": "OUT", "declined": "NO"},
}
MESSAGES = {"reject": "Neither of the two checks was passed.", "bonus": "For your score"}
SEND = """
from diptych.app import create_app
from diptych.payments import sending
app = create_app()
with app.app_context():
    sending.send(app.extensions["diptych"], {study_id}, None)
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path, mturk: LocalMTurk) -> Settings:
    return mturk_settings(
        database_url, tmp_path, mturk, base_url="https://study.example.org", payment_grace_minutes=0
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    open_on_mturk(made, settings.studies / "tiny")
    with made.app_context():
        budget.set_budget(study_id(made), 1_000_000, "USD", None)
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def host(app: Flask) -> Host:
    found: Host = app.extensions["diptych"]
    return found


def study_id(app: Flask) -> int:
    """The study that was opened last."""
    return int(rows(app, models.Study)[-1]["id"])


def people(
    app: Flask, mturk: LocalMTurk, host: Host, *workers: str, study: str = "tiny"
) -> list[int]:
    """Sessions of workers who have taken the study in a HIT of its own."""
    before = len(rows(app, models.Session))
    (hit,) = create_hit(host, study, len(workers))
    for worker in workers:
        take(app, mturk, worker, hit.id, study)
    return [row["id"] for row in rows(app, models.Session)[before:]]


def decide(
    app: Flask, host: Host, sessions: list[int], action: str, amount: int | None = None
) -> decisions.Plan:
    plan = decisions.preview(
        host, study_id(app), sessions, action, MESSAGES.get(action, ""), amount
    )
    decisions.carry_out(host, plan, None)
    return plan


def states(app: Flask) -> dict[str, str]:
    """Where each order stands: the furthest state it has reached."""
    found: dict[str, list[str]] = {}
    for row in rows(app, models.LedgerEntry):
        found.setdefault(row["key"], []).append(row["state"])
    order = ("confirmed", "failed", "sent", "intended")
    return {key: next(s for s in order if s in reached) for key, reached in found.items()}


def ledger_says(app: Flask) -> list[tuple[str, int]]:
    """(action, cents) of everything the ledger holds for paid."""
    return sorted(
        (row["action"], row["amount"])
        for row in rows(app, models.LedgerEntry)
        if row["state"] == "confirmed" and row["amount"]
    )


def books_say(mturk: LocalMTurk) -> list[tuple[str, int]]:
    """The same from MTurk's own books, fees aside."""
    names = {"reward": "approve", "bonus": "bonus"}
    return sorted((names[p.sort], p.cents) for p in mturk.api.books)


def test_decisions_reach_mturk_and_the_books_agree(
    app: Flask, mturk: LocalMTurk, host: Host
) -> None:
    first, second, third = people(app, mturk, host, "A1", "A2", "A3")
    decide(app, host, [first, second], "approve")
    decide(app, host, [first], "bonus", 35)
    decide(app, host, [third], "reject")
    sent = sending.send(host, study_id(app), None)
    assert (sent.confirmed, sent.failed, sent.in_doubt) == (4, 0, 0), sent.problems
    assert ledger_says(app) == books_say(mturk)
    assert books_say(mturk) == [("approve", REWARD), ("approve", REWARD), ("bonus", 35)]
    assert [a.status for a in mturk.api.assignments] == ["Approved", "Approved", "Rejected"]
    assert mturk.api.assignments[2].feedback == MESSAGES["reject"]
    result = reconcile.reconcile(host, study_id(app), None)
    assert (result.differences, result.problems, result.found) == ([], [], 0)


def test_what_mturk_cannot_do_is_left_out_with_what_can_be_done_instead(
    app: Flask, mturk: LocalMTurk, host: Host
) -> None:
    some = people(app, mturk, host, "A1")
    for action, words in (
        ("request_return", "approve it, reject"),
        ("screen_out", "cannot pay screened-out"),
    ):
        plan = decisions.preview(host, study_id(app), some, action, "Please return it.", 10)
        assert plan.steps == ()
        assert words in plan.left_out[0].reason


def test_what_was_approved_on_mturk_itself_is_found(
    app: Flask, mturk: LocalMTurk, host: Host
) -> None:
    """MTurk approves by itself after some days, and somebody may pay on its pages."""
    people(app, mturk, host, "A1", "A2")
    one, two = mturk.api.assignments
    mturk.api.ApproveAssignment(one.id)
    mturk.api.SendBonus(WorkerId="A2", AssignmentId=two.id, BonusAmount="0.5", Reason="by hand")
    result = reconcile.reconcile(host, study_id(app), None)
    assert result.found == 2 and result.problems == []
    assert ledger_says(app) == books_say(mturk) == [("approve", REWARD), ("bonus", 50)]


def test_a_worker_who_returned_is_not_paid_for_who_came_after(
    app: Flask, mturk: LocalMTurk, host: Host
) -> None:
    """The first leaves after consenting; the second gets the same assignment id."""
    (hit,) = create_hit(host, "tiny", 1)
    left = mturk.site.accept("AFIRST", hit.id)
    Walker(app.test_client()).start(**mturk.site.entry(left)).finish()
    mturk.site.give_back(left)
    after = take(app, mturk, "ASECOND", hit.id)
    assert after.id == left.id
    first, second = (row["id"] for row in rows(app, models.Session))
    decide(app, host, [first, second], "approve")
    sending.send(host, study_id(app), None)
    assert sorted(states(app).values()) == ["confirmed", "failed"]
    assert [(p.worker, p.cents) for p in mturk.api.books] == [("ASECOND", REWARD)]
    assert reconcile.reconcile(host, study_id(app), None).differences == []
    assert ledger_says(app) == books_say(mturk)


@pytest.mark.both_databases
def test_a_platform_without_its_token_holds_up_no_other(
    settings: Settings, mturk: LocalMTurk, prolific: LocalProlific, tmp_path: Path
) -> None:
    """A study on two platforms; Prolific's orders, which are the older ones, can't go."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    change = {"prolific_api": prolific.url, "prolific_token_file": token}
    app = create_app(settings.model_copy(update=change))
    open_on_mturk(app, settings.studies / "tiny", recruitment=ON_BOTH)
    prolific.study("place1", REWARD)
    host = app.extensions["diptych"]
    study = study_id(app)
    with app.app_context():
        budget.set_budget(study, 1_000_000, "USD", None)
        entry = prolific.take("place1", "p" * 24)
        Walker(app.test_client(), "tiny").start(**entry).finish()
        prolific.complete(entry["SESSION_ID"])
        (on_prolific,) = [row["id"] for row in rows(app, models.Session)]
        (on_mturk,) = people(app, mturk, host, "A1")
        decide(app, host, [on_prolific], "approve")
        decide(app, host, [on_mturk], "approve")
        token.unlink()
        sent = sending.send(host, study, None)
        assert (sent.confirmed, sent.waiting, sent.in_doubt) == (1, 1, 0)
        assert "DIPTYCH_PROLIFIC_TOKEN_FILE" in sent.problems[0]
        assert (books_say(mturk), prolific.total()) == ([("approve", REWARD)], 0)
        token.write_text(TOKEN)
        sent = sending.send(host, study, None)
        assert (sent.confirmed, sent.waiting) == (1, 0)
        assert prolific.total() == REWARD


@pytest.mark.both_databases
@pytest.mark.parametrize("until", ["decided", "paid"])
def test_work_that_is_approved_is_not_paid_under_a_second_assignment(
    app: Flask, mturk: LocalMTurk, host: Host, until: str
) -> None:
    """Somebody has accepted two HITs at once: later the qualification would hide the second."""
    hit, other = (create_hit(host, "tiny", 1)[0] for _ in range(2))
    first, second = (mturk.site.accept("A1", each.id) for each in (hit, other))
    browser = Walker(app.test_client(), "tiny").start(**mturk.site.entry(first)).finish()
    mturk.site.submit(first, browser.state["content"]["exit"]["fields"])
    (session,) = [row["id"] for row in rows(app, models.Session)]
    decide(app, host, [session], "approve")
    if until == "paid":
        sending.send(host, study_id(app), None)
    browser.enter(**mturk.site.entry(second))
    assert browser.step_name == "end" and browser.state["content"]["exit"] is None
    assert "return" in browser.state["content"]["html"]
    plan = decisions.preview(host, study_id(app), [session], "approve", "", None)
    assert plan.steps == () and "an earlier approval" in plan.left_out[0].reason
    sending.send(host, study_id(app), None)
    reconcile.reconcile(host, study_id(app), None)
    assert books_say(mturk) == ledger_says(app) == [("approve", REWARD)]
    assert [a.id for a in mturk.api.assignments if a.status == "Approved"] == [first.id]


# A process that is killed


def send_and_be_killed(
    settings: Settings, mturk: LocalMTurk, study: int, operation: str, *, acted: bool
) -> None:
    """Another process sends, and is killed in the moment MTurk hears of the order."""
    environment = {
        **os.environ,
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_STUDIES": str(settings.studies),
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        "DIPTYCH_BASE_URL": settings.base_url,
        "DIPTYCH_MTURK_ENDPOINT": mturk.url,
    }
    program = [sys.executable, "-c", SEND.format(study_id=study)]
    with mturk.lock:  # nothing is answered before it is known whom to kill
        process = subprocess.Popen(program, env=environment)
        mturk.watch = (operation, acted, lambda: os.kill(process.pid, signal.SIGKILL))
    assert process.wait(timeout=600) == -signal.SIGKILL
    mturk.watch = None


@pytest.mark.slow
@pytest.mark.parametrize("acted", [True, False], ids=["after MTurk acted", "before MTurk acted"])
@pytest.mark.parametrize("action", ["approve", "bonus", "reject"])
def test_a_process_killed_between_sent_and_confirmed(
    app: Flask, mturk: LocalMTurk, host: Host, settings: Settings, action: str, acted: bool
) -> None:
    sessions = people(app, mturk, host, "A1")
    decide(app, host, sessions, action, 35 if action == "bonus" else None)
    operation = {"bonus": "SendBonus"}.get(action, f"{action.capitalize()}Assignment")
    send_and_be_killed(settings, mturk, study_id(app), operation, acted=acted)
    assert list(states(app).values()) == ["sent"]
    sending.send(host, study_id(app), None)
    assert mturk.count(operation) == 1, "what is in doubt is not sent again by itself"
    reconcile.reconcile(host, study_id(app), None)
    (key,) = states(app)
    assert states(app)[key] == ("confirmed" if acted else "failed")
    try_again(study_id(app), [key], None)
    sending.send(host, study_id(app), None)
    assert list(states(app).values()).count("confirmed") == 1
    assert ledger_says(app) == books_say(mturk)
    assert (
        mturk.api.assignments[0].status
        == ({"approve": "Approved", "reject": "Rejected", "bonus": "Submitted"}[action])
    )


# Whatever happens

NUMBERS = count(1)
DECISIONS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["approve", "reject", "bonus"])),
    min_size=1,
    max_size=8,
)
MISHAPS = st.lists(
    st.tuples(
        st.sampled_from(FAULTS),
        st.sampled_from(["SendBonus", "ApproveAssignment", "RejectAssignment"]),
        st.integers(1, 7),
    ),
    max_size=4,
)


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
@costly()
@given(wanted=DECISIONS, mishaps=MISHAPS)
def test_nobody_is_paid_twice_and_nobody_is_forgotten(
    app: Flask,
    mturk: LocalMTurk,
    host: Host,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    wanted: list[tuple[int, str]],
    mishaps: list[tuple[str, str, int]],
) -> None:
    """Decide, send among faults, reconcile, try again: in the end all is done, and once."""
    monkeypatch.setattr(mturk_platform, "PAUSES", (0.0, 0.0))
    mturk.troubles.clear()
    study = f"tiny{next(NUMBERS)}"
    open_on_mturk(app, settings.studies / study)
    budget.set_budget(study_id(app), 1_000_000, "USD", None)
    workers = [f"A{next(NUMBERS)}" for _ in range(3)]
    sessions = people(app, mturk, host, *workers, study=study)
    decided: Counter[tuple[int, str]] = Counter()
    for who, action in wanted:
        plan = decide(app, host, [sessions[who]], action, 35 if action == "bonus" else None)
        decided[who, action] += len(plan.steps)
    for mishap in mishaps:
        mturk.trouble(*mishap)
    sending.send(host, study_id(app), None)
    mturk.troubles.clear()
    reconcile.reconcile(host, study_id(app), None)
    assert ledger_says(app) == books_say(mturk)
    for _ in range(3):
        failed = [key for key, state in states(app).items() if state == "failed"]
        if try_again(study_id(app), failed, None):
            sending.send(host, study_id(app), None)
    reconcile.reconcile(host, study_id(app), None)
    assert "sent" not in states(app).values() and "intended" not in states(app).values()
    assert ledger_says(app) == books_say(mturk)
    for who, worker in enumerate(workers):
        theirs = [p for p in mturk.api.books if p.worker == worker]
        for sort, action in (("reward", "approve"), ("bonus", "bonus")):
            paid = [p.cents for p in theirs if p.sort == sort]
            assert len(paid) == decided[who, action], f"{action}: as often as it was decided"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_assignment_pays_the_part_that_it_was_accepted_for(
    app: Flask, mturk: LocalMTurk, host: Host, settings: Settings
) -> None:
    part = {"after_days": 1, "phases": {"test": 1}, "reward": 0.4}
    open_on_mturk(app, settings.studies / "parts", part=[part])
    budget.set_budget(study_id(app), 1_000_000, "USD", None)
    (first,) = people(app, mturk, host, "A1", study="parts")
    row = rows(app, models.Session, id=first)[0]
    change(app, models.Session, {"ended_at": row["ended_at"] - 36 * 3_600_000}, id=first)
    (hit,) = create_hit(host, "parts", 2, part=2)
    host.recruiter(frozen(row["version_id"]), "mturk").invite(host, "parts", 2, "", ["A1"])
    accepted = mturk.site.accept("A1", hit.id)
    walker = Walker(app.test_client(), "parts").start(**mturk.site.entry(accepted), part="2")
    # The host knows by their ids which HIT belongs to which part, whatever the address says.
    for entry in (
        mturk.site.entry(accepted),
        {**mturk.site.entry(mturk.api.assignments[0]), "part": "2"},
    ):
        assert error_code(Walker(app.test_client(), "parts").arrive(**entry)) == "not_eligible"
    walker.finish()
    mturk.site.submit(accepted, walker.state["content"]["exit"]["fields"])
    second = rows(app, models.Session)[-1]["id"]
    for _ in range(2):
        decide(app, host, [second, first], "approve")
        mturk.trouble("drop-after", "ApproveAssignment")
        sending.send(host, study_id(app), None)
        mturk.troubles.clear()
        reconcile.reconcile(host, study_id(app), None)
    assert ledger_says(app) == books_say(mturk) == [("approve", 40), ("approve", REWARD)]
