"""Prolific's interface as this host speaks it: pages, waits, and honesty about what is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from support.local_prolific import PAGE, TOKEN, LocalProlific, Submission, local_prolific

from diptych.ground.settings import Settings
from diptych.recruiters.platform import Action, Order, PlatformFault
from diptych.recruiters.prolific_client import LONGEST_WAIT_S, Client
from diptych.recruiters.prolific_platform import ProlificPlatform

STUDY = "study1"


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    with local_prolific() as made:
        made.study(STUDY, 150)
        yield made


class Waits:
    """Notes how long somebody would have slept."""

    def __init__(self) -> None:
        self.all: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.all.append(seconds)


def speaking(prolific: LocalProlific, waits: Waits | None = None) -> ProlificPlatform:
    client = Client(prolific.url, TOKEN, pauses=(0.1, 0.2), sleep=waits or Waits())
    return ProlificPlatform(Settings(), client)


def order(
    prolific: LocalProlific, action: Action, amount: int = 0, number: int = 1, **more: Any
) -> Order:
    entry = prolific.take(STUDY, f"person{number}")
    prolific.complete(entry["SESSION_ID"])
    return Order(
        f"key-{action}-{number}", action, entry["PROLIFIC_PID"], entry["SESSION_ID"], STUDY,
        amount, "GBP", **more,
    )  # fmt: skip


def nobody(_: Order, __: str) -> None:
    """Notes nothing."""


def test_every_page_of_submissions_is_read(prolific: LocalProlific) -> None:
    entries = [prolific.take(STUDY, f"p{n}") for n in range(2 * PAGE + 3)]
    prolific.submissions[entries[0]["SESSION_ID"]].bonus_payments += [50, 75]
    found = list(speaking(prolific).submissions(STUDY))
    assert [s.id for s in found] == [entry["SESSION_ID"] for entry in entries]
    assert (found[0].bonuses, found[0].reward, found[0].paid) == ((50, 75), 150, False)
    assert sum("GET /submissions/" in request for request in prolific.asked) == 3
    assert list(speaking(prolific).submissions("another")) == []


@pytest.mark.parametrize("size", [PAGE, 2 * PAGE])
def test_a_last_page_that_is_full_is_the_last(prolific: LocalProlific, size: int) -> None:
    for number in range(size):
        prolific.take(STUDY, f"p{number}")
    assert len(list(speaking(prolific).submissions(STUDY))) == size


def test_retry_after_is_waited_out(prolific: LocalProlific) -> None:
    waits = Waits()
    prolific.retry_after = "7"
    prolific.faults = [("429", "transition"), ("429", "transition")]
    one = order(prolific, "approve")
    (outcome,) = speaking(prolific, waits).send([one], nobody)
    assert outcome.state == "confirmed"
    assert waits.all == [7.0, 7.0]


def test_retry_after_may_be_a_date(prolific: LocalProlific) -> None:
    waits = Waits()
    until = (datetime.now(UTC) + timedelta(seconds=29)).replace(microsecond=0)
    prolific.retry_after = format_datetime(until, usegmt=True)
    prolific.faults = [("429", "transition")]
    most = (until - datetime.now(UTC)).total_seconds()
    speaking(prolific, waits).send([order(prolific, "approve")], nobody)
    # Prolific tells the time in whole seconds.
    assert (until - datetime.now(UTC)).total_seconds() <= waits.all[0] <= most + 1


def test_too_long_a_wait_is_a_failure_that_did_nothing(prolific: LocalProlific) -> None:
    waits = Waits()
    prolific.retry_after = str(LONGEST_WAIT_S + 1)
    prolific.faults = [("429", "transition")]
    (outcome,) = speaking(prolific, waits).send([order(prolific, "approve")], nobody)
    assert (outcome.state, waits.all) == ("failed", [])
    assert "nothing was done" in outcome.reason
    assert prolific.total() == 0


def test_a_host_that_is_not_there_is_no_doubt() -> None:
    client = Client("http://127.0.0.1:9/api/v1", TOKEN, pauses=(), sleep=Waits())
    platform = ProlificPlatform(Settings(), client)
    asked = Order("key", "screen_out", "p", "sub", STUDY, 20, "GBP")
    (outcome,) = platform.send([asked], nobody)
    assert outcome.state == "failed"
    assert "not reached" in outcome.reason
    with pytest.raises(PlatformFault, match="not reached"):
        list(platform.submissions(STUDY))


@pytest.mark.parametrize("action", ["reject", "request_return", "screen_out"])
@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_what_was_done_is_found_by_looking(
    prolific: LocalProlific, action: Action, fault: str
) -> None:
    amount = 20 if action == "screen_out" else 0
    one = order(prolific, action, amount, message="We are sorry. " * 10)
    prolific.faults = [(fault, "POST")] * 3
    platform = speaking(prolific)
    (outcome,) = platform.send([one], nobody)
    assert outcome.state == "unknown"
    (found,) = platform.look_up([one], [])
    assert found.state == "confirmed"
    assert prolific.total() == amount


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_that_a_repetition_was_not_heard_does_not_undo_what_was_done(
    prolific: LocalProlific, fault: str
) -> None:
    prolific.faults = [(fault, "transition"), ("429", "transition"), ("429", "transition")]
    one = order(prolific, "approve")
    platform = speaking(prolific)
    (outcome,) = platform.send([one], nobody)
    assert prolific.total() == 150
    assert outcome.state == "unknown"
    assert [found.state for found in platform.look_up([one], [])] == ["confirmed"]


def test_only_pay_and_its_like_are_never_repeated(prolific: LocalProlific) -> None:
    one = order(prolific, "bonus", 50)
    prolific.faults = [("500", "bonus-payments/"), ("500", "/pay/")]
    names: list[tuple[str, str]] = []
    (outcome,) = speaking(prolific).send([one], lambda o, name: names.append((o.key, name)))
    assert outcome.state == "unknown"
    assert sum("submissions/bonus-payments" in request for request in prolific.asked) == 2
    assert sum(request.endswith("/pay/") for request in prolific.asked) == 1
    assert names == [(one.key, outcome.reference or names[0][1])]


def test_the_name_is_noted_before_money_moves(prolific: LocalProlific) -> None:
    one = order(prolific, "bonus", 50)

    def stop(_: Order, __: str) -> None:
        raise PlatformFault("stopped")

    with pytest.raises(PlatformFault, match="stopped"):
        speaking(prolific).send([one], stop)
    assert not any(request.endswith("/pay/") for request in prolific.asked)
    prolific.work()
    assert prolific.total() == 0
    (found,) = speaking(prolific).look_up([one], [])
    assert (found.state, found.reason) == ("failed", "it was never asked to be paid")


def test_equal_bonuses_of_others_are_not_taken_for_ones_own(prolific: LocalProlific) -> None:
    one = order(prolific, "bonus", 50, reference="bulk1")
    prolific.submissions[one.submission].bonus_payments = [50]
    platform = speaking(prolific)
    earlier = Order("earlier", "bonus", one.worker, one.submission, STUDY, 50, "GBP")
    assert platform.look_up([one], [earlier])[0].state == "failed"
    assert platform.look_up([one], [])[0].state == "confirmed"
    prolific.submissions[one.submission].bonus_payments = [50, 50]
    assert platform.look_up([one], [earlier])[0].state == "confirmed"


def test_many_are_looked_up_on_few_pages(prolific: LocalProlific) -> None:
    some = [order(prolific, "bonus", 50, n, reference="b") for n in range(30)]
    for one in some[:20]:
        prolific.submissions[one.submission].bonus_payments = [50]
    prolific.asked.clear()
    states = [outcome.state for outcome in speaking(prolific).look_up(some, [])]
    assert states == ["confirmed"] * 20 + ["failed"] * 10
    assert len(prolific.asked) == 2


def test_a_list_without_bonuses_is_completed_by_the_detail(
    prolific: LocalProlific,
) -> None:
    some = [order(prolific, "bonus", 50, n, reference="b") for n in range(12)]
    for one in some:
        prolific.submissions[one.submission].bonus_payments = [50]
    prolific.hidden_in_lists = ("bonus_payments",)
    states = {outcome.state for outcome in speaking(prolific).look_up(some, [])}
    assert states == {"confirmed"}


def test_what_prolific_does_not_show_stays_in_doubt(prolific: LocalProlific) -> None:
    one = order(prolific, "bonus", 50, reference="b")
    prolific.hidden_in_lists = ("bonus_payments",)
    prolific.hidden_in_details = ("bonus_payments",)
    assert speaking(prolific).look_up([one], [])[0].state == "unknown"
    gone = order(prolific, "approve", number=2)
    del prolific.submissions[gone.submission]
    assert speaking(prolific).look_up([gone], [])[0].state == "unknown"


def test_a_bonus_that_would_cost_a_hundred_times_as_much_is_not_paid(
    prolific: LocalProlific,
) -> None:
    one = order(prolific, "bonus", 50)
    prolific.unit = 100  # as if it took pence for pounds
    (outcome,) = speaking(prolific).send([one], nobody)
    assert outcome.state == "failed"
    assert "nothing was paid" in outcome.reason
    assert not any(request.endswith("/pay/") for request in prolific.asked)


def test_the_token_stands_in_no_message(prolific: LocalProlific) -> None:
    platform = ProlificPlatform(Settings(), Client(prolific.url, "s3cret", pauses=()))
    with pytest.raises(PlatformFault, match="refuses the token") as fault:
        platform.send([order(prolific, "approve")], nobody)
    assert "s3cret" not in str(fault.value)
    assert "s3cret" not in repr(Settings(prolific_token="s3cret"))
    with pytest.raises(PlatformFault, match="DIPTYCH_PROLIFIC_TOKEN"):
        ProlificPlatform(Settings())


def test_prolific_tells_the_time(prolific: LocalProlific) -> None:
    """By its latest reply, whatever that says; without one there is no telling."""
    platform = speaking(prolific)
    told = platform.their_ms()
    assert told is not None and told == pytest.approx(platform.now_ms(), abs=60_000)
    prolific.ahead_s = 3 * 86_400.0
    assert platform.their_ms() == pytest.approx(told, abs=60_000)  # counted on from the reply
    ahead = speaking(prolific)
    assert ahead.now_ms() == pytest.approx(platform.now_ms() + 3 * 86_400_000, abs=60_000)
    # What is refused tells the time as well.
    refused = ProlificPlatform(Settings(), Client(prolific.url, "no token", pauses=()))
    assert refused.now_ms() == pytest.approx(ahead.now_ms(), abs=60_000)
    prolific.ahead_s = None
    silent = speaking(prolific)
    assert silent.their_ms() is None
    assert silent.now_ms() == pytest.approx(platform.now_ms(), abs=60_000)
    prolific.misbehave = lambda _: "drop"
    with pytest.raises(PlatformFault, match="nothing was done"):
        speaking(prolific).now_ms()


def test_a_date_to_wait_for_is_one_on_prolifics_clock(prolific: LocalProlific) -> None:
    prolific.ahead_s = 3 * 86_400.0
    until = (datetime.now(UTC) + timedelta(seconds=29)).replace(microsecond=0)
    prolific.retry_after = format_datetime(until + timedelta(days=3), usegmt=True)
    prolific.faults = [("429", "GET")]
    waits = Waits()
    most = (until - datetime.now(UTC)).total_seconds()
    list(speaking(prolific, waits).submissions(STUDY))
    (wait,) = waits.all
    assert (until - datetime.now(UTC)).total_seconds() <= wait <= most + 1


def test_the_local_prolific_is_as_unforgiving_as_the_real_one(prolific: LocalProlific) -> None:
    """Were paying idempotent here, no test could catch a second payment."""
    entry = prolific.take(STUDY, "anna")
    body = {"study_id": STUDY, "csv_bonuses": f"{entry['SESSION_ID']},1.50"}
    token = f"Token {TOKEN}"
    _, bulk = prolific.handle("POST", "/api/v1/submissions/bonus-payments/", token, body)
    for _ in range(2):
        prolific.handle("POST", f"/api/v1/bulk-bonus-payments/{bulk['id']}/pay/", token, {})
    prolific.work()
    assert prolific.payments == [(entry["SESSION_ID"], "bonus", 150)] * 2
    shown = json.dumps(Submission("s", STUDY, "anna").shown(detail=False))
    assert "participant_id" in shown
