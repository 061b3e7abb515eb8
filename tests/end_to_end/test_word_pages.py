"""Point and caption in a browser: by click, touch, keys and typing, on both sizes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.described_studies import caption_study, point_study
from support.rows import stored
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ((1280, 800), (390, 844))
SENTENCE = {"task": {"input": "sentence", "words": None, "question": "What does it show?"}}
LAID_OUT = """
() => {
  const box = (e) => e.getBoundingClientRect();
  const parts = [...document.querySelectorAll('.judgement button, .judgement textarea')];
  return {
    image: box(document.querySelector('.judgement img')).width,
    sideways: document.documentElement.scrollWidth - innerWidth,
    below: Math.max(...parts.map((e) => box(e).bottom)) - innerHeight,
    least: Math.min(...[...document.querySelectorAll('.caption-word, .judgement-choice')]
      .map((e) => box(e).height), 48),
  };
}
"""


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    point_study(folder / "where")
    caption_study(folder / "ticked")
    caption_study(folder / "written", changes=SENTENCE)
    return folder


def looked_at(page: Page, name: str) -> None:
    found = page.evaluate(LAID_OUT)
    assert found["image"] >= 120 and found["least"] >= 48, (name, found)
    assert found["sideways"] <= 0 and found["below"] <= 0, (name, found)
    if folder := os.environ.get("JUDGEMENT_SCREENSHOTS"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=f"{folder}/{name}-{width}.png")


def point(page: Page, visitor: Visitor) -> None:
    visitor.until("point-absent")
    looked_at(page, "point")
    area = page.get_by_test_id("point-area")
    box = area.bounding_box()
    assert box is not None
    if page.viewport_size and page.viewport_size["width"] < 600:
        page.touchscreen.tap(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    else:
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        looked_at(page, "point-ring")
        page.keyboard.press("Enter")
    page.get_by_test_id("verdict").wait_for()
    looked_at(page, "point-verdict")


def write(page: Page, visitor: Visitor) -> None:
    visitor.until("caption-submit")
    visitor.press("caption-submit")
    page.get_by_test_id("caption-fault").wait_for()
    looked_at(page, "caption-fault")
    page.get_by_test_id("caption").fill("a circle and a square")
    looked_at(page, "caption")
    page.get_by_test_id("caption").press("Enter")


def tick(page: Page, visitor: Visitor) -> None:
    visitor.until("caption-submit")
    page.get_by_text("square", exact=True).click()
    looked_at(page, "ticked")
    visitor.press("caption-submit")
    page.get_by_test_id("verdict").wait_for()
    looked_at(page, "ticked-verdict")


def first_place(answer: dict[str, object]) -> bool:
    return abs(float(str(answer["x"])) - 0.4) < 0.02 and abs(float(str(answer["y"])) - 0.5) < 0.02


@pytest.mark.parametrize(
    ("study", "act", "fits"),
    [
        ("where", point, first_place),
        ("written", write, lambda answer: answer == {"text": "a circle and a square"}),
        ("ticked", tick, lambda answer: answer == {"words": ["square"]}),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_study_on_a_computer_and_on_a_phone(
    live_server: LiveServer,
    browser: Browser,
    settings: Settings,
    study: str,
    act: Callable[[Page, Visitor], None],
    fits: Callable[[dict[str, object]], bool],
) -> None:
    for session, (width, height) in enumerate(SIZES, 1):
        small = width < 600
        viewport = {"width": width, "height": height}
        context = browser.new_context(
            viewport=viewport, screen=viewport, has_touch=small, is_mobile=small
        )
        page = context.new_page()
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/{study}?participant=w{width}")
        act(page, visitor)
        visitor.wait(lambda seen=visitor: bool(seen.acknowledged))
        if study == "where":
            assert visitor.to_the_end() == "end-completed"
        answers = [answer for who, _, answer in stored(settings) if who == session]
        first = {name: value for name, value in answers[0].items() if value is not None}
        assert fits(first), first
        context.close()
