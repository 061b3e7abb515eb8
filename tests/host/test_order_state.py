"""The state of an order: the fold over its lines, and the table that keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import study_id
from support.properties import costly
from support.walker import Walker, open_study

from diptych import migrate
from diptych.domain.tables import LEDGER, ORDERS
from diptych.ground.database import reading, writing
from diptych.ground.settings import Settings
from diptych.payments import ledger
from diptych.payments.ledger import NewOrder
from diptych.payments.order_state import Line, OrderState, fold

#: What the code writes: `named` only for an order that was sent, and each state once.
HISTORIES = (
    ("intended",),
    ("intended", "failed"),
    ("intended", "confirmed"),
    ("intended", "sent"),
    ("intended", "sent", "named"),
    ("intended", "sent", "failed"),
    ("intended", "sent", "confirmed"),
    ("intended", "sent", "named", "failed"),
    ("intended", "sent", "named", "confirmed"),
    ("intended", "sent", "failed", "confirmed"),
    ("intended", "sent", "confirmed", "failed"),
    ("intended", "sent", "named", "failed", "confirmed"),
    ("intended", "failed", "confirmed"),
    ("confirmed",),
)
SHOWN = {"named": "sent"}
words = st.one_of(st.none(), st.text("ab", min_size=1, max_size=3))


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    states = draw(st.sampled_from(HISTORIES))
    return [Line(state, draw(st.integers(0, 99)), draw(words), draw(words)) for state in states]


def by_the_furthest_line(lines: list[Line]) -> OrderState:
    """As version 0.1 read an order: all its lines at once."""
    ranks = ["intended", "sent", "named", "failed", "confirmed"]
    furthest = max(lines, key=lambda line: ranks.index(line.state))
    sent = [line.at for line in lines if line.state == "sent"]
    names = [line.reference for line in lines if line.reference]
    return OrderState(
        SHOWN.get(furthest.state, furthest.state),
        furthest.at,
        furthest.reason,
        names[-1] if names else None,
        sent[0] if sent else None,
        lines[0].at,
    )


@given(histories())
def test_the_fold_is_the_furthest_line(lines: list[Line]) -> None:
    assert fold(lines) == by_the_furthest_line(lines)


def test_without_a_line_there_is_no_order() -> None:
    assert fold([]) is None


def test_a_state_that_nothing_writes_is_an_error() -> None:
    with pytest.raises(KeyError, match="lost"):
        fold([Line("intended", 1), Line("lost", 2)])


@pytest.fixture
def paid(app: Flask, studies_folder: Path) -> Flask:
    """A host with a session that orders can be about."""
    open_study(app, studies_folder / "tiny")
    Walker(app.test_client()).enter(participant="person")
    return app


@pytest.mark.both_databases
@costly()
@given(st.lists(histories(), min_size=1, max_size=3))
def test_the_table_of_orders_is_the_fold_of_the_ledger(paid: Flask, several: Any) -> None:
    """However the lines of several orders came between each other."""
    with paid.app_context():
        with writing() as connection:
            connection.execute(ORDERS.delete())
            connection.execute(LEDGER.delete())
        orders = [
            NewOrder(study_id("tiny"), 1, f"person {n}", n + 1, "prolific", "bonus", 5, "GBP")
            for n in range(len(several))
        ]
        for step in range(max(map(len, several))):
            for order, lines in zip(orders, several, strict=True):
                if step < len(lines):
                    line = lines[step]
                    more = {"reference": line.reference, "reason": line.reason, "at": line.at}
                    with writing() as connection:
                        ledger.write(connection, line.state, [order], None, **more)
        with reading() as connection:
            found = ledger.entries(connection, [order.key for order in orders])
        for order, lines in zip(orders, several, strict=True):
            entry, state = found[order.key], by_the_furthest_line(lines)
            assert OrderState(**{name: getattr(entry, name) for name in vars(state)}) == state
            assert (entry.participation, entry.attempt) == (order.participation, order.attempt)
            assert entry.key == f"{order.participation}-bonus-{order.attempt}"


HASH = "0123456789abcdef" * 2
ORDER = {"study_id": 1, "session_id": 1, "recruiter": "prolific", "currency": "GBP"}


def old_host(connection: sa.Connection) -> dict[str, list[Line]]:
    """Fill the tables of revision 0006 with an order of each history; lines by key."""
    now = {"created_at": 1, "entered_at": 1, "last_seen_at": 1}
    insert(connection, "studies", id=1, name="old", state="open", created_at=1)
    insert(
        connection, "study_versions", id=1, study_id=1, content_hash="c", spec="{}", texts="{}",
        created_at=1,
    )  # fmt: skip
    insert(
        connection, "sessions", id=1, public_id="p", study_id=1, version_id=1, take=1,
        kind="person", recruiter="prolific", seed=1, status="completed", step="end", position=0,
        n_trials=0, n_responses=0, n_counted=0, n_correct=0, practice_attempts=0,
        comprehension_attempts=0, browser="{}", entered_at=now["entered_at"],
        last_seen_at=now["last_seen_at"],
    )  # fmt: skip
    written: dict[str, list[Line]] = {}
    for number, states in enumerate(HISTORIES, 1):
        key = f"{HASH}-request_return-{number}"
        for place, state in enumerate(states):
            line = Line(state, 100 * number + place, f"name {place}" if place else None, state)
            written.setdefault(key, []).append(line)
            insert(
                connection, "ledger", key=key, action="request_return", amount=number,
                actor=f"ada {place}", **ORDER, **vars(line),
            )  # fmt: skip
    for number in (2, 3):  # the third order tried the second again
        again = f', "again": "{HASH}-request_return-2"' if number == 3 else ""
        insert(
            connection, "decisions", session_id=1, study_id=1, action="request_return", at=1,
            actor="ada", detail=f'{{"key": "{HASH}-request_return-{number}"{again}}}',
        )  # fmt: skip
    return written


def insert(connection: sa.Connection, into: str, **cells: Any) -> None:
    marks = ", ".join(f":{cell}" for cell in cells)
    connection.execute(sa.text(f"INSERT INTO {into} ({', '.join(cells)}) VALUES ({marks})"), cells)


@pytest.mark.both_databases
def test_orders_of_an_older_database_are_read_as_they_were(empty_database_url: str) -> None:
    url = Settings(database_url=empty_database_url).sqlalchemy_url
    migrate.upgrade(url, "0006")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        written = old_host(connection)
        before = connection.execute(sa.text("SELECT * FROM ledger ORDER BY id")).all()
    migrate.upgrade(url)
    with engine.connect() as connection:
        entries = ledger.all_entries(connection, 1)
        assert [entry.key for entry in entries] == list(written)
        for number, entry in enumerate(entries, 1):
            state = by_the_furthest_line(written[entry.key])
            assert OrderState(**{name: getattr(entry, name) for name in vars(state)}) == state
            assert (entry.participation, entry.attempt) == (HASH, number)
            assert (entry.action, entry.amount, entry.actor) == ("request_return", number, "ada 0")
        retried = {entry.key: entry.retries for entry in entries if entry.retries is not None}
        assert retried == {f"{HASH}-request_return-3": entries[1].id}
        after = connection.execute(sa.text("SELECT * FROM ledger ORDER BY id")).all()
    assert after == before, "no line of the ledger changes"
    # What was tried again since is written where the older version looks for it.
    with engine.begin() as connection:
        connection.execute(sa.text('UPDATE decisions SET detail = \'{"key": "x"}\''))
        detail = f'{{"key": "{HASH}-request_return-3"}}'
        connection.execute(sa.text("UPDATE decisions SET detail = :d WHERE id = 2"), {"d": detail})
    migrate.downgrade(url, "0006")
    with engine.connect() as connection:
        details = connection.execute(sa.text("SELECT detail FROM decisions ORDER BY id")).scalars()
        assert f"{HASH}-request_return-2" in str(list(details)[1])
    engine.dispose()
