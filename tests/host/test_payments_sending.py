"""Sending and reconciling: each fault on the way, one at a time."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.local_prolific import TOKEN, LocalProlific
from support.paying import PAYMENT, PLACE, Paying, paying_host
from support.tiny_studies import category_study, merged
from support.walker import at_once, change, open_study, rows

from diptych import models
from diptych.ground.settings import Settings
from diptych.payments import retry, sending
from diptych.payments.running_totals import Total, totals
from diptych.recruiters import prolific_client

pytestmark = pytest.mark.both_databases

LONG = "We are sorry. " * 10
PAY = r"POST /bulk-bonus-payments/.*/pay/"


@pytest.fixture
def paying(
    settings: Settings, tmp_path: Path, prolific: LocalProlific, monkeypatch: pytest.MonkeyPatch
) -> Paying:
    monkeypatch.setattr(prolific_client, "PAUSES", (0.0, 0.0, 0.0))
    made = paying_host(settings, tmp_path / "studies", prolific)
    made.budget(100_00)
    return made


def bonus_orders(paying: Paying, amounts: list[int]) -> list[int]:
    some = paying.sessions([5] * len(amounts))
    for session, amount in zip(some, amounts, strict=True):
        paying.decide([session], "bonus", amount=amount)
    return some


def test_approvals_and_bonuses_agree_with_prolifics_books(paying: Paying) -> None:
    some = paying.sessions([1, 5, 10] * 8)  # more than a page of submissions
    paying.decide(some, "approve")
    paying.decide(some, "bonus")
    sent = paying.send()
    assert (sent.failed, sent.waiting, sent.problems) == (0, 0, [])
    paying.reconcile()
    assert set(paying.states()) == {"confirmed"}
    assert paying.confirmed() == paying.prolific.total() == 24 * 180 + 8 * (5 + 25 + 50)
    books = Counter(paying.prolific.payments)
    assert max(books.values()) == 1
    # Many go into one request.
    assert sum("bulk-approve" in request for request in paying.prolific.asked) == 1
    assert sum(request.endswith("/pay/") for request in paying.prolific.asked) == 1


def test_what_is_carried_out_later_is_confirmed_later(paying: Paying) -> None:
    paying.prolific.held = True
    bonus_orders(paying, [50, 70])
    sent = paying.send()
    assert (sent.confirmed, sent.in_doubt) == (0, 2)
    paying.prolific.work()
    result = paying.reconcile()
    assert (result.confirmed, result.failed, result.in_doubt) == (2, 0, 0)
    assert paying.confirmed() == paying.prolific.total() == 120


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_a_connection_cut_after_paying_pays_once(paying: Paying, fault: str) -> None:
    bonus_orders(paying, [50, 70, 50])
    paying.prolific.faults = [(fault, PAY)]
    sent = paying.send()
    assert (sent.confirmed, sent.in_doubt) == (0, 3)
    # Pressing "send" again does nothing to what is in doubt.
    assert paying.send().in_doubt == 3
    result = paying.reconcile()
    assert (result.confirmed, result.failed) == (3, 0)
    assert paying.confirmed() == paying.prolific.total() == 170


@pytest.mark.parametrize("fault", ["drop", "500"])
def test_a_connection_cut_before_paying_waits_out_the_grace_and_fails(
    settings: Settings,
    tmp_path: Path,
    prolific: LocalProlific,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prolific_client, "PAUSES", ())
    paying = paying_host(settings, tmp_path / "studies", prolific, payment_grace_minutes=30)
    paying.budget(500)
    session = bonus_orders(paying, [50])[0]
    prolific.faults = [(fault, PAY)]
    assert paying.send().in_doubt == 1
    assert paying.reconcile().in_doubt == 1  # it may still come
    assert paying.preview([session], "bonus", amount=50).steps == ()
    change(paying.app, models.PaymentOrder, {"sent_at": 0}, state="sent")
    result = paying.reconcile()
    assert (result.confirmed, result.failed, result.in_doubt) == (0, 1, 0)
    assert prolific.total() == 0
    # It failed: a person may try again, under a key of its own.
    key = paying.orders()[0].key
    with paying.app.app_context():
        assert retry.try_again(paying.study_id, [key], None) == 1
        assert retry.try_again(paying.study_id, [key], None) == 0  # not twice
    assert paying.send().confirmed + paying.reconcile().confirmed == 1
    assert paying.confirmed() == prolific.total() == 50
    assert len({order.key for order in paying.orders()}) == 2


def test_nothing_is_marked_as_sent_while_prolific_does_not_answer_at_all(paying: Paying) -> None:
    """Orders wait, and need no second key: it was not even asked."""
    bonus_orders(paying, [50])
    paying.prolific.misbehave = lambda _: "drop"
    sent = paying.send()
    assert (sent.waiting, sent.failed, sent.in_doubt) == (1, 0, 0)
    assert "nothing was done" in sent.problems[0]
    assert paying.states() == ["intended"]
    paying.prolific.misbehave = lambda _: None
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == paying.prolific.total() == 50


def test_too_many_requests_are_waited_out(paying: Paying) -> None:
    bonus_orders(paying, [50])
    paying.prolific.faults = [("429", "bonus-payments"), ("429", PAY), ("429", PAY)]
    paying.send()
    paying.reconcile()
    assert paying.states() == ["confirmed"]
    assert paying.prolific.total() == 50


def test_what_prolific_refuses_fails_with_its_words_and_holds_up_nobody(paying: Paying) -> None:
    some = paying.sessions([5, 5, 5])
    paying.prolific.submissions[paying.submission(some[1])].status = "RETURNED"
    paying.decide(some, "approve")
    paying.send()
    paying.reconcile()
    assert paying.states() == ["confirmed", "failed", "confirmed"]
    assert "RETURNED" in (paying.orders()[1].reason or "")
    # A submission that isn't of the study any more does not hold up the other bonuses.
    paying.decide(some, "bonus", amount=30)
    paying.prolific.submissions[paying.submission(some[0])].study_id = "another"
    paying.send()
    paying.reconcile()
    bonuses = {o.session_id: o.state for o in paying.orders() if o.action == "bonus"}
    assert bonuses == {some[0]: "failed", some[1]: "confirmed", some[2]: "confirmed"}
    # Prolific's words name submissions; the ledger and the audit log don't.
    told = [str(row) for row in rows(paying.app, models.AuditEntry)]
    told += [str(row["reason"]) for row in rows(paying.app, models.LedgerEntry)]
    assert any("Not in this study: …" in text for text in told)
    assert not any(paying.submission(session) in text for session in some for text in told)
    assert paying.confirmed() == paying.prolific.total()


def test_a_wrong_token_stops_everything_and_pays_nothing(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    paying = paying_host(settings, tmp_path / "studies", prolific, prolific_token="wrong t0ken")
    paying.budget(10_000)
    some = paying.sessions([5] * 3)
    paying.decide(some, "reject", message=LONG)
    sent = paying.send()
    assert sent.failed == 1
    assert sent.waiting == 2
    assert "refuses the token" in sent.problems[0]
    result = paying.reconcile()
    assert "refuses the token" in result.problems[0]
    told = [*sent.problems, *result.problems, *(str(o.reason) for o in paying.orders())]
    told += [str(row) for row in rows(paying.app, models.AuditEntry)]
    assert not any("wrong t0ken" in text for text in told)
    assert "wrong t0ken" not in repr(paying.host.settings)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_token_may_stand_in_a_file(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    paying = paying_host(
        settings,
        tmp_path / "studies",
        prolific,
        prolific_token="",
        prolific_token_file=file,
    )
    paying.budget(10_000)
    paying.decide(paying.sessions([5]), "approve")
    assert paying.send().confirmed == 1
    file.unlink()
    paying.decide(paying.sessions([5]), "approve")  # can't be planned: no token
    assert len(paying.orders()) == 1


def test_nothing_is_sent_without_a_budget_nor_beyond_it(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    paying = paying_host(settings, tmp_path / "studies", prolific)
    some = paying.sessions([5] * 5)
    paying.decide(some, "approve")
    sent = paying.send()
    assert (sent.waiting, prolific.total()) == (5, 0)
    assert "no budget is set" in sent.problems[0]
    paying.budget(3 * 180 + 100)
    sent = paying.send()
    paying.reconcile()
    assert (sent.waiting, prolific.total()) == (2, 3 * 180)
    assert "1.80 GBP is more than the 1.00 GBP that are left" in sent.problems[0]
    paying.budget(10_000, "USD")
    assert "the budget is in USD, this is in GBP" in paying.send().problems[0]
    paying.budget(5 * 180)
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == prolific.total() == 5 * 180
    # What moves no money needs no budget.
    paying.budget(0)
    other = paying.session()
    paying.decide([other], "request_return", message="No answers arrived.")
    assert paying.send().confirmed == 1
    assert prolific.submissions[paying.submission(other)].return_requested


def test_without_a_budget_what_costs_nothing_goes_all_the_same(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    """Both are one request to Prolific: the first, which has to wait, holds up no other."""
    paying = paying_host(settings, tmp_path / "studies", prolific)
    paid, unpaid = paying.sessions([5, 5])
    free = category_study(
        tmp_path / "free" / "tiny", changes=merged(PAYMENT, {"payment": {"reward": 0}})
    )
    version = open_study(paying.app, free)
    change(paying.app, models.Session, {"version_id": version}, id=unpaid)
    paying.decide([paid, unpaid], "approve")
    sent = paying.send()
    assert paying.states() == ["intended", "confirmed"]
    assert (sent.waiting, sent.in_doubt) == (1, 0)
    assert "no budget is set" in sent.problems[0]


def test_an_order_beyond_the_budget_holds_up_no_other(paying: Paying) -> None:
    bonus_orders(paying, [90, 50, 10])
    paying.decide(paying.sessions([5]), "approve")  # 1.80, in a request before the bonuses
    paying.budget(100)
    sent = paying.send()
    assert paying.reconcile().failed == 0
    assert {order.amount: order.state for order in paying.orders()} == {
        90: "confirmed", 50: "intended", 10: "confirmed", 180: "intended",
    }  # fmt: skip
    assert sent.waiting == 2
    assert paying.prolific.total() == 100


def test_who_has_a_payment_in_doubt_holds_up_nobody_else(paying: Paying) -> None:
    (first,) = bonus_orders(paying, [50])
    paying.decide([first], "bonus", amount=60)
    paying.prolific.faults = [("drop_after", PAY)]
    assert paying.send().in_doubt == 1
    bonus_orders(paying, [70])
    sent = paying.send()
    assert (sent.waiting, sent.in_doubt) == (1, 1)
    assert paying.states() == ["sent", "intended", "confirmed"]
    paying.reconcile()
    paying.send()
    assert paying.confirmed() == paying.prolific.total() == 50 + 60 + 70


def test_what_fails_leaves_its_money_to_what_waits(paying: Paying) -> None:
    """Within one sending: the next order may go once the first has failed."""
    some = paying.sessions([5, 5])
    paying.budget(180)
    paying.decide(some, "reject", message=LONG)
    paying.decide(some[:1], "bonus", amount=180)
    paying.decide(some[1:], "bonus", amount=180)
    paying.prolific.submissions[paying.submission(some[0])].study_id = "another"
    paying.send()
    paying.reconcile()
    bonuses = [order.state for order in paying.orders() if order.action == "bonus"]
    assert bonuses == ["failed", "confirmed"]


def test_each_sending_is_in_the_audit_log(paying: Paying) -> None:
    paying.decide(paying.sessions([5, 5]), "approve")
    sent = paying.send()

    def logged() -> list[Any]:
        found = rows(paying.app, models.AuditEntry, action="ledger.send")
        return [(row["actor"], row["study_id"], row["detail"]) for row in found]

    counts = {"confirmed": sent.confirmed, "failed": sent.failed, "in_doubt": sent.in_doubt}
    assert sent.confirmed + sent.in_doubt == 2
    assert logged() == [("command line", paying.study_id, counts)]
    paying.send()  # nothing is left to send
    assert len(logged()) == 1


def test_nothing_is_begun_after_the_time_of_one_page(paying: Paying) -> None:
    paying.decide(paying.sessions([5]), "approve")
    with paying.app.app_context():
        sent = sending.send(paying.host, paying.study_id, None, seconds=-1.0)
        assert (sent.waiting, paying.prolific.total()) == (1, 0)
        assert "the time limit of this page was reached" in sent.problems[0]
        sending.send(paying.host, paying.study_id, None, seconds=None)
    paying.reconcile()
    assert paying.states() == ["confirmed"]


def test_two_processes_send_each_order_once(paying: Paying) -> None:
    some = paying.sessions([5] * 12)
    paying.decide(some, "approve")
    paying.decide(some, "bonus", amount=25)
    at_once([paying.send] * 4)
    paying.reconcile()
    assert set(paying.states()) == {"confirmed"}
    assert max(Counter(paying.prolific.payments).values()) == 1
    assert paying.confirmed() == paying.prolific.total() == 12 * (180 + 25)


def test_two_bonuses_of_the_same_amount_are_told_apart(paying: Paying) -> None:
    session = bonus_orders(paying, [50])[0]
    paying.decide([session], "bonus", amount=50)
    paying.prolific.faults = [("drop_after", PAY)]
    sent = paying.send()
    assert (sent.in_doubt, sent.waiting) == (1, 1)  # the second waits for the first
    assert paying.reconcile().confirmed == 1
    paying.prolific.faults = [("drop", PAY)]
    assert paying.send().in_doubt == 1
    assert paying.reconcile().failed == 1  # the one that shows is the first
    assert paying.states() == ["confirmed", "failed"]
    assert paying.confirmed() == paying.prolific.total() == 50


def test_what_was_paid_on_prolific_itself_is_found(paying: Paying) -> None:
    ordered, own, both = paying.sessions([5, 5, 5])
    paying.decide([ordered], "approve")
    prolific = paying.prolific
    for session in (ordered, own, both):  # by hand, before anything was sent
        name = paying.submission(session)
        prolific.submissions[name].status = "APPROVED"
        prolific.payments.append((name, "reward", 180))
    name = paying.submission(both)
    prolific.submissions[name].bonus_payments.append(75)
    prolific.payments.append((name, "bonus", 75))
    result = paying.reconcile()
    assert result.found == 4
    assert paying.confirmed() == prolific.total() == 3 * 180 + 75
    assert paying.reconcile().found == 0
    assert paying.preview([own], "approve").steps == ()
    paying.send()
    assert paying.confirmed() == prolific.total()


def test_a_payment_later_than_the_grace_is_noticed_and_the_retry_called_off(
    paying: Paying,
) -> None:
    paying.prolific.held = True
    bonus_orders(paying, [50])
    paying.send()
    assert paying.reconcile().failed == 1  # no grace in this host
    with paying.app.app_context():
        retry.try_again(paying.study_id, [paying.orders()[0].key], None)
    paying.prolific.work()
    assert paying.reconcile().confirmed == 1
    assert paying.states() == ["confirmed", "failed"]
    assert paying.send().waiting == 0
    assert paying.confirmed() == paying.prolific.total() == 50


def test_differences_are_told(paying: Paying) -> None:
    some = paying.sessions([5, 5])
    paying.decide(some, "approve")
    paying.decide(some[:1], "bonus", amount=40)
    paying.send()
    paying.reconcile()
    time.sleep(0.01)
    first, second = (paying.prolific.submissions[paying.submission(s)] for s in some)
    first.bonus_payments.clear()
    second.reward = 200
    told = paying.reconcile().differences
    assert len(told) == 2
    assert "0.40 GBP is confirmed here, but the platform does not list it" in told[0]
    assert "2.00 GBP on the platform, 1.80 GBP here" in told[1]


def test_rejection_return_and_screening_out(paying: Paying) -> None:
    rejected, returned, out = paying.sessions([0, 0, 0])
    paying.decide([rejected], "reject", message=LONG, category="FAILED_CHECK")
    paying.decide([returned], "request_return", message="No answers arrived.")
    paying.decide([out], "screen_out", amount=20)
    paying.send()
    paying.reconcile()
    books = paying.prolific.submissions
    one = books[paying.submission(rejected)]
    assert (one.status, one.rejection_category) == ("REJECTED", "FAILED_CHECK")
    assert one.message == LONG.strip()
    assert books[paying.submission(returned)].return_requested
    assert books[paying.submission(out)].status == "SCREENED OUT"
    assert paying.states() == ["confirmed"] * 3
    assert paying.confirmed() == paying.prolific.total() == 20
    # An approval may overturn a rejection.
    paying.decide([rejected], "approve")
    assert paying.send().confirmed == 1
    assert books[paying.submission(rejected)].status == "APPROVED"


def test_sessions_returned_on_prolific_end_here(paying: Paying) -> None:
    running = [paying.session(status="running") for _ in range(3)]
    for session, status in zip(running, ("RETURNED", "TIMED-OUT", "ACTIVE"), strict=True):
        paying.prolific.submissions[paying.submission(session)].status = status
    assert paying.reconcile().ended == 2
    found = {row["id"]: row for row in rows(paying.app, models.Session)}
    assert [found[n]["status"] for n in running] == ["returned", "timed_out", "running"]
    assert found[running[0]]["step"] == "end"
    assert paying.reconcile().ended == 0


def test_an_order_can_be_withdrawn_until_it_is_sent(paying: Paying) -> None:
    bonus_orders(paying, [50, 60])
    first, second = (order.key for order in paying.orders())
    with paying.app.app_context():
        assert retry.withdraw(paying.study_id, [first], None) == 1
    paying.send()
    paying.reconcile()
    with paying.app.app_context():
        assert retry.withdraw(paying.study_id, [first, second], None) == 0
        assert retry.try_again(paying.study_id + 1, [first], None) == 0  # of another study
    assert paying.prolific.total() == 60
    assert "withdrawn by command line" in (paying.orders()[0].reason or "")


def test_who_came_back_with_other_ids_is_paid_for_what_was_decided(paying: Paying) -> None:
    session = bonus_orders(paying, [50])[0]
    before = paying.submission(session)
    entry = paying.prolific.take(PLACE, paying.prolific.submissions[before].participant)
    arrival = rows(paying.app, models.Arrival, session_id=session)[0]
    later = {key: entry[key] for key in ("STUDY_ID", "SESSION_ID")}
    with paying.app.app_context():
        from diptych.ground.database import table, writing

        with writing() as connection:
            connection.execute(
                table(models.Arrival)
                .insert()
                .values(session_id=session, at=arrival["at"] + 1, parameters=later)
            )
    paying.send()
    paying.reconcile()
    assert paying.prolific.payments == [(before, "bonus", 50)]


def test_totals_are_those_of_a_slow_count(paying: Paying) -> None:
    bonus_orders(paying, [10, 20, 40])
    paying.prolific.faults = [("drop", PAY)]
    paying.send()
    paying.reconcile()
    bonus_orders(paying, [80, 160])
    paying.send()
    paying.reconcile()
    bonus_orders(paying, [320])
    from diptych.ground.database import reading

    with paying.app.app_context(), reading() as connection:
        found = totals(connection, paying.study_id)
    slow: dict[str, Total] = {state: Total() for state in ("intended", "sent", "failed")}
    slow["confirmed"] = Total()
    for order in paying.orders():
        was = slow[order.state]
        slow[order.state] = Total(was.count + 1, was.amount + order.amount)
    assert found == {"GBP": slow}
    assert slow["failed"] == Total(3, 70)
    assert slow["confirmed"] == Total(2, 240)
    assert slow["intended"] == Total(1, 320)
