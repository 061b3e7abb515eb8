"""What explained a wrong answer, on a session's page and in a preview."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from support.dashboard import researcher
from support.explained_study import KINDS, write_explained
from support.inspection import axe_faults, listening, settle, too_wide
from support.servers import LiveServer
from support.walker import Walker, label_of, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Session
from diptych.web.dashboard.access import COOKIE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = ((1280, 900), (390, 844))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """A study per kind of explanation."""
    for kind in KINDS:
        write_explained(tmp_path / "studies" / kind, kind)
    return tmp_path / "studies"


def photograph(page: Page, name: str) -> None:
    """Keep a picture of a page where DIPTYCH_SCREENSHOTS names a folder."""
    if shots := os.environ.get("DIPTYCH_SCREENSHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_session_and_a_preview_show_what_explained(
    live_server: LiveServer, browser: Browser, settings: Settings
) -> None:
    app = create_app(settings)
    client = [researcher(app, "owner", kind) for kind in KINDS][-1].client
    names = {}
    for kind in KINDS:
        walker = Walker(app.test_client(), kind).start(participant="ada")
        label = label_of(app, rows(app, Session)[-1]["id"], 0)
        wrong = [name for name in walker.trial["show"]["classes"] if name != label]
        walker.answer({"ranking": wrong})
        walker.finish()
        names[kind] = walker.public_id
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    for width, height in SIZES:
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": live_server.url}])
            page = context.new_page()
            for kind in KINDS:
                base = f"{live_server.url}/dashboard/studies/{kind}"
                for place, address in (
                    ("session", f"{base}/participants/{names[kind]}"),
                    ("preview", f"{base}/versions/preview"),
                ):
                    with listening(page) as heard:
                        page.goto(address)
                        for closed in page.locator("details.explained").all():
                            closed.locator("summary").press("Enter")
                        expect(page.locator(".explained").first).to_be_visible()
                        settle(page)
                        photograph(page, f"{place}-{kind}-{width}-{scheme}")
                    assert heard + axe_faults(page) + too_wide(page) == []
                    first = page.locator(".explained").first
                    images = {"contrast": 18, "grid": 9, "mask": 2}[kind]
                    assert first.locator(".explained-images img").count() == images
            context.close()
