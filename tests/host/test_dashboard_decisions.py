"""Decisions in the browser: previewed, confirmed, carried out once, by whoever may."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.dashboard import Researcher, researcher, study_id
from support.local_prolific import TOKEN, LocalProlific, local_prolific
from support.tiny_studies import category_study
from support.walker import Walker, at_once, change, link, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.overview.sessions import decision_form
from diptych.payments import budget
from diptych.web.dashboard import decisions

TABLE = "/studies/tiny/participants"
DECISIONS = f"{TABLE}/decisions"
LONG = (
    "The task asked for the class of every disc; the same class was given to all of them at once."
)


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    """A local Prolific that offers the study."""
    with local_prolific() as server:
        server.study("study5f", 180)
        yield server


@pytest.fixture
def app(settings: Settings, prolific: LocalProlific, tmp_path: Path) -> Iterator[Flask]:
    """A host that knows the local Prolific, with the tiny study open."""
    known = settings.model_copy(update={"prolific_token": TOKEN, "prolific_api": prolific.url})
    made = create_app(known)
    folder = category_study(
        tmp_path / "studies" / "tiny",
        changes={"payment": {"currency": "GBP", "reward": 1.8, "bonus": {"per_correct": 0.1}}},
    )
    open_study(made, folder)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def people(app: Flask, prolific: LocalProlific) -> Callable[[int], list[Walker]]:
    """So many people who come from Prolific and complete the study."""

    def come(count: int) -> list[Walker]:
        found = []
        for number in range(count):
            entry = prolific.take("study5f", f"worker{number}")
            found.append(Walker(app.test_client(), "tiny").start(**entry).finish())
            prolific.complete(entry["SESSION_ID"])
        return found

    return come


def asked(who: Researcher, action: str, chosen: list[Walker], **more: Any) -> Any:
    """The preview of a decision about sessions that were ticked."""
    sessions = [walker.public_id for walker in chosen]
    return who.post(f"{DECISIONS}/preview", {"action": action, "session": sessions, **more})


def slip_of(page: Any) -> str:
    """What the form that confirms (the last one on the page) carries."""
    found = re.findall(r'name="slip" value="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[-1])


def filled(who: Researcher, page: Any, **fields: Any) -> Any:
    """The preview after its form was filled in."""
    return who.post(f"{DECISIONS}/preview", {"slip": slip_of(page), **fields})


def confirmed(who: Researcher, page: Any) -> Any:
    """What follows the confirmation."""
    return who.post(DECISIONS, {"slip": slip_of(page)}, follow_redirects=True)


def words(page: Any) -> str:
    """The page as it is read: no tags, single spaces."""
    plain = re.sub(r"<[^>]+>", " ", page.text)
    return re.sub(r"\s+", " ", html.unescape(plain))


def decided(app: Flask) -> list[tuple[str, str]]:
    """(action, session) of every decision."""
    names = {row["id"]: row["public_id"] for row in rows(app, models.Session)}
    return [(row["action"], names[row["session_id"]]) for row in rows(app, models.Decision)]


def test_approving_says_what_it_costs_and_does_it_once(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(3)
    editor = researcher(app, "editor")
    with app.app_context():
        budget.set_budget(study_id("tiny"), 1000, "GBP", None)
    page = asked(editor, "approve", chosen)
    text = words(page)
    assert "3 sessions will be approved" in text
    assert "£5.40" in text and "£10.00" in text and "£4.60" in text, "cost, budget, what is left"
    assert decided(app) == [], "a preview does nothing"
    first = confirmed(editor, page)
    assert "3 sessions approved." in first.text
    again = confirmed(editor, page)
    assert "Nothing was done twice" in again.text
    assert sorted(decided(app)) == sorted(("approve", w.public_id) for w in chosen)
    assert len(rows(app, models.LedgerEntry, state="intended")) == 3


def test_a_bonus_sent_twice_is_ordered_once_and_a_second_one_is_another_decision(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(2)
    owner = researcher(app, "owner")
    page = filled(owner, asked(owner, "bonus", chosen), by="amount", amount="0.50", message="ok")
    assert "£1.00" in words(page)
    confirmed(owner, page)
    confirmed(owner, page)
    assert [row["amount"] for row in rows(app, models.LedgerEntry)] == [50, 50]
    page = filled(owner, asked(owner, "bonus", chosen), by="amount", amount="0.50", message="ok")
    confirmed(owner, page)
    assert len(rows(app, models.LedgerEntry)) == 4


@pytest.mark.both_databases
def test_two_presses_at_the_same_moment_order_one_bonus(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(1)
    owner, twin = researcher(app, "owner"), researcher(app, "owner")
    page = filled(owner, asked(owner, "bonus", chosen), by="amount", amount="0.50")
    slip = slip_of(page)
    replies = at_once(
        [lambda who=who: who.post(DECISIONS, {"slip": slip}) for who in (owner, twin)]
    )
    assert all(reply.status_code in (200, 302) for reply in replies)
    assert len(rows(app, models.LedgerEntry)) == 1
    assert len(rows(app, models.Decision)) == 1


def test_a_bonus_by_the_rule_is_what_each_has_earned(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(4)
    owner = researcher(app, "owner")
    page = asked(owner, "bonus", chosen)
    assert "by the study's rule" in words(page)
    confirmed(owner, page)
    right = {row["id"]: row["n_correct"] for row in rows(app, models.Session)}
    ledger = {row["session_id"]: row["amount"] for row in rows(app, models.LedgerEntry)}
    assert ledger == {id_: 10 * n for id_, n in right.items() if n}


@pytest.mark.parametrize("first", [0, 1])
def test_what_changed_since_the_preview_is_shown_again_and_not_done(
    app: Flask, people: Callable[[int], list[Walker]], first: int
) -> None:
    chosen = people(3)
    one, other = researcher(app, "editor"), researcher(app, "editor", name="grace")
    page = asked(one, "approve", chosen)
    confirmed(other, asked(other, "approve", chosen[first : first + 1]))
    late = confirmed(one, page)
    assert "nothing was done" in words(late)
    assert "2 sessions will be approved" in words(late)
    assert "an earlier approval waits to be sent" in words(late)
    assert len(decided(app)) == 1
    assert "2 sessions approved." in confirmed(one, late).text


def test_rejecting_needs_reasons(app: Flask, people: Callable[[int], list[Walker]]) -> None:
    chosen = people(1)
    editor = researcher(app, "editor")
    first = asked(editor, "reject", chosen)
    assert "is not a reason" in words(first) and "Say why." not in words(first)
    short = filled(editor, first, message="bad work")
    assert "at least 100 characters; this text has 8" in words(short)
    assert "bad work" in short.text, "what was written is still there"
    assert f'action="/dashboard{DECISIONS}"' not in short.text, "nothing to confirm yet"
    confirmed(editor, short)
    assert decided(app) == [], "and a form that was not shown is not taken"
    page = filled(editor, short, message=LONG + " " * 40 + LONG[:40], category="LOW_EFFORT")
    confirmed(editor, page)
    (decision,) = rows(app, models.Decision)
    assert decision["action"] == "reject" and decision["detail"]["category"] == "LOW_EFFORT"


def test_asking_to_return_needs_a_reason_and_nothing_else(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(1)
    editor = researcher(app, "editor")
    page = filled(editor, asked(editor, "request_return", chosen), message="")
    assert "Say why." in words(page)
    confirmed(editor, filled(editor, page, message="The page failed to load."))
    assert [action for action, _ in decided(app)] == ["request_return"]


def test_amounts_are_refused_in_words(app: Flask, people: Callable[[int], list[Walker]]) -> None:
    chosen = people(1)
    owner = researcher(app, "owner")
    first = asked(owner, "screen_out", chosen)
    for given, complaint in (
        ("", "Enter an amount."),
        ("ten", "is not an amount"),
        ("0", "more than 0"),
        ("-1", "0 or more"),
        ("0.001", "too many decimal places for GBP"),
    ):
        page = filled(owner, first, amount=given)
        assert complaint in words(page), given
    assert "£0.30" in words(filled(owner, first, amount="0.30"))


def test_who_may_decide_what(app: Flask, people: Callable[[int], list[Walker]]) -> None:
    chosen = people(1)
    viewer, editor = researcher(app, "viewer"), researcher(app, "editor")
    assert asked(viewer, "exclude", chosen).status_code == 403
    assert "Approve" not in viewer.get(TABLE).text
    for action in ("bonus", "screen_out"):
        assert asked(editor, action, chosen).status_code == 403
        assert f'value="{action}"' not in editor.get(TABLE).text.split("<form")[-1]
    owner = researcher(app, "owner")
    page = filled(owner, asked(owner, "bonus", chosen), by="amount", amount="1")
    assert owner.post(DECISIONS, {"slip": slip_of(page), "csrf_token": "x"}).status_code == 403
    stolen = editor.post(DECISIONS, {"slip": slip_of(page)}, follow_redirects=True)
    assert "Another user" in html.unescape(stolen.text)
    assert decided(app) == []


def test_a_role_that_was_taken_away_confirms_nothing(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(1)
    owner = researcher(app, "owner")
    page = filled(owner, asked(owner, "bonus", chosen), by="amount", amount="1")
    researcher(app, "editor", name="owner")
    assert confirmed(owner, page).status_code == 403
    assert decided(app) == []


def test_all_that_match_are_decided_about(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    chosen = people(3)
    walking = Walker(app.test_client(), "tiny").start()
    editor = researcher(app, "editor")
    page = editor.post(
        f"{DECISIONS}/preview",
        {"action": "exclude", "scope": "all", "query": "status=completed", "session": []},
    )
    assert "3 sessions will be excluded" in words(page)
    assert "3 sessions excluded." in confirmed(editor, page).text
    assert {s for _, s in decided(app)} == {w.public_id for w in chosen}
    assert walking.public_id not in {s for _, s in decided(app)}
    assert all(row["excluded"] for row in rows(app, models.SessionResult))
    only = editor.get(f"{TABLE}?excluded=yes&status=completed")
    assert only.text.count("badge-bad") >= 3
    page = asked(editor, "include", chosen[:1])
    confirmed(editor, page)
    assert sum(row["excluded"] for row in rows(app, models.SessionResult)) == 2


def test_what_is_too_much_at_once_is_said(
    app: Flask, people: Callable[[int], list[Walker]], monkeypatch: pytest.MonkeyPatch
) -> None:
    people(3)
    monkeypatch.setattr(decision_form, "MOST_OWN", 2)
    editor = researcher(app, "editor")
    form = {"action": "exclude", "scope": "all", "query": ""}
    page = editor.post(f"{DECISIONS}/preview", form, follow_redirects=True)
    assert "More than 2 sessions" in page.text
    monkeypatch.setattr(decision_form, "MOST_OWN", 3)
    assert "3 sessions will be excluded" in words(editor.post(f"{DECISIONS}/preview", form))


def test_an_exclusion_in_several_transactions_is_one_decision(
    app: Flask, people: Callable[[int], list[Walker]], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = people(5)
    monkeypatch.setattr(decisions, "AT_A_TIME", 2)
    editor = researcher(app, "editor")
    done = confirmed(editor, asked(editor, "exclude", chosen))
    assert "5 sessions excluded." in done.text
    assert sorted(decided(app)) == sorted(("exclude", w.public_id) for w in chosen)
    assert all(row["counted"] == "all" for row in rows(app, models.SessionResult))


def test_who_is_left_out_and_why(app: Flask, people: Callable[[int], list[Walker]]) -> None:
    done = people(1)
    direct = Walker(app.test_client(), "tiny").start().finish()
    running = Walker(app.test_client(), "tiny").start(participant="x")
    simulated = Walker(app.test_client(), "tiny").start(**link(app, "simulate", "tiny")).finish()
    editor = researcher(app, "editor")
    page = asked(editor, "approve", [*done, direct, running, simulated])
    text = words(page)
    assert "1 session will be approved , of 4 chosen" in text
    assert "is simulated: nobody to pay" in text
    assert "is still under way" in text
    assert "has no platform that could be asked" in text
    assert text.index("Left out") < text.index("nobody to pay")


def test_nothing_chosen_is_said(app: Flask, people: Callable[[int], list[Walker]]) -> None:
    editor = researcher(app, "editor")
    for form in (
        {"action": "approve"},
        {"action": "sing", "session": ["a"]},
        {"action": "approve", "session": ["of-another-study"]},
        {"action": "approve", "scope": "all", "query": "status=asleep"},
    ):
        page = editor.post(f"{DECISIONS}/preview", form, follow_redirects=True)
        assert page.status_code == 200
        assert "message-warn" in page.text
    assert editor.get(f"{DECISIONS}/preview").status_code == 302


def test_sessions_of_another_study_are_out_of_reach(
    app: Flask, people: Callable[[int], list[Walker]], tmp_path: Path
) -> None:
    theirs = people(1)
    open_study(app, category_study(tmp_path / "studies" / "other"))
    mallory = researcher(app, "owner", "other", name="mallory")
    page = mallory.post(
        "/studies/other/participants/decisions/preview",
        {"action": "exclude", "session": [theirs[0].public_id]},
        follow_redirects=True,
    )
    assert "No session was selected" in page.text
    own = researcher(app, "editor")
    slip = slip_of(asked(own, "exclude", theirs))
    researcher(app, "editor", "other", name="editor")
    moved = own.post("/studies/other/participants/decisions", {"slip": slip}, follow_redirects=True)
    assert "Another user" in html.unescape(moved.text)
    assert decided(app) == []


def test_a_forged_or_old_slip_is_refused(
    app: Flask, people: Callable[[int], list[Walker]], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = people(1)
    editor = researcher(app, "editor")
    slip = slip_of(asked(editor, "exclude", chosen))
    forged = editor.post(DECISIONS, {"slip": slip[:-4] + "AAAA"}, follow_redirects=True)
    assert "was not made here" in forged.text
    monkeypatch.setattr(decision_form, "SLIP_S", -1)
    old = editor.post(DECISIONS, {"slip": slip}, follow_redirects=True)
    assert "older than an hour" in old.text
    assert decided(app) == []


def test_five_thousand_sessions_fit_a_form() -> None:
    ids = tuple(range(3, 1_000_000_000, 1_000_000_000 // decision_form.MOST))[: decision_form.MOST]
    slip = decision_form.Slip(1, 2, "approve", ids, message="ü" * 4000)
    text = decision_form.sealed(slip, b"secret")
    assert len(text) < 100_000
    assert decision_form.unsealed(text, b"secret", study_id=1, user_id=2) == slip


def test_the_log_names_who_and_what_and_pages(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    (ada,) = people(1)
    editor = researcher(app, "editor")
    for number in range(52):
        action = "include" if number % 2 else "exclude"
        page = asked(editor, action, [ada])
        confirmed(editor, filled(editor, page, message=f"note {number}"))
    viewer = researcher(app, "viewer")
    first = viewer.get(DECISIONS)
    assert "note 51" in first.text and "note 1<" not in first.text
    older = re.search(r'href="(/dashboard[^"]+before=\d+)"', first.text)
    assert older is not None
    assert "note 1<" in viewer.client.get(older[1]).text
    audit = [row["action"] for row in rows(app, models.AuditEntry)]
    assert audit.count("decision.exclude") == 26
    on_page = viewer.get(f"{TABLE}/{ada.public_id}")
    assert "note 51" in on_page.text and "editor" in on_page.text


def test_a_session_that_goes_on_after_the_preview_is_not_paid_unseen(
    app: Flask, people: Callable[[int], list[Walker]]
) -> None:
    (ada,) = people(1)
    editor = researcher(app, "editor")
    page = asked(editor, "approve", [ada])
    change(app, models.Session, {"status": "running"}, public_id=ada.public_id)
    late = confirmed(editor, page)
    assert "is still under way" in words(late)
    assert decided(app) == []
