"""An odd-one-out study in a browser: taken by mouse and keys, and laid out on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.rows import stored
from support.servers import LiveServer
from support.tiny_studies import odd_one_out_study
from support.visitor import Visitor

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LAID_OUT = """
() => {
  const box = (e) => e.getBoundingClientRect();
  const pictures = [...document.querySelectorAll('.odd-picture')].map(box);
  const bottoms = [...document.querySelectorAll('button')].map((e) => box(e).bottom);
  return {
    rows: new Set(pictures.map((each) => Math.round(each.top))).size,
    least: Math.min(...pictures.map((each) => each.width)),
    sideways: document.documentElement.scrollWidth - innerWidth,
    below: Math.max(...bottoms) - innerHeight,
  };
}
"""


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    odd_one_out_study(folder / "odd")
    return folder


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_odd_one_out_study_on_a_computer_and_on_a_phone(
    live_server: LiveServer, browser: Browser, settings: Settings
) -> None:
    for session, (width, height) in enumerate(((1280, 800), (390, 844)), 1):
        small = width < 600
        context = browser.new_context(
            viewport={"width": width, "height": height},
            screen={"width": width, "height": height},
            has_touch=small,
            is_mobile=small,
        )
        page = context.new_page()
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/odd?participant=w{width}")
        visitor.until("picture-1")
        before = visitor.images()
        found = page.evaluate(_LAID_OUT)
        assert found["rows"] == (3 if small else 1)
        assert found["least"] >= (160 if small else 300)
        assert found["sideways"] <= 0 and found["below"] <= 0

        page.reload()
        visitor.until("picture-1")
        assert visitor.images() == before  # the same trial in the same order
        if small:
            visitor.press("picture-3")
        else:
            page.keyboard.press("3")
        page.get_by_test_id("verdict").wait_for()
        after = page.evaluate(_LAID_OUT)
        assert (after["least"], after["sideways"]) == (found["least"], found["sideways"])
        assert after["below"] <= 0
        assert visitor.to_the_end() == "end-completed"
        answers = {index: answer for who, index, answer in stored(settings) if who == session}
        assert answers == visitor.answers and len(answers) == 6
        assert answers[0] == {"choice": 2}
        context.close()
