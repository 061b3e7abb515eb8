"""Draws docs/images, a screenshot of each task, from the shipped studies: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright
from support.browser import ARGUMENTS, find_chromium
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.app import create_app
from diptych.authoring import build_study, load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SIZE: ViewportSize = {"width": 1180, "height": 760}


def open_shipped(settings: Settings) -> None:
    """Draw and open the shipped studies."""
    upgrade(settings.sqlalchemy_url)
    with create_app(settings).app_context():
        for name in ("greebles", "which_unit"):
            folder = settings.studies / name
            if not (folder / "stimuli.csv").exists():
                build_study(folder)
            freeze(load_study(folder), opening=True)
        db.engine.dispose()


def category_learning(browser: Browser, url: str, to: Path) -> None:
    """The greebles: a ranking half made, and the feedback that follows."""
    page = browser.new_page(viewport=SIZE)
    visitor = Visitor(page)
    page.goto(f"{url}/s/greebles?participant=screenshot")
    for number in range(40):
        visitor.until("rank")
        if len(visitor.acknowledged) == 6:
            break
        visitor.step(number)
    first, second, *_ = visitor.classes()
    visitor.press(f"class-{second}")
    visitor.press(f"class-{first}")
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    page.screenshot(path=to / "category_learning.png")
    visitor.step()
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    page.screenshot(path=to / "category_learning_feedback.png")
    page.close()


def two_afc(browser: Browser, url: str, to: Path) -> None:
    """Which unit: two queries between the examples."""
    page = browser.new_page(viewport=SIZE)
    visitor = Visitor(page)
    page.goto(f"{url}/s/which_unit?participant=screenshot")
    visitor.until("choose")
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    page.screenshot(path=to / "two_afc.png")
    page.close()


def main() -> int:
    """Draw all screenshots."""
    chromium = find_chromium()
    if chromium is None:
        print("no Chromium here: `make browser` installs one", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="diptych-screenshots-") as temporary:
        home = Path(temporary)
        settings = Settings(home=home, studies=ROOT / "studies", secret_key="screenshots")
        open_shipped(settings)
        environment = {
            "DIPTYCH_HOME": str(home),
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        }
        server = LiveServer(environment, home / "server.log")
        server.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=str(chromium), args=list(ARGUMENTS)
                )
                category_learning(browser, server.url, IMAGES)
                two_afc(browser, server.url, IMAGES)
                browser.close()
        finally:
            server.stop()
    for image in sorted(IMAGES.glob("*.png")):
        print(f"drew {image.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
