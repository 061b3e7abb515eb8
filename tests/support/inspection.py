"""Looks at a page as a careful visitor would: faults of script, policy, layout and access."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Response

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "platform" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id} (${v.impact}): ` + v.nodes.slice(0, 3)
      .map((n) => n.target.join(" ") + " " + (n.failureSummary ?? "").replace(/\\s+/g, " ")
        .slice(0, 220)).join(" | "));
}
"""
# What sticks out to the right, so that a fault names its cause.
_TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 0.5)
    .slice(0, 6).map((e) => e.tagName.toLowerCase() + "." + e.className);
}
"""
# By the second frame whoever waits for something to come into view has been told of the first.
_SCROLL = """
async () => {
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  await document.fonts.ready;
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    window.scrollTo(0, y);
    await frame();
    await frame();
  }
  window.scrollTo(0, 0);
}
"""
_QUIET = "() => !document.querySelector('figure[aria-busy=true], .htmx-request')"


@contextmanager
def listening(page: Page) -> Iterator[list[str]]:
    """What goes wrong in a page meanwhile: errors and policy violations, and failed requests."""
    heard: list[str] = []

    def console(message: ConsoleMessage) -> None:
        # A failed request is heard below, with its address.
        known = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not known:
            heard.append(f"console {message.type}: {message.text}")

    def reply(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            heard.append(f"{response.status} for {response.url}")

    def fault(error: Any) -> None:
        heard.append(f"script error: {error}")

    page.on("console", console)
    page.on("pageerror", fault)
    page.on("response", reply)
    try:
        yield heard
    finally:
        page.remove_listener("console", console)
        page.remove_listener("pageerror", fault)
        page.remove_listener("response", reply)


def settle(page: Page) -> None:
    """Wait until the page has loaded, and what is drawn when it comes into view is drawn."""
    page.wait_for_load_state()
    page.evaluate(_SCROLL)
    page.wait_for_function(_QUIET, timeout=60_000)


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways; nothing when it does not."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def axe_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical."""
    # As the page's own policy lets no script in, the tool comes in through the debugger.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_RUN_AXE)
    return found
