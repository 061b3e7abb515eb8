"""The dashboard under what a curious or hostile researcher can type into an address or a form."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from support.dashboard import Researcher, researcher
from support.walker import Walker, open_study

HUGE = "9" * 25
BEYOND_64_BITS = str(2**63)
PLACES = (
    "/studies/tiny/participants?after={0}~1",
    "/studies/tiny/participants?sort=score&before={0}~1",
    "/studies/tiny/participants/decisions?before={0}",
    "/studies/tiny/payments?after={0}",
    "/studies/tiny/payments?before={0}",
    "/studies/tiny/quality?rule=focus_losses&before={0}",
    "/studies/tiny/audit?before={0}",
    "/studies/tiny/versions/{0}/images/0",
    "/studies/tiny/versions/1/images/{0}",
)
NUL = (
    "/studies/%00",
    "/studies/%00/participants",
    "/studies/tiny/participants?search=abc%00",
    "/studies/tiny/participants?condition=abc&condition=%00",
    "/studies/tiny/audit?search=%00",
    "/studies/tiny/participants/%00",
    "/studies/tiny/figures/%00.json",
    "/studies/tiny/export/%00.csv",
    "/folders/%00",
    "/link/%00",
    "/login?next=%00",
)


@pytest.fixture
def admin(app: Flask, studies_folder: Path) -> Researcher:
    """Somebody for whom every page opens, and one session to look at."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    open_study(app, studies_folder / "tiny")
    Walker(app.test_client()).start(participant="ada").finish()
    return researcher(app, "admin")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", [HUGE, BEYOND_64_BITS, f"-{HUGE}"])
def test_no_number_in_an_address_is_too_large_to_be_answered(
    admin: Researcher, place: str, number: str
) -> None:
    assert admin.get(place.format(number)).status_code < 500


@pytest.mark.parametrize("path", NUL)
def test_nul_in_an_address_is_refused(admin: Researcher, path: str) -> None:
    assert 400 <= admin.get(path).status_code < 500


@pytest.mark.parametrize(
    "path, field",
    [
        ("/login", "name"),
        ("/login", "password"),
        ("/link/abc", "name"),
        ("/users", "name"),
        ("/users/a%00b/link", "name"),
        ("/account/tokens", "name"),
        ("/studies/tiny/members", "name"),
        ("/studies/tiny/versions/open", "version"),
        ("/studies/tiny/participants/decisions/preview", "session"),
        ("/studies/tiny/payments/again", "key"),
        ("/studies/tiny/figures/results", "name"),
    ],
)
def test_nul_in_a_form_is_refused(admin: Researcher, path: str, field: str) -> None:
    sent = {field: "a\0b", "role": "viewer", "action": "exclude"}
    assert 400 <= admin.post(path, sent).status_code < 500


def test_no_row_of_ones_own_is_too_far_to_be_named(admin: Researcher) -> None:
    for path in (f"/account/logins/{HUGE}/end", f"/account/tokens/{HUGE}/revoke"):
        assert admin.post(path).status_code == 404


def test_nul_within_a_query_within_a_form_is_refused(admin: Researcher) -> None:
    asked = {"action": "exclude", "scope": "all", "query": "search=abc%00&condition=%00"}
    said = admin.post("/studies/tiny/participants/decisions/preview", asked)
    assert said.status_code == 302
    assert "NUL" in admin.get(said.location.removeprefix("/dashboard")).text


def test_a_number_of_workers_of_any_length_is_answered(admin: Researcher) -> None:
    for given in ("9" * 5000, HUGE, "-1", "nine"):
        said = admin.post("/studies/tiny/recruitment/hits/extend", {"assignments": given})
        assert said.status_code == 302
