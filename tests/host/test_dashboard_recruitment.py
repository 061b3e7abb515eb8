"""The recruitment page: what it gives to copy works as it stands, and HITs are made once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import insert
from support.dashboard import researcher, study_id
from support.local_mturk import LocalMTurk
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.database import db, now_ms, table, writing
from diptych.ground.settings import Settings

ON_MTURK = {
    "payment": {"currency": "USD", "reward": 1.20},
    "recruitment": {"recruiters": ["direct", "mturk"], "prolific": None},
}


def text(reply: Any, status: int = 200) -> str:
    """The page of a reply."""
    assert reply.status_code == status, reply.get_data(as_text=True)[:2000]
    return str(reply.get_data(as_text=True))


def copyable(page: str, name: str) -> str:
    """What the copy button of an id copies."""
    found = re.search(rf'<input class="mono" id="{name}" value="([^"]*)"', page)
    assert found, f"no {name} on the page"
    return unescape(found[1])


def entry_of(link: str) -> dict[str, str]:
    """The query of a link, as the entry page passes it on."""
    return dict(parse_qsl(urlsplit(link).query))


@pytest.fixture
def opened(app: Flask, studies_folder: Path) -> Flask:
    """A host on which `tiny` is open."""
    open_study(app, studies_folder / "tiny")
    return app


def test_every_link_lets_in_whom_it_is_for(opened: Flask) -> None:
    editor = researcher(opened, "editor")
    for purpose in ("preview", "simulate"):
        editor.post("/studies/tiny/recruitment/keys", {"purpose": purpose})
    page = text(editor.get("/studies/tiny/recruitment"))
    links = {
        "person": copyable(page, "link-direct"),
        "preview": copyable(page, "link-preview"),
        "simulated": copyable(page, "link-simulate"),
    }
    for link in links.values():
        assert link.startswith("http://127.0.0.1:8000/s/tiny")
        Walker(opened.test_client(), "tiny").enter(**entry_of(link))
    assert [row["kind"] for row in rows(opened, models.Session)] == list(links)


def test_the_link_for_somebody_known_takes_an_own_code(opened: Flask) -> None:
    page = text(researcher(opened, "viewer").get("/studies/tiny/recruitment"))
    link = copyable(page, "link-known").replace("ID", "anna-7")
    for _ in range(2):
        Walker(opened.test_client(), "tiny").enter(**entry_of(link))
    assert len(rows(opened, models.Session)) == 1, "the same person goes on"


def test_the_link_for_prolific_works_once_prolific_has_filled_it_in(opened: Flask) -> None:
    page = text(researcher(opened, "viewer").get("/studies/tiny/recruitment"))
    link = copyable(page, "link-prolific")
    for number, name in enumerate(("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")):
        assert f"{{{{%{name}%}}}}" in link
        link = link.replace(f"{{{{%{name}%}}}}", f"60d{number}")
    Walker(opened.test_client(), "tiny").enter(**entry_of(link))
    (session,) = rows(opened, models.Session)
    assert (session["recruiter"], session["kind"]) == ("prolific", "person")


def test_completion_codes_stand_beside_what_they_are_for(opened: Flask) -> None:
    page = text(researcher(opened, "viewer").get("/studies/tiny/recruitment"))
    for key, code in (("completed", "DONE"), ("screened_out", "OUT"), ("declined", "NO")):
        row = re.search(rf"<tr><th[^>]*>[^<]*</th><td[^>]*><code>{key}</code>.*?</tr>", page)
        assert row and f"<code>{code}</code>" in row[0], key


def test_settings_for_prolific_come_from_the_study(app: Flask, studies_folder: Path) -> None:
    changes = {
        "minutes": 9,
        "payment": {"currency": "GBP", "reward": 1.8},
        "screen": {"touch": False},
        "recruitment": {"participants": 37},
    }
    category_study(studies_folder / "tiny", changes=changes)
    open_study(app, studies_folder / "tiny")
    page = text(researcher(app, "viewer").get("/studies/tiny/recruitment"))
    for label, value in (
        ("Title", "Tiny creatures"),
        ("Places", "37"),
        ("Estimated completion time", "9 min"),
        ("Maximum time allowed", "17 min or more"),
        ("Reward", "1.80 GBP"),
        ("Devices", "Desktop only"),
    ):
        assert f"<dt>{label}</dt><dd>{value}</dd>" in page, label


def test_prolific_without_codes_says_where_they_go(app: Flask, studies_folder: Path) -> None:
    category_study(studies_folder / "tiny", changes={"recruitment": {"prolific": None}})
    open_study(app, studies_folder / "tiny")
    page = text(researcher(app, "viewer").get("/studies/tiny/recruitment"))
    assert "[recruitment.prolific]" in page
    assert "link-prolific" not in page


def test_keys_are_for_editors(opened: Flask) -> None:
    page = text(researcher(opened, "viewer").get("/studies/tiny/recruitment"))
    assert "simulate=" not in page
    assert "--key" not in page
    assert "recruitment/mturk" not in page


def test_a_study_that_is_not_open_says_so(opened: Flask) -> None:
    editor = researcher(opened, "editor")
    editor.post("/studies/tiny/state", {"state": "paused"})
    assert "The study is paused" in text(editor.get("/studies/tiny/recruitment"))


def test_recruiters_that_the_study_leaves_out_are_named(app: Flask, studies_folder: Path) -> None:
    category_study(studies_folder / "tiny", changes={"recruitment": {"recruiters": ["direct"]}})
    open_study(app, studies_folder / "tiny")
    page = text(researcher(app, "viewer").get("/studies/tiny/recruitment"))
    assert all(
        f"<code>{name}</code>" in page.partition('id="other-ways"')[2]
        for name in ("prolific", "mturk")
    )
    assert 'id="way-prolific"' not in page


def test_where_the_study_stands_already_is_listed(opened: Flask) -> None:
    with opened.app_context(), writing() as connection:
        values = {
            "study_id": study_id("tiny"),
            "recruiter": "prolific",
            "external_id": "65f00d",
            "detail": {"name": "<i>pilot</i>", "places": 20},
            "created_at": now_ms(),
        }
        connection.execute(insert(table(models.Placement)).values(values))
    page = text(researcher(opened, "viewer").get("/studies/tiny/recruitment"))
    assert "<code>65f00d</code>" in page
    assert "places: 20" in page
    assert "<i>pilot" not in page


# HITs


@pytest.fixture
def on_mturk(settings: Settings, studies_folder: Path, mturk: LocalMTurk) -> Iterator[Flask]:
    """A host that speaks to a local MTurk, with `tiny` open there."""
    category_study(studies_folder / "tiny", changes=ON_MTURK)
    there = {
        "base_url": "https://study.example.org",
        "secret_key": "a secret for the tests, long enough for HTTPS",
        "mturk_endpoint": mturk.url,
        "mturk_extra_origins": mturk.url,
    }
    made = create_app(settings.model_copy(update=there))
    open_study(made, studies_folder / "tiny")
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def token_of(page: str) -> str:
    """The token in the form that makes the HIT."""
    found = re.search(r'name="token" value="(\w+)"', page)
    assert found
    return found[1]


def test_the_question_to_copy_is_what_mturk_takes(on_mturk: Flask) -> None:
    page = text(researcher(on_mturk, "viewer").get("/studies/tiny/recruitment"))
    found = re.search(r'<pre id="external-question"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert found
    question = ElementTree.fromstring(unescape(found[1]))
    namespace = question.tag.removesuffix("ExternalQuestion")
    assert question.findtext(f"{namespace}ExternalURL") == "https://study.example.org/s/tiny"
    assert question.findtext(f"{namespace}FrameHeight") == "0"


def test_costs_are_told_before_anything_is_asked_of_mturk(
    on_mturk: Flask, mturk: LocalMTurk
) -> None:
    editor = researcher(on_mturk, "editor")
    dear = text(editor.get("/studies/tiny/recruitment/mturk?assignments=10"))
    assert "<dt>Together</dt><dd>$16.80</dd>" in dear, "10 x 1.20 and 40 per cent"
    assert "higher fee" in dear
    cheap = text(editor.get("/studies/tiny/recruitment/mturk?assignments=10&split=yes"))
    assert "<dt>Together</dt><dd>$14.40</dd>" in cheap, "10 x 1.20 and 20 per cent"
    assert not mturk.calls


def test_a_form_that_is_sent_twice_makes_its_hit_once(on_mturk: Flask, mturk: LocalMTurk) -> None:
    editor = researcher(on_mturk, "editor")
    token = token_of(text(editor.get("/studies/tiny/recruitment/mturk?assignments=3")))
    for _ in range(2):
        reply = editor.post("/studies/tiny/recruitment/mturk", {"assignments": "3", "token": token})
        assert reply.status_code == 302
    (hit,) = mturk.api.hits.values()
    assert hit["MaxAssignments"] == 3
    page = text(editor.get("/studies/tiny/recruitment"))
    assert hit["HITId"] in page
    noted = [e for e in rows(on_mturk, models.AuditEntry) if e["action"] == "hit.create"]
    assert [entry["actor"] for entry in noted] == ["editor"]


def test_a_refusal_is_told_and_the_same_request_can_be_sent_again(
    on_mturk: Flask, mturk: LocalMTurk
) -> None:
    editor = researcher(on_mturk, "editor")
    token = token_of(text(editor.get("/studies/tiny/recruitment/mturk?assignments=3")))
    form = {"assignments": "3", "token": token}
    mturk.password = "AKIAOTHER"
    page = text(editor.post("/studies/tiny/recruitment/mturk", form), 409)
    assert "No HIT was created" in page
    assert token_of(page) == token, "so that another try can't make a second HIT"
    mturk.password = "AKIATEST"
    assert editor.post("/studies/tiny/recruitment/mturk", form).status_code == 302
    assert len(mturk.api.hits) == 1


def test_what_stands_against_a_hit_is_said(on_mturk: Flask, studies_folder: Path) -> None:
    editor = researcher(on_mturk, "editor")
    editor.post("/studies/tiny/state", {"state": "paused"})
    page = text(editor.get("/studies/tiny/recruitment/mturk"))
    assert "the study is paused" in page
    assert 'name="token"' not in page


@pytest.mark.parametrize("role", ["viewer", None])
def test_only_editors_offer_hits(on_mturk: Flask, mturk: LocalMTurk, role: str | None) -> None:
    who = researcher(on_mturk, role)
    status = 404 if role is None else 403
    assert who.get("/studies/tiny/recruitment/mturk").status_code == status
    reply = who.post("/studies/tiny/recruitment/mturk", {"assignments": "3"})
    assert reply.status_code == status
    assert not mturk.calls


@pytest.mark.parametrize("given", ["", "x", "-5", "0", "1e9"])
def test_odd_numbers_of_workers_are_held_in_bounds(on_mturk: Flask, given: str) -> None:
    editor = researcher(on_mturk, "editor")
    page = text(editor.get(f"/studies/tiny/recruitment/mturk?assignments={given}"))
    assert 'name="assignments" type="number" value="' in page
