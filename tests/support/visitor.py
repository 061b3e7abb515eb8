"""Somebody at a real browser who takes a study, pressing what the page offers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Frame, Page, Response

# What a page may offer, in the order in which it is looked for.
WAYS_ON = (
    "consent-agree",
    "next",
    "comprehension-submit",
    "start",
    "notice-continue",
    "rank-submit",
    "top-1",
    "picture-1",
    "choice-left",
    "choice-first",
    "sure-2",
    "answer-1",
    "estimate-submit",
    "point-absent",
    "caption-submit",
    "continue",
    "feedback-submit",
    "finish",
)
_RESPONSE = re.compile(r"/api/v1/trials/(\d+)/response$")

# The first way on that can be pressed now; an answerable trial is `rank` or `choose`.
LOOK = """
(ways) => {
  const root = document.querySelector('#diptych');
  if (!root || root.querySelector('[inert]') || root.querySelector('[aria-busy=true]')) return null;
  const usable = (e) => e && !e.disabled && !e.hidden && e.getClientRects().length > 0;
  const find = (id) => [...root.querySelectorAll(`[data-testid="${id}"]`)].find(usable);
  const ended = root.querySelector('[data-testid^="end-"], [data-testid^="error-"]');
  if (ended) return { what: ended.dataset.testid };
  if (root.querySelector('[data-testid=preview]')) return { what: 'preview' };
  const choice = [...root.querySelectorAll('[data-testid^="class-"]')].find(usable);
  if (choice) return { what: 'rank' };
  for (const way of ways) {
    const element = find(way);
    if (element) return { what: way === 'top-1' ? 'choose' : way };
  }
  return null;
}
"""

# Looks at the pictures themselves, as a person does.
REDDER = """
() => {
  const redness = (place) => {
    const image = document.querySelector(`[data-testid="frame-${place}"] img`);
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += data[at] - data[at + 2];
    return sum;
  };
  return redness('top') > redness('bottom') ? 'top' : 'bottom';
}
"""


class Visitor:
    """Takes a study in a page (or a frame of it).

    Attributes
    ----------
    acknowledged : set[int]
        Indices of the trials whose answers the host has acknowledged.
    answers : dict[int, dict[str, Any]]
        Those answers, by trial index.
    """

    def __init__(self, page: Page, where: Page | Frame | None = None) -> None:
        self.page = page
        self.where = where or page
        self.acknowledged: set[int] = set()
        self.answers: dict[int, dict[str, Any]] = {}
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        found = _RESPONSE.search(response.url)
        if found and response.request.method == "POST" and response.status == 200:
            body: Any = response.request.post_data_json
            self.acknowledged.add(int(found[1]))
            self.answers[int(found[1])] = body["response"]

    def look(self, timeout_s: float = 60) -> str:
        """What the page offers now: a way on, `rank`, `choose`, `preview`, `end-…` or `error-…`."""
        handle = self.where.wait_for_function(
            LOOK, arg=list(WAYS_ON), timeout=1000 * timeout_s, polling=30
        )
        what: str = handle.json_value()["what"]
        return what

    def press(self, name: str) -> None:
        """Press the element of a test id."""
        self.where.get_by_test_id(name).click()

    def answer(self, what: str, number: int = 0) -> None:
        """Answer the trial that is shown: a 2-AFC trial rightly, with any confidence."""
        if what == "choose":
            self.press(f"{self.redder()}-{1 + number % 3}")
            return
        names = self.classes()
        while self.where.get_by_test_id("rank-submit").is_disabled():
            self.press(f"class-{names[number % len(names)]}")
            number += 1
        self.press("rank-submit")

    def rank_two(self, label: str, *, right: bool) -> None:
        """Rank two classes by their keys, the class of the image first or not at all."""
        names = self.classes()
        for name in sorted(names, key=lambda name: (name == label) != right)[:2]:
            self.page.keyboard.press(str(1 + names.index(name)))
        self.page.keyboard.press("Enter")

    def redder(self) -> str:
        """`top` or `bottom`: where the redder query stands, which is right in `two_afc_study`."""
        place: str = self.where.evaluate(REDDER)
        return place

    def classes(self) -> list[str]:
        """Names of the classes, in the order of their buttons."""
        found: list[str] = self.where.locator("[data-testid^='class-']").evaluate_all(
            "all => all.map(e => e.dataset.testid.slice(6))"
        )
        return found

    def images(self) -> list[str]:
        """Addresses of the images of the trial that is shown."""
        found: list[str] = self.where.locator(".trials img").evaluate_all(
            "all => all.map(e => e.getAttribute('src'))"
        )
        return found

    def step(self, number: int = 0) -> str:
        """Do the one thing the page offers; returns what it was."""
        what = self.look()
        if what in ("rank", "choose"):
            before = len(self.acknowledged)
            self.answer(what, number)
            self.wait(lambda: len(self.acknowledged) > before)
        elif not what.startswith(("end-", "error-", "preview")):
            if what == "estimate-submit":
                self.where.get_by_test_id("estimate").fill(str(number % 9))
            if what == "caption-submit":
                self.where.get_by_test_id("caption").fill("a circle and a square")
            self.press(what)
        return what

    def wait(self, until: Callable[[], bool], timeout_s: float = 60) -> None:
        """Let the page go on until something holds.

        Raises
        ------
        TimeoutError
            When it does not hold in time.
        """
        for _ in range(int(timeout_s * 50)):
            if until():
                return
            self.page.wait_for_timeout(20)
        raise TimeoutError(f"still waiting after {timeout_s} s; the page shows {self.text()!r}")

    def text(self) -> str:
        """The words on the page."""
        return self.where.locator("#diptych").inner_text()

    def until(self, wanted: str, most: int = 200) -> None:
        """Go on until the page offers `wanted` (`trial` for either task), without doing that."""
        for number in range(most):
            what = self.look()
            if what == wanted or (wanted == "trial" and what in ("rank", "choose")):
                return
            assert not what.startswith(("end-", "error-")), f"{what} on the way to {wanted}"
            self.step(number)
        raise AssertionError(f"{wanted} did not come within {most} steps")

    def to_the_end(self, most: int = 400) -> str:
        """Go on to the end; returns `end-…`, `error-…` or `preview`."""
        for number in range(most):
            what = self.step(number)
            if what.startswith(("end-", "error-", "preview")):
                return what
        raise AssertionError(f"no end within {most} steps")


def in_the_frame(page: Page) -> Visitor:
    """Somebody in the frame `study` of a recruiter's page, of whatever origin."""
    # Not by `page.frame("study")`: a frame of another process has no name until it has loaded.
    frame = page.locator("iframe[name=study]").element_handle().content_frame()
    assert frame is not None
    return Visitor(page, frame)
