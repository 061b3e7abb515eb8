"""A participant in a browser other than Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.browser_faults import Hosted
from support.visitor import LOOK, REDDER, WAYS_ON
from support.webdriver import OtherBrowser

# Counts how often the page says right or wrong. On the document, where scripts of either world see
# it: in a 2-AFC trial the verdict is gone again after a tenth of a second.
_COUNT_VERDICTS = """
() => {
  const root = document.documentElement;
  let shown = false;
  const look = () => {
    const now = [...document.querySelectorAll('[data-testid=verdict]')]
      .some((e) => e.getClientRects().length > 0);
    if (now && !shown) root.dataset.verdicts = 1 + Number(root.dataset.verdicts ?? 0);
    shown = now;
  };
  new MutationObserver(look).observe(root, { attributes: true, childList: true, subtree: true });
}
"""
_IMAGES = "() => [...document.querySelectorAll('.trials img')].map((e) => e.getAttribute('src'))"
_CLASSES = """
() => [...document.querySelectorAll('[data-testid^="class-"]')]
  .map((e) => e.dataset.testid.slice(6))
"""
_GONE = """
(id) => ![...document.querySelectorAll(`[data-testid="${id}"]`)]
  .some((e) => e.getClientRects().length)
"""
_PRESENT = """
(id) => [...document.querySelectorAll(`[data-testid="${id}"]:not(:disabled)`)]
  .some((e) => e.getClientRects().length)
"""
_INPUT = "() => document.querySelector('[data-testid=estimate]').type"
TRIALS = ("rank", "choose", "choice-left", "choice-first", "answer-1", "estimate-submit")


class OtherVisitor:
    """Takes a study in a browser, pressing what the page offers.

    Parameters
    ----------
    browser : OtherBrowser
        The window.
    host : Hosted
        What serves the study, at the other end of a wire that can be cut.
    url : str
        The entry link.

    Attributes
    ----------
    verdicts : int
        How often the page has said right or wrong on the pages that were left.
    """

    def __init__(self, browser: OtherBrowser, host: Hosted, url: str) -> None:
        self.browser, self.host = browser, host
        self.verdicts = 0
        browser.goto(url)
        browser.run(_COUNT_VERDICTS)

    def look(self) -> str:
        """Wait until the page offers something, and check that it all fits the window."""
        found: str = self.browser.wait(LOOK, list(WAYS_ON))["what"]
        wide = self.browser.run("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px stand out sideways at {found}"
        assert self.browser.text("screen-fault") is None, "the page asks for a larger window"
        return found

    def step(self, number: int = 0) -> str:
        """Do the one thing that the page offers; returns what it was."""
        what = self.look()
        if what in TRIALS:
            self.answer(what, number)
        elif what == "comprehension-submit":
            self.browser.click("answer-0-1")
            self.browser.click(what)
        elif not what.startswith(("end-", "error-")):
            self.browser.click(what)
        return what

    def answer(self, what: str, number: int = 0) -> None:
        """Answer the trial that is shown: a 2-AFC trial rightly."""
        if what == "estimate-submit":
            self._estimate(number)
        for name in self._presses(what, number):
            self.browser.click(name)

    def _presses(self, what: str, number: int) -> list[str]:
        """Test ids of what is pressed to answer a trial, in their order."""
        if what == "choose":
            return [f"{self.browser.run(REDDER)}-{1 + number % 3}"]
        if what == "rank":
            names = self.browser.run(_CLASSES)
            return [f"class-{names[(number + at) % len(names)]}" for at in range(2)] + [
                "rank-submit"
            ]
        if what == "choice-left":
            return [f"choice-{('left', 'right')[number % 2]}"]
        if what == "choice-first":
            return [f"choice-{('first', 'second')[number % 2]}", f"sure-{1 + number % 3}"]
        return [f"answer-{1 + number % 3}"] if what == "answer-1" else [what]

    def _estimate(self, number: int) -> None:
        """Write a number into the box, or move the slider from its middle by that number."""
        slider = self.browser.run(_INPUT) == "range"
        # A person reaches both by a click; on a wide screen the box has the focus already.
        self.browser.click("estimate")
        for key in ["ArrowRight"] * number if slider else str(number):
            self.browser.press(key)

    def type(self, what: str) -> None:
        """Answer the trial that is shown by keys."""
        for key in self._keys(what):
            if what == "choice-first" and key == "2":
                self.browser.wait(_PRESENT, "sure-2")
            self.browser.press(key)

    def _keys(self, what: str) -> list[str]:
        """Return the keys that answer a trial, in their order."""
        if what == "choose":
            return [{"top": "ArrowUp", "bottom": "ArrowDown"}[self.browser.run(REDDER)], "2"]
        if what == "estimate-submit":
            slider = self.browser.run(_INPUT) == "range"
            return ["ArrowRight" if slider else "7", "Enter"]
        return {
            "rank": ["1", "2", "Enter"],
            "choice-left": ["j"],
            "choice-first": ["ArrowRight", "2"],
            "answer-1": ["t"],
        }[what]

    def images(self) -> list[str]:
        """Return the addresses of the images of the trial that is shown."""
        found: list[str] = self.browser.run(_IMAGES)
        return found

    def half_an_answer(self, what: str) -> None:
        """Begin to answer the trial that is shown."""
        if what == "rank":
            self.browser.click(f"class-{self.browser.run(_CLASSES)[0]}")
        elif what == "choice-first":
            self.browser.click("choice-first")
            self.browser.wait(_PRESENT, "sure-2")
        elif what == "estimate-submit":
            self._estimate(3)

    def to_a_trial(self) -> str:
        """Go on to the next trial that can be answered; returns one of `TRIALS`."""
        for _ in range(60):
            what = self.look()
            if what in TRIALS:
                return what
            assert not what.startswith(("end-", "error-")), f"{what} instead of a trial"
            self.step()
        raise AssertionError("no trial came")

    def to_the_end(self) -> str:
        """Go on to the end; returns `end-…` or `error-…`."""
        for number in range(200):
            what = self.step(number)
            if what.startswith(("end-", "error-")):
                self._keep_verdicts()
                return what
        raise AssertionError("no end came")

    def reload(self) -> None:
        """Load the page again."""
        self._keep_verdicts()
        self.browser.reload()
        self.browser.run(_COUNT_VERDICTS)

    def _keep_verdicts(self) -> None:
        self.verdicts += int(
            self.browser.run("() => document.documentElement.dataset.verdicts ?? 0")
        )

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Take the network away, and give it back."""
        self.host.wire.cut()
        self.browser.set_offline(offline=True)
        try:
            yield
        finally:
            self.host.wire.mend()
            self.browser.set_offline(offline=False)

    def wait_for_banner(self, shown: bool) -> None:
        """Wait until the page says that the network is gone, or no longer says so."""
        banner = "banner-network"
        if shown:
            self.browser.wait(f"(id) => !({_GONE})(id)", banner)
        else:
            self.browser.wait(_GONE, banner)
