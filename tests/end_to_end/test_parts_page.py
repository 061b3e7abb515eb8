"""A study of two parts in a browser: its last page, the personal link, and the dashboard."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import create_engine, text
from support.dashboard import PASSWORD
from support.inspection import axe_faults, listening, settle, too_wide
from support.servers import LiveServer
from support.tiny_studies import category_study
from support.visitor import Visitor

from diptych.accounts import users
from diptych.app import create_app
from diptych.ground.database import writing
from diptych.ground.settings import Settings
from diptych.study.windows import DAY_MS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PART = {
    "after_days": 1, "window_days": 2, "phases": {"test": 2}, "items": "same",
    "recruitment": {"prolific": {"completed": "DONE2"}},
}  # fmt: skip


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    category_study(folder / "days", training=3, test=1, changes={"part": [PART]})
    return folder


def pass_days(settings: Settings, days: float) -> None:
    """Let days pass since the first parts ended."""
    engine = create_engine(settings.sqlalchemy_url)
    with engine.begin() as connection:
        moved = {"ms": round(days * DAY_MS)}
        connection.execute(text("UPDATE sessions SET ended_at = ended_at - :ms"), moved)
    engine.dispose()


def photograph(page: Page, name: str) -> None:
    """Keep a picture of a page where DIPTYCH_SCREENSHOTS names a folder."""
    if shots := os.environ.get("DIPTYCH_SCREENSHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_participant_comes_back_by_the_link_of_the_last_page(
    live_server: LiveServer, browser: Browser, settings: Settings
) -> None:
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/days")
    with listening(page) as heard:
        assert visitor.to_the_end() == "end-completed"
        told = page.get_by_test_id("next-part")
        expect(told).to_contain_text("You can start part 2 from")
        address = page.get_by_test_id("open-part").get_attribute("href")
        calendar = page.get_by_test_id("calendar").get_attribute("href")
        photograph(page, "parts-end")
    assert heard + axe_faults(page) + too_wide(page) == []
    assert address is not None and calendar is not None
    link = f"{live_server.url}{urlsplit(address).path}?{urlsplit(address).query}"
    file = page.request.get(
        f"{live_server.url}{urlsplit(calendar).path}?{urlsplit(calendar).query}"
    )
    assert file.text().startswith("BEGIN:VCALENDAR")

    page.goto(link)  # on the same day
    early = page.get_by_test_id("error-part_early")
    expect(early).to_contain_text("You can start this part from")
    photograph(page, "parts-early")
    pass_days(settings, 1.5)
    visitor = Visitor(page)  # who counts answers by their trials, which begin again
    page.goto(link)
    assert visitor.to_the_end() == "end-completed"
    expect(page.get_by_test_id("next-part")).to_have_count(0)
    page.goto(link)  # once more: the end again
    assert visitor.to_the_end() == "end-completed"
    context.close()

    with create_app(settings).app_context(), writing() as connection:
        hashed = users.password_hash(PASSWORD)
        users.insert_user(connection, "ada", hashed, is_admin=True)
    for width in (1280, 400):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{live_server.url}/dashboard/login")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/dashboard/studies")
        with listening(page) as heard:
            page.goto(f"{live_server.url}/dashboard/studies/days/parts")
            settle(page)
        expect(page.get_by_role("row", name="2 default 1")).to_contain_text("0 %")
        photograph(page, f"parts-dashboard-{width}")
        assert heard + axe_faults(page) + too_wide(page) == []
        context.close()
