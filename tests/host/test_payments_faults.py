"""Whatever goes wrong, in whatever order: nobody is paid twice, nobody is forgotten.

Hypothesis plays the network, the platform and a power cut against the ledger, and compares it with
the local Prolific's own books after every sequence.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.local_prolific import FAULTS, LocalProlific
from support.paying import Paying, paying_host
from support.properties import costly

from diptych.ground.database import db, reading
from diptych.ground.settings import Settings
from diptych.payments import ledger, outcomes, sending
from diptych.recruiters import prolific_client

#: Minor units: little while everything goes wrong, enough afterwards.
TIGHT, AMPLE = 4_00, 50_00
WHAT = (
    "approve", "bonus 10", "bonus 25", "send", "send", "send", "reconcile", "again", "work",
    "hold", "kill",
)  # fmt: skip
DECIDED_ANEW = [
    ("send", 0), ("approve", 0), ("approve", 0), ("bonus 25", 0), ("approve", 0), ("reconcile", 0),
    ("approve", 0), ("send", 0), ("approve", 1), ("approve", 0), ("approve", 0), ("kill", 1),
    ("reconcile", 0), ("approve", 0), ("approve", 1), *[("approve", 0)] * 5,
]  # fmt: skip
#: The share of requests that go wrong.
TROUBLE = 0.45


class PowerCut(BaseException):
    """The process ends here and now."""


def kill_at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """The process dies once: before an outcome is written down, or at some row of the ledger."""
    if moment == "conclude":

        def die(*_: Any, **__: Any) -> Any:
            raise PowerCut

        monkeypatch.setattr(sending, "conclude", die)
        return
    write = ledger.write

    def die_at(connection: Any, state: str, *rest: Any, **more: Any) -> None:
        if state == moment:
            raise PowerCut
        write(connection, state, *rest, **more)

    for module in (ledger, outcomes.ledger, sending.ledger):
        monkeypatch.setattr(module, "write", die_at)


def play(paying: Paying, sessions: list[int], moves: list[tuple[str, int]], seed: int) -> None:
    """Make the moves while many requests go wrong."""
    rng = random.Random(seed)
    prolific = paying.prolific
    prolific.misbehave = lambda _: rng.choice(FAULTS) if rng.random() < TROUBLE else None
    for what, number in moves:
        session = sessions[number % len(sessions)]
        if what == "approve":
            paying.decide([session], "approve")
        elif what.startswith("bonus"):
            paying.decide([session], "bonus", amount=int(what.split()[1]))
        elif what == "send":
            paying.send()
        elif what == "reconcile":
            # By then Prolific has done all that it will do: the time of grace is over.
            prolific.work()
            paying.reconcile()
        elif what == "again":
            paying.try_again()
        elif what in ("work", "hold"):
            prolific.held = what == "hold"
            prolific.work()
        elif what == "kill":
            moment = ("conclude", "named", "confirmed")[number % 3]
            with pytest.MonkeyPatch.context() as monkeypatch:
                kill_at(monkeypatch, moment)
                try:
                    paying.send()
                except PowerCut:
                    db_forgets(paying)
        check_no_harm(paying)


def db_forgets(paying: Paying) -> None:
    """A process that has died holds no connection any more."""
    with paying.app.app_context():
        db.session.remove()


def check_no_harm(paying: Paying, most: int = TIGHT) -> None:
    """What must hold at every moment, whatever is still in doubt."""
    books = Counter(paying.prolific.payments)
    orders = paying.orders()
    held = [o for o in orders if o.state in ("sent", "confirmed")]
    # Nothing is paid that is not marked as sent, and the budget holds.
    assert sum(o.amount for o in held) <= most
    assert paying.prolific.total() <= sum(o.amount for o in held)
    names = {o.session_id: paying.submission(o.session_id) for o in orders}
    may = Counter((names[o.session_id], kind(o), o.amount) for o in held)
    assert not books - may, "somebody was paid what was not ordered"
    sure = Counter((names[o.session_id], kind(o), o.amount) for o in held if o.state == "confirmed")
    assert not sure - books, "something is called confirmed that was not paid"
    rewards = Counter(name for name, what, _ in paying.prolific.payments if what == "reward")
    assert max(rewards.values(), default=1) == 1


def kind(order: ledger.Entry) -> str:
    return "reward" if order.action == "approve" else order.action


def settle_all(paying: Paying) -> None:
    """The trouble is over: a person sends, reconciles and tries again until nothing is left."""
    prolific = paying.prolific
    prolific.misbehave, prolific.held = lambda _: None, False
    paying.budget(AMPLE)
    for _ in range(20):
        prolific.work()
        paying.reconcile()
        paying.try_again()
        paying.send()
        prolific.work()
        paying.reconcile()
        if not set(paying.states()) & {"intended", "sent"} and not paying.try_again():
            return
    raise AssertionError(f"still not settled: {Counter(paying.states())}")


@pytest.mark.slow
@costly()
@given(
    moves=st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 8)), min_size=4, max_size=20),
    seed=st.integers(0, 2**32),
)
# Prolific approves, says 500, and asks whoever tries again to wait.
@example(moves=[("approve", 0), ("approve", 0), ("reconcile", 0), ("send", 0)], seed=1849)
# A reward fails, and somebody approves again instead of trying it again.
@example(moves=DECIDED_ANEW, seed=399)
def test_every_cent_agrees_whatever_goes_wrong(
    migrated: Any, prolific: LocalProlific, moves: list[tuple[str, int]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paying = migrated(Path(folder))
        try:
            sessions = paying.sessions([5, 5, 5])
            paying.decide(sessions, "bonus", amount=10)
            play(paying, sessions, moves, seed)
            settle_all(paying)
            check_no_harm(paying, AMPLE)
            # Every cent: what the ledger calls paid is what Prolific has paid.
            assert paying.confirmed() == paying.prolific.total()
            # Nobody is forgotten: each decision has been paid for, exactly once. A reward is one
            # for each submission, also where it was decided anew after it had failed.
            first = originals(paying)
            rewarded = {o.session_id for o in first if o.action == "approve"}
            bonuses = sum(o.amount for o in first if o.action != "approve")
            assert paying.prolific.total() == 180 * len(rewarded) + bonuses
        finally:
            with paying.app.app_context():
                db.session.remove()
                db.engine.dispose()


def originals(paying: Paying) -> list[ledger.Entry]:
    """One order for each decision: the first attempt, not those that tried it again."""
    with paying.app.app_context(), reading() as connection:
        orders = ledger.all_entries(connection, paying.study_id)
    return [order for order in orders if order.retries is None]


@pytest.fixture
def migrated(
    database_kind: str,
    request: pytest.FixtureRequest,
    prolific: LocalProlific,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Makes a host on a fresh database, as often as it is asked."""
    monkeypatch.setattr(prolific_client, "PAUSES", (0.0,))
    made: list[str] = []

    def make(folder: Path) -> Paying:
        if database_kind == "sqlite":
            path = folder / "diptych.sqlite3"
            shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
            url = f"sqlite:///{path}"
        else:
            server = request.getfixturevalue("postgresql")
            name = server.new_database(request.getfixturevalue("migrated_postgresql"))
            made.append(name)
            url = server.url(name)
        prolific.submissions.clear()
        prolific.payments.clear()
        prolific.misbehave, prolific.held = lambda _: None, False
        prolific.work()
        prolific.payments.clear()
        given_settings = Settings(
            home=folder / "home", database_url=url, secret_key="a secret for the tests"
        )
        paying = paying_host(given_settings, folder / "studies", prolific)
        paying.budget(TIGHT)
        return paying

    yield make
    for name in made:
        request.getfixturevalue("postgresql").drop_database(name)
