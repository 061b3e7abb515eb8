"""A viewer who has the platform's own list must not learn who is which session."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dashboard import researcher
from support.local_prolific import local_prolific
from support.paying import PLACE, Paying, paying_host
from support.walker import rows

from diptych import models
from diptych.accounts import passwords
from diptych.ground.settings import Settings
from diptych.payments.participations import participation

PAGE = "/studies/tiny/payments"
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def paying(settings: Settings, tmp_path: Path) -> Iterator[Paying]:
    with local_prolific() as prolific:
        yield paying_host(settings, tmp_path / "studies", prolific)


@sqlite_only
def test_no_viewer_can_tell_by_an_order_whose_session_it_is(paying: Paying) -> None:
    """Keys of orders are hashes over a platform's ids: nothing that a viewer gets holds one."""
    paying.budget(100_00)
    some = paying.sessions([5, 5, 5])
    paying.decide(some, "approve")
    paying.decide(some[:2], "bonus")
    paying.prolific.submissions[paying.submission(some[0])].status = "RETURNED"
    paying.send()  # one fails, others are done
    paying.decide(some[2:], "bonus")  # one waits
    names = [row["public_id"] for row in rows(paying.app, models.Session)]
    viewer = researcher(paying.app, "viewer")
    places = [
        *("", "/live", "/participants", "/participants/decisions", "/quality", "/recruitment"),
        *("/payments", "/payments?state=failed", "/payments?state=intended"),
        *("/payments/ledger.csv", "/export/sessions.csv", "/export/events.csv"),
        *(f"/participants/{name}" for name in names),
    ]
    theirs = [
        participation("prolific", PLACE, one.id, one.participant)
        for one in paying.prolific.submissions.values()
    ]
    assert {order.participation for order in paying.orders()} == set(theirs)
    for place in places:
        reply = viewer.get(f"/studies/tiny{place}")
        assert reply.status_code == 200, place
        assert not [one for one in theirs if one[:12] in reply.text], place


@sqlite_only
def test_the_finance_office_still_tells_orders_apart(paying: Paying) -> None:
    paying.budget(100_00)
    some = paying.sessions([5, 5])
    paying.decide(some, "approve")
    paying.decide(some, "bonus")
    viewer = researcher(paying.app, "viewer")

    def orders() -> list[str]:
        text = viewer.get(f"{PAGE}/ledger.csv").text
        return [row["order"] for row in csv.DictReader(io.StringIO(text))]

    assert orders() == orders() and len(set(orders())) == 4
    assert (
        sorted(name.partition("-")[2] for name in orders()) == ["approve-1"] * 2 + ["bonus-1"] * 2
    )


@sqlite_only
def test_the_first_unknown_name_costs_no_more_than_a_known_one(paying: Paying) -> None:
    """What a name that nobody has is compared with is made for whoever comes first."""
    researcher(paying.app, None, name="ada")
    passwords._nobodys_hash.cache_clear()
    with paying.app.app_context():
        assert passwords.check("ada", "not hers at all") is None
    assert passwords._nobodys_hash.cache_info().currsize == 1
