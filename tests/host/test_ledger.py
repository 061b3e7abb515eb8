"""The ledger itself: where an order stands, who wanted it, and whose study it is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.dashboard import PASSWORD, study_id
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.accounts.users import add_user
from diptych.ground.database import reading, writing
from diptych.payments import ledger, running_totals
from diptych.payments.ledger import NewOrder

pytestmark = pytest.mark.both_databases


@pytest.fixture
def paid(app: Flask, studies_folder: Path) -> Flask:
    """A host with a session of each of two studies."""
    for number, name in enumerate(("tiny", "tiny_2afc")):
        open_study(app, studies_folder / name)
        Walker(app.test_client(), name).enter(participant=f"person{number}")
    return app


def order(name: str, study: str = "tiny", session: int = 1) -> NewOrder:
    return NewOrder(study_id(study), session, name, 1, "prolific", "approve", 180, "GBP")


def write(*lines: tuple[str, int], name: str = "a", study: str = "tiny", **more: Any) -> None:
    """Write lines of an order: state and time (ms)."""
    for state, at in lines:
        with writing() as connection:
            ledger.write(connection, state, [order(name, study)], None, at=at, **more)


def standing(name: str = "a") -> ledger.Entry:
    key = order(name).key
    with reading() as connection:
        return ledger.entries(connection, [key])[key]


def test_an_order_stands_where_its_furthest_line_stands(paid: Flask) -> None:
    """In whatever order the lines came; a confirmation outranks a failure."""
    with paid.app_context():
        write(("intended", 10))
        assert (standing().state, standing().at, standing().sent_at) == ("intended", 10, None)
        write(("sent", 20))
        assert (standing().state, standing().at, standing().sent_at) == ("sent", 20, 20)
        write(("named", 30), reference="bulk-1", reason="asked for")
        named = standing()
        assert (named.state, named.at, named.sent_at) == ("sent", 30, 20)
        assert (named.reference, named.reason) == ("bulk-1", "asked for")
        write(("failed", 40), reason="no such submission")
        assert (standing().state, standing().reason) == ("failed", "no such submission")
        assert standing().reference == "bulk-1"
        write(("confirmed", 35), reference="paid-2")
        found = standing()
        assert found.reference == "paid-2"
        assert (found.state, found.at, found.first_at) == ("confirmed", 35, 10)


def test_a_line_says_who_wanted_it(paid: Flask) -> None:
    with paid.app_context():
        ada = add_user("ada", PASSWORD)
        with writing() as connection:
            ledger.write(connection, "intended", [order("by ada")], ada)
            ledger.write(connection, "intended", [order("by the shell")], None)
            ledger.write(connection, "intended", [order("by it")], None, actor="prolific")
    assert [(row["user_id"], row["actor"]) for row in rows(paid, models.LedgerEntry)] == [
        (ada.id, "ada"), (None, "command line"), (None, "prolific"),
    ]  # fmt: skip


def test_a_study_knows_its_own_orders_only(paid: Flask) -> None:
    with paid.app_context():
        write(("intended", 10), ("sent", 20), name="a")
        write(("intended", 15), name="b", study="tiny_2afc")
        with reading() as connection:
            for study, names in (("tiny", ["a"]), ("tiny_2afc", ["b"])):
                this = study_id(study)
                every = ledger.all_entries(connection, this)
                assert [each.participation for each in every] == names
                by_state = [ledger.in_state(connection, this, s) for s in ("intended", "sent")]
                assert [each for some in by_state for each in some] == every
                assert (
                    running_totals.totals(connection, this)["GBP"]["confirmed"]
                    == running_totals.Total()
                )
            sent = ledger.in_state(connection, study_id("tiny"), "sent", [1])
            assert [each.key for each in sent] == ["a-approve-1"]
            assert ledger.in_state(connection, study_id("tiny"), "sent", [2]) == []


def test_what_was_paid_or_may_have_been_is_spent(paid: Flask) -> None:
    with paid.app_context():
        for key, state in enumerate(("intended", "sent", "confirmed", "failed")):
            write(*[(each, 1) for each in dict.fromkeys(["intended", state])], name=str(key))
        with reading() as connection:
            totals = running_totals.totals(connection, study_id("tiny"))
    assert running_totals.spent(totals, "GBP") == 2 * 180
    assert running_totals.spent(totals, "USD") == 0
