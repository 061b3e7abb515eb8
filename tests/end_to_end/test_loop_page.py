"""One participant over two days: a wrong answer is explained, and part 2 asks again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from support.four_arms import GAIN, SPEC, write_four_arms
from support.inspection import axe_faults, listening, settle, too_wide
from support.rows import query
from support.servers import LiveServer
from support.set_clock import DAY, later
from support.visitor import Visitor
from support.walker import label_of, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Session

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = ((1280, 800), (390, 844))
CHANGES = {
    "conditions": [{"name": "taught", "policy": GAIN}],
    "task": {**SPEC["task"], "explanation": "contrast", "rank": 2},  # type: ignore[dict-item]
    "phases": {"training": 8, "test": 2},
    "part": [{**SPEC["part"][0], "phases": {"test": 4}}],  # type: ignore[index]
}


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    write_four_arms(folder / "loop", changes=CHANGES)
    return folder


def photograph(page: Page, name: str) -> None:
    """Keep a picture of a page where DIPTYCH_SCREENSHOTS names a folder."""
    if shots := os.environ.get("DIPTYCH_SCREENSHOTS"):
        page.screenshot(path=Path(shots) / f"{name}.png", full_page=True)


def rank_first_two(page: Page) -> None:
    for key in ("1", "2", "Enter"):
        page.keyboard.press(key)


def learn(page: Page, visitor: Visitor, app: Flask, width: int) -> int:
    """Answer the training, every second time wrongly; returns how many answers were explained."""
    explained = 0
    for trial in range(8):
        visitor.until("rank")
        label = label_of(app, rows(app, Session)[-1]["id"], trial)
        visitor.rank_two(label, right=trial % 2 == 1)
        page.get_by_test_id("verdict").wait_for()
        page.get_by_test_id("continue").wait_for()
        wrong = page.locator(".cl-verdict.wrong").count()
        assert page.locator(".explained").count() == wrong
        if wrong and not explained:
            assert page.locator(".cl-grid img").count() == 18
            settle(page)
            photograph(page, f"loop-explained-{width}")
            assert axe_faults(page) + too_wide(page) == []
        explained += wrong
        visitor.press("continue")
    return explained


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_wrong_answer_is_explained_and_asked_again_after_a_day(
    live_server: LiveServer, browser: Browser, settings: Settings
) -> None:
    links, app = {}, create_app(settings)
    for width, height in SIZES:
        small = width < 600
        context = browser.new_context(
            viewport={"width": width, "height": height},
            screen={"width": width, "height": height},
            has_touch=small, is_mobile=small, locale="en-GB", timezone_id="Europe/Berlin",
        )  # fmt: skip
        page = context.new_page()
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/loop")
        with listening(page) as heard:
            assert learn(page, visitor, app, width) == 4
            assert visitor.to_the_end() == "end-completed"
            expect(page.get_by_test_id("next-part")).to_contain_text("You can start part 2 from")
            settle(page)
            photograph(page, f"loop-end-{width}")
        assert heard + axe_faults(page) + too_wide(page) == []
        address = page.get_by_test_id("open-part").get_attribute("href")
        assert address is not None
        links[width] = (context, page, address)

    live_server.stop()
    live_server.environment |= later(DAY + DAY // 4)
    live_server.start()
    for width, (context, page, address) in links.items():
        # The page's own clock goes with the host's.
        page.clock.install()
        page.clock.fast_forward((DAY + DAY // 4) * 1000)
        page.clock.resume()
        visitor = Visitor(page)
        page.goto(address)
        with listening(page) as heard:
            visitor.look()
            photograph(page, f"loop-part-2-{width}")
            visitor.until("rank")
            settle(page)
            photograph(page, f"loop-trial-2-{width}")
            rank_first_two(page)
            # A test without feedback: nothing is explained any more.
            visitor.wait(lambda visitor=visitor: len(visitor.acknowledged) == 1)  # type: ignore[misc]
            assert page.locator(".explained").count() == 0
            assert visitor.to_the_end() == "end-completed"
            settle(page)
            photograph(page, f"loop-end-2-{width}")
        assert heard + axe_faults(page) + too_wide(page) == []
        expect(page.get_by_test_id("next-part")).to_have_count(0)
        context.close()
    sessions = "SELECT part, status, count(*) FROM sessions GROUP BY part, status ORDER BY part"
    assert [tuple(row) for row in query(settings, sessions)] == [
        (1, "completed", 2), (2, "completed", 2),
    ]  # fmt: skip
