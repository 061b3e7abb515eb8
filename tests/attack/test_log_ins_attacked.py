"""Log-ins and one-time links that somebody has kept, or that a wrong clock has made."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from support.dashboard import researcher
from support.walker import change, open_study

from diptych import models
from diptych.accounts import links, logins, users
from diptych.ground.database import now_ms

HOUR, DAY = 3_600_000, 86_400_000
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    "seen_ms, begun_ms, opens",
    [
        (-HOUR, -DAY, True),
        (HOUR, HOUR, True),  # the clock was set right by an hour
        (-13 * HOUR, -DAY, False),
        (-HOUR, -15 * DAY, False),
        (365 * DAY, 365 * DAY, False),
        (0, 365 * DAY, False),
    ],
)
def test_no_log_in_lasts_longer_than_it_may(
    app: Flask, studies_folder: Path, seen_ms: int, begun_ms: int, opens: bool
) -> None:
    """One that was begun while the clock was a year ahead would last for a year."""
    open_study(app, studies_folder / "tiny")
    ada = researcher(app, "owner", name="ada")
    at = now_ms()
    change(app, models.Login, {"last_seen_at": at + seen_ms, "created_at": at + begun_ms})
    assert ada.get("/studies/tiny").status_code == (200 if opens else 302)
    with app.app_context():
        assert len(logins.all_of(ada.user)) == int(opens)
        logins.begin(ada.user)  # sweeps out what is over
        assert len(logins.all_of(ada.user)) == 1 + int(opens)


@pytest.mark.parametrize("made_ms, opens", [(-DAY, True), (DAY, True), (365 * DAY, False)])
def test_no_one_time_link_lasts_longer_than_it_may(app: Flask, made_ms: int, opens: bool) -> None:
    with app.app_context():
        token = links.make(users.add_user("ada"))
    at = now_ms() + made_ms
    change(app, models.OneTimeLink, {"created_at": at, "expires_at": at + links.VALID_MS})
    reply = app.test_client().get(f"/dashboard/link/{token}")
    assert reply.status_code == (200 if opens else 404)
