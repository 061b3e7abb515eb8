"""Comparison, estimation and identify in a browser: by keys, touch and typing, on both sizes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.judged_studies import LAID_OUT, assert_laid_out, write_each_judgement
from support.rows import stored
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ((1280, 800), (390, 844))


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    write_each_judgement(folder)
    return folder


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int]) -> Iterator[tuple[Page, Visitor]]:
    width, height = size
    small = width < 600
    viewport = {"width": width, "height": height}
    context = browser.new_context(
        viewport=viewport, screen=viewport, has_touch=small, is_mobile=small
    )
    page = context.new_page()
    visitor = Visitor(page)
    page.goto(f"{url}?participant=w{width}")
    yield page, visitor
    context.close()


def well_laid_out(page: Page, name: str) -> None:
    assert_laid_out(page.evaluate(LAID_OUT), name)
    picture(page, name)


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where somebody wants to look at it."""
    if folder := os.environ.get("JUDGEMENT_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")  # type: ignore[index]


def compare_beside(page: Page, visitor: Visitor) -> None:
    visitor.until("choice-left")
    well_laid_out(page, "beside")
    page.keyboard.press("j")
    page.get_by_test_id("verdict").wait_for()
    picture(page, "beside-verdict")


def compare_turns(page: Page, visitor: Visitor) -> None:
    visitor.until("choice-first")
    well_laid_out(page, "turns")
    visitor.press("choice-second")
    page.get_by_test_id("sure-3").wait_for()
    well_laid_out(page, "turns-sure")
    visitor.press("sure-3")


def estimate_typed(page: Page, visitor: Visitor) -> None:
    visitor.until("estimate-submit")
    box = page.get_by_test_id("estimate")
    for wrong in ("", "many", "41"):
        box.fill(wrong)
        visitor.press("estimate-submit")
        assert "from 0 to 40" in page.get_by_test_id("estimate-fault").inner_text()
        assert box.input_value() == wrong
    well_laid_out(page, "typed-fault")
    box.fill("7")
    box.press("Enter")
    page.get_by_test_id("verdict").wait_for()
    picture(page, "typed-verdict")


def estimate_slider(page: Page, visitor: Visitor) -> None:
    visitor.until("estimate-submit")
    well_laid_out(page, "slider-untouched")
    page.get_by_test_id("estimate").fill("7")
    well_laid_out(page, "slider")
    visitor.press("estimate-submit")


def identify(page: Page, visitor: Visitor) -> None:
    visitor.until("answer-1")
    well_laid_out(page, "what")
    if page.viewport_size and page.viewport_size["width"] < 600:
        visitor.press("answer-2")
    else:
        page.keyboard.press("t")


@pytest.mark.parametrize(
    ("study", "act", "first"),
    [
        ("beside", compare_beside, {"choice": "right"}),
        ("turns", compare_turns, {"choice": "second", "confidence": 3}),
        ("typed", estimate_typed, {"estimate": 7}),
        ("slider", estimate_slider, {"estimate": 7}),
        ("what", identify, {"choice": "take"}),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_study_on_a_computer_and_on_a_phone(
    live_server: LiveServer,
    browser: Browser,
    settings: Settings,
    study: str,
    act: Callable[[Page, Visitor], None],
    first: dict[str, object],
) -> None:
    for session, size in enumerate(SIZES, 1):
        with opened(browser, f"{live_server.url}/s/{study}", size) as (page, visitor):
            act(page, visitor)
            visitor.wait(lambda: bool(visitor.acknowledged))
            assert visitor.to_the_end() == "end-completed"
            answers = {
                index: {name: value for name, value in answer.items() if value is not None}
                for who, index, answer in stored(settings)
                if who == session
            }
            assert answers == visitor.answers and len(answers) >= 8
            assert answers[0] == first
