"""A study opened, looked at and closed in a real browser: by keyboard, wide and narrow."""

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
from support.tiny_studies import category_study
from support.walker import Walker, rows

from diptych import models
from diptych.app import create_app
from diptych.authoring import load_study
from diptych.ground.settings import Settings
from diptych.study.versions import freeze, study_state
from diptych.web.dashboard.access import COOKIE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
STUDY = "/dashboard/studies/tiny"
ON_MTURK = {
    "payment": {"currency": "USD", "reward": 1.20},
    "recruitment": {"recruiters": ["mturk"], "prolific": None},
}
SIZES = {"wide": (1280, 900), "narrow": (400, 860)}


class Lab:
    """A host whose study has three versions, with an administrator's browser.

    Also a study on MTurk, one with faults that nobody has opened, and one whose folder has changed.
    """

    def __init__(self, settings: Settings, server: LiveServer) -> None:
        self.app, self.server, self.settings = create_app(settings), server, settings
        self.who: Researcher = researcher(self.app, "admin", name="ada")
        Walker(self.app.test_client()).start().finish()
        folder = settings.studies / "tiny"
        lines = (folder / "stimuli.csv").read_text().splitlines()
        with self.app.app_context():
            (folder / "consent.md").write_text("# Consent\n\nYou may pause at any time.\n")
            (folder / "stimuli.csv").write_text("\n".join([lines[0], *lines[3:]]) + "\n")
            freeze(load_study(folder), opening=True)
            (folder / "half_way.md").write_text("# Half-way\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
            freeze(load_study(folder), opening=False)
            category_study(settings.studies / "on_mturk", changes=ON_MTURK)
            freeze(load_study(settings.studies / "on_mturk"), opening=True)
        category_study(settings.studies / "faulty", changes={"task": {"rank": 9}})
        (folder / "debrief.md").write_text("# Thank you\n\nThat was nearly all.\n")

    def log_in(self, context: BrowserContext) -> None:
        """Give a browser the administrator's cookie."""
        cookie = self.who.client.get_cookie(COOKIE)
        assert cookie is not None
        context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": self.server.url}])

    def state(self) -> str:
        """State of the study."""
        with self.app.app_context():
            return study_state("tiny")


@pytest.fixture
def lab(live_server: LiveServer, settings: Settings) -> Lab:
    return Lab(settings, live_server)


@pytest.fixture
def page(lab: Lab, browser: Browser) -> Iterator[Page]:
    """A browser that is logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    lab.log_in(context)
    made = context.new_page()
    yield made
    context.close()


def tab_to(page: Page, text: str, most: int = 60) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused: str = page.evaluate("document.activeElement.textContent.trim()")
        if focused.startswith(text):
            return
    raise AssertionError(f"{text} can't be reached by Tab")


@pytest.mark.exhaustive
def test_a_study_is_paused_and_closed_by_keyboard_alone(lab: Lab, page: Page) -> None:
    page.goto(f"{lab.server.url}/dashboard/studies")
    tab_to(page, "tiny")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tiny creatures")
    tab_to(page, "Pause")
    page.keyboard.press("Enter")
    expect(page.get_by_text("tiny is paused")).to_be_visible()
    assert lab.state() == "paused"
    tab_to(page, "Close")
    page.keyboard.press("Enter")
    assert lab.state() == "paused", "closing asks first"
    tab_to(page, "Close the study")
    page.keyboard.press("Enter")
    expect(page.get_by_text("tiny is closed")).to_be_visible()
    assert lab.state() == "closed"


def test_a_version_is_opened_after_a_look_at_what_changes(lab: Lab, page: Page) -> None:
    page.goto(f"{lab.server.url}{STUDY}/versions")
    page.get_by_role("link", name="New version from the folder").click()
    expect(page.locator("ins", has_text="nearly")).to_be_visible()
    page.get_by_text("Open to people").click()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("is open to people")).to_be_visible()
    page.goto(f"{lab.server.url}{STUDY}/versions")
    expect(page.get_by_role("row")).to_have_count(5)
    page.get_by_role("link", name=re.compile("What changed in")).first.click()
    expect(page.get_by_role("heading", name="debrief.md")).to_be_visible()


@pytest.mark.exhaustive
def test_links_are_copied_and_lead_where_they_should(lab: Lab, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{lab.server.url}{STUDY}/recruitment")
    page.get_by_role("button", name="Copy Study link for Prolific").click()
    expect(page.locator("#voice")).to_have_text("Copied.")
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("SESSION_ID={{%SESSION_ID%}}")
    page.goto(f"{lab.server.url}/dashboard/studies/on_mturk/recruitment")
    page.get_by_role("button", name="Copy the question").click()
    expect(page.locator("#voice")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("<ExternalQuestion xmlns=")
    assert copied.endswith("</ExternalQuestion>")


@pytest.mark.exhaustive
def test_the_preview_is_a_way_in_that_leaves_no_person(lab: Lab, page: Page) -> None:
    versions = rows(lab.app, models.StudyVersion)
    newest = max(
        (v for v in versions if v["study_id"] == versions[0]["study_id"]), key=lambda v: v["id"]
    )
    page.goto(f"{lab.server.url}{STUDY}/versions/preview?version={newest['content_hash'][:12]}")
    for picture in page.locator(".shown img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") == 32
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Take it yourself").click()
    expect(opened.value.get_by_text("You may pause at any time.")).to_be_visible()
    kinds = [row["kind"] for row in rows(lab.app, models.Session)]
    assert kinds == ["person", "preview"]


def addresses(lab: Lab) -> list[str]:
    """Pages as they look when there is something to say."""
    hashes = [row["content_hash"][:12] for row in rows(lab.app, models.StudyVersion)]
    first = hashes[0]
    return [
        "/dashboard/studies",
        STUDY,
        f"{STUDY}/versions",
        f"{STUDY}/versions/difference?old={first}",
        f"{STUDY}/versions/difference?old={first}&new={first}",
        f"{STUDY}/versions/preview?n=3",
        f"{STUDY}/versions/folder",
        f"{STUDY}/recruitment",
        "/dashboard/folders/faulty",
        "/dashboard/studies/on_mturk/recruitment",
        "/dashboard/studies/on_mturk/recruitment/mturk?assignments=30",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.exhaustive
def test_pages_that_have_something_to_say_hold_what_a_visitor_may_expect(
    lab: Lab,
    browser: Browser,
    scheme: Literal["light", "dark"],
) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    lab.log_in(context)
    page, wrong = context.new_page(), list[str]()
    for address in addresses(lab):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            with listening(page) as heard:
                page.goto(lab.server.url + address)
                settle(page)
            faults: list[Any] = heard + axe_faults(page)
            faults += [f"sticks out: {what}" for what in too_wide(page)]
            wrong += [f"{address} ({size}, {scheme}): {fault}" for fault in faults]
            if shots := os.environ.get("DIPTYCH_SCREENSHOTS"):
                name = re.sub(r"\W+", "-", address.removeprefix("/dashboard")).strip("-")
                folder = Path(shots) / size / scheme
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / f"said-{name}.png", full_page=True)
    context.close()
    assert not wrong, f"{len(wrong)} faults\n" + "\n".join(wrong)
