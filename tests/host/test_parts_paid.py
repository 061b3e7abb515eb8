"""Later parts are paid once each, however the submissions of a participant get mixed up."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.local_prolific import LocalProlific
from support.paying import PLACE, Paying, paying_host
from support.walker import Walker, at_once, change, error_code, rows

from diptych import models
from diptych.ground.database import reading
from diptych.ground.settings import Settings
from diptych.overview import parts
from diptych.overview.part_invitations import Invitation
from diptych.payments import decisions
from diptych.privacy import withdrawal
from diptych.recruiters import prolific_client
from diptych.settling import settle
from diptych.study.windows import DAY_MS

SECOND = "study2"
REWARD, LATER = 180, 50
LONG = "We are sorry. " * 10
PARTS: dict[str, Any] = {
    "part": [
        {"after_days": 1, "window_days": 2, "phases": {"test": 2}, "reward": LATER / 100,
         "bonus": {"base": 0.2}, "recruitment": {"prolific": {"completed": "DONE2"}}},
    ],
}  # fmt: skip


@pytest.fixture
def paying(
    settings: Settings, tmp_path: Path, prolific: LocalProlific, monkeypatch: pytest.MonkeyPatch
) -> Paying:
    monkeypatch.setattr(prolific_client, "PAUSES", (0.0, 0.0, 0.0))
    made = paying_host(settings, tmp_path / "studies", prolific, PARTS)
    prolific.study(SECOND, LATER)
    made.budget(100_00)
    return made


class Person:
    """A participant on the local Prolific who takes the parts."""

    def __init__(self, paying: Paying, name: str = "ada") -> None:
        self.paying, self.name = paying, name

    def submission(self, part: int) -> dict[str, str]:
        """Take a place in the Prolific study of a part; the ids of the new submission."""
        return self.paying.prolific.take(PLACE if part == 1 else SECOND, self.name)

    def take(self, part: int, ids: dict[str, str] | None = None) -> tuple[int, str]:
        """Complete a part; the row of the session, and the submission."""
        ids = ids or self.submission(part)
        walker = self.arrives(part, ids)
        walker.take("consent", agreed=True)
        walker.take("instructions", read_ms=20_000)
        walker.finish()
        self.paying.prolific.complete(ids["SESSION_ID"])
        row = self.row(part)
        if part == 1:  # a day and a half pass
            ended_at = row["ended_at"] - DAY_MS * 3 // 2
            change(self.paying.app, models.Session, {"ended_at": ended_at}, id=row["id"])
        return int(row["id"]), ids["SESSION_ID"]

    def arrives(self, part: int, ids: dict[str, str]) -> Walker:
        """Arrive, and be admitted."""
        walker = Walker(self.paying.app.test_client())
        return walker.enter(**ids, **({"part": str(part)} if part > 1 else {}))

    def refused(self, part: int, ids: dict[str, str]) -> str:
        """Arrive, and be refused; the code of the error."""
        walker = Walker(self.paying.app.test_client())
        return error_code(walker.arrive(**ids, **({"part": str(part)} if part > 1 else {})))

    def row(self, part: int) -> dict[str, Any]:
        """The latest session of a part."""
        return rows(self.paying.app, models.Session, part=part)[-1]


def pay(paying: Paying, *sessions: int, action: str = "approve", **more: Any) -> None:
    """Decide, send and compare with the books, twice over."""
    for _ in range(2):
        paying.decide(sessions, action, **more)
        paying.send()
        paying.reconcile()
    paying.prolific.work()


def payments(paying: Paying) -> list[tuple[str, str, int]]:
    """What the local Prolific paid; the ledger must say the same."""
    assert paying.confirmed() == paying.prolific.total()
    return sorted(paying.prolific.payments)


def invited(paying: Paying, *, unpaid: bool = False) -> list[int]:
    """Participants whom an invitation to part 2 would name."""
    with paying.app.app_context():
        settle.catch_up(paying.host, paying.study_id)
        with reading() as connection:
            found = parts.turns(paying.host, connection, paying.study_id)
    return [
        each.participant_id for each in Invitation.of(found, 2, "prolific", unpaid=unpaid).turns
    ]


def ids_of(paying: Paying, submission: str) -> dict[str, str]:
    """The query of an arrival with a submission that exists."""
    known = paying.prolific.submissions[submission]
    return {
        "PROLIFIC_PID": known.participant,
        "STUDY_ID": known.study_id,
        "SESSION_ID": submission,
    }


@pytest.mark.both_databases
def test_a_submission_of_another_part_changes_nothing(paying: Paying) -> None:
    ada = Person(paying)
    first, one = ada.take(1)
    second, two = ada.take(2)
    # Old tabs and changed addresses: either part is opened with the submission of the other.
    for part, other in ((1, two), (2, one)):
        assert ada.refused(part, ids_of(paying, other)) == "not_eligible"
    pay(paying, second)
    pay(paying, first)
    assert payments(paying) == [(one, "reward", REWARD), (two, "reward", LATER)]
    for session in (first, second):
        (left,) = paying.preview([session], "approve").left_out
        assert left.reason == "an earlier approval is done"


@pytest.mark.slow
def test_a_part_under_way_is_not_continued_with_the_first_submission(paying: Paying) -> None:
    ada = Person(paying)
    first, one = ada.take(1)
    pay(paying, first)
    ids = ada.submission(2)
    walker = ada.arrives(2, ids)
    assert ada.refused(2, ids_of(paying, one)) == "not_eligible"
    walker.take("consent", agreed=True)
    walker.take("instructions", read_ms=20_000)
    walker.finish()
    assert "DONE2" in str(walker.state["content"]["exit"])
    paying.prolific.complete(ids["SESSION_ID"])
    pay(paying, ada.row(2)["id"])
    assert payments(paying) == [(one, "reward", REWARD), (ids["SESSION_ID"], "reward", LATER)]


def test_who_was_never_in_the_first_part_leaves_nothing_to_pay(paying: Paying) -> None:
    eve = Person(paying, "eve")
    assert eve.refused(2, eve.submission(2)) == "part_unknown"
    begun = eve.submission(1)
    eve.arrives(1, begun).take("consent", agreed=True)
    assert eve.refused(2, eve.submission(2)) == "part_unknown"
    assert eve.refused(2, begun) == "part_unknown"
    assert [row["part"] for row in rows(paying.app, models.Session)] == [1]


@pytest.mark.parametrize(("days", "code"), [(0.5, "part_early"), (3.5, "part_late")])
def test_outside_the_window_there_is_nothing_to_pay(paying: Paying, days: float, code: str) -> None:
    ada = Person(paying)
    first, one = ada.take(1)
    ended_at = rows(paying.app, models.Session)[0]["ended_at"] + round((1.5 - days) * DAY_MS)
    change(paying.app, models.Session, {"ended_at": ended_at}, id=first)
    assert ada.refused(2, ada.submission(2)) == code
    assert invited(paying, unpaid=True) == []
    pay(paying, first)
    assert payments(paying) == [(one, "reward", REWARD)]


@pytest.mark.slow
def test_who_begins_in_time_is_paid_for_what_is_finished_after_the_window(paying: Paying) -> None:
    ada = Person(paying)
    first, _ = ada.take(1)
    ids = ada.submission(2)
    walker = ada.arrives(2, ids)
    ended_at = rows(paying.app, models.Session)[0]["ended_at"] - 2 * DAY_MS
    change(paying.app, models.Session, {"ended_at": ended_at}, id=first)
    walker = ada.arrives(2, ids)
    walker.take("consent", agreed=True)
    walker.take("instructions", read_ms=20_000)
    walker.finish()
    paying.prolific.complete(ids["SESSION_ID"])
    pay(paying, ada.row(2)["id"])
    assert payments(paying) == [(ids["SESSION_ID"], "reward", LATER)]


def test_a_part_that_is_brought_twice_is_paid_once(paying: Paying) -> None:
    ada = Person(paying)
    ada.take(1)
    second, _ = ada.take(2)
    again = ada.submission(2)
    assert ada.arrives(2, again).step_name == "end"
    assert len(rows(paying.app, models.Session)) == 2
    paying.prolific.complete(again["SESSION_ID"])
    pay(paying, second)
    third = ada.submission(2)
    shown = ada.arrives(2, third).state["content"]
    assert shown["exit"] is None, "the work is paid: no code for another submission"
    paying.prolific.complete(third["SESSION_ID"])
    pay(paying, second)
    assert [each[1:] for each in payments(paying)] == [("reward", LATER)]


@pytest.mark.slow
def test_a_part_whose_first_submission_ran_out_is_paid_under_the_next(paying: Paying) -> None:
    ada = Person(paying)
    ada.take(1)
    second, two = ada.take(2)
    paying.prolific.submissions[two].status = "TIMED-OUT"
    again = ada.submission(2)
    assert "DONE2" in str(ada.arrives(2, again).state["content"]["exit"])
    paying.prolific.complete(again["SESSION_ID"])
    pay(paying, second)
    assert payments(paying) == [(again["SESSION_ID"], "reward", LATER)]


def test_who_is_rejected_is_not_invited_but_paid_for_a_part_that_was_taken(
    paying: Paying,
) -> None:
    ada, bob = Person(paying), Person(paying, "bob")
    first, one = ada.take(1)
    other, _ = bob.take(1)
    people = [row["participant_id"] for row in rows(paying.app, models.Session)]
    assert invited(paying) == []
    assert invited(paying, unpaid=True) == people
    paying.decide([first], "reject", message=LONG, category="OTHER")
    assert invited(paying, unpaid=True) == people[1:], "also while the rejection waits"
    paying.send()
    paying.decide([other], "approve")
    paying.send()
    assert invited(paying) == invited(paying, unpaid=True) == people[1:]
    # The last page announced the part: who comes and does the work is paid for it.
    second, two = ada.take(2)
    pay(paying, second)
    assert (two, "reward", LATER) in payments(paying)
    assert not [each for each in payments(paying) if each[0] == one]
    pay(paying, first)  # the rejection is overturned
    assert (one, "reward", REWARD) in payments(paying)
    assert len(payments(paying)) == 3


def test_who_is_asked_to_return_is_not_invited(paying: Paying) -> None:
    first, _ = Person(paying).take(1)
    paying.decide([first], "request_return", message="No answers arrived.")
    assert invited(paying, unpaid=True) == []


def test_an_approved_repetition_of_the_first_part_does_not_hide_the_approval(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    changes = PARTS | {"recruitment": {"once": False}}
    paying = paying_host(settings, tmp_path / "studies", prolific, changes)
    paying.budget(100_00)
    ada = Person(paying)
    first, _ = ada.take(1)
    pay(paying, first)
    again, _ = ada.take(1)
    assert again != first
    assert len(invited(paying)) == 1, "who was approved once is not asked to wait"
    pay(paying, again)
    assert [each[1:] for each in payments(paying)] == [("reward", REWARD)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["500_after", "drop_after", "429", "500"])
def test_the_bonus_of_a_part_is_paid_once_whatever_the_platform_says(
    paying: Paying, fault: str
) -> None:
    ada = Person(paying)
    first, _ = ada.take(1)
    second, two = ada.take(2)
    pay(paying, first, second)
    paying.prolific.faults += [(fault, "POST /bulk-bonus-payments/.*")] * 2
    paying.decide([second], "bonus")
    for _ in range(3):
        paying.send()
        paying.reconcile()
        paying.try_again()
    paying.send()
    paying.reconcile()
    bonuses = [each for each in payments(paying) if each[1] == "bonus"]
    assert bonuses == [(two, "bonus", 20)]


@pytest.mark.slow
def test_two_researchers_decide_about_a_part_at_once(paying: Paying) -> None:
    ada = Person(paying)
    ada.take(1)
    second, two = ada.take(2)

    def carry_out(action: str) -> decisions.Counts:
        with paying.app.app_context():
            plan = plans[action]
            return decisions.carry_out(paying.host, plan, None)

    plans = {action: paying.preview([second], action) for action in ("approve", "bonus")}
    jobs = [partial(carry_out, action) for action in ("approve", "bonus") * 2]
    assert sum(counts.decided for counts in at_once(jobs)) == 2
    paying.send()
    paying.reconcile()
    paying.prolific.work()
    assert payments(paying) == [(two, "bonus", 20), (two, "reward", LATER)]


@pytest.mark.slow
def test_a_later_part_waits_where_the_budget_is_used_up(paying: Paying) -> None:
    ada = Person(paying)
    first, one = ada.take(1)
    second, two = ada.take(2)
    paying.budget(REWARD + LATER - 1)
    paying.decide([first, second], "approve")
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == paying.prolific.total() <= REWARD + LATER - 1
    assert "intended" in paying.states()
    paying.budget(REWARD + LATER)
    pay(paying, first, second)
    assert payments(paying) == [(one, "reward", REWARD), (two, "reward", LATER)]


def test_who_withdraws_between_the_parts_is_unknown_in_the_second(paying: Paying) -> None:
    ada = Person(paying)
    first, one = ada.take(1)
    pay(paying, first)
    with paying.app.app_context():
        withdrawal.erase(paying.host, withdrawal.by_platform_id("prolific:ada"))
    assert ada.refused(2, ada.submission(2)) == "part_unknown"
    assert invited(paying, unpaid=True) == []
    assert payments(paying) == [(one, "reward", REWARD)]


def test_two_people_with_one_submission_are_two_people(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    paying = paying_host(settings, tmp_path / "studies", prolific, PARTS)
    prolific.study(SECOND, LATER)
    ada, eve = Person(paying), Person(paying, "eve")
    ada.take(1)
    eve.take(1)
    _, two = ada.take(2)
    stolen = ids_of(paying, two) | {"PROLIFIC_PID": "eve"}
    assert eve.refused(2, stolen) == "not_eligible", "Prolific says whose the submission is"
