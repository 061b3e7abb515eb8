"""Sessions found, looked at and decided about in a real browser, with the keyboard alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.dashboard import Researcher, researcher
from support.inspection import axe_faults, listening, settle, too_wide
from support.servers import LiveServer
from support.walker import Walker, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.web.dashboard.access import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
TABLE = "/dashboard/studies/tiny/participants"
FOCUSED = """() => {
  const e = document.activeElement;
  return [e.tagName, e.name ?? "", e.value ?? "", e.textContent.trim().slice(0, 60)].join("|");
}"""


class Seen:
    """A host with sessions, a researcher's browser, and what stands in the database."""

    def __init__(self, settings: Settings, server: LiveServer, role: str = "owner") -> None:
        self.app = create_app(settings)
        self.server = server
        self.walkers = [self._walk(f"person{n}", stop=3 if n == 0 else None) for n in range(6)]
        self.who: Researcher = researcher(self.app, role)

    def _walk(self, name: str, stop: int | None) -> Walker:
        ids = {"PROLIFIC_PID": name, "STUDY_ID": "place1", "SESSION_ID": f"sub{name}"}
        walker = Walker(self.app.test_client(), "tiny").start(**ids)
        if stop is None:
            return walker.finish()
        return walker.trials(most=stop)

    def log_in(self, context: BrowserContext) -> None:
        """Give a browser the researcher's cookie."""
        cookie = self.who.client.get_cookie(COOKIE)
        assert cookie is not None
        context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": self.server.url}])

    def excluded(self) -> set[str]:
        """Public ids of the sessions that stand excluded."""
        names = {row["id"]: row["public_id"] for row in rows(self.app, models.Session)}
        results = rows(self.app, models.SessionResult)
        return {names[row["session_id"]] for row in results if row["excluded"]}


@pytest.fixture
def seen(live_server: LiveServer, settings: Settings) -> Seen:
    """Five who have completed the study, and one who is under way."""
    return Seen(settings, live_server)


@pytest.fixture
def desk(seen: Seen, context: BrowserContext) -> Iterator[Page]:
    """The researcher's page; whatever it does, no error may be logged."""
    seen.log_in(context)
    page = context.new_page()
    with listening(page) as heard:
        yield page
    assert heard == []


def tab_to(page: Page, wanted: str, most: int = 120) -> None:
    """Press Tab until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.search(wanted, page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"{wanted!r} can't be reached with Tab")


def shown(page: Page) -> list[str]:
    """Beginnings of the ids of the sessions in the table, in order."""
    found: list[str] = page.locator("#sessions tbody th a").evaluate_all(
        "all => all.map((a) => a.getAttribute('href').split('/').pop())"
    )
    return found


@pytest.mark.exhaustive
def test_a_session_is_found_while_typing(seen: Seen, desk: Page) -> None:
    wanted = seen.walkers[2].public_id
    desk.goto(seen.server.url + TABLE)
    assert len(shown(desk)) == 6
    tab_to(desk, r"^INPUT\|search")
    desk.keyboard.type(wanted[:10])
    # The address says what is shown; fewer characters may have shown as much before.
    expect(desk).to_have_url(re.compile(f"search={wanted[:10]}"))
    expect(desk.locator("#sessions tbody tr")).to_have_count(1)
    assert shown(desk) == [wanted]
    assert "search" in desk.evaluate(FOCUSED), "the typing goes on where it was"
    for _ in range(10):
        desk.keyboard.press("Backspace")
    expect(desk).to_have_url(re.compile("/participants$"))
    expect(desk.locator("#sessions tbody tr")).to_have_count(6)


@pytest.mark.exhaustive
def test_the_table_is_sorted_narrowed_and_left_by_keyboard(seen: Seen, desk: Page) -> None:
    desk.goto(seen.server.url + TABLE)
    newest = shown(desk)
    tab_to(desk, r"^A\|.*Entered")
    desk.keyboard.press("Enter")
    expect(desk.locator("th[aria-sort=ascending]")).to_contain_text("Entered")
    assert shown(desk) == newest[::-1]
    tab_to(desk, r"^A\|.*Score")
    desk.keyboard.press("Enter")
    expect(desk.locator("th[aria-sort=descending]")).to_contain_text("Score")
    assert shown(desk)[-1] == seen.walkers[0].public_id, "without a score last"
    desk.get_by_label("Status").select_option("running")
    expect(desk.locator("#sessions tbody tr")).to_have_count(1)
    expect(desk).to_have_url(re.compile("(?=.*sort=score)(?=.*status=running)"))
    desk.go_back()
    expect(desk.locator("#sessions tbody tr")).to_have_count(6)
    expect(desk.locator("th[aria-sort=descending]")).to_contain_text("Score")
    tab_to(desk, r"^A\|.*[0-9a-f]{8}")
    desk.keyboard.press("Enter")
    expect(desk.locator("h1")).to_contain_text("Session")
    expect(desk.locator(".trial img").first).to_be_visible()
    drawn = desk.locator(".trial img").first.evaluate(
        "async (image) => { await image.decode(); return image.naturalWidth; }"
    )
    assert drawn == 32


def test_sessions_are_excluded_in_bulk_and_one_comes_back(seen: Seen, desk: Page) -> None:
    """Tick two, preview, confirm; then one of them from its own page."""
    desk.goto(seen.server.url + TABLE)
    ticked = shown(desk)[:2]
    for public_id in ticked:
        tab_to(desk, rf"^INPUT\|session\|{public_id}")
        desk.keyboard.press("Space")
    expect(desk.locator("[data-count]")).to_have_text("2 chosen")
    desk.locator("#action").select_option("exclude")
    desk.locator("#action").focus()
    tab_to(desk, r"^BUTTON\|.*Preview")
    desk.keyboard.press("Enter")
    expect(desk.locator(".lead")).to_contain_text("2 sessions will be excluded")
    assert seen.excluded() == set(), "a preview does nothing"
    tab_to(desk, r"^BUTTON\|.*Exclude from results: 2 sessions")
    desk.keyboard.press("Enter")
    expect(desk.locator(".message-good")).to_contain_text("2 sessions excluded.")
    assert seen.excluded() == set(ticked)
    desk.reload()
    assert len(rows(seen.app, models.Decision)) == 2, "loading the page again decides nothing"
    desk.goto(f"{seen.server.url}{TABLE}/{ticked[0]}")
    expect(desk.locator(".stats")).to_contain_text("excluded")
    desk.locator("#action").select_option("include")
    desk.get_by_role("button", name="Preview…").press("Enter")
    desk.get_by_role("button", name="Include again: 1 session").press("Enter")
    expect(desk.locator(".message-good")).to_contain_text("1 session included again.")
    assert seen.excluded() == set(ticked[1:])


@pytest.mark.exhaustive
def test_a_double_press_decides_once(seen: Seen, desk: Page) -> None:
    desk.goto(seen.server.url + TABLE)
    desk.locator("input[name=scope][value=all]").check()
    desk.locator("#action").select_option("exclude")
    desk.get_by_role("button", name="Preview…").click()
    desk.get_by_role("button", name="Exclude from results").dblclick()
    desk.wait_for_url("**/decisions")
    expect(desk.locator(".message").first).to_be_visible()
    assert len(rows(seen.app, models.Decision)) == 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.exhaustive
def test_the_pages_of_a_decision_hold_what_a_visitor_may_expect(
    seen: Seen,
    browser: Browser,
    scheme: Literal["light", "dark"],
) -> None:
    """Every sort of decision, wide and narrow: reachable, labelled, nothing sticks out."""
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    seen.log_in(context)
    page = context.new_page()
    shots = os.environ.get("DIPTYCH_SCREENSHOTS")
    wrong: list[str] = []
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 860})
        page.goto(seen.server.url + TABLE)
        actions: list[Any] = page.locator("#action option").evaluate_all(
            "all => all.map((option) => option.value)"
        )
        assert {"approve", "reject", "request_return", "screen_out", "bonus"} <= set(actions)
        for action in actions:
            page.goto(seen.server.url + TABLE)
            page.locator("input[name=scope][value=all]").check()
            page.locator("#action").select_option(action)
            with listening(page) as heard:
                page.get_by_role("button", name="Preview…").click()
                expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
                settle(page)
            faults = heard + axe_faults(page) + [f"sticks out: {w}" for w in too_wide(page)]
            wrong += [f"{action} ({width}, {scheme}): {fault}" for fault in faults]
            if shots:
                folder = Path(shots) / ("wide" if width > 400 else "narrow") / scheme
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / f"decision-{action}.png", full_page=True)
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.exhaustive
def test_a_narrow_table_is_made_of_cards(seen: Seen, desk: Page) -> None:
    desk.set_viewport_size({"width": 400, "height": 860})
    desk.goto(seen.server.url + TABLE)
    row = desk.locator("#sessions tbody tr").first
    assert row.evaluate("e => getComputedStyle(e).display") == "grid"
    label = row.locator("td[data-label=Score]")
    assert label.evaluate("e => getComputedStyle(e, '::before').content") == '"Score"'
    box = row.bounding_box()
    assert box is not None and box["width"] <= 400
    assert too_wide(desk) == []
