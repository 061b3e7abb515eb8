"""A whole day on Mechanical Turk: HIT, workers, decisions, money, and books that agree to the cent.

MTurk is a local server with books of its own, spoken to by boto3; its pages hold the study in a
frame of another origin. The researcher and one worker sit at a real browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from support import mturk_credentials
from support.dashboard import researcher
from support.inspection import listening
from support.local_mturk import LocalMTurk
from support.mturk_study import REWARD, mturk_settings, open_on_mturk, take
from support.servers import LiveServer
from support.visitor import in_the_frame
from support.walker import Walker, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.web.dashboard.access import COOKIE

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
STUDY = "/dashboard/studies/tiny"
BASE, PER_CORRECT = 10, 7  # cents of bonus


@pytest.fixture
def mturk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalMTurk]:
    mturk_credentials.use(monkeypatch, tmp_path)
    server = LocalMTurk(host="localhost")  # the study is at 127.0.0.1: another site
    yield server
    server.stop()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, mturk: LocalMTurk) -> Settings:
    return mturk_settings(database_url, tmp_path, mturk, payment_grace_minutes=0)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The same host within the test, for workers who come over the API."""
    made = create_app(settings)
    bonus = {"bonus": {"base": BASE / 100, "per_correct": PER_CORRECT / 100}}
    open_on_mturk(made, settings.studies / "tiny", payment=bonus)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def server(app: Flask, settings: Settings, mturk: LocalMTurk) -> Iterator[LiveServer]:
    made = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
            "DIPTYCH_MTURK_ENDPOINT": mturk.url,
            "DIPTYCH_MTURK_EXTRA_ORIGINS": mturk.url,
            "DIPTYCH_PAYMENT_GRACE_MINUTES": "0",
        },
        settings.home.parent / "server.log",
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(app: Flask, server: LiveServer, context: BrowserContext) -> Iterator[Page]:
    """The researcher's page; whatever it does, no error may be logged."""
    cookie = researcher(app, "owner").client.get_cookie(COOKIE)
    assert cookie is not None
    context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": server.url}])
    page = context.new_page()
    with listening(page) as heard:
        yield page
    assert heard == []


def at_mturk(context: BrowserContext, mturk: LocalMTurk, hit: str, worker: str) -> Page:
    """The page of a HIT, as a worker sees it."""
    page = context.new_page()
    page.goto(f"{mturk.url}/hit?hit={hit}&worker={worker}")
    return page


def take_in_a_browser(context: BrowserContext, mturk: LocalMTurk, hit: str, worker: str) -> None:
    """Preview, accept, the whole study, submit."""
    page = at_mturk(context, mturk, hit, worker)
    preview = in_the_frame(page)
    assert preview.look() == "preview"
    assert "Accept" in preview.text()
    page.click("#accept")
    page.click("#on")
    visitor = in_the_frame(page)
    assert visitor.to_the_end() == "end-completed"
    visitor.press("exit")
    visitor.where.locator("#done").wait_for()
    page.close()


def make_hit(desk: Page, server: LiveServer, mturk: LocalMTurk, workers: int) -> str:
    """Offer the study from the dashboard; the HIT's id."""
    desk.goto(f"{server.url}{STUDY}/recruitment/mturk?assignments={workers}")
    expect(desk.get_by_role("main")).to_contain_text("sandbox")
    desk.get_by_role("button", name=re.compile("Make the HIT")).click()
    desk.wait_for_url(f"**{STUDY}/recruitment")
    (hit,) = mturk.api.hits
    expect(desk.get_by_role("main")).to_contain_text(hit)
    return hit


def decide(desk: Page, server: LiveServer, action: str, sessions: list[str], text: str = "") -> str:
    """Choose sessions in the table, preview, and confirm; the words of the preview."""
    desk.goto(f"{server.url}{STUDY}/participants")
    for session in sessions:
        desk.locator(f"input[name=session][value='{session}']").check()
    desk.locator("#action").select_option(action)
    desk.get_by_role("button", name="Preview…").click()
    if text:
        desk.locator("textarea[name=message]").fill(text)
        desk.get_by_role("button", name="Preview", exact=False).first.click()
    desk.locator("form[data-once] button").wait_for()
    words = desk.get_by_role("main").inner_text()
    desk.locator("form[data-once] button").click()
    desk.wait_for_url("**/decisions")
    return words


def ledger(app: Flask) -> list[tuple[str, str, int]]:
    """(worker, action, cents) of everything the ledger holds for paid."""
    workers = {row["participant_id"]: row["external_id"] for row in rows(app, models.Identity)}
    whose = {row["id"]: workers[row["participant_id"]] for row in rows(app, models.Session)}
    return sorted(
        (whose[row["session_id"]], row["action"], row["amount"])
        for row in rows(app, models.LedgerEntry)
        if row["state"] == "confirmed" and row["amount"]
    )


def books(mturk: LocalMTurk) -> list[tuple[str, str, int]]:
    """The same from MTurk's own books."""
    names = {"reward": "approve", "bonus": "bonus"}
    return sorted((p.worker, names[p.sort], p.cents) for p in mturk.api.books)


def sessions_of(app: Flask) -> dict[str, str]:
    """Worker -> public id of the session."""
    workers = {row["participant_id"]: row["external_id"] for row in rows(app, models.Identity)}
    found = rows(app, models.Session)
    return {workers[row["participant_id"]]: row["public_id"] for row in found}


def payments(desk: Page, server: LiveServer, button: str, query: str = "") -> str:
    """Press a button on the page of payments; what the page says then."""
    desk.goto(f"{server.url}{STUDY}/payments{query}")
    with desk.expect_navigation(timeout=60_000):
        desk.get_by_role("button", name=re.compile(button)).first.click()
    return desk.get_by_role("main").inner_text()


def states(app: Flask, action: str) -> list[str]:
    """Where each order of an action stands: the furthest state it has reached."""
    found: dict[str, list[str]] = {}
    for row in rows(app, models.LedgerEntry):
        if row["action"] == action:
            found.setdefault(row["key"], []).append(row["state"])
    order = ("confirmed", "failed", "sent", "intended")
    return [next(s for s in order if s in reached) for reached in found.values()]


def test_a_day_on_mechanical_turk(
    app: Flask, mturk: LocalMTurk, server: LiveServer, desk: Page, context: BrowserContext
) -> None:
    hit = make_hit(desk, server, mturk, 6)

    # Workers come: one in a browser, others over the API, one returns the HIT half-way.
    take_in_a_browser(context, mturk, hit, "ABROWSER")
    left = mturk.site.accept("ALEFT", hit)
    Walker(app.test_client()).start(**mturk.site.entry(left))
    mturk.site.give_back(left)
    others = ["AONE", "ATWO", "ATHREE", "AFOUR"]
    taken = [take(app, mturk, worker, hit) for worker in others]
    assert taken[0].id == left.id, "MTurk gives the id of what was returned to the next worker"

    # Whoever took part is no longer offered the HIT; another worker still is.
    page = at_mturk(context, mturk, hit, "ABROWSER")
    assert page.locator("#closed").count() == 1
    again = at_mturk(context, mturk, hit, "AFIVE")
    assert in_the_frame(again).look() == "preview"
    page.close()
    again.close()

    # The researcher sets a budget, and decides.
    desk.goto(f"{server.url}{STUDY}/payments")
    desk.locator("input[name=amount]").fill("50")
    desk.get_by_role("button", name="Set budget").click()
    expect(desk.get_by_role("main")).to_contain_text("50.00")
    known = sessions_of(app)
    good = [known[worker] for worker in ("ABROWSER", "AONE", "ATWO", "ATHREE")]
    words = decide(desk, server, "approve", good)
    assert "4 sessions will be" in words and "4.80" in words
    message = "Neither of the two checks that the instructions name was passed."
    decide(desk, server, "reject", [known["AFOUR"]], message)
    decide(desk, server, "bonus", good)
    assert mturk.api.books == [], "nothing is sent before somebody sends it"

    # While the bonuses are sent, the connection is cut twice: after MTurk acted, and before.
    mturk.trouble("drop-after", "SendBonus")
    mturk.trouble("drop", "SendBonus")
    mturk.trouble("500", "ListBonusPayments", times=10)
    assert "7 confirmed, 2 not settled yet" in payments(desk, server, "Send 9 orders")
    mturk.troubles.clear()
    assert states(app, "bonus").count("sent") == 2
    bonuses = [p for p in mturk.api.books if p.sort == "bonus"]
    assert len(bonuses) == 3, "one of the two was paid, and nobody here knows which"
    desk.goto(f"{server.url}{STUDY}/payments")
    expect(desk.get_by_role("button", name=re.compile("^Send"))).to_have_count(0)

    # Reconciling says what became of them; the one that failed is tried again.
    assert "1 confirmed, 1 failed" in payments(desk, server, "Reconcile")
    assert sorted(states(app, "bonus")) == ["confirmed"] * 3 + ["failed"]
    payments(desk, server, "Try again", "?state=failed")
    assert "1 confirmed" in payments(desk, server, "Send 1 order")
    assert "0 confirmed, 0 failed" in payments(desk, server, "Reconcile")
    assert "differences" not in desk.get_by_role("main").inner_text()

    # Every cent in the ledger is in MTurk's books, and the other way round.
    assert ledger(app) == books(mturk)
    right = {row["public_id"]: row["n_correct"] for row in rows(app, models.Session)}
    correct = {worker: right[session] for worker, session in known.items()}
    for worker in ("ABROWSER", "AONE", "ATWO", "ATHREE"):
        theirs = [(p.sort, p.cents) for p in mturk.api.books if p.worker == worker]
        assert sorted(theirs) == [
            ("bonus", BASE + PER_CORRECT * correct[worker]),
            ("reward", REWARD),
        ]
    assert [a.status for a in mturk.api.assignments if a.worker == "AFOUR"] == ["Rejected"]
    spent = sum(p.cents + p.fee for p in mturk.api.books)
    assert mturk.api.balance == 1_000_000 - spent
