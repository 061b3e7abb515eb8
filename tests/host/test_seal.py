"""Platform ids stand sealed in the database, and are still found."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.rows import query
from support.walker import Walker, open_study, rows

from diptych import migrate
from diptych.app import create_app
from diptych.ground.seal import Seal, SealFault
from diptych.ground.settings import Settings
from diptych.models import Arrival, Identity

pytestmark = pytest.mark.both_databases

WHO = {"PROLIFIC_PID": "5f0e1d2c3b4a5968", "STUDY_ID": "study7", "SESSION_ID": "sub42"}


@given(st.text(max_size=128), st.text(max_size=128))
def test_what_is_closed_is_opened_by_its_key_only(one: str, other: str) -> None:
    seal, stranger = Seal(b"a" * 32), Seal(b"b" * 32)
    closed = seal.close(one)
    assert seal.open(closed) == one
    assert (seal.close(other) == closed) == (one == other)
    if one:
        assert one not in closed or len(one) < 4
        with pytest.raises(SealFault):
            stranger.open(closed)
        with pytest.raises(SealFault):
            seal.open(closed[:-2] + ("AA" if closed[-2:] != "AA" else "BB"))


def test_an_id_of_the_longest_kind_fits_its_column() -> None:
    assert len(Seal(b"k").close("x" * 128)) <= 255


@pytest.fixture
def visited(app: Flask, studies_folder: Path) -> Flask:
    open_study(app, studies_folder / "tiny")
    Walker(app.test_client()).enter(**WHO)
    return app


def test_the_tables_name_nobody(visited: Flask, settings: Settings) -> None:
    found = query(settings, "SELECT external_id FROM identities")
    found += query(settings, "SELECT CAST(parameters AS TEXT) FROM arrivals")
    text = repr(found)
    assert len(found) == 2
    assert not any(value in text for value in WHO.values())


def test_who_comes_again_is_known(visited: Flask) -> None:
    again = Walker(visited.test_client())
    assert again.arrive(**WHO).status_code == 200
    assert rows(visited, Identity)[0]["external_id"] == WHO["PROLIFIC_PID"]
    assert rows(visited, Arrival)[0]["parameters"]["SESSION_ID"] == WHO["SESSION_ID"]


def test_another_key_reads_nothing_and_says_so(visited: Flask, settings: Settings) -> None:
    other = create_app(settings.model_copy(update={"identity_key": "quite another one"}))
    with pytest.raises(SealFault, match="DIPTYCH_IDENTITY_KEY"):
        rows(other, Identity)


def test_a_key_of_its_own_outlives_a_new_secret(settings: Settings, studies_folder: Path) -> None:
    keyed = settings.model_copy(update={"identity_key": "k" * 40})
    app = create_app(keyed)
    open_study(app, studies_folder / "tiny")
    Walker(app.test_client()).enter(**WHO)
    renewed = create_app(keyed.model_copy(update={"secret_key": "another secret for the tests"}))
    assert rows(renewed, Identity)[0]["external_id"] == WHO["PROLIFIC_PID"]


def test_what_stood_open_is_sealed_by_the_migration(visited: Flask, settings: Settings) -> None:
    url, key = settings.sqlalchemy_url, settings.key_of_identities()
    before = rows(visited, Identity), rows(visited, Arrival)
    migrate.downgrade(url, "0002", key)
    assert query(settings, "SELECT external_id FROM identities") == [(WHO["PROLIFIC_PID"],)]
    with pytest.raises(RuntimeError, match="key is needed"):
        migrate.upgrade(url)
    migrate.upgrade(url, "head", key)
    assert WHO["PROLIFIC_PID"] not in repr(query(settings, "SELECT external_id FROM identities"))
    assert (rows(visited, Identity), rows(visited, Arrival)) == before


def test_an_engine_without_a_key_reads_nothing(visited: Flask, settings: Settings) -> None:
    engine = sa.create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection, pytest.raises(SealFault, match="no key"):
        connection.execute(sa.select(Identity.__table__)).all()
    engine.dispose()
