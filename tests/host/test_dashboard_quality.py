"""The pages on quality: what is shown is what was found, and judging anew goes step by step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.overview.quality import PAGE
from diptych.web.dashboard import quality

RULES = {
    "min_instructions_s": 15,
    "max_clock_conflicts": 0,
    "max_lookalikes": 3,
    "auto": ["min_instructions_s"],
}


@pytest.fixture
def tiny(app: Flask, tmp_path: Path) -> Flask:
    open_study(app, category_study(tmp_path / "tiny", changes={"quality": RULES}))
    return app


def take(client: FlaskClient, read_ms: float = 20_000, **entry: str) -> str:
    walker = Walker(client).enter(**entry).take("consent", agreed=True)
    walker.take("instructions", read_ms=read_ms).finish()
    return walker.public_id


def row_of(page: str, title: str) -> list[str]:
    """The cells of a rule's row, as words."""
    (row,) = [r for r in re.findall(r"<tr.*?</tr>", page, re.S) if title in r]
    cells = re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


def test_the_page_shows_each_rule_its_threshold_and_its_flags(
    tiny: Flask, client: FlaskClient
) -> None:
    hasty = take(client, read_ms=3000)
    take(client)
    viewer = researcher(tiny, "viewer")
    page = viewer.get("/studies/tiny/quality").text
    cells = row_of(page, "Instruction time, least")
    assert cells[1:4] == ["≥ 15 s", "excludes automatically", "2"]
    assert cells[4] == "1 session flagged by Instruction time, least –"  # no rate of two sessions
    assert row_of(page, "Looks like others")[2] == "only a hint"
    assert row_of(page, "Impossible response times")[2] == "a researcher decides"
    listed = viewer.get("/studies/tiny/quality?rule=min_instructions_s").text
    assert f"/participants/{hasty}" in listed
    assert "3 s on the instructions; allowed is at least 15 s." in listed


def test_kinds_stand_apart(tiny: Flask, client: FlaskClient) -> None:
    from support.walker import link

    take(client, read_ms=3000, **link(tiny, "simulate", "tiny"))
    viewer = researcher(tiny, "viewer")
    people = viewer.get("/studies/tiny/quality").text
    assert row_of(people, "Instruction time, least")[3:] == ["0", "0"]
    simulated = viewer.get("/studies/tiny/quality?who=simulated").text
    assert row_of(simulated, "Instruction time, least")[3] == "1"
    assert (
        "who=simulated" in re.findall(r'href="([^"]*rule=min_instructions_s[^"]*)"', simulated)[0]
    )
    assert "No rules for machines" in viewer.get("/studies/tiny/quality?who=machine").text


def test_flagged_sessions_come_a_page_at_a_time(tiny: Flask, client: FlaskClient) -> None:
    made = [take(client, read_ms=3000) for _ in range(PAGE + 2)]
    viewer = researcher(tiny, "viewer")
    first = viewer.get("/studies/tiny/quality?rule=min_instructions_s").text
    (following,) = re.findall(r'rel="next" href="/dashboard([^"]+)"', first)
    second = viewer.get(following.replace("&amp;", "&")).text
    shown = [re.findall(r'title="([0-9a-f]{32})"', page) for page in (first, second)]
    assert shown[0] + shown[1] == made[::-1]
    assert 'rel="next"' not in second


@pytest.mark.parametrize("address", ["?who=everybody", "?rule=max_beauty"])
def test_what_is_not_there_is_said(tiny: Flask, address: str) -> None:
    reply = researcher(tiny, "viewer").get(f"/studies/tiny/quality{address}")
    assert reply.status_code in (400, 404)


def test_a_study_without_rules_says_how_to_have_some(app: Flask, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    assert "No rules yet" in researcher(app, "viewer").get("/studies/tiny/quality").text


# Judging anew ---------------------------------------------------------------------------------


def go_on(owner: Any, reply: Any, most: int = 50) -> tuple[int, str]:
    """Do what the page does by itself until it is done; steps taken, and the last page."""
    steps = 0
    page = owner.get(reply.headers["Location"].removeprefix("/dashboard")).text
    while found := re.findall(r'hx-post="/dashboard([^"]+)"', page):
        steps += 1
        assert steps < most
        reply = owner.post(found[0].replace("&amp;", "&"), headers={"HX-Request": "true"})
        assert reply.status_code == 200
        if "HX-Redirect" in reply.headers:
            page = owner.get(reply.headers["HX-Redirect"].removeprefix("/dashboard")).text
        else:
            page = reply.text
    return steps, page


def test_judging_anew_mends_what_was_wrong_step_by_step(
    tiny: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        take(client, read_ms=3000 if n < 2 else 20_000)
    before = rows(tiny, models.QualityResult), rows(tiny, models.Tally)
    change(tiny, models.QualityResult, {"flagged": False, "value": 0.5})
    monkeypatch.setattr(quality, "STEP", 3)
    owner = researcher(tiny, "owner")
    reply = owner.post("/studies/tiny/quality/recompute")
    assert reply.status_code == 302
    steps, page = go_on(owner, reply)
    assert steps == 3
    assert "judged again" in page
    assert (rows(tiny, models.QualityResult), rows(tiny, models.Tally)) == before
    (entry,) = rows(tiny, models.AuditEntry, action="quality.recompute")
    assert entry["actor"] == "owner"


def test_judging_anew_without_sessions_says_so(tiny: Flask) -> None:
    owner = researcher(tiny, "owner")
    reply = owner.post("/studies/tiny/quality/recompute", follow_redirects=True)
    assert "nothing to judge" in reply.text


def test_only_owners_judge_anew(tiny: Flask, client: FlaskClient) -> None:
    take(client)
    for role in ("viewer", "editor"):
        other = researcher(tiny, role)
        assert "Judge all sessions again" not in other.get("/studies/tiny/quality").text
        assert other.post("/studies/tiny/quality/recompute").status_code == 403
    assert all(s["result_at"] is not None for s in rows(tiny, models.Session))


def test_a_session_that_cannot_be_judged_does_not_hold_up_the_page(
    tiny: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    broken = take(client)
    take(client)
    (session,) = rows(tiny, models.Session, public_id=broken)
    change(tiny, models.Session, {"condition": "no such condition"}, id=session["id"])
    owner = researcher(tiny, "owner")
    steps, page = go_on(owner, owner.post("/studies/tiny/quality/recompute"))
    assert steps <= 2
    assert "1 sessions could not be judged" in page
