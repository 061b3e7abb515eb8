"""The statements that go to the driver directly keep what SQLAlchemy's own execution does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from support.databases import PostgreSQL
from support.tiny_studies import category_study
from support.walker import Walker, open_study

from diptych.domain.tables import RESPONSES, SESSIONS, TRIALS
from diptych.ground.database import db, reading, writing
from diptych.ground.statements import Statement
from diptych.journey import storing

pytestmark = pytest.mark.both_databases


def key(person: Walker, index: int = 1) -> dict[str, Any]:
    """What the question of an answer asks."""
    return {"public_id": person.public_id, "index": index}


@pytest.fixture
def person(app: Flask, tmp_path) -> Iterator[Walker]:
    """A session at its second trial; its first one is answered."""
    folder = category_study(tmp_path)
    open_study(app, folder)
    person = Walker(app.test_client(), folder.name).start(participant="a")
    person.answer()
    with app.app_context():
        yield person


@pytest.mark.parametrize("index", [0, 1, 10_000])
def test_a_row_is_read_as_sqlalchemy_reads_it(person: Walker, index: int) -> None:
    parameters = key(person, index)
    with reading() as connection:
        told = storing.QUESTION.first(connection, parameters)
        plain = connection.execute(storing.QUESTION.core, parameters).one_or_none()
    if plain is None:
        assert told is None and index == 10_000
        return
    assert told._asdict() == plain._asdict()
    assert isinstance(told.item, dict) and (told.answer is None) == (index == 1)


def test_what_is_stored_is_what_was_given(person: Walker) -> None:
    person.answer()
    with reading() as connection:
        rows = connection.execute(select(RESPONSES).order_by("trial_index")).all()
    assert [row.trial_index for row in rows] == [0, 1]
    assert all(isinstance(row.answer, dict) and row.correct in (True, False) for row in rows)
    assert all(row.rt_ms > 0 and row.mask_onset_ms is None for row in rows)


def _copy() -> Statement:
    """A statement that stores the first answer again, which its key forbids."""
    columns = [column.name for column in RESPONSES.columns]
    return Statement(lambda: RESPONSES.insert().from_select(columns, select(RESPONSES)))


def test_a_second_answer_is_an_integrity_error_without_its_values(person: Walker) -> None:
    with pytest.raises(IntegrityError) as told, writing() as connection:
        _copy().rows_changed(connection, {})
    assert "INSERT INTO responses" in str(told.value)
    assert not told.value.connection_invalidated and told.value.hide_parameters
    # The transaction was undone, and the connection goes on.
    with writing() as connection:
        assert connection.execute(select(SESSIONS.c.position)).scalar_one() == 1


def test_a_missing_table_is_told_as_sqlalchemy_tells_it(person: Walker) -> None:
    lost = Statement(lambda: select(TRIALS.c.phase).where(TRIALS.c.session_id == 1))
    with writing() as connection:
        connection.execute(text("ALTER TABLE trials RENAME TO lost"))
    with reading() as connection:
        with pytest.raises((OperationalError, ProgrammingError)) as plain:
            connection.execute(lost.core)
        with pytest.raises(type(plain.value)) as told:
            lost.first(connection, {})
    assert type(told.value.orig) is type(plain.value.orig)


def test_who_listens_hears_the_statement(person: Walker) -> None:
    heard: list[str] = []

    def note(_c: object, _k: object, sql: str, *_rest: object) -> None:
        heard.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        person.answer()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert sum("INSERT INTO responses" in sql for sql in heard) == 1
    assert sum("JOIN trials AS trial" in sql for sql in heard) == 1


def test_a_connection_without_a_transaction_is_refused(person: Walker) -> None:
    with db.engine.connect() as connection, pytest.raises(RuntimeError, match="reading"):
        storing.QUESTION.first(connection, key(person))


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_one_broken_connection_empties_the_pool(person: Walker, postgresql: PostgreSQL) -> None:
    def number(connection: Connection) -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    with ExitStack() as held:
        before = {number(held.enter_context(db.engine.connect())) for _ in range(3)}
    with postgresql.connect() as other:
        for pid in before:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(OperationalError) as told, reading() as connection:
        storing.QUESTION.first(connection, key(person))
    assert told.value.connection_invalidated
    with ExitStack() as held:
        after = [held.enter_context(reading()) for _ in range(3)]
        assert all(storing.QUESTION.first(one, key(person)) for one in after)
        assert before.isdisjoint(map(number, after))
