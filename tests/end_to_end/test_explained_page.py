"""Feedback that explains, in a browser: on a computer and on a phone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from support.explained_study import KINDS, write_explained
from support.rows import stored
from support.servers import LiveServer
from support.visitor import Visitor
from support.walker import label_of, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.models import Session

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
    return folder


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
            context = browser.new_context(
                viewport={"width": width, "height": height},
                screen={"width": width, "height": height},
                has_touch=small,
                is_mobile=small,
            )
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
