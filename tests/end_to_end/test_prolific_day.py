"""A researcher's whole day on Prolific, in a browser: from the first log-in to the last penny.

Sixty simulated people come through Prolific's entry to the shipped study `greebles`, and are told
apart by the quality rules; decisions are made in bulk, bonuses paid through a local Prolific that
breaks the connection in the middle of paying, and in the end its own books agree with the ledger to
the penny.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.inspection import listening, settle
from support.local_prolific import TOKEN, LocalProlific, Submission, local_prolific
from support.rows import query
from support.servers import LiveServer

from diptych.ground.seal import Seal
from diptych.ground.settings import Settings
from diptych.simulation.entries import entry_of
from diptych.simulation.run import simulate

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
PLACE, REWARD = "study60", 180
CROWD = {"learner": 32, "guesser": 8, "bot": 8, "quitter": 6, "repeater": 6}
TEMPLATE = {"PROLIFIC_PID": "{person}", "STUDY_ID": PLACE, "SESSION_ID": "{visit}"}
BONUS = """
[payment.bonus]
per_correct = 0.03
"""
PASSWORD = "four unrelated words do"


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    with local_prolific() as server:
        server.study(PLACE, REWARD)
        yield server


@pytest.fixture
def day(settings: Settings, prolific: LocalProlific) -> Iterator[Day]:
    made = Day(settings, prolific)
    made.server.start()
    yield made
    made.server.stop()


class Day:
    """The host, the local Prolific, and who is going to come."""

    def __init__(self, settings: Settings, prolific: LocalProlific) -> None:
        self.settings, self.prolific = settings, prolific
        shipped = Path(__file__).parents[2] / "studies" / "greebles"
        self.folder = settings.studies / "greebles"
        shutil.copytree(shipped, self.folder)
        study = self.folder / "study.toml"
        text = study.read_text(encoding="utf-8")
        assert "[quality]" in text and "bonus" not in text
        study.write_text(text + BONUS, encoding="utf-8")
        self.log = settings.home.parent / "server.log"
        self.server = LiveServer(
            {
                "DIPTYCH_HOME": str(settings.home),
                "DIPTYCH_DATABASE_URL": settings.database_url,
                "DIPTYCH_STUDIES": str(settings.studies),
                "DIPTYCH_SECRET_KEY": settings.secret_key,
                "DIPTYCH_PROLIFIC_TOKEN": TOKEN,
                "DIPTYCH_PROLIFIC_API": prolific.url,
                "DIPTYCH_PAYMENT_GRACE_MINUTES": "0",
            },
            self.log,
        )
        self.server.diptych("study", "build", str(self.folder))
        self.failed: list[str] = []

    def first_link(self) -> str:
        """The one-time link that a first start prints."""
        found = re.search(r"http://\S+/dashboard/link/\S+", self.log.read_text())
        assert found, self.log.read_text()[-2000:]
        return found.group()

    def invite(self) -> None:
        """Everybody reserves a place on Prolific; some do it with a second account."""
        for kind, n in CROWD.items():
            for number in range(n):
                for account, take in ((0, 0), (1, 1)) if kind == "repeater" else ((0, 0),):
                    ids = entry_of(TEMPLATE, kind, number, account, take)
                    made = Submission(ids["SESSION_ID"], PLACE, ids["PROLIFIC_PID"])
                    made.reward = REWARD
                    self.prolific.submissions[made.id] = made

    def arrive(self, kinds: Sequence[str]) -> None:
        """Let all of these take the study, kind by kind."""
        for kind in kinds:
            done = simulate(
                self.server.url,
                self.folder,
                CROWD[kind],
                key="",
                observer=kind,
                run=kind,
                entry=TEMPLATE,
                concurrency=8,
            )
            self.failed += [f"{who}: {why}" for who, why in done.failed.items()]

    def go_back(self) -> None:
        """Whoever was given a completion code brings it to Prolific; the others return."""
        for submission, status in self.statuses().items():
            if status == "completed":
                self.prolific.complete(submission)
            else:
                self.prolific.submissions[submission].status = "RETURNED"

    def statuses(self) -> dict[str, str]:
        """Status of every session by its submission, as the host has it."""
        seal = Seal(self.settings.key_of_identities())
        rows = query(
            self.settings,
            "SELECT a.parameters, s.status FROM arrivals a JOIN sessions s ON s.id = a.session_id",
        )

        found = {}
        for sealed, status in rows:
            parts = json.loads(sealed) if isinstance(sealed, str) else sealed
            found[json.loads(seal.open(parts["sealed"]))["SESSION_ID"]] = status
        return found

    def ledger(self, action: str, state: str) -> list[int]:
        """Amounts of the orders of an action whose latest state it is."""
        rows = query(
            self.settings,
            "SELECT amount FROM ledger l WHERE id = (SELECT max(id) FROM ledger m WHERE "
            f"m.key = l.key) AND action = '{action}' AND state = '{state}'",
        )
        return [row[0] for row in rows]


class Desk:
    """The researcher at the browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.pictures = os.environ.get("DIPTYCH_SCREENSHOTS")

    def go(self, where: str) -> None:
        self.page.goto(f"{self.url}/dashboard/studies/greebles{where}")

    def look(self, name: str) -> None:
        """See the whole page before it is left; a screenshot, where they are wanted."""
        settle(self.page)
        if self.pictures:
            Path(self.pictures).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{self.pictures}/day-{name}.png", full_page=True)

    def decide(self, action: str, **filters: str) -> None:
        """Preview a decision about all sessions that match."""
        wanted = "&".join(f"{key}={value}" for key, value in filters.items())
        self.go(f"/participants?{wanted}")
        self.page.get_by_label(re.compile("^All .* that match")).check()
        self.page.get_by_label("What to decide").select_option(action)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Preview…").click()

    def confirm(self, button: str) -> str:
        """Carry out what was previewed; what the page says then."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=re.compile(button)).click()
        return self.page.locator("main").inner_text()


def test_a_whole_day(day: Day, page: Page) -> None:
    with listening(page) as heard:
        desk = Desk(page, day.server.url)
        _open_the_study(day, desk)
        _people_come(day, desk)
        _flags_are_raised(desk)
        _decisions_in_bulk(day, desk)
        _bonuses_through_a_broken_line(day, desk)
        _books_agree(day)
        _everything_is_exported(day, desk)
    assert heard == []


def _open_the_study(day: Day, desk: Desk) -> None:
    """The first log-in, by the link that the start has printed; then the study is let open."""
    page = desk.page
    page.goto(day.first_link())
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Studies", exact=True)).to_be_visible()
    desk.look("1-studies")
    page.get_by_role("link", name="greebles").click()
    page.get_by_text("Open to people").first.click()
    page.get_by_role("button", name="Open it").click()
    desk.go("")
    expect(page.locator("main")).to_contain_text("open")
    desk.go("/recruitment")
    expect(page.locator("input[value*='PROLIFIC_PID={{%PROLIFIC_PID%}}']")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("EXAMPLE1")  # not a code of Prolific's: it warns


def _people_come(day: Day, desk: Desk) -> None:
    """Sixty come while the live view is open; it moves, twice, without being loaded again."""
    day.invite()
    desk.go("/live")
    desk.look("2-live-empty")
    first, *others = CROWD
    for kinds in ([first], others):
        coming = threading.Thread(target=day.arrive, args=(kinds,))
        coming.start()
        while coming.is_alive():
            desk.page.wait_for_timeout(100)
        coming.join()
        assert not day.failed, day.failed[:3]
        completed = Counter(day.statuses().values())["completed"]
        expect(desk.page.locator(".stat-hint").first).to_have_text(f"{completed} completed")
    desk.look("3-live")
    assert completed >= CROWD["learner"] + CROWD["guesser"] + CROWD["bot"] + CROWD["repeater"]
    day.go_back()


def _flags_are_raised(desk: Desk) -> None:
    desk.go("/quality")
    desk.look("4-quality")
    flagged = desk.page.get_by_role("link", name=re.compile("sessions flagged by"))
    assert flagged.count() >= 2
    desk.go("/figures")
    desk.look("5-figures")


def _decisions_in_bulk(day: Day, desk: Desk) -> None:
    """Bots and guessers are excluded by a person; everybody else is approved, and sent."""
    desk.decide("exclude", flagged="yes", status="completed")
    desk.look("6-exclude")
    desk.confirm(r"^Exclude from results: \d+ sessions")
    excluded = query(day.settings, "SELECT count(*) FROM session_results WHERE excluded")[0][0]
    assert excluded >= CROWD["bot"]
    desk.go("/payments")
    desk.page.get_by_label("Largest cost of the study (GBP)").fill("500")
    desk.confirm("^Set budget")
    desk.decide("approve", excluded="no", status="completed")
    desk.look("7-approve")
    desk.confirm(r"^Approve and pay: \d+ sessions, £")
    desk.go("/payments")
    desk.confirm(r"^Send \d+ orders")
    desk.look("8-payments")
    approved = [s for s in day.prolific.submissions.values() if s.status == "APPROVED"]
    completed = Counter(day.statuses().values())["completed"]
    assert len(approved) == completed - excluded
    assert day.prolific.total() == REWARD * len(approved)


def _bonuses_through_a_broken_line(day: Day, desk: Desk) -> None:
    """The connection is cut after Prolific has paid, before it could say so."""
    desk.decide("bonus", decision="approve")
    desk.page.get_by_label("The bonus of each participant by the study's rule").check()
    desk.page.get_by_label("Reason, to the participants").fill("For your right answers.")
    desk.confirm("^Preview")
    desk.look("9-bonus")
    desk.confirm(r"^Pay a bonus: \d+ sessions, £")
    day.prolific.held = True  # as the real one it takes its time
    day.prolific.faults.append(("drop_after", r"POST /bulk-bonus-payments/.*/pay"))
    desk.go("/payments")
    desk.confirm(r"^Send \d+ orders")
    expect(desk.page.locator("main")).to_contain_text("in doubt")
    desk.look("10-in-doubt")
    assert not day.ledger("bonus", "confirmed")
    # Sending again, and looking too early, must pay nobody a second time.
    day.prolific.work()
    day.prolific.held = False
    if desk.page.get_by_role("button", name=re.compile(r"^Send \d+ order")).count():
        desk.confirm(r"^Send \d+ order")
    desk.confirm("^Reconcile")
    desk.look("11-reconciled")
    expect(desk.page.locator("main")).not_to_contain_text("in doubt.")


def _books_agree(day: Day) -> None:
    paid = Counter(
        {
            kind: sum(m for _, k, m in day.prolific.payments if k == kind)
            for kind in ("reward", "bonus")
        }
    )
    assert sum(day.ledger("approve", "confirmed")) == paid["reward"] > 0
    assert sum(day.ledger("bonus", "confirmed")) == paid["bonus"] > 0
    assert len(day.ledger("bonus", "confirmed")) == sum(
        1 for _, kind, _ in day.prolific.payments if kind == "bonus"
    )
    for submission in day.prolific.submissions.values():
        assert len(submission.bonus_payments) <= 1, "somebody was paid twice"
    for state in ("intended", "sent", "failed"):
        assert not day.ledger("bonus", state) and not day.ledger("approve", state)


def _everything_is_exported(day: Day, desk: Desk) -> None:
    """All sessions with their flags and decisions; ids in a file apart, which the log notes."""
    desk.go("/export")
    desk.page.get_by_label(re.compile("identities.csv")).check()
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name="Download zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        table = names["study-greebles_description-sessions_data.csv"]
        sessions = list(csv.DictReader(io.StringIO(archive.read(table).decode())))
        ids = list(csv.DictReader(io.StringIO(archive.read(names["identities.csv"]).decode())))
    assert len(sessions) == len(day.statuses())
    assert {row["platform_id"] for row in ids} == {
        s.participant for s in day.prolific.submissions.values() if s.id in day.statuses()
    }
    desk.go("/audit")
    expect(desk.page.locator("main")).to_contain_text("export")
    desk.look("12-audit")
