"""Feedback that explains, in a browser: on a computer and on a phone."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.explained_study import KINDS, shown_places, write_explained, write_gap
from support.inspection import axe_faults, settle, too_wide
from support.rows import stored
from support.servers import LiveServer
from support.visitor import Visitor
from support.walker import label_of, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Session, Trial

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ((1280, 800), (390, 844))
_LAID_OUT = """
() => {
  const box = (e) => e.getBoundingClientRect();
  const cells = [...document.querySelectorAll('.cl-grid img')].map(box);
  const picture = box(document.querySelector('.cl-picture'));
  const all = [...document.querySelectorAll('.cl-picture, .cl-grid, button')]
    .filter((e) => e.getClientRects().length > 0);
  return {
    cells: cells.length,
    least: Math.min(picture.width, ...cells.map((each) => each.width)),
    square: Math.max(0, ...cells.map((each) => Math.abs(each.width - each.height))),
    sideways: document.documentElement.scrollWidth - innerWidth,
    below: Math.max(...all.map((e) => box(e).bottom)) - innerHeight,
    seen: [...document.querySelectorAll('.cl img')].every(
      (e) => e.naturalWidth > 0 && getComputedStyle(e).visibility === 'visible'),
    picture: { x: picture.x, y: picture.y, width: picture.width, height: picture.height },
  };
}
"""


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """A study per kind of explanation."""
    folder = tmp_path / "studies"
    for kind in KINDS:
        write_explained(folder / kind, kind)
    write_gap(folder / "gap")
    return folder


def _open(browser: Browser, width: int, height: int) -> BrowserContext:
    small = width < 600
    return browser.new_context(
        viewport={"width": width, "height": height},
        screen={"width": width, "height": height},
        has_touch=small,
        is_mobile=small,
    )


def _dark_edges(page: Page, box: dict[str, float], path: Path) -> float:
    """Mean brightness of the picture's inner frame over that of its middle, as it is painted."""
    page.screenshot(path=path, clip={k: float(v) for k, v in box.items()})  # type: ignore[arg-type]
    seen = np.asarray(Image.open(path).convert("L"), float)
    n = len(seen)
    edge = seen[n // 8 : n // 6, n // 4 : 3 * n // 4].mean()
    middle = seen[3 * n // 8 : 5 * n // 8, 3 * n // 8 : 5 * n // 8].mean()
    return float(edge / middle)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_wrong_answer_is_explained_on_a_computer_and_on_a_phone(
    live_server: LiveServer, browser: Browser, settings: Settings, tmp_path: Path
) -> None:
    app = create_app(settings)
    for width, height in SIZES:
        small = width < 600
        for kind in KINDS:
            context = _open(browser, width, height)
            page = context.new_page()
            visitor = Visitor(page)
            page.goto(f"{live_server.url}/s/{kind}?participant=w{width}")
            for trial in range(4):
                visitor.until("rank")
                right = trial % 2 == 1
                label = label_of(app, rows(app, Session)[-1]["id"], trial)
                visitor.rank_two(label, right=right)
                page.get_by_test_id("verdict").wait_for()
                page.get_by_test_id("continue").wait_for()
                found = page.evaluate(_LAID_OUT)
                is_wrong = page.locator(".cl-verdict.wrong").count() == 1
                assert is_wrong != right
                assert page.locator(".explained").count() == int(is_wrong)
                if is_wrong:
                    page.screenshot(path=tmp_path / f"{kind}-{width}.png")
                    assert found["cells"] == {"contrast": 18, "grid": 9, "mask": 0}[kind]
                    assert found["seen"] and found["square"] < 0.5
                    assert found["least"] >= (48 if small else 100)
                    assert found["sideways"] <= 0 and found["below"] <= 0
                    if kind == "mask":
                        shot = tmp_path / "picture.png"
                        assert _dark_edges(page, found["picture"], shot) < 0.8
                visitor.press("continue")
            assert visitor.to_the_end() == "end-completed"
            context.close()
    # Every answer that the page was told is stored: 6 sessions of 5 trials.
    assert len(stored(settings)) == len(SIZES) * 3 * 5


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_wrong_answer_is_explained_by_what_the_participant_does_not_see(
    live_server: LiveServer, browser: Browser, settings: Settings
) -> None:
    app, shots = create_app(settings), os.environ.get("DIPTYCH_SCREENSHOTS")
    for width, height in SIZES:
        context = _open(browser, width, height)
        page = context.new_page()
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/gap?participant=gap{width}")
        for trial in range(14):
            visitor.until("rank")
            session = rows(app, Session)[-1]["id"]
            stored = rows(app, Trial, session_id=session)[trial]["item"]["explanation"]
            # Guesses first, then knows the classes: so the tracer predicts the answers. The first
            # mistake after that is explained by a gap.
            known = 3 <= trial < 7 or (trial >= 7 and stored["kind"] != "gap")
            label = label_of(app, session, trial)
            with page.expect_response(re.compile("/response$")) as reply:
                visitor.rank_two(label, right=known)
            page.get_by_test_id("continue").wait_for()
            if trial >= 7 and not known:
                break
            visitor.press("continue")
        else:
            pytest.fail("no gap in 14 trials")
        expect(page.get_by_test_id("continue")).to_be_enabled()
        settle(page)
        if shots:
            page.screenshot(path=Path(shots) / f"explained-gap-{width}.png")
        found = page.evaluate(_LAID_OUT)
        assert found["cells"] == 18 and found["seen"] and found["square"] < 0.5
        assert found["least"] >= (48 if width < 600 else 100)
        assert found["sideways"] <= 0 and found["below"] <= 0
        assert axe_faults(page) + too_wide(page) == []
        # What the host chose: images of the true class, and of the one that was chosen instead.
        told = reply.value.json()["feedback"]["explanation"]
        assert told["kind"] == "gap"
        assert shown_places(app, told["images"]) == stored["own"]
        assert shown_places(app, told["other_images"]) in stored["others"].values()
        title = page.get_by_test_id("explanation-own").locator(".cl-side-title")
        expect(title).to_have_text(label)
        context.close()
