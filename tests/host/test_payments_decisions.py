"""Decisions: what is previewed is what is written down, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.local_prolific import LocalProlific
from support.paying import Paying, paying_host
from support.walker import at_once, change, rows

from diptych import models
from diptych.ground.money import MoneyFault, digits, in_words, to_major, to_minor
from diptych.ground.settings import Settings
from diptych.payments import decisions
from diptych.payments.decided_sessions import earned
from diptych.payments.decisions import DecisionFault
from diptych.study.payment import Payment

pytestmark = pytest.mark.both_databases

LONG = "We are sorry. " * 10


@pytest.fixture
def paying(settings: Settings, tmp_path: Path, prolific: LocalProlific) -> Paying:
    return paying_host(settings, tmp_path / "studies", prolific)


def reasons(plan: decisions.Plan) -> dict[int, str]:
    return {left.session_id: left.reason for left in plan.left_out}


def test_approving_costs_the_reward_of_the_version(paying: Paying) -> None:
    some = paying.sessions([1, 2, 3])
    plan = paying.preview(some, "approve")
    assert [step.session_id for step in plan.steps] == some
    assert (plan.cost, plan.currency, plan.left_out) == (540, "GBP", ())
    assert "no budget" in plan.warning
    assert paying.orders() == []  # a preview writes nothing
    assert paying.decide(some, "approve") == decisions.Counts(3, 0, 540)
    assert [(o.action, o.state, o.amount) for o in paying.orders()] == [
        ("approve", "intended", 180)
    ] * 3
    made = rows(paying.app, models.Decision)
    assert [(row["session_id"], row["action"], row["actor"]) for row in made] == [
        (number, "approve", "command line") for number in some
    ]
    noted = [row for row in rows(paying.app, models.AuditEntry) if row["action"] != "study.open"]
    assert [row["action"] for row in noted] == ["decision.approve"] * 3


def test_a_plan_is_carried_out_once_however_often_it_is_sent(paying: Paying) -> None:
    some = paying.sessions([1, 2])
    plan = paying.preview(some, "bonus", amount=50)

    def carry_out() -> decisions.Counts:
        with paying.app.app_context():
            return decisions.carry_out(paying.host, plan, None)

    counts = at_once([carry_out] * 4)
    assert sorted(c.decided for c in counts) == [0, 0, 0, 2]
    assert len(paying.orders()) == 2
    again = paying.preview(some, "bonus", amount=50)
    assert again.token != plan.token  # by which a form notices that it was sent twice
    assert paying.preview(some, "bonus", amount=50).token == again.token


def test_what_cannot_follow_is_left_out_and_says_why(paying: Paying) -> None:
    done, running, declined, direct = (
        paying.session(),
        paying.session(status="running"),
        paying.session(status="declined"),
        paying.session(recruiter="direct"),
    )
    simulated = paying.session()
    change(paying.app, models.Session, {"kind": "simulated"}, id=simulated)
    everybody = [done, running, declined, direct, simulated, 4711]
    plan = paying.preview(everybody, "approve")
    assert [step.session_id for step in plan.steps] == [done]
    said = reasons(plan)
    assert said[running] == "is still under way"
    assert said[declined] == "declined to take part"
    assert said[direct] == "came through direct, which has no platform that could be asked"
    assert said[simulated] == "is simulated: nobody to pay"
    assert said[4711] == "no session of this study"


@pytest.mark.parametrize(
    ("first", "then", "reason"),
    [
        ("approve", "approve", "an earlier approval waits to be sent"),
        ("approve", "reject", "an earlier approval waits to be sent"),
        ("reject", "approve", "an earlier rejection is still open"),
        ("reject", "request_return", "an earlier rejection waits to be sent"),
        ("screen_out", "approve", "an earlier screening out waits to be sent"),
        ("screen_out", "bonus", "an earlier screening out waits to be sent"),
        ("bonus", "screen_out", "an earlier bonus waits to be sent"),
        ("request_return", "approve", None),
        ("approve", "bonus", None),
        ("bonus", "bonus", None),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_which_decisions_follow_which(
    paying: Paying, first: str, then: str, reason: str | None
) -> None:
    more = {
        "reject": {"message": LONG},
        "request_return": {"message": "No answers arrived."},
        "screen_out": {"amount": 20},
        "bonus": {"amount": 50},
    }
    session = paying.session()
    paying.decide([session], first, **more.get(first, {}))
    assert reasons(paying.preview([session], then, **more.get(then, {}))).get(session) == reason


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_prolific_would_refuse_is_said_before(paying: Paying) -> None:
    session = paying.session()
    said = reasons(paying.preview([session], "reject", message="too fast"))[session]
    assert "100 characters" in said
    assert "92 more" in said
    wrong = paying.preview([session], "reject", message=LONG, category="UGLY")
    assert "UGLY is no category" in reasons(wrong)[session]
    assert "say why" in reasons(paying.preview([session], "request_return"))[session]
    assert "enter the amount" in reasons(paying.preview([session], "screen_out"))[session]
    with pytest.raises(DecisionFault, match="allowed are approve"):
        paying.preview([session], "praise")
    with pytest.raises(DecisionFault, match="more than 0"):
        paying.preview([session], "bonus", amount=0)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_without_a_token_nothing_is_planned(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    paying = paying_host(settings, tmp_path / "studies", prolific, prolific_token="")
    session = paying.session()
    assert "DIPTYCH_PROLIFIC_TOKEN" in reasons(paying.preview([session], "approve"))[session]


def test_bonus_by_the_rule_of_the_study(paying: Paying) -> None:
    some = paying.sessions([0, 3, 10, 7])
    stopped = paying.session(9, status="screened_out")
    plan = paying.preview([*some, stopped], "bonus")
    assert [step.amount for step in plan.steps] == [15, 50, 35]  # 0.05 a right answer, 0.50 at most
    assert reasons(plan) == {
        some[0]: "earns no bonus under the study's rule",
        stopped: "has not completed, so the rule gives no bonus",
    }
    assert plan.cost == 100


@given(
    correct=st.integers(0, 60),
    wrong=st.integers(0, 60),
    base=st.integers(0, 300),
    per_correct=st.integers(0, 3000),
    threshold=st.none() | st.integers(0, 10),
    most=st.none() | st.integers(0, 500),
)
def test_the_rule_as_one_would_work_it_out_by_hand(
    correct: int, wrong: int, base: int, per_correct: int, threshold: int | None, most: int | None
) -> None:
    """Amounts in pence; `per_correct` in thousandths of a pound, so that there is rounding."""
    rule = {"base": base / 100, "per_correct": per_correct / 1000}
    rule |= {} if threshold is None else {"from_score": threshold / 10}
    rule |= {} if most is None else {"max": most / 100}
    payment = Payment.model_validate({"currency": "GBP", "bonus": rule})
    tenths = 10 * base + per_correct * correct
    pence = (tenths + 5) // 10
    if most is not None:
        pence = min(pence, most)
    if threshold is not None and (
        correct + wrong == 0 or 10 * correct < threshold * (correct + wrong)
    ):
        pence = 0
    assert earned(payment, correct, correct + wrong) == pence


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_two_sessions_of_one_submission_are_paid_once(paying: Paying) -> None:
    first, second = paying.session(), paying.session()
    owner = rows(paying.app, models.Session, id=first)[0]["participant_id"]
    arrival = rows(paying.app, models.Arrival, session_id=first)[0]["parameters"]
    change(paying.app, models.Session, {"participant_id": owner, "take": 2}, id=second)
    change(paying.app, models.Arrival, {"parameters": arrival}, session_id=second)
    plan = paying.preview([first, second], "approve")
    assert [step.session_id for step in plan.steps] == [first]
    assert "another session" in reasons(plan)[second]
    paying.decide([first], "approve")
    assert reasons(paying.preview([second], "approve"))[second].startswith("an earlier approval")


def test_exclusion_is_reversible_and_not_doubled(paying: Paying) -> None:
    some = paying.sessions([1, 2])
    assert paying.decide(some[:1], "exclude", message="slept").decided == 1
    plan = paying.preview(some, "exclude")
    assert [step.session_id for step in plan.steps] == some[1:]
    assert reasons(plan) == {some[0]: "is excluded already"}
    assert paying.decide(some, "include").decided == 1
    assert reasons(paying.preview(some, "include")) == dict.fromkeys(some, "is not excluded")
    assert paying.orders() == []  # no platform hears of it
    made = [(row["action"], row["message"]) for row in rows(paying.app, models.Decision)]
    assert made == [("exclude", "slept"), ("include", None)]


@given(currency=st.sampled_from(["GBP", "USD", "JPY", "KWD", "EUR"]), minor=st.integers(0, 10**9))
def test_amounts_go_there_and_back(currency: str, minor: int) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor
    assert to_minor(str(to_major(minor, currency)), currency) == minor


def test_amounts_as_people_write_them() -> None:
    assert to_minor("1.5", "GBP") == 150
    assert to_minor(1.1, "GBP") == 110
    assert to_minor(" 300 ", "JPY") == 300
    assert to_minor("0.125", "KWD") == 125
    assert (in_words(1234567, "GBP"), in_words(300, "JPY")) == ("12,345.67 GBP", "300 JPY")
    assert to_major(5, "GBP") == Decimal("0.05")
    assert digits("JPY") == 0


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.005", "GBP"), ("1.5", "JPY"), ("-1", "GBP"), ("nan", "GBP"), ("inf", "GBP"),
     ("", "GBP"), ("1,50", "GBP"), ("£3", "GBP"), ("1e30", "GBP")],
)  # fmt: skip
def test_what_is_no_amount_is_said(amount: str, currency: str) -> None:
    with pytest.raises(MoneyFault):
        to_minor(amount, currency)


def test_a_study_cannot_promise_what_its_currency_cannot_pay() -> None:
    with pytest.raises(ValueError, match=r"reward: 1\.5 has too many decimal places for JPY"):
        Payment.model_validate({"currency": "JPY", "reward": 1.5})
    with pytest.raises(ValueError, match=r"bonus\.max"):
        Payment.model_validate({"bonus": {"max": 0.333}})
