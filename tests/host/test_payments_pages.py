"""The page of payments: what it shows, and what each role may do there."""

from __future__ import annotations

import csv
import html
import io
from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboard import Researcher, researcher
from support.local_prolific import LocalProlific
from support.paying import PAYMENT, Paying, paying_host
from support.tiny_studies import category_study, merged
from support.walker import open_study, rows

from diptych import models
from diptych.ground.settings import Settings
from diptych.recruiters import prolific_client

PAGE = "/studies/tiny/payments"
PAY = r"POST /bulk-bonus-payments/.*/pay/"


@pytest.fixture
def paying(
    settings: Settings, tmp_path: Path, prolific: LocalProlific, monkeypatch: pytest.MonkeyPatch
) -> Paying:
    monkeypatch.setattr(prolific_client, "PAUSES", (0.0,))
    return paying_host(settings, tmp_path / "studies", prolific)


@pytest.fixture
def owner(paying: Paying) -> Researcher:
    return researcher(paying.app, "owner")


def said(who: Researcher, path: str, **form: str) -> str:
    """What a page says after a form was sent."""
    reply = who.post(path, form)
    assert reply.status_code == 302, reply.text[:500]
    text: str = who.get(PAGE).text
    return text


def test_from_no_budget_to_every_bonus_paid(paying: Paying, owner: Researcher) -> None:
    first = owner.get(PAGE).text
    assert "No orders yet" in first
    assert "No budget is set" in first
    some = paying.sessions([3, 5])
    paying.decide(some, "bonus")
    assert "Send 2 orders" in owner.get(PAGE).text
    assert "2 still waiting" in said(owner, f"{PAGE}/send")
    assert "The budget was set" in said(owner, f"{PAGE}/budget", amount="10")
    assert "The budget was not changed" in said(owner, f"{PAGE}/budget", amount="10.001")
    paying.prolific.faults = [("drop_after", PAY)]
    page = said(owner, f"{PAGE}/send")
    assert "2 orders are in doubt" in page
    assert "£0.40" in page
    page = said(owner, f"{PAGE}/reconcile")
    assert "2 confirmed" in page
    assert "in doubt.</strong>" not in page
    assert paying.confirmed() == paying.prolific.total() == 40
    actions = [row["action"] for row in rows(paying.app, models.AuditEntry)]
    assert {"budget.set", "ledger.send", "ledger.reconcile", "ledger.confirmed"} <= set(actions)


def test_a_failed_order_is_tried_again_by_hand(paying: Paying, owner: Researcher) -> None:
    paying.budget(500)
    paying.decide(paying.sessions([5]), "bonus", amount=50)
    paying.prolific.faults = [("drop", PAY)]
    said(owner, f"{PAGE}/send")
    page = said(owner, f"{PAGE}/reconcile")
    assert "Try again" in page
    assert "it is not among the submission" in page
    key = paying.orders()[0].key
    assert "1 order waits to be sent again" in said(owner, f"{PAGE}/again", key=key)
    assert "Nothing to try again" in said(owner, f"{PAGE}/again", key=key)
    second = paying.orders()[1].key
    assert "was withdrawn" in said(owner, f"{PAGE}/withdraw", key=second)
    assert paying.prolific.total() == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_many_failed_orders_are_tried_again_at_once(paying: Paying, owner: Researcher) -> None:
    paying.budget(500)
    paying.decide(paying.sessions([5, 5, 5]), "bonus", amount=50)
    paying.prolific.faults = [("drop", PAY)]
    said(owner, f"{PAGE}/send")
    said(owner, f"{PAGE}/reconcile")
    page = owner.get(f"{PAGE}?state=failed").text
    assert "Try these 3 again" in page
    keys = [order.key for order in paying.orders()]
    reply = owner.post(f"{PAGE}/again", {"key": keys})
    assert reply.status_code == 302
    said(owner, f"{PAGE}/send")
    said(owner, f"{PAGE}/reconcile")
    assert paying.confirmed() == paying.prolific.total() == 150


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_each_role_may_do(paying: Paying, role: str) -> None:
    paying.decide(paying.sessions([5]), "bonus", amount=50)
    who = researcher(paying.app, role)
    page = who.get(PAGE).text
    assert ("Send 1 order" in page) == (role != "viewer")
    assert ("Set budget" in page) == (role == "owner")
    allowed = {"send": role != "viewer", "reconcile": role != "viewer", "budget": role == "owner"}
    for what, may in allowed.items():
        assert who.post(f"{PAGE}/{what}", {"amount": "5"}).status_code == (302 if may else 403)
    assert researcher(paying.app, None).get(PAGE).status_code == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_filters_and_pages_show_every_order_once(paying: Paying, owner: Researcher) -> None:
    paying.budget(1000_00)
    some = paying.sessions([5] * 70)
    paying.decide(some, "approve")
    paying.decide(some[:60], "bonus", amount=10)
    paying.send()
    paying.reconcile()
    paying.decide(some[60:], "bonus", amount=10)
    seen: list[str] = []
    path: str | None = PAGE
    while path:
        page = owner.get(path.removeprefix("/dashboard")).text
        seen += page.split('class="mono" href="')[1:]
        following = page.partition('rel="next" href="')[2].partition('"')[0]
        path = following.replace("&amp;", "&") or None
    assert len(seen) == 140
    last = owner.get(f"{PAGE}?before={rows(paying.app, models.LedgerEntry)[5]['id']}").text
    assert 'rel="prev"' in last
    waiting = owner.get(f"{PAGE}?state=intended").text
    assert waiting.count("Withdraw</button>") == 10
    bonuses = owner.get(f"{PAGE}?action=approve&state=failed").text
    assert "No such orders" in bonuses
    assert owner.get(f"{PAGE}?state=nonsense").status_code == 422


def test_the_finance_office_gets_a_table_that_adds_up(paying: Paying, owner: Researcher) -> None:
    paying.budget(100_00)
    some = paying.sessions([3, 10])
    paying.decide(some, "approve")
    paying.decide(some, "bonus")
    paying.send()
    paying.reconcile()
    reply = owner.get(f"{PAGE}/ledger.csv")
    assert reply.mimetype == "text/csv"
    table = list(csv.DictReader(io.StringIO(reply.text)))
    assert len(table) == 4
    pence = sum(round(float(row["amount"]) * 100) for row in table)
    assert pence == paying.prolific.total() == 2 * 180 + 15 + 50
    assert {row["currency"] for row in table} == {"GBP"}
    assert all(row["intended_at"] <= row["sent_at"] <= row["settled_at"] for row in table)
    for session in some:  # who was paid is a session, never a platform's id
        assert paying.prolific.submissions[paying.submission(session)].participant not in reply.text
    noted = [row["action"] for row in rows(paying.app, models.AuditEntry)]
    assert "export.ledger" in noted


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_reason_can_be_no_formula(paying: Paying, owner: Researcher) -> None:
    paying.budget(500)
    paying.decide(paying.sessions([5]), "approve")
    with paying.app.app_context():
        from diptych.payments.outcomes import conclude
        from diptych.recruiters.platform import Outcome

        key = paying.orders()[0].key
        conclude(paying.study_id, [Outcome(key, "failed", reason="=1+1")], None)
    assert next(csv.DictReader(io.StringIO(owner.get(f"{PAGE}/ledger.csv").text)))["reason"] == (
        "'=1+1"
    )


def test_sessions_of_two_currencies_are_decided_about_apart_and_excluded_together(
    paying: Paying, owner: Researcher, tmp_path: Path
) -> None:
    first = paying.session(5)
    in_dollars = merged(PAYMENT, {"payment": {"currency": "USD", "reward": 2.5}})
    version = open_study(paying.app, category_study(tmp_path / "usd/tiny", changes=in_dollars))
    second = replace(paying, version_id=version).session(5)
    names = {row["id"]: row["public_id"] for row in rows(paying.app, models.Session)}
    both = [names[first], names[second]]
    address = "/studies/tiny/participants/decisions/preview"
    for action in ("approve", "bonus", "screen_out"):
        asked = owner.post(address, {"action": action, "session": both})
        assert asked.status_code == 302
        assert "GBP and USD" in owner.get(asked.location.removeprefix("/dashboard")).text
    for action in ("exclude", "reject", "request_return"):
        assert owner.post(address, {"action": action, "session": both}).status_code == 200


def test_orders_in_a_currency_that_was_left_stay_in_sight(
    paying: Paying, owner: Researcher, tmp_path: Path
) -> None:
    paying.decide([paying.session(5)], "approve")
    in_dollars = merged(PAYMENT, {"payment": {"currency": "USD", "reward": 2.5}})
    open_study(paying.app, category_study(tmp_path / "usd/tiny", changes=in_dollars))
    page = owner.get(PAGE).text
    assert "£1.80" in page or "1.80 GBP" in page
    owner.post(f"{PAGE}/budget", {"amount": "100"})
    assert "budget is in USD, this is in GBP" in html.unescape(said(owner, f"{PAGE}/send"))
