"""The clock of a host is set to and fro while it pays: nobody is paid twice, nobody is forgotten.

Prolific's clock is right. What was sent may be carried out by it as long as the time of grace
lasts, and how long that is may depend on no clock that somebody sets.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.desk import PASSWORD, Desk
from support.local_prolific import FAULTS, TOKEN, LocalProlific, local_prolific
from support.paying import Paying, paying_host
from support.servers import LiveServer
from support.set_clock import DAY, HOUR, MINUTE, Clock

from diptych.accounts import users
from diptych.ground.database import db, reading
from diptych.ground.settings import Settings
from diptych.payments import budget, running_totals

pytestmark = pytest.mark.slow
#: Where each command is a process that takes its time; the ledger is tested on both elsewhere.
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
PAY = r"POST /bulk-bonus-payments/.*/pay/"
#: What a session of `paying` is paid by the study's rule, in pence.
REWARD, BONUS = 180, 25


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    with local_prolific() as made:
        yield made


@pytest.fixture
def paying(settings: Settings, prolific: LocalProlific, tmp_path: Path) -> Iterator[Paying]:
    """A study on Prolific; what is in doubt may be carried out within an hour."""
    made = paying_host(settings, tmp_path / "studies", prolific, payment_grace_minutes=60)
    made.budget(100_00)
    with made.app.app_context():
        users.add_user("ada", PASSWORD, is_admin=True)
    yield made
    with made.app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def wound(paying: Paying, clock: Clock, tmp_path: Path) -> Iterator[LiveServer]:
    """A host, and its commands, that live by the clock; it is looked at when they begin."""
    settings = paying.host.settings
    made = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
            "DIPTYCH_PROLIFIC_API": settings.prolific_api,
            "DIPTYCH_PROLIFIC_TOKEN": TOKEN,
            "DIPTYCH_PAYMENT_GRACE_MINUTES": "60",
        },
        tmp_path / "server.log",
    )
    made.environment |= clock.environment
    # Looking at it each time makes commands much slower.
    del made.environment["FAKETIME_NO_CACHE"]
    yield made
    made.stop()


def pay(host: LiveServer, doing: str) -> str:
    """`diptych pay` in a process that lives by the clock; returns what it said."""
    return " ".join(host.diptych("pay", "tiny", doing).split())


@sqlite_only
@pytest.mark.parametrize(
    "sent_at, asked_at",
    [(0, 2 * DAY), (-2 * DAY, 0)],
    ids=["ahead when looked up", "behind when sent"],
)
def test_a_payment_under_way_is_not_given_up(
    paying: Paying, wound: LiveServer, clock: Clock, sent_at: int, asked_at: int
) -> None:
    """A bonus is given up and paid anew only once Prolific can't pay it any more."""
    paying.prolific.held = True
    paying.decide([paying.session()], "bonus", amount=50)
    clock.set(sent_at)
    assert "1 in doubt" in pay(wound, "send")
    clock.set(asked_at)
    assert "0 confirmed, 0 failed, 1 in doubt" in pay(wound, "reconcile")
    assert paying.try_again() == 0
    paying.send()
    paying.prolific.held = False
    paying.prolific.work()
    assert paying.reconcile().confirmed == 1
    assert paying.confirmed() == paying.prolific.total() == 50


@sqlite_only
def test_what_never_arrived_is_given_up_in_time_though_the_clock_stands_back(
    paying: Paying, wound: LiveServer, clock: Clock
) -> None:
    """Nobody waits three days for a bonus because the host's clock was set three days back."""
    paying.prolific.faults = [("drop", PAY)]
    paying.decide([paying.session()], "bonus", amount=50)
    assert paying.send().in_doubt == 1
    clock.set(-3 * DAY)
    assert "1 in doubt" in pay(wound, "reconcile")
    paying.prolific.ahead_s = 2 * HOUR  # so much time has passed
    assert "1 failed, 0 in doubt" in pay(wound, "reconcile")
    assert paying.try_again() == 1
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == paying.prolific.total() == 50


@sqlite_only
def test_a_difference_is_told_though_the_payment_lies_in_the_future(
    paying: Paying, wound: LiveServer, clock: Clock
) -> None:
    """Confirmed by a clock that was ahead, taken back on Prolific, looked at by a right clock."""
    session = paying.session()
    paying.decide([session], "bonus", amount=50)
    clock.set(3 * DAY)
    pay(wound, "send")
    assert paying.states() == ["confirmed"]
    paying.prolific.submissions[paying.submission(session)].bonus_payments.clear()
    (told,) = paying.reconcile().differences
    assert "a bonus of 0.50 GBP is confirmed here, but the platform does not list it" in told


def test_the_clock_jumps_while_decisions_are_made_and_paid(
    paying: Paying, wound: LiveServer, clock: Clock, seconds: float, record_property
) -> None:
    """On the dashboard of a host that is killed now and then, with a third of requests spoilt."""
    prolific, rng = paying.prolific, random.Random(6)
    sessions = paying.sessions([5] * 6)
    whole = len(sessions) * (REWARD + BONUS)
    paying.budget(whole)  # whatever is paid twice leaves somebody unpaid
    wound.environment |= clock.environment
    wound.start()
    desk = Desk(wound.url, "ada")
    moves = ["decide", "old form", "send", "send", "reconcile", "reconcile", "again"]
    moves += ["hold", "kill"]
    with jumping(clock) as jumps:
        # At least until each has been ordered once.
        end = time.monotonic() + seconds
        prolific.misbehave = lambda _: rng.choice(FAULTS) if rng.random() < 0.3 else None
        while time.monotonic() < end or len(paying.orders()) < 2 * len(sessions):
            move = rng.choice(moves)
            if move == "kill":
                wound.restart()
            elif move == "hold":
                prolific.held = not prolific.held
                prolific.work()
            elif move == "decide":
                # A second bonus is one more bonus: who decides it anew wants to pay it.
                decided = {order.action for order in paying.orders()}
                for action in sorted({"approve", "bonus"} - decided):
                    desk.decide(action)
            elif move == "old form":
                for slip in desk.slips[:1] + desk.slips[-1:]:
                    desk.confirm(slip)
            else:
                desk.press(move, {"key": paying.failed()} if move == "again" else {})
            no_harm(paying, whole)
        # The trouble is over, but for the clock; hour after hour somebody looks after it.
        prolific.misbehave, prolific.held = lambda _: None, False
        for hour in range(1, 30):
            prolific.ahead_s = 2.0 * HOUR * hour
            for button in ("reconcile", "again", "send"):
                prolific.work()
                desk.press(button, {"key": paying.failed()} if button == "again" else {})
            no_harm(paying, whole)
            if paying.confirmed() == whole:
                break
    desk.close()
    each = Counter({("reward", REWARD): 1, ("bonus", BONUS): 1})
    assert [prolific.paid(paying.submission(one)) for one in sessions] == [each] * len(sessions)
    assert set(paying.states()) <= {"confirmed", "failed"}
    assert desk.replies["500"] == 0, wound.log.read_text(errors="replace")[-4000:]
    record_property("jumps", len(jumps))
    with paying.app.app_context(), reading() as connection:
        found = budget.read(connection, paying.study_id)
        assert found is not None and (found.spent, found.left) == (whole, 0)
        # What pages show is what the rows come to.
        pages = running_totals.read(connection, paying.study_id)["GBP"]
        rows = Counter(order.state for order in paying.orders())
        assert {state: total.count for state, total in pages.items() if total.count} == rows
        assert pages["confirmed"].amount == whole


@contextmanager
def jumping(clock: Clock) -> Iterator[list[int]]:
    """A clock that is set several times a second, for as long as the block lasts."""
    rng, done, jumps = random.Random(7), threading.Event(), list[int]()

    def jump() -> None:
        while not done.wait(rng.uniform(0.1, 0.6)):
            jumps.append(rng.choice([-3 * DAY, -4 * HOUR, -MINUTE, 0, MINUTE, 4 * HOUR, 3 * DAY]))
            clock.set(jumps[-1])

    thread = threading.Thread(target=jump)
    thread.start()
    try:
        yield jumps
    finally:
        done.set()
        thread.join()


def no_harm(paying: Paying, whole: int) -> None:
    """What holds at every moment: nothing twice, nothing that was not ordered or is too much."""
    assert max(Counter(paying.prolific.payments).values(), default=1) == 1, "paid twice"
    held = sum(o.amount for o in paying.orders() if o.state in ("sent", "confirmed"))
    assert paying.prolific.total() <= held <= whole
