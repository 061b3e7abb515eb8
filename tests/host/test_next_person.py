"""One computer, one person after the other: what the page is told about whose session it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.tiny_studies import category_study, merged
from support.walker import Walker, link, open_study, rows

from diptych import models


def told(app: Flask, **entry: str) -> str:
    """What the page hears when it enters, and again when it is loaded anew."""
    walker = Walker(app.test_client()).enter(**entry)
    first: str = walker.state["study"]["next_person"]
    assert walker.load().state["study"]["next_person"] == first
    return first


def make(app: Flask, folder: Path, **recruitment: Any) -> None:
    changes = merged({"recruitment": {"prolific": None, **recruitment}}, {})
    open_study(app, category_study(folder / "tiny", changes=changes))


@pytest.mark.parametrize(("kiosk", "plain"), [(False, "ask"), (True, "kiosk")])
def test_over_a_plain_link_the_next_person_may_begin_anew(
    app: Flask, tmp_path: Path, kiosk: bool, plain: str
) -> None:
    make(app, tmp_path, recruiters=["direct"], direct={"kiosk": kiosk})
    assert told(app) == plain
    assert told(app, participant="p01") == "no"  # the link says who it is
    assert told(app, **link(app, "preview", "tiny")) == "no"
    assert told(app) == plain
    assert len(rows(app, models.Participant, kind="person")) == 3


def test_over_a_platform_nobody_begins_anew(app: Flask, tmp_path: Path) -> None:
    codes = {"completed": "C", "screened_out": "S", "declined": "D"}
    make(app, tmp_path, recruiters=["prolific"], prolific=codes)
    assert told(app, PROLIFIC_PID="p1", STUDY_ID="s", SESSION_ID="x") == "no"
