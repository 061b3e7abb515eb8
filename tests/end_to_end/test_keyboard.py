"""The whole way with the keyboard alone, and always a visible focus."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page
from support.servers import LiveServer
from support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_FOCUSED = "() => document.activeElement?.dataset?.testid ?? ''"
# Whether the focused element looks different from the same element without focus.
_VISIBLE = """
() => {
  const e = document.activeElement;
  const look = () => {
    const s = getComputedStyle(e);
    return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor].join();
  };
  const focused = look();
  e.blur();
  const blurred = look();
  e.focus();
  return focused !== blurred;
}
"""


class Typist(Visitor):
    """A visitor without a mouse."""

    def press(self, name: str) -> None:
        for _ in range(40):
            if self.page.evaluate(_FOCUSED) == name:
                assert self.page.evaluate(_VISIBLE), f"the focus on {name} can't be seen"
                self.page.keyboard.press("Enter")
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{name} can't be reached with Tab")

    def answer(self, what: str, number: int = 0) -> None:
        keys = self.page.keyboard
        if what == "choose":
            keys.press({"top": "ArrowUp", "bottom": "ArrowDown"}[self.redder()])
            keys.press(str(1 + number % 3))
            return
        keys.press("1")
        keys.press("Backspace")
        keys.press("2")
        keys.press("1")
        keys.press("Enter")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("study", ["tiny_2afc", pytest.param("tiny", marks=pytest.mark.exhaustive)])
def test_a_study_can_be_taken_without_a_mouse(
    study: str, live_server: LiveServer, page: Page
) -> None:
    page.goto(f"{live_server.url}/s/{study}")
    typist = Typist(page)
    assert typist.to_the_end() == "end-completed"
    if study == "tiny":
        order = {tuple(answer["ranking"]) for answer in typist.answers.values()}
        assert len(order) == 1, "the classes keep their keys for the whole session"
    else:
        assert len(typist.answers) == 7, "practice was right at once: the keys did what they say"
        assert len({answer["confidence"] for answer in typist.answers.values()}) > 1


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.exhaustive
def test_it_is_usable_at_200_percent_zoom(live_server: LiveServer, browser: Browser) -> None:
    """A laptop's screen with twice as large letters: half as many CSS pixels, nothing cut off."""
    context = browser.new_context(
        viewport={"width": 683, "height": 384}, device_scale_factor=2, has_touch=False
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/s/tiny")
    page.get_by_test_id("keep-zoom").click()
    visitor = Visitor(page)
    for number in range(60):
        done = visitor.step(number)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px stand out sideways at: {visitor.text()[:80]!r}"
        if done.startswith("end-"):
            break
    assert done == "end-completed"
    context.close()
