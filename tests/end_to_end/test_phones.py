"""Trials on a phone, with names as long as German ones get and in a language read leftwards.

Nothing runs out of its button or of the window, no class stands alone in a row, a trial fits the
screen, and left and right of a 2-AFC trial stay where the instructions say.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.servers import LiveServer
from support.tiny_studies import category_study, two_afc_study
from support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMES = {
    "de": ("Donaudampfschifffahrtsgesellschaft", "Rindfleischetikettierungsüberwacher", "Bär"),
    "he": ("חתול", "כלב", "ציפור"),
}
SIZES = ((390, 844), (375, 667))

_LAID_OUT = """
() => {
  const box = (e) => e.getBoundingClientRect();
  const buttons = [...document.querySelectorAll('.choice')];
  const rows = {};
  for (const each of buttons) rows[Math.round(box(each).top)] = (rows[Math.round(box(each).top)] || 0) + 1;
  return {
    sideways: document.documentElement.scrollWidth - innerWidth,
    below: Math.max(...[...document.querySelectorAll('button')].map((e) => box(e).bottom)) - innerHeight,
    out: buttons.filter((e) => {
      const name = e.querySelector('.choice-name');
      return name.scrollWidth > name.clientWidth || box(name).right > box(e).right || box(name).left < box(e).left;
    }).length,
    rows: Object.values(rows),
    picture: Math.min(...[...document.querySelectorAll('.cl-picture img')].map((e) => box(e).width)),
    direction: document.dir,
  };
}
"""  # noqa: E501


def studies(folder: Path, language: str) -> None:
    """Write a study of each task in a language, the first with class names of that language."""
    learn = category_study(folder / "learn", changes={"language": language, "task": {"rank": 3}})
    rows = list(csv.DictReader((learn / "stimuli.csv").open(encoding="utf-8")))
    named = dict(zip(sorted({row["label"] for row in rows}), NAMES[language], strict=True))
    with (learn / "stimuli.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "label": named[row["label"]]} for row in rows)
    two_afc_study(folder / "choose", changes={"language": language})


@pytest.fixture(params=["de", pytest.param("he", marks=pytest.mark.exhaustive)])
def language(request: pytest.FixtureRequest) -> str:
    code: str = request.param
    return code


@pytest.fixture
def studies_folder(tmp_path: Path, language: str) -> Path:
    folder = tmp_path / "studies"
    folder.mkdir()
    studies(folder, language)
    return folder


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_trial_fits_a_phone(live_server: LiveServer, browser: Browser, language: str) -> None:
    for width, height in SIZES:
        page = phone(browser, width, height)
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/learn?participant=w{width}")
        visitor.until("rank")
        found: dict[str, Any] = page.evaluate(_LAID_OUT)
        assert found["direction"] == ("rtl" if language == "he" else "ltr")
        assert found["sideways"] <= 0 and found["below"] <= 0 and found["out"] == 0
        assert len(set(found["rows"])) == 1, f"rows of {found['rows']} buttons"
        assert found["picture"] >= 120
        visitor.press(f"class-{visitor.classes()[0]}")
        visitor.answer("rank")
        page.get_by_test_id("verdict").wait_for()
        after: dict[str, Any] = page.evaluate(_LAID_OUT)
        assert after["sideways"] <= 0 and after["below"] <= 0
        assert after["picture"] == found["picture"]
        page.context.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("language", ["he"], indirect=True)
@pytest.mark.exhaustive
def test_left_stays_left_where_a_language_is_read_leftwards(
    live_server: LiveServer, browser: Browser, language: str
) -> None:
    for width, height in (*SIZES, (1280, 800)):
        page = phone(browser, width, height)
        visitor = Visitor(page)
        page.goto(f"{live_server.url}/s/choose?participant=w{width}")
        visitor.until("choose")
        left, right = (
            page.locator(f".afc-{side} .afc-grid").bounding_box()
            for side in ("negative", "positive")
        )
        assert left and right and left["x"] < right["x"]
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.context.close()


def phone(browser: Browser, width: int, height: int) -> Page:
    """A page of a device with nothing but a touch screen, where it is narrow."""
    small = width < 600
    return browser.new_context(
        viewport={"width": width, "height": height},
        screen={"width": width, "height": height},
        has_touch=small,
        is_mobile=small,
    ).new_page()


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("language", ["de"], indirect=True)
def test_a_phone_on_its_side_is_asked_to_be_turned(
    live_server: LiveServer, browser: Browser, language: str
) -> None:
    page = phone(browser, 390, 844)
    page.goto(f"{live_server.url}/s/learn?participant=turned")
    page.get_by_test_id("consent-agree").wait_for()
    page.set_viewport_size({"width": 844, "height": 390})
    fault = page.get_by_test_id("screen-fault")
    fault.wait_for()
    assert "Tiny creatures" in fault.inner_text() and "hochkant" in fault.inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    fault.wait_for(state="detached")
    page.context.close()
