"""One person, one piece of work, one payment: however many submissions it is brought under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from support.local_prolific import LocalProlific
from support.paying import PLACE, Paying, paying_host
from support.walker import Walker, rows

from diptych import models
from diptych.ground.database import now_ms, reading, table, writing
from diptych.ground.settings import Settings
from diptych.payments import decisions
from diptych.recruiters import prolific_client

pytestmark = pytest.mark.both_databases
SECOND = "study2"


@pytest.fixture
def paying(
    settings: Settings, tmp_path: Path, prolific: LocalProlific, monkeypatch: pytest.MonkeyPatch
) -> Paying:
    monkeypatch.setattr(prolific_client, "PAUSES", (0.0, 0.0, 0.0))
    made = paying_host(settings, tmp_path / "studies", prolific)
    prolific.study(SECOND, 180)
    made.budget(100_00)
    return made


def comes_again(paying: Paying, session: int) -> str:
    """The person of a session takes a place in another study on Prolific; its submission."""
    first = rows(paying.app, models.Arrival, session_id=session)[0]["parameters"]["SESSION_ID"]
    person = paying.prolific.submissions[first].participant
    entry = paying.prolific.take(SECOND, person)
    parameters = {key: entry[key] for key in ("STUDY_ID", "SESSION_ID")}
    arrival = {"session_id": session, "at": now_ms(), "parameters": parameters}
    with paying.app.app_context(), writing() as connection:
        connection.execute(insert(table(models.Arrival)).values(arrival))
    paying.prolific.complete(entry["SESSION_ID"])
    return str(entry["SESSION_ID"])


def left_out(plan: decisions.Plan) -> dict[int, str]:
    assert plan.steps == ()
    return {each.session_id: each.reason for each in plan.left_out}


@pytest.mark.parametrize("until", ["decided", "paid"])
def test_work_that_is_approved_is_not_payable_under_a_second_submission(
    paying: Paying, until: str
) -> None:
    session = paying.session(5)
    paying.decide([session], "approve")
    if until == "paid":
        paying.send()
    comes_again(paying, session)
    state = {"decided": "waits to be sent", "paid": "is done"}[until]
    assert left_out(paying.preview([session], "approve")) == {
        session: f"an earlier approval {state}"
    }
    screened_out = paying.preview([session], "screen_out", amount=50)
    assert left_out(screened_out)[session] == f"an earlier approval {state}"
    paying.decide([session], "bonus")  # for the same work, and so under the first submission
    paying.send()
    paying.reconcile()
    paying.send()
    paying.reconcile()
    assert paying.states() == ["confirmed", "confirmed"]
    assert paying.confirmed() == paying.prolific.total() == 180 + 25
    assert max(paying.prolific.payments.count(each) for each in paying.prolific.payments) == 1


def test_work_of_a_submission_that_ran_out_is_paid_under_the_next(paying: Paying) -> None:
    session = paying.session(5)
    paying.prolific.submissions[paying.submission(session)].status = "TIMED-OUT"
    second = comes_again(paying, session)
    paying.decide([session], "approve")
    paying.send()
    paying.reconcile()
    assert paying.states() == ["confirmed"]
    assert paying.prolific.submissions[second].status == "APPROVED"
    assert "is done" in left_out(paying.preview([session], "approve"))[session]
    third = comes_again(paying, session)
    assert "is done" in left_out(paying.preview([session], "approve"))[session]
    assert paying.prolific.submissions[third].status == "AWAITING REVIEW"
    assert paying.prolific.total() == 180


def test_an_approval_that_failed_stands_in_nobodys_way(paying: Paying) -> None:
    session = paying.session(5)
    paying.prolific.submissions[paying.submission(session)].status = "RETURNED"
    paying.decide([session], "approve")
    paying.send()
    paying.reconcile()
    assert paying.states() == ["failed"]
    comes_again(paying, session)
    paying.decide([session], "approve")
    paying.send()
    paying.reconcile()
    assert sorted(paying.states()) == ["confirmed", "failed"]
    assert paying.confirmed() == paying.prolific.total() == 180


def test_who_comes_again_between_a_plan_and_its_carrying_out_is_paid_once(paying: Paying) -> None:
    session = paying.session(5)
    with paying.app.app_context():
        plans = [decisions.preview(paying.host, paying.study_id, [session], "approve")]
        comes_again(paying, session)
        plans.append(decisions.preview(paying.host, paying.study_id, [session], "approve"))
        assert plans[0].steps[0].key != plans[1].steps[0].key
        decided = [decisions.carry_out(paying.host, plan, None).decided for plan in plans * 2]
    assert sorted(decided) == [0, 0, 0, 1]
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == paying.prolific.total() == 180


# --- What is shown to who comes again


def walk(paying: Paying, place: str, person: str) -> Walker:
    """Take the study from Prolific to its end."""
    entry = paying.prolific.take(place, person)
    walker = Walker(paying.app.test_client()).enter(**entry)
    if walker.step_name != "end":
        walker.take("consent", agreed=True)
        walker.take("instructions", read_ms=20_000)
        walker.finish()
    return walker


def session_of(paying: Paying, walker: Walker) -> int:
    (row,) = rows(paying.app, models.Session, public_id=walker.public_id)
    return int(row["id"])


def shown(walker: Walker) -> dict[str, Any]:
    content: dict[str, Any] = walker.state["content"]
    return content


def test_who_is_paid_and_comes_again_is_asked_to_return_the_submission(paying: Paying) -> None:
    person = "5f0e1d2c3b4a59687a6b5c4d"
    first = walk(paying, PLACE, person)
    assert "DONE" in str(shown(first)["exit"])
    again = walk(paying, SECOND, person)
    assert again.public_id == first.public_id
    assert "DONE" in str(shown(again)["exit"]), "nothing is decided: the first may have run out"
    paying.decide([session_of(paying, first)], "approve")
    (order,) = paying.orders()
    with paying.app.app_context(), reading() as connection:
        arrivals = select(models.Arrival.parameters).order_by(models.Arrival.id)
        places = [row["STUDY_ID"] for row in connection.execute(arrivals).scalars()]
    assert places == [PLACE, SECOND] and order.state == "intended"
    assert "DONE" in str(shown(again.load())["exit"]), "this submission is the one that is paid"
    third = walk(paying, PLACE, person)
    assert third.public_id == first.public_id
    assert shown(third)["exit"] is None
    assert "Please return this new submission" in shown(third)["html"]
    assert "DONE" not in str(third.state)
