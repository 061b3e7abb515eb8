"""Pages without participants help, and the numbers of few sessions agree on every page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.dashboard import researcher, study_id
from support.tiny_studies import category_study
from support.walker import Walker, change, link, open_study

from diptych import models
from diptych.overview.live import live_view
from diptych.overview.studies import numbers
from diptych.web.dashboard.formats import duration, rate, sessions

PAGES = ("", "/live", "/participants", "/figures")


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Flask:
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1))
    return app


def page(app: Flask, path: str, who: str = "") -> str:
    reply = researcher(app, "owner").get(f"/studies/tiny{path}{who}")
    assert reply.status_code == 200
    return str(reply.get_data(as_text=True))


@pytest.mark.parametrize(("count", "said"), [(1, "1 simulated session:"),
                                             (2, "2 simulated sessions:")])  # fmt: skip
def test_an_empty_page_offers_the_simulated_sessions(opened: Flask, count: int, said: str) -> None:
    assert all('class="instead"' not in page(opened, path) for path in PAGES)
    for _ in range(count):
        Walker(opened.test_client()).start(**link(opened, "simulate", "tiny")).finish()
    for path in PAGES:
        shown = page(opened, path)
        assert said in shown, path
        address = re.search(r'class="instead">.*?href="([^"]+)"', shown, re.DOTALL)
        assert address and address[1].endswith("who=simulated")
        there = researcher(opened, "owner").client.get(address[1])
        assert there.status_code == 200 and 'class="instead"' not in there.get_data(as_text=True)
    Walker(opened.test_client()).start(participant="a").finish()
    assert all('class="instead"' not in page(opened, path) for path in PAGES)


def test_one_session_takes_the_same_time_everywhere(opened: Flask) -> None:
    walker = Walker(opened.test_client()).start(participant="a").finish()
    with opened.app_context():
        study = study_id("tiny")
    took: dict[str, Any] = {"duration_ms": 42_210.0}
    change(opened, models.SessionResult, took, study_id=study)
    with opened.app_context():
        live = live_view(opened.extensions["diptych"], study).time
        assert live.median == live.lower == live.upper == 42_210.0
        assert numbers(study).median_minutes == 42_210.0 / 60_000
    said = duration(42_210.0)
    for path in ("", "/live", "/participants", f"/sessions/{walker.public_id}"):
        reply = researcher(opened, "owner").get(f"/studies/tiny{path}")
        if reply.status_code == 200:
            assert said in reply.get_data(as_text=True), path


def test_rates_need_five() -> None:
    assert [rate(1, 4), rate(0, 0), rate(1, 5)] == ["–", "–", "20\u202f%"]
    assert [sessions(1), sessions(2), sessions(1200)] == ["1 session", "2 sessions",
                                                          "1,200 sessions"]  # fmt: skip
