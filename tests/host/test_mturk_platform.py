"""MTurk as a platform: the real boto3 against a local server with books of its own."""

from __future__ import annotations

import time

import pytest
from support.local_mturk import LocalMTurk
from support.mturk_orders import (
    Names,
    hit,
    one,
    order,
    paid,
    reach,
    submitted,
)

from diptych.recruiters.mturk_platform import MTurkPlatform


@pytest.fixture
def platform(mturk: LocalMTurk) -> MTurkPlatform:
    return reach(mturk)


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
        (order("screen_out", done), "cannot pay screened-out"),
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


def test_the_books_tell_the_time(mturk: LocalMTurk, platform: MTurkPlatform) -> None:
    """By which the time of grace is counted where this host's clock is wrong."""
    place = hit(mturk)
    assert platform.their_ms() is None
    list(platform.submissions(place))
    told = platform.their_ms()
    assert told is not None and abs(told / 1000 - time.time()) < 60
