"""Draws docs/images/dashboard-*.png: simulated people on a shipped study, seen by a researcher.

Part of `make screenshots`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from support.browser import ARGUMENTS, find_chromium
from support.inspection import settle
from support.servers import LiveServer

from diptych.app import create_app
from diptych.authoring import build_study, load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
STUDY = "greebles"
CROWD = {"learner": 32, "guesser": 5, "bot": 3, "quitter": 4}
SIZE: ViewportSize = {"width": 1280, "height": 860}
PASSWORD = "four unrelated words here"
SHOTS: tuple[tuple[str, str, Literal["light", "dark"]], ...] = (
    ("overview", f"/dashboard/studies/{STUDY}", "light"),
    ("live", f"/dashboard/studies/{STUDY}/live?who=simulated", "light"),
    ("participants", f"/dashboard/studies/{STUDY}/participants?who=simulated", "light"),
    ("figures", f"/dashboard/studies/{STUDY}/figures?who=simulated", "light"),
    ("figures-dark", f"/dashboard/studies/{STUDY}/figures?who=simulated", "dark"),
    ("quality", f"/dashboard/studies/{STUDY}/quality?who=simulated", "dark"),
)


def open_study(settings: Settings) -> None:
    """Draw the study's images where they are missing, and open it."""
    upgrade(settings.sqlalchemy_url)
    with create_app(settings).app_context():
        folder = settings.studies / STUDY
        if not (folder / "stimuli.csv").exists():
            build_study(folder)
        freeze(load_study(folder), opening=True)
        db.engine.dispose()


def log_in(page: Page, server: LiveServer) -> None:
    """By the link that the first start prints."""
    found = re.search(r"http://\S+/dashboard/link/\S+", server.log.read_text())
    assert found, "the first start prints a link"
    page.goto(found[0])
    page.get_by_label("Name").fill("ada")
    for label in ("Password", "The same password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url(f"{server.url}/dashboard/studies")


def draw(browser: Browser, server: LiveServer) -> None:
    """Every shot, in one window's size."""
    context = browser.new_context(viewport=SIZE, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    log_in(page, server)
    for name, address, scheme in SHOTS:
        page.emulate_media(color_scheme=scheme)
        page.goto(server.url + address)
        settle(page)
        page.screenshot(path=IMAGES / f"dashboard-{name}.png")
        print(f"drew docs/images/dashboard-{name}.png")
    context.close()


def main() -> int:
    """Simulate a crowd and draw."""
    chromium = find_chromium()
    if chromium is None:
        print("no Chromium here: `make browser` installs one", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="diptych-screenshots-") as temporary:
        home = Path(temporary)
        settings = Settings(home=home, studies=ROOT / "studies", secret_key="screenshots")
        open_study(settings)
        environment = {
            "DIPTYCH_HOME": str(home),
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        }
        server = LiveServer(environment, home / "server.log")
        server.start()
        try:
            for seed, (observer, number) in enumerate(CROWD.items()):
                kind = ("-n", str(number), "--observer", observer, "--seed", str(seed))
                server.diptych("simulate", STUDY, *kind)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=str(chromium), args=list(ARGUMENTS)
                )
                draw(browser, server)
                browser.close()
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
