"""Shared links: totals for people without an account, until a day, and nothing about a person."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Flask:
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1))
    return app


def make(app: Flask, days: str = "30", name: str = "reviewers") -> str:
    """Make a link; its path on the host."""
    reply = researcher(app, "owner").post("/studies/tiny/shared", {"name": name, "days": days})
    assert reply.status_code == 200
    found = re.search(r'value="[^"]*(/dashboard/shared/[\w-]+)"', reply.get_data(as_text=True))
    assert found
    return found[1]


def test_totals_are_shown_and_nothing_of_a_person(opened: Flask) -> None:
    address = make(opened)
    walkers = [Walker(opened.test_client()).start(participant=f"anna{n}") for n in range(4)]
    page = opened.test_client().get(address).get_data(as_text=True)
    assert "Fewer than 5 people" in page and "funnel" not in page
    walkers.append(Walker(opened.test_client()).start(participant="anna4").finish())
    reply = opened.test_client().get(address)
    page = reply.get_data(as_text=True)
    assert 'class="funnel"' in page and reply.headers["Cache-Control"] == "no-store"
    for walker in walkers:
        assert walker.public_id not in page and walker.public_id[:8] not in page
    participants = rows(opened, models.Participant)
    assert not any(row["public_id"][:8] in page for row in participants) and "anna" not in page


def test_a_link_ends(opened: Flask) -> None:
    address = make(opened)
    assert opened.test_client().get(address).status_code == 200
    assert opened.test_client().get(address[:-1] + "x").status_code == 404
    (row,) = rows(opened, models.SharedLink)
    assert row["token_hash"] not in address
    owner = researcher(opened, "owner")
    assert owner.post(f"/studies/tiny/shared/{row['id']}/end").status_code == 302
    assert opened.test_client().get(address).status_code == 404
    other = make(opened)
    change(opened, models.SharedLink, {"expires_at": 1})
    assert opened.test_client().get(other).status_code == 404
    actions = [entry["action"] for entry in rows(opened, models.AuditEntry)]
    assert actions.count("link.share") == 2 and actions.count("link.unshare") == 1


@pytest.mark.parametrize(
    "form", [{"name": "", "days": "3"}, {"name": "x", "days": "0"}, {"name": "x", "days": "999"},
             {"name": "x", "days": "soon"}]
)  # fmt: skip
def test_a_wrong_form_makes_no_link(opened: Flask, form: dict[str, str]) -> None:
    assert researcher(opened, "owner").post("/studies/tiny/shared", form).status_code == 400
    assert rows(opened, models.SharedLink) == []


def test_only_owners_share(opened: Flask) -> None:
    for role in ("viewer", "editor"):
        reply = researcher(opened, role).post("/studies/tiny/shared", {"name": "x", "days": "3"})
        assert reply.status_code == 403
