"""The running sums of the ledger are what a count of all its rows comes to, whatever is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import study_id
from support.properties import costly
from support.walker import Walker, at_once, open_study, rows

from diptych import models
from diptych.ground.database import reading, table, writing
from diptych.payments import ledger, running_totals
from diptych.payments.ledger import NewOrder
from diptych.settling import settle

pytestmark = pytest.mark.both_databases

STATES = ("intended", "sent", "named", "failed", "confirmed")


@pytest.fixture
def paid(app: Flask, client: FlaskClient, studies_folder: Path) -> Flask:
    """A host with a session that orders can be about."""
    open_study(app, studies_folder / "tiny")
    Walker(client).start().finish()
    return app


def order(name: str, amount: int, currency: str = "GBP") -> NewOrder:
    return NewOrder(study_id("tiny"), 1, name, 1, "prolific", "bonus", amount, currency)


def assert_agrees() -> None:
    """The sums are those of the rows; states without an order may be left out or 0."""
    with reading() as connection:
        this = study_id("tiny")
        slow, quick = running_totals.totals(connection, this), running_totals.read(connection, this)
    assert set(slow) == set(quick)
    for currency, states in slow.items():
        assert {s: t for s, t in states.items() if t.count} == {
            s: t for s, t in quick[currency].items() if t.count
        }


def empty() -> None:
    with writing() as connection:
        for model in (models.LedgerEntry, models.PaymentOrder, models.Tally):
            connection.execute(table(model).delete())


written = st.lists(
    st.tuples(
        st.sampled_from(STATES),
        st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True),
    ),
    max_size=12,
)


@costly()
@given(written, st.integers(0, 3))
def test_whatever_is_written_the_sums_are_those_of_the_rows(
    paid: Flask, several: list[tuple[str, list[int]]], before: int
) -> None:
    with paid.app_context():
        empty()
        known: set[tuple[str, int]] = set()
        for place, (state, numbers) in enumerate(several):
            fresh = [n for n in numbers if (state, n) not in known]
            known |= {(state, n) for n in fresh}
            orders = [order(f"o{n}", 100 + n, "USD" if n > 6 else "GBP") for n in fresh]
            with writing() as connection:
                ledger.write(connection, state, orders, None)
                if place < before:  # as a host would that kept no sums
                    connection.execute(table(models.Tally).delete())
            if place >= before:
                assert_agrees()
        assert_agrees()


def test_what_is_undone_is_not_counted_and_settling_anew_leaves_it_alone(paid: Flask) -> None:
    with paid.app_context():
        with writing() as connection:
            ledger.write(connection, "intended", [order("a", 180)], None)
        with pytest.raises(RuntimeError), writing() as connection:
            ledger.write(connection, "intended", [order("b", 180)], None)
            raise RuntimeError("the power went")
        settle.resettle(paid.extensions["diptych"], study_id("tiny"))
        assert_agrees()
    (sums,) = rows(paid, models.Tally, kind=running_totals.KIND)
    assert sums["sessions"] == 1


def test_orders_written_at_once_are_all_counted(paid: Flask) -> None:
    def write(number: int) -> Any:
        def inside() -> None:
            with paid.app_context():
                for state in ("intended", "sent", "confirmed"):
                    with writing() as connection:
                        ledger.write(connection, state, [order(f"o{number}", number)], None)

        return inside

    at_once([write(number) for number in range(6)])
    with paid.app_context():
        assert_agrees()
        with reading() as connection:
            totals = running_totals.read(connection, study_id("tiny"))
    assert totals["GBP"]["confirmed"] == running_totals.Total(6, 15)
