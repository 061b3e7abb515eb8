"""A study of grids in a browser: taken to its end, with every item rightly answered.

With DIPTYCH_SCREENSHOTS=FOLDER it keeps pictures of the way, at two sizes.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from support.planted_grids import planted_run
from support.rows import query
from support.servers import LiveServer
from support.visitor import Visitor

from diptych.authoring import load_study
from diptych.authoring.from_grids import make_study_from_grids
from diptych.authoring.grid_choice import Wanted
from diptych.ground.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    folder.mkdir()
    where = planted_run(tmp_path / "planted")
    make_study_from_grids(folder / "grids", *where, Wanted(tests=1), side=96)
    spec = folder / "grids" / "study.toml"
    text = spec.read_text()
    for slow, quick in {
        "enable_after_ms = 1500": "enable_after_ms = 100",
        "feedback_ms = 1150": "feedback_ms = 100",
    }.items():
        assert slow in text
        text = text.replace(slow, quick)
    spec.write_text(text)
    return folder


class Knower(Visitor):
    """Knows the right query by its picture: the images of the study are noise."""

    def __init__(self, page: Page, study: Path) -> None:
        super().__init__(page)
        content = load_study(study).content
        self.right = {
            self.pixels(
                (study / content.stimuli[item.stimuli["query_positive"][0]].file).read_bytes()
            )
            for item in content.items.values()
        }
        self.shots = os.environ.get("DIPTYCH_SCREENSHOTS")

    @staticmethod
    def pixels(data: bytes) -> bytes:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).tobytes()

    def look(self, timeout_s: float = 60) -> str:
        what = super().look(timeout_s)
        if self.shots and not (shot := Path(self.shots) / f"{what}-1280.png").exists():
            self.page.wait_for_load_state("networkidle")
            self.page.screenshot(path=shot)
            self.page.set_viewport_size({"width": 390, "height": 844})
            self.page.screenshot(path=Path(self.shots) / f"{what}-390.png")
            self.page.set_viewport_size({"width": 1280, "height": 800})
        return what

    def redder(self) -> str:
        urls = self.page.locator(".afc-frame img").evaluate_all("all => all.map(e => e.currentSrc)")
        top, bottom = (self.pixels(self.page.request.get(url).body()) in self.right for url in urls)
        assert top != bottom
        return "top" if top else "bottom"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_study_of_grids_is_taken_to_its_end(
    live_server: LiveServer, settings: Settings, page: Page, studies_folder: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    visitor = Knower(page, studies_folder / "grids")
    page.goto(f"{live_server.url}/s/grids")
    assert visitor.to_the_end() == "end-completed"
    rows = query(
        settings,
        "SELECT t.phase, COUNT(*), SUM(CASE WHEN r.correct THEN 1 ELSE 0 END) FROM trials t "
        "JOIN responses r ON r.session_id = t.session_id AND r.trial_index = t.trial_index "
        "GROUP BY t.phase",
    )
    right = {phase: (int(of), int(correct)) for phase, of, correct in rows}
    assert right == {"practice": (4, 4), "test": (6, 6), "catch": (4, 4)}
