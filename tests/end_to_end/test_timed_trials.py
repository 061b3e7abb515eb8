"""Trials that are timed by frames, in real browsers: what is stored is what was on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Page
from support.browser import NoBrowser
from support.other_browsers import start
from support.rows import query
from support.servers import LiveServer
from support.tiny_studies import category_study
from support.webdriver import OtherBrowser

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
FIREFOX = pytest.param("firefox", marks=pytest.mark.exhaustive)
BROWSERS = pytest.mark.parametrize("which", ["chromium", FIREFOX])
#: 250 ms are 15 frames of the 60 Hz that a browser without a screen draws.
TIMING = {"fixation_ms": 300, "exposure_ms": 250, "mask": "noise", "mask_ms": 100}
FRAMES, MASK_FRAMES, FRAME_MS = 15, 6, 1000 / 60
DEADLINE_MS = 700
#: Trials that nothing disturbs, and trials whose page is kept busy.
QUIET, DISTURBED = 9, 3

# Keeps the page busy for six frames while a picture is visible, once `data-busy` is set.
_BUSY = """
() => {
  const root = document.documentElement;
  new MutationObserver((changes) => {
    const came = changes.some(({ target, oldValue }) => target.matches?.('img.stimulus') &&
      /veiled/.test(oldValue ?? '') && !target.classList.contains('veiled'));
    if (!came || !root.dataset.busy) return;
    setTimeout(() => {
      const until = performance.now() + 100;
      while (performance.now() < until);
    }, 60);
  }).observe(root, { attributes: true, attributeOldValue: true, subtree: true });
}
"""
_ANSWERABLE = """
() => {
  const ended = document.querySelector('[data-testid^="end-"]');
  if (ended) return ended.dataset.testid;
  const covered = document.querySelector('[inert]');
  const choice = document.querySelector('[data-testid^="class-"]:not(:disabled)');
  if (choice && !covered) return choice.dataset.testid;
  const finish = document.querySelector('[data-testid=finish]');
  return finish ? 'finish' : null;
}
"""
# The greys of the mask, looked at on the page.
_MASK = """
() => {
  const mask = document.querySelector('canvas.mask:not(.veiled)');
  if (!mask) return null;
  const box = mask.getBoundingClientRect();
  const image = document.querySelector('img.stimulus').getBoundingClientRect();
  const { data } = mask.getContext('2d').getImageData(0, 0, mask.width, mask.height);
  const greys = new Set();
  for (let at = 0; at < data.length; at += 4) greys.add(data[at]);
  return { greys: greys.size, over: Math.abs(box.left - image.left) + Math.abs(box.top - image.top),
           as_large: Math.abs(box.width - image.width) };
}
"""


class Window(Protocol):
    """What the test needs of a browser."""

    def goto(self, url: str) -> None: ...

    def run(self, function: str, *arguments: Any) -> Any: ...

    def wait(self, function: str, *arguments: Any) -> Any: ...

    def click(self, testid: str) -> None: ...


class Chromium:
    """A page of Playwright's with the names of the other browsers."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def goto(self, url: str) -> None:
        self.page.goto(url)

    def run(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(function, *arguments)

    def wait(self, function: str, *arguments: Any) -> Any:
        arg = arguments[0] if arguments else None
        return self.page.wait_for_function(function, arg=arg, timeout=60_000).json_value()

    def click(self, testid: str) -> None:
        self.page.get_by_test_id(testid).click()


@pytest.fixture
def other(which: str) -> Iterator[OtherBrowser | None]:
    made = None
    if which != "chromium":
        try:
            made = start(which)
        except NoBrowser as missing:
            pytest.skip(f"{missing}; `make browsers` as root installs it")
        made.resize(1280, 800)
    yield made
    if made:
        made.close()


@pytest.fixture
def window(which: str, other: OtherBrowser | None, request: pytest.FixtureRequest) -> Window:
    """The browser that the test names."""
    return other or Chromium(request.getfixturevalue("page"))


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    task = {"rank": 1, "feedback": [], "half_way": False}
    late = {"deadline_ms": DEADLINE_MS}
    for name, timing, trials in (("flash", TIMING, QUIET + DISTURBED), ("late", late, 6)):
        changes = {"timing": timing, "task": task}
        category_study(folder / name, training=trials, test=0, changes=changes)
    return folder


def begin(window: Window, server: LiveServer, study: str) -> None:
    window.goto(f"{server.url}/s/{study}")
    for name in ("consent-agree", "next", "next", "start"):
        # A screen takes no click in its first moment.
        ready = f"() => document.querySelector('[data-testid={name}]') && !document.querySelector("
        window.wait(f"{ready}'.settling')")
        window.click(name)


def responses(settings: Settings) -> list[dict[str, Any]]:
    names = (
        "trial_index", "answer", "correct", "rt_ms", "onset_ms", "fixation_onset_ms",
        "display_offset_ms", "display_frames", "mask_onset_ms", "mask_offset_ms", "timing_fault",
    )  # fmt: skip
    rows = query(settings, f"SELECT {', '.join(names)} FROM responses ORDER BY trial_index")
    return [dict(zip(names, row, strict=True)) for row in rows]


@BROWSERS
@SQLITE
def test_frames_that_were_shown_are_stored_and_dropped_ones_are_flagged(
    window: Window, live_server: LiveServer, settings: Settings
) -> None:
    begin(window, live_server, "flash")
    window.run(_BUSY)
    mask = window.wait(_MASK)
    assert mask["greys"] > 100 and mask["over"] < 1 and mask["as_large"] < 1
    trials = QUIET + DISTURBED
    for index in range(trials):
        if index == QUIET:
            window.run("() => { document.documentElement.dataset.busy = 'yes'; }")
        seen = window.wait(_ANSWERABLE)
        window.wait("() => !document.querySelector('.mask:not(.veiled), .stimulus:not(.veiled)')")
        window.click(seen)
        before = f"{index} / {trials}"
        window.wait(
            f"() => document.querySelector('[data-testid=progress]').textContent !== '{before}'"
        )
    stored = responses(settings)
    assert len(stored) == trials
    clean = [row for row in stored[:QUIET] if not row["timing_fault"]]
    assert clean, stored  # a busy machine drops frames, but not in every trial
    for row in clean:
        assert row["display_frames"] == FRAMES
        shown = row["display_offset_ms"] - row["onset_ms"]
        assert shown == pytest.approx(FRAMES * FRAME_MS, abs=FRAME_MS / 2 + 2)
        masked = row["mask_offset_ms"] - row["mask_onset_ms"]
        assert masked == pytest.approx(MASK_FRAMES * FRAME_MS, abs=FRAME_MS / 2 + 2)
        assert row["onset_ms"] - row["fixation_onset_ms"] == pytest.approx(300, abs=11)
    for row in stored[QUIET:]:
        assert row["timing_fault"], row
        assert row["display_frames"] < FRAMES
    print([(row["display_frames"], bool(row["timing_fault"])) for row in stored])


@BROWSERS
@SQLITE
def test_who_answers_nothing_misses_every_trial_and_comes_to_the_end(
    window: Window, live_server: LiveServer, settings: Settings
) -> None:
    begin(window, live_server, "late")
    said = window.wait("() => document.querySelector('[data-testid=too-slow]')?.textContent")
    assert said == "Too slow"
    window.wait("() => document.querySelector('[data-testid=finish]') !== null")
    stored = responses(settings)
    answers = [json.loads(row["answer"]) if isinstance(row["answer"], str) else row["answer"]
               for row in stored]  # fmt: skip
    assert answers == [{"missed": True}] * 6
    assert not any(row["correct"] for row in stored)
    assert all(row["rt_ms"] >= DEADLINE_MS for row in stored)
    assert all(row["timing_fault"] is None for row in stored)  # nothing is timed by frames
