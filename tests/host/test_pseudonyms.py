"""Pseudonyms are drawn, not computed: they tell nothing, and people keep theirs all the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.rows import query
from support.walker import Walker, at_once, change, open_study, rows

from diptych import migrate, models
from diptych.app import create_app
from diptych.ground.database import now_ms
from diptych.ground.settings import Settings
from diptych.privacy import retention, withdrawal

PERSON = "5f0e1d2c3b4a596877665544"
WHO = {"PROLIFIC_PID": PERSON, "STUDY_ID": "a" * 24, "SESSION_ID": "sub"}
DAY = 86_400_000


@pytest.fixture
def opened(app: Flask, studies_folder: Path) -> Flask:
    """Both tiny studies, open."""
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies_folder / name)
    return app


def pseudonym(app: Flask, walker: Walker) -> str:
    """Under which a session's person stands."""
    (session,) = rows(app, models.Session, public_id=walker.public_id)
    (person,) = rows(app, models.Participant, id=session["participant_id"])
    name: str = person["public_id"]
    return name


def comes(app: Flask, study: str = "tiny") -> Walker:
    """The one person of these tests, at the first trial."""
    return Walker(app.test_client(), study).start(**WHO)


def test_whoever_has_the_key_can_t_compute_one(
    opened: Flask, settings: Settings, tmp_path: Path, studies_folder: Path
) -> None:
    # The same person, study and secrets, on a database of its own: what could be computed from
    # these would come out the same.
    twin = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'twin.sqlite3'}"})
    migrate.upgrade(twin.sqlalchemy_url)
    other = create_app(twin)
    for name in ("tiny", "tiny_2afc"):
        open_study(other, studies_folder / name)
    drawn = {pseudonym(app, comes(app)) for app in (opened, other)}
    assert len(drawn) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in drawn)
    sealed = [query(each, "SELECT external_id FROM identities") for each in (settings, twin)]
    assert sealed[0] == sealed[1], "the identity is what is computed, and it stands apart"


def test_a_person_keeps_it_in_every_session_and_study_and_with_a_new_key(
    opened: Flask, settings: Settings
) -> None:
    keyed = settings.model_copy(update={"identity_key": settings.secret_key})
    here, there = comes(opened), comes(opened, "tiny_2afc")
    renewed = create_app(keyed.model_copy(update={"secret_key": "another secret for the tests"}))
    again = Walker(renewed.test_client()).enter(**WHO)
    assert pseudonym(opened, here) == pseudonym(opened, there) == pseudonym(renewed, again)


@pytest.mark.both_databases
def test_hosts_with_one_database_agree_even_at_the_same_moment(
    opened: Flask, settings: Settings
) -> None:
    other = create_app(settings)
    walkers = [Walker(app.test_client()) for app in (opened, other) * 3]
    at_once([lambda w=walker: w.enter(**WHO) for walker in walkers])
    assert len({walker.public_id for walker in walkers}) == 1
    assert len({pseudonym(opened, walker) for walker in walkers}) == 1
    assert len(rows(opened, models.Participant)) == len(rows(opened, models.Identity)) == 1


def forget(app: Flask, walker: Walker, how: str) -> None:
    """Let the platform's id go: by a withdrawal, or by the study's limit."""
    if how == "erased":
        with app.app_context():
            person = withdrawal.by_name(walker.public_id)
            withdrawal.erase(app.extensions["diptych"], person)
        return
    (version,) = rows(app, models.StudyVersion, id=1)
    spec = {**version["spec"], "privacy": {"identities_days": 30}}
    change(app, models.StudyVersion, {"spec": spec}, id=1)
    change(app, models.Session, {"ended_at": now_ms() - 31 * DAY}, public_id=walker.public_id)
    with app.app_context():
        assert retention.apply(app.extensions["diptych"]).people == 1


@pytest.mark.parametrize("how", ["erased", "at its limit"])
def test_once_the_id_is_deleted_nothing_leads_back(opened: Flask, how: str) -> None:
    before = comes(opened).finish()
    name = pseudonym(opened, before)
    forget(opened, before, how)
    again = comes(opened)
    assert again.public_id != before.public_id
    assert pseudonym(opened, again) != name
    kept: list[dict[str, Any]] = rows(opened, models.Participant, public_id=name)
    assert len(kept) == (0 if how == "erased" else 1), "answers stay under a name of nobody's"
    assert [row["external_id"] for row in rows(opened, models.Identity)] == [PERSON]
