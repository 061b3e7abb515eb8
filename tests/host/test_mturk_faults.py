"""MTurk among faults: lost answers, throttling, wrong keys; nobody is paid twice or forgotten."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.local_mturk import FAULTS, LocalMTurk
from support.local_mturk_api import Assignment
from support.mturk_orders import (
    LATER_S,
    QUICK,
    Names,
    hit,
    one,
    order,
    paid,
    reach,
    send,
    submitted,
)

from diptych.ground.settings import Settings
from diptych.recruiters.mturk_client import PRODUCTION, SANDBOX, connect, major, minor
from diptych.recruiters.mturk_platform import MTurkPlatform
from diptych.recruiters.platform import Action, Order, PlatformFault

pytestmark = pytest.mark.usefixtures("aws_credentials")


@pytest.fixture
def platform(mturk: LocalMTurk) -> MTurkPlatform:
    return reach(mturk)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("action", ["approve", "reject", "bonus"])
def test_one_fault_is_overcome_and_nothing_is_done_twice(
    mturk: LocalMTurk, platform: MTurkPlatform, action: Action, kind: str
) -> None:
    done = submitted(mturk, hit(mturk))
    operation = {"bonus": "SendBonus"}.get(action, f"{action.capitalize()}Assignment")
    mturk.trouble(kind, operation)
    assert one(platform, order(action, done)).state == "confirmed"
    assert len(paid(mturk)) == (0 if action == "reject" else 1)
    acted = kind.endswith("after")
    assert mturk.count(operation) == (1 if acted else 2), "a call that was heard is not repeated"


@pytest.mark.parametrize("kind", ["500", "503", "503-after", "drop", "drop-after"])
def test_what_is_not_known_is_said_to_be_unknown(mturk: LocalMTurk, kind: str) -> None:
    """MTurk goes away in the middle of a payment, and stays away."""
    platform = MTurkPlatform(Settings(mturk_endpoint=mturk.url), pauses=())
    done = submitted(mturk, hit(mturk))
    mturk.trouble(kind, "SendBonus")
    mturk.trouble("500", "ListBonusPayments", times=99)
    names = Names()
    (outcome,) = platform.send([order("bonus", done)], names)
    assert outcome.state == "unknown"
    asked = order("bonus", done, reference=names.known["key-1"])
    assert platform.look_up([asked], [])[0].state == "unknown", "MTurk still says nothing"
    mturk.troubles.clear()
    if kind.endswith("after"):
        assert platform.look_up([asked], [])[0].state == "confirmed"
        return
    assert platform.look_up([asked], [])[0].state == "unknown", "it may still be on its way"
    later = reach(mturk, clock=lambda: platform.clock() + LATER_S)
    assert later.look_up([asked], [])[0].state == "failed"
    assert len(mturk.api.books) == 0


def test_an_order_stopped_before_anything_was_asked_for_has_failed(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    """The name of an order is written down before MTurk is asked: without one, nobody asked."""
    done = submitted(mturk, hit(mturk))

    def stopped(_: Order, __: str) -> None:
        raise KeyboardInterrupt

    for action in ("approve", "bonus"):
        with pytest.raises(KeyboardInterrupt):
            platform.send([order(action, done, action)], stopped)
        assert platform.look_up([order(action, done, action)], [])[0].state == "failed"
    assert paid(mturk) == []


def test_a_throttled_platform_did_nothing_for_certain(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    mturk.trouble("throttle", "SendBonus", times=99)
    outcome = one(platform, order("bonus", done))
    assert outcome.state == "failed" and "Rate exceeded" in outcome.reason
    assert mturk.count("SendBonus") == len(QUICK) + 1


def test_an_unreachable_mturk_is_a_fault_and_nothing_was_done() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        platform = MTurkPlatform(Settings(mturk_endpoint=url), pauses=())
        some = Assignment("3A1", "AWORKER", "3H1", "Submitted")
        with pytest.raises(PlatformFault, match="did not"):
            send(platform, order("approve", some))
        assert one(platform, order("bonus", some)).state == "failed"


def test_wrong_credentials_are_told_and_nothing_was_done(mturk: LocalMTurk) -> None:
    done = submitted(mturk, hit(mturk))
    mturk.password = "AKIAOTHER"
    platform = reach(mturk)
    for action in ("approve", "bonus"):
        with pytest.raises(PlatformFault, match="No"):
            send(platform, order(action, done))
    with pytest.raises(PlatformFault):
        list(platform.submissions(done.hit))


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PlatformFault, match="AWS_ACCESS_KEY_ID"):
        MTurkPlatform(Settings())


def test_half_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PlatformFault, match="AWS_SECRET_ACCESS_KEY"):
        MTurkPlatform(Settings())


def test_the_sandbox_is_the_default() -> None:
    assert connect(Settings()).doing.meta.endpoint_url == SANDBOX
    assert connect(Settings(mturk_sandbox=False)).doing.meta.endpoint_url == PRODUCTION
    given = connect(Settings(mturk_endpoint="http://localhost:1", mturk_sandbox=False))
    assert given.asking.meta.endpoint_url == "http://localhost:1"


@given(cents=st.integers(0, 10_000_00))
def test_amounts_keep_every_cent(cents: int) -> None:
    assert minor(major(cents)) == cents
    assert minor(major(cents).rstrip("0").rstrip(".")) == cents


# Whatever happens


MISHAPS = st.lists(
    st.tuples(
        st.sampled_from(FAULTS),
        st.sampled_from(["SendBonus", "ApproveAssignment", "RejectAssignment"]),
        st.integers(1, 3),
    ),
    max_size=6,
)


@pytest.mark.slow
@given(
    actions=st.lists(st.sampled_from(["approve", "reject", "bonus"]), min_size=1, max_size=8),
    mishaps=MISHAPS,
    killed=st.sets(st.integers(0, 7)),
)
def test_nobody_is_paid_twice_and_nobody_is_forgotten(
    mturk: LocalMTurk, actions: list[Action], mishaps: list[Any], killed: set[int]
) -> None:
    """Orders are sent among faults, some processes die; what is in doubt is looked up later."""
    mturk.troubles.clear()
    place, before = hit(mturk), len(mturk.api.books)
    platform = reach(mturk, pauses=(0.0,))
    people = [submitted(mturk, place, f"AWORKER{n}") for n in range(len(actions))]
    orders = {
        f"{place}-{n}": order(action, people[n], f"{place}-{n}") for n, action in enumerate(actions)
    }
    for mishap in mishaps:
        mturk.trouble(*mishap)
    names, states = Names(), dict.fromkeys(orders, "sent")
    for n, (key, wanted) in enumerate(orders.items()):
        (outcome,) = platform.send([wanted], names)
        if n not in killed:  # else the process ended before it could write the outcome down
            states[key] = outcome.state
    mturk.troubles.clear()
    later = reach(mturk, clock=lambda: platform.clock() + LATER_S)
    for key, state in states.items():
        if state in ("sent", "unknown"):
            asked = Order(**(vars(orders[key]) | {"reference": names.known.get(key)}))
            states[key] = later.look_up([asked], [])[0].state
    assert set(states.values()) <= {"confirmed", "failed"}
    rewards = {p.worker: p.cents for p in mturk.api.books[before:] if p.sort == "reward"}
    bonuses = {p.worker: p.cents for p in mturk.api.books[before:] if p.sort == "bonus"}
    assert len(rewards) + len(bonuses) == len(mturk.api.books) - before, "somebody was paid twice"
    for n, (key, wanted) in enumerate(orders.items()):
        booked = {"approve": rewards, "bonus": bonuses}.get(wanted.action, {})
        if wanted.action == "reject":
            assert (people[n].status == "Rejected") == (states[key] == "confirmed")
        else:
            assert (people[n].worker in booked) == (states[key] == "confirmed")
