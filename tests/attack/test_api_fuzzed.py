"""The participant's API under whatever a hostile client can send: never a 5xx, never an inside.

schemathesis makes requests from the API's own description, valid ones and ones that break it in
every way that it knows; hypothesis makes tokens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from support.properties import costly
from support.walker import Walker, first_choice, link, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.keys import SessionTokens
from diptych.ground.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_kind", ["sqlite"])]
INSIDE = re.compile(r"Traceback|File \"|sqlalchemy|sqlite3|psycopg|SELECT |/diptych/", re.I)
_numbers = count()


@pytest.fixture
def tiny(app: Flask, studies_folder) -> Flask:
    open_study(app, studies_folder / "tiny")
    return app


@pytest.fixture
def schema(tiny: Flask) -> Any:
    """The API's description, called without a network."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", tiny)


def walk(app: Flask) -> Walker:
    """Somebody new, in the middle of the trials."""
    walker = Walker(app.test_client())
    walker.enter(**link(app, "simulate", "tiny"), participant=f"p{next(_numbers)}")
    walker.take("consent", agreed=True)
    walker.take("instructions", read_ms=20_000)
    return walker


def _try_every_operation(schema: Any, check: Callable[[Any], None]) -> None:
    """Make valid requests, and such as break the description, for every operation of the API."""
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 9
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            def attack(case: Any) -> None:
                check(case)

            try:
                attack()
            except Unsatisfiable:
                # Nothing can be broken in a request without parameters or body.
                assert mode is GenerationMode.NEGATIVE


def _reply_tells_nothing(case: Any, headers: dict[str, str]) -> None:
    response = case.call(headers=headers)
    case.validate_response(response, checks=[not_a_server_error])
    assert not INSIDE.search(response.text), response.text[:500]


def test_of_nobody(schema: Any) -> None:
    _try_every_operation(schema, lambda case: _reply_tells_nothing(case, {}))


def test_of_somebody_in_the_middle(schema: Any, tiny: Flask) -> None:
    """Whatever one participant sends, another's session stays where it is."""
    victim, attacker = walk(tiny), walk(tiny)
    before = victim.api("GET", "/session").json
    headers = {"Authorization": f"Bearer {attacker.token}"}
    _try_every_operation(schema, lambda case: _reply_tells_nothing(case, headers))
    assert victim.api("GET", "/session").json == before


TOKENS = SessionTokens(b"another secret", 30)


@pytest.fixture
def victims(settings: Settings, studies_folder: Path) -> Iterator[tuple[Flask, str, str]]:
    """A host that counts no guesses, the token of one session, and of another."""
    tiny = create_app(settings.model_copy(update={"limit_guesses": 0}))
    open_study(tiny, studies_folder / "tiny")
    first, second = walk(tiny), walk(tiny)
    assert first.token
    assert second.token
    yield tiny, first.token, second.token


@given(data=st.data())
def test_no_token_but_the_right_one_opens_a_session(
    victims: tuple[Flask, str, str], data: st.DataObject
) -> None:
    app, token, other = victims
    payload, stamp, signature = token.split(".")
    other_parts = other.split(".")
    forged = data.draw(
        st.one_of(
            st.text(max_size=200),
            st.integers(0, len(token) - 1).flatmap(
                lambda at: st.sampled_from("AZaz09-_.").map(
                    lambda c: token[:at] + c + token[at + 1 :]
                )
            ),
            st.sampled_from(
                [
                    f"{other_parts[0]}.{stamp}.{signature}",
                    f"{payload}.{other_parts[1]}.{other_parts[2]}",
                    f"{payload}..{signature}",
                    f"{payload}.{signature}",
                    TOKENS.make("1"),
                    token + token,
                    token[::-1],
                ]
            ),
            st.integers(-(10**40), 10**40).map(str).map(TOKENS.make),
        )
    )
    if forged in (token, other):
        return
    client = app.test_client()
    try:
        forged.encode("latin-1")
    except UnicodeEncodeError:
        return  # no HTTP header can carry it
    if any(c in forged for c in "\r\n"):
        return  # refused by the HTTP library before it is sent
    reply = client.get("/api/v1/session", headers={"Authorization": f"Bearer {forged}"})
    if reply.status_code == 200:
        # Base64 lets a few last characters spell the same signature: it must be the same session.
        same = client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).json
        both = client.get("/api/v1/session", headers={"Authorization": f"Bearer {other}"}).json
        assert reply.json["session"]["id"] in (same["session"]["id"], both["session"]["id"])
        assert forged.split(".")[0] == (
            payload if reply.json["session"]["id"] == same["session"]["id"] else other_parts[0]
        )
    else:
        assert reply.status_code == 401
        assert reply.json["error"]["code"] == "bad_token"


def test_an_expired_token_opens_nothing(settings: Settings, studies_folder) -> None:
    app = create_app(settings.model_copy(update={"token_days": 1e-9}))
    open_study(app, studies_folder / "tiny")
    walker = Walker(app.test_client())
    walker.enter(**link(app, "simulate", "tiny"), participant="late")
    time.sleep(1.1)  # tokens carry whole seconds
    assert walker.api("GET", "/session").status_code == 401


@costly()
@given(data=st.data())
def test_any_order_of_requests_leaves_one_answer_a_trial(tiny: Flask, data: st.DataObject) -> None:
    """Out of order, twice, for later trials, after the end: the tables stay whole."""
    walker = walk(tiny)
    trial = walker.state["content"]["trial"]
    answer = first_choice(trial)
    timing = {"rt_ms": 0, "onset_ms": 0, "onset_uncertainty_ms": 0, "answered_ms": 0}
    for index in data.draw(st.lists(st.integers(0, 8), max_size=14)):
        reply = walker.api(
            "POST",
            f"/trials/{index}/response",
            {"response": answer, "timing": timing, "events": []},
        )
        assert reply.status_code in (200, 409), reply.text
    with tiny.app_context():
        session = max(rows(tiny, models.Session), key=lambda row: row["id"])
    stored = [r for r in rows(tiny, models.Response) if r["session_id"] == session["id"]]
    assert [r["trial_index"] for r in stored] == list(range(len(stored)))
    assert session["n_responses"] == len(stored)
