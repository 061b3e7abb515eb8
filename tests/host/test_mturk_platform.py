"""MTurk as a platform: the real boto3 against a local server with books of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from support.local_mturk import FAULTS, LocalMTurk
from support.local_mturk_api import Assignment
from support.mturk_credentials import use

from diptych.payments.platform import Action, Order, Outcome, PlatformFault
from diptych.recruiters.mturk_client import PRODUCTION, SANDBOX, connect, major, minor
from diptych.recruiters.mturk_platform import MTurkPlatform
from diptych.settings import Settings

QUESTION = (
    '<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/'
    '2006-07-14/ExternalQuestion.xsd"><ExternalURL>https://study.example.org/s/tiny</ExternalURL>'
    "<FrameHeight>0</FrameHeight></ExternalQuestion>"
)
QUICK = (0.0, 0.0, 0.0)
LATER_S = 60 * Settings().payment_grace_minutes + 2


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Those of the local server, and none from the machine that runs the test."""
    use(monkeypatch, tmp_path_factory.mktemp("aws"))


@pytest.fixture
def mturk() -> Iterator[LocalMTurk]:
    server = LocalMTurk()
    yield server
    server.stop()


@pytest.fixture
def platform(mturk: LocalMTurk) -> MTurkPlatform:
    return reach(mturk)


def reach(mturk: LocalMTurk, **options: Any) -> MTurkPlatform:
    return MTurkPlatform(Settings(mturk_endpoint=mturk.url), **({"pauses": QUICK} | options))


def hit(mturk: LocalMTurk, assignments: int = 9, reward: str = "1.20") -> str:
    made = mturk.api.CreateHIT(
        Title="t",
        Description="d",
        Reward=reward,
        MaxAssignments=assignments,
        LifetimeInSeconds=3600,
        AssignmentDurationInSeconds=600,
        Question=QUESTION,
    )
    return str(made["HIT"]["HITId"])


def submitted(mturk: LocalMTurk, place: str, worker: str = "AWORKER") -> Assignment:
    assignment = mturk.site.accept(worker, place)
    mturk.site.submit(assignment, {"outcome": "completed"})
    return assignment


def order(action: Action, of: Assignment, key: str = "key-1", **changes: Any) -> Order:
    amount = {"approve": 120, "bonus": 35}.get(action, 0)
    values: dict[str, Any] = {
        "key": key,
        "action": action,
        "worker": of.worker,
        "submission": of.id,
        "place": of.hit,
        "amount": amount,
        "currency": "USD",
        "message": "Both checks were failed." if action == "reject" else "",
    }
    return Order(**(values | changes))


class Names:
    """Takes down what the platform names its orders."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, order: Order, name: str) -> None:
        self.known[order.key] = name


def send(platform: MTurkPlatform, *orders: Order) -> list[Outcome]:
    return platform.send(orders, Names())


def one(platform: MTurkPlatform, order: Order) -> Outcome:
    (outcome,) = send(platform, order)
    assert outcome.key == order.key
    return outcome


def paid(mturk: LocalMTurk) -> list[tuple[str, str, int]]:
    return [(p.sort, p.worker, p.cents) for p in mturk.api.books]


# What is done


def test_an_approval_pays_the_reward_and_its_fee_once(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    assert one(platform, order("approve", done, message="Thank you!")).state == "confirmed"
    assert one(platform, order("approve", done, "key-2")).state == "confirmed"
    assert paid(mturk) == [("reward", "AWORKER", 120)]
    assert mturk.api.balance == 1_000_000 - 120 - 24
    assert done.feedback == "Thank you!"


def test_a_rejection_carries_its_message_and_pays_nothing(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    assert one(platform, order("reject", done)).state == "confirmed"
    assert (done.status, done.feedback) == ("Rejected", "Both checks were failed.")
    assert paid(mturk) == []


def test_a_rejection_can_be_taken_back(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    done = submitted(mturk, hit(mturk))
    one(platform, order("reject", done))
    assert one(platform, order("approve", done, "key-2")).state == "confirmed"
    assert paid(mturk) == [("reward", "AWORKER", 120)]


def test_what_is_approved_can_not_be_rejected(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    done = submitted(mturk, hit(mturk))
    one(platform, order("approve", done))
    outcome = one(platform, order("reject", done, "key-2"))
    assert outcome.state == "failed" and "Approved" in outcome.reason
    assert done.status == "Approved"


def test_a_bonus_tells_its_reason_and_carries_its_key(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    names = Names()
    (outcome,) = platform.send([order("bonus", done, message="For your score")], names)
    assert outcome.state == "confirmed" and outcome.reference == names.known["key-1"]
    assert paid(mturk) == [("bonus", "AWORKER", 35)]
    assert mturk.api.books[0].reason.startswith("For your score (reference ")
    (_, asked) = next(call for call in mturk.calls if call[0] == "SendBonus")
    assert asked["UniqueRequestToken"] == "key-1" and asked["BonusAmount"] == "0.35"


def test_two_bonuses_of_the_same_amount_are_two(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    done = submitted(mturk, hit(mturk))
    assert one(platform, order("bonus", done, "key-1")).state == "confirmed"
    assert one(platform, order("bonus", done, "key-2")).state == "confirmed"
    assert len(mturk.api.books) == 2
    again = platform.look_up([order("bonus", done, "key-3", reference=None)], [])
    assert again[0].state == "failed", "the two others must not be taken for the third"


def test_the_same_bonus_sent_again_is_found_and_not_paid_again(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    for _ in range(2):
        assert one(platform, order("bonus", done)).state == "confirmed"
    assert len(mturk.api.books) == 1


def test_a_bonus_sent_again_after_its_token_has_expired_is_found_first(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    """MTurk keeps tokens for 24 hours: after that only its list protects from a second payment."""
    done = submitted(mturk, hit(mturk))
    outcome = one(platform, order("bonus", done))
    mturk.api.tokens.clear()
    again = order("bonus", done, reference=outcome.reference)
    assert one(platform, again).state == "confirmed"
    assert len(mturk.api.books) == 1


def test_an_assignment_belongs_to_the_worker_who_holds_it_now(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    """After a return another worker gets the same assignment id."""
    place = hit(mturk)
    first = mturk.site.accept("AFIRST", place)
    mturk.site.give_back(first)
    second = submitted(mturk, place, "ASECOND")
    assert second.id == first.id
    refused = one(platform, order("approve", first))
    assert refused.state == "failed" and "this worker" in refused.reason
    assert paid(mturk) == [] and second.status == "Submitted"
    assert platform.look_up([order("approve", first, reference=None)], [])[0].state == "failed"
    assert one(platform, order("approve", second, "key-2")).state == "confirmed"
    assert one(platform, order("bonus", first, "key-3")).state == "confirmed"
    assert paid(mturk) == [("reward", "ASECOND", 120), ("bonus", "AFIRST", 35)]
    owned = {s.worker: (s.id, s.status, s.paid, s.bonuses) for s in platform.submissions(place)}
    assert owned == {
        "ASECOND": (first.id, "Approved", True, ()),
        "AFIRST": (first.id, "Not submitted", False, (35,)),
    }


def test_what_mturk_would_refuse_is_known_beforehand(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    for refused, words in (
        (order("request_return", done), "can't ask a worker to return"),
        (order("screen_out", done), "no payment for screened-out"),
        (order("reject", done, message=" "), "only with a message"),
        (order("approve", done, currency="GBP"), "USD"),
        (order("bonus", done, amount=0), "above 0"),
        (order("bonus", done, worker="anna"), "no ids of MTurk"),
        (order("bonus", done, submission="3A; DROP"), "no ids of MTurk"),
        (order("reject", done, message="x" * 2000), "characters"),
    ):
        assert words in (platform.check(refused) or "")
        assert one(platform, refused).state == "failed"
    assert platform.check(order("approve", done)) is None
    assert mturk.calls == []


def test_a_submission_in_another_hit_is_not_touched(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk))
    elsewhere = order("approve", done, place=hit(mturk))
    assert one(platform, elsewhere).state == "failed"
    assert paid(mturk) == [] and done.status == "Submitted"


def test_who_has_not_submitted_yet_can_be_approved_later(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    early = mturk.site.accept("AWORKER", hit(mturk))
    outcome = one(platform, order("approve", early))
    assert outcome.state == "failed" and "has not submitted" in outcome.reason
    mturk.site.submit(early, {"outcome": "completed"})
    assert one(platform, order("approve", early, "key-2")).state == "confirmed"


def test_an_approval_that_would_cost_something_else_is_not_made(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    done = submitted(mturk, hit(mturk, reward="2"))
    outcome = one(platform, order("approve", done))
    assert outcome.state == "failed" and "2.00 USD" in outcome.reason
    assert paid(mturk) == []


def test_missing_funds_fail_the_order_in_words(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    done = submitted(mturk, hit(mturk))
    mturk.api.balance = 100
    for action in ("approve", "bonus"):
        mturk.api.balance = 30
        outcome = one(platform, order(action, done, action))
        assert outcome.state == "failed" and "insufficient funds" in outcome.reason
    assert paid(mturk) == []


def test_everything_mturk_knows_comes_page_by_page(
    mturk: LocalMTurk, platform: MTurkPlatform
) -> None:
    place = hit(mturk, 130)
    done = [submitted(mturk, place, f"AWORKER{n}") for n in range(120)]
    for assignment in done:
        mturk.api.SendBonus(
            WorkerId=assignment.worker,
            AssignmentId=assignment.id,
            BonusAmount="0.10",
            Reason="by hand",
        )
    mturk.api.ApproveAssignment(done[119].id)
    mturk.site.accept("ASTILLATIT", place)
    mturk.trouble("503", "ListAssignmentsForHIT")
    mturk.trouble("throttle", "ListBonusPayments")
    known = list(platform.submissions(place))
    assert [s.worker for s in known] == [a.worker for a in done]
    assert all((s.bonuses, s.reward) == ((10,), 120) for s in known)
    assert [s.paid for s in known] == [False] * 119 + [True]
    assert mturk.count("ListAssignmentsForHIT") == 3, "two pages, one of them asked for twice"


def test_a_bonus_on_the_second_page_is_found(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    done = submitted(mturk, hit(mturk))
    for _ in range(105):
        mturk.api.SendBonus(
            WorkerId=done.worker, AssignmentId=done.id, BonusAmount="0.35", Reason="by hand"
        )
    mturk.trouble("drop-after", "SendBonus")
    assert one(platform, order("bonus", done)).state == "confirmed"
    assert len(mturk.api.books) == 106


# What goes wrong


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
@rules(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
