"""The shipped study of a network's units, taken in a real browser by somebody who looks closely.

The visitor has no other help than the pictures on the page: it fetches them as the page does, and
compares them by efficientnet-lite2. With DIPTYCH_SCREENSHOTS=FOLDER it keeps pictures of the way.
"""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from support.rows import query
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.authoring import build_study
from diptych.ground.settings import Settings
from diptych_analysis.mis.study_items import margin
from diptych_analysis.networks.similarity import Features, similarity

pytestmark = [pytest.mark.exhaustive, pytest.mark.browser, pytest.mark.slow]
SHIPPED = Path(__file__).parents[2] / "studies" / "lite0_units"
BUILT = ("stimuli", "assets", "stimuli.csv", "items.csv", "__pycache__")


class Looker(Visitor):
    """Chooses by a network's similarity of the pictures that the page shows."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.similarity = similarity("efficientnet-lite2", "cpu")
        self.seen: dict[str, Features] = {}
        self.shots = os.environ.get("DIPTYCH_SCREENSHOTS")

    def look(self, timeout_s: float = 60) -> str:
        what = super().look(timeout_s)
        if self.shots and not (shot := Path(self.shots) / f"{what}.png").exists():
            self.page.screenshot(path=shot)
        return what

    def redder(self) -> str:
        top, bottom = self.features(".afc-frame img")
        negatives, positives = (
            self.features(f".afc-{side} img") for side in ("negative", "positive")
        )
        return "top" if margin(top, bottom, positives, negatives) > 0 else "bottom"

    def features(self, selector: str) -> Features:
        """Features (n, d) of the pictures at a place of the page, top to bottom."""
        urls = self.page.locator(selector).evaluate_all("all => all.map(e => e.currentSrc)")
        for url in urls:
            if url not in self.seen:
                data = self.page.request.get(url).body()
                image = Image.open(io.BytesIO(data)).convert("RGB")
                self.seen[url] = self.similarity.features([image])[0]
        return np.stack([self.seen[url] for url in urls])


@pytest.fixture
def built(studies_folder: Path) -> None:
    """The study in the host's folder, built anew."""
    folder = studies_folder / "lite0_units"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns(*BUILT))
    assert build_study(folder)
    spec = folder / "study.toml"
    timing = {
        "enable_after_ms = 1500": "enable_after_ms = 100",
        "feedback_ms = 1150": "feedback_ms = 100",
    }
    text = spec.read_text()
    for slow, quick in timing.items():  # a person would take ten minutes
        assert slow in text
        text = text.replace(slow, quick)
    spec.write_text(text)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.usefixtures("built")
def test_a_network_s_units_are_shown_and_answered(
    live_server: LiveServer, settings: Settings, page: Page
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    visitor = Looker(page)
    page.goto(f"{live_server.url}/s/lite0_units")
    assert visitor.to_the_end() == "end-completed"
    rows = query(
        settings,
        "SELECT t.phase, COUNT(*), SUM(CASE WHEN r.correct THEN 1 ELSE 0 END) FROM trials t "
        "JOIN responses r ON r.session_id = t.session_id AND r.trial_index = t.trial_index "
        "GROUP BY t.phase",
    )
    right = {phase: (int(of), int(correct)) for phase, of, correct in rows}
    assert right["practice"][0] == right["practice"][1]  # fair: all of them can be seen
    assert right["catch"][0] == right["catch"][1]
    of, correct = right["test"]
    assert of >= 20 and correct / of > 0.6  # chance would be 0.5; a third of the units is hard
