"""Limits that stop who floods or guesses, and nobody who shares an address with others."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, change, error_code, first_choice, link, open_study, rows

from diptych import models
from diptych.accounts import api_tokens
from diptych.app import create_app
from diptych.ground.database import db, now_ms
from diptych.ground.settings import Settings
from diptych.web.limits import EXTENSION, KEPT_AT_LEAST, WINDOW_S, Bucket, Limits, place

sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
HALL = 500
CAMPUS = {"REMOTE_ADDR": "192.0.2.7"}
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.20"}


class Clock:
    """Time that passes when it is told to (s)."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def strict(settings: Settings, **changes: Any) -> Settings:
    """The settings with other limits."""
    return settings.model_copy(update=changes)


@pytest.fixture
def tiny(app: Flask, studies_folder: Path) -> Flask:
    open_study(app, studies_folder / "tiny")
    return app


@pytest.fixture
def clock() -> Clock:
    """The clock of `narrow`'s limits."""
    return Clock()


@pytest.fixture
def narrow(settings: Settings, studies_folder: Path, clock: Clock) -> Iterator[Flask]:
    """A host that takes little: 30 requests of a session, 4 entries, 6 guesses a minute."""
    little = strict(settings, limit_requests=30, limit_entries=4, limit_guesses=6)
    made = create_app(little)
    made.extensions[EXTENSION] = Limits(little, clock)
    open_study(made, studies_folder / "tiny")
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def told_to_wait(reply: Any) -> int:
    """Seconds a refusal asks to wait; it must have the shape of all refusals."""
    assert reply.status_code == 429, reply.text
    assert error_code(reply) == "too_many"
    assert "Nothing is lost" in reply.json["error"]["message"]
    seconds = int(reply.headers["Retry-After"])
    assert 1 <= seconds <= WINDOW_S
    return seconds


# --- The counting itself, with a clock of our own


@given(
    per_minute=st.integers(1, 100),
    pauses=st.lists(st.floats(0, 30, allow_nan=False), max_size=300),
)
def test_never_more_than_twice_the_limit_in_any_minute_and_never_none(
    per_minute: int, pauses: list[float]
) -> None:
    """A whole minute's worth at once, and one more as each becomes due; never more."""
    clock = Clock()
    bucket = Bucket(per_minute, clock)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = bucket.take("somebody")
        if wait:
            assert taken, "the first is always taken"
            # Who waits as long as told is let through.
            assert bucket.wait("somebody") == wait
            clock.now += wait
            assert bucket.take("somebody") == 0
        taken.append(clock.now)
    for start in taken:
        within = sum(start <= at < start + WINDOW_S for at in taken)
        assert within <= 2 * per_minute
    assert len(taken) == len(pauses)


def test_a_whole_minute_s_worth_may_come_at_once() -> None:
    clock = Clock()
    bucket = Bucket(HALL, clock)
    assert not any(bucket.take("hall") for _ in range(HALL))
    assert bucket.take("hall") > 0
    assert bucket.take("another hall") == 0
    clock.now += WINDOW_S
    assert not any(bucket.take("hall") for _ in range(HALL - 1))


def test_nought_switches_off() -> None:
    bucket = Bucket(0)
    assert not any(bucket.take("anybody") for _ in range(10_000))
    assert bucket.wait("anybody") == 0 and len(bucket) == 0


def test_whoever_comes_from_ever_new_addresses_fills_no_memory() -> None:
    clock = Clock()
    bucket = Bucket(10, clock)
    for number in range(20 * KEPT_AT_LEAST):
        clock.now += 0.1
        bucket.take(number)
    # One request is held against a key for 6 s: 60 keys at a time.
    assert len(bucket) <= KEPT_AT_LEAST + 1


def test_a_line_is_one_address_however_many_it_has() -> None:
    assert place("192.0.2.7") == place("::ffff:192.0.2.7") == "192.0.2.7"
    assert place("2001:db8:1:2::3") == place("2001:db8:1:2:ffff::9")
    assert place("2001:db8:1:2::3") != place("2001:db8:1:3::3")
    assert place("192.0.2.7") != place("192.0.2.8")
    assert place(None) == "" and place("a socket") == "a socket"


# --- A hall behind one address


@sqlite_only
def test_a_hall_of_500_behind_one_address_gets_in_and_answers(settings: Settings) -> None:
    """All enter one worker at the same moment by the limits' clock; nobody is told to wait."""
    crowd = {"recruitment": {"participants": HALL}}
    category_study(settings.studies / "hall", training=1, test=1, changes=crowd)
    app = create_app(settings)
    app.extensions[EXTENSION] = Limits(settings, Clock())
    open_study(app, settings.studies / "hall")
    client = app.test_client()
    client.environ_base.update(CAMPUS)
    hall = [Walker(client, "hall").enter(participant=f"seat-{n}") for n in range(HALL)]
    assert len(rows(app, models.Session, kind="person")) == HALL
    for person in hall[::20]:
        person.take("consent", agreed=True).take("instructions", read_ms=20_000).finish()
        assert person.step_name == "end"
        assert all(reply.status_code < 300 for reply in person.sent)
    with app.app_context():
        db.engine.dispose()


@sqlite_only
def test_who_enters_without_end_is_told_to_wait_and_others_are_not(narrow: Flask) -> None:
    crowd, other = narrow.test_client(), narrow.test_client()
    crowd.environ_base.update(CAMPUS)
    other.environ_base.update(ELSEWHERE)
    inside = Walker(crowd).start(participant="first")
    for number in range(3):
        assert Walker(crowd).arrive(participant=f"next-{number}").status_code == 201
    told_to_wait(Walker(crowd).arrive(participant="fifth"))
    assert len(rows(narrow, models.Session)) == 4, "a refusal stores nothing"
    assert Walker(other).arrive(participant="elsewhere").status_code == 201
    assert inside.finish().step_name == "end", "who is inside goes on"
    with_key = Walker(crowd).arrive(**link(narrow, "simulate", "tiny"), participant="sim")
    assert with_key.status_code == 201, "a key of the study is worth more than the address"


@sqlite_only
def test_an_address_that_a_proxy_tells_is_who_counts(
    settings: Settings, studies_folder: Path
) -> None:
    app = create_app(strict(settings, limit_entries=1, proxy_hops=1))
    open_study(app, studies_folder / "tiny")
    for number in range(3):
        client = app.test_client()
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"1.1.1.1, 203.0.113.{number}"
        assert Walker(client).arrive(participant=f"p{number}").status_code == 201
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "9.9.9.9, 203.0.113.0"
    told_to_wait(Walker(client).arrive(participant="forger"))
    with app.app_context():
        db.engine.dispose()


# --- A session that asks too much


@sqlite_only
def test_a_flood_of_one_session_stops_itself_only_and_loses_no_answer(
    narrow: Flask, clock: Clock
) -> None:
    flooder, neighbour = (Walker(narrow.test_client()).start(participant=p) for p in "ab")
    flooder.answer()
    while (reply := flooder.api("GET", "/session")).status_code == 200:
        pass
    seconds = told_to_wait(reply)
    refused = flooder.post(1, first_choice(flooder.trial))
    told_to_wait(refused)
    assert neighbour.finish().step_name == "end", "a neighbour at the same address goes on"
    # The page waits as long as it was told, and sends the very same answer again.
    clock.now += seconds
    assert flooder.post(1, first_choice(flooder.trial)).status_code == 200
    clock.now += WINDOW_S
    flooder.load().finish()
    assert flooder.step_name == "end"
    for session in rows(narrow, models.Session):
        stored = rows(narrow, models.Response, session_id=session["id"])
        assert [r["trial_index"] for r in stored] == list(range(session["n_trials"]))


def test_a_limit_costs_no_statement(tiny: Flask) -> None:
    """An answer, a refusal and a wrong token: what they count stands in no database."""
    person = Walker(tiny.test_client()).start(participant="a")
    statements: list[str] = []
    with tiny.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    headers = {"Authorization": "Bearer made.up.token"}
    for _ in range(150):
        reply = person.client.get("/api/v1/session", headers=headers)
        assert reply.status_code in (401, 429)
    assert reply.status_code == 429 and not statements
    assert person.answer()["next"]
    assert not [s for s in statements if "login_failure" in s.lower()]


@sqlite_only
def test_the_shipped_limits_are_far_above_what_a_page_can_ask(tiny: Flask) -> None:
    """Twenty requests a second for a minute, which nobody's fingers can ask: and it goes on."""
    tiny.extensions[EXTENSION] = Limits(tiny.extensions["diptych"].settings, Clock())
    person = Walker(tiny.test_client()).start(participant="quick")
    for _ in range(20 * 60):
        assert person.api("POST", "/session/steps/consent", {}).status_code == 422
    assert person.finish().step_name == "end"


@sqlite_only
def test_nought_switches_every_limit_off(settings: Settings, studies_folder: Path) -> None:
    app = create_app(strict(settings, limit_requests=0, limit_entries=0, limit_guesses=0))
    open_study(app, studies_folder / "tiny")
    client = app.test_client()
    for _ in range(300):
        reply = client.get("/api/v1/session", headers={"Authorization": "Bearer x.y.z"})
        assert reply.status_code == 401
    with app.app_context():
        db.engine.dispose()


# --- Guessing


@sqlite_only
def test_a_guesser_of_tokens_is_slowed_and_right_tokens_are_not(narrow: Flask) -> None:
    inside = Walker(narrow.test_client()).start(participant="inside")
    guesser = narrow.test_client()
    tokens = (f"{number}.aaaaaa.{'b' * 27}" for number in itertools.count(1))
    replies = [
        guesser.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        for token in itertools.islice(tokens, 10)
    ]
    assert [reply.status_code for reply in replies] == [401] * 6 + [429] * 4
    told_to_wait(replies[-1])
    assert inside.finish().step_name == "end", "the same address, but a right token"
    far = narrow.test_client()
    far.environ_base.update(ELSEWHERE)
    wrong = far.get("/api/v1/session", headers={"Authorization": "Bearer x"})
    assert wrong.status_code == 401


@sqlite_only
def test_a_token_that_became_too_old_is_no_guess(settings: Settings, studies_folder: Path) -> None:
    app = create_app(strict(settings, limit_guesses=1, token_days=1e-9))
    open_study(app, studies_folder / "tiny")
    person = Walker(app.test_client()).enter(participant="late")
    time.sleep(1.1)  # tokens carry whole seconds
    assert [person.api("GET", "/session").status_code for _ in range(5)] == [401] * 5
    with app.app_context():
        db.engine.dispose()


@sqlite_only
def test_a_guesser_of_study_keys_is_slowed(narrow: Flask) -> None:
    client = narrow.test_client()
    codes = [
        Walker(client).arrive(preview=f"key-{number}", participant="x").status_code
        for number in range(9)
    ]
    assert codes == [403] * 4 + [429] * 5, "the entries are fewer than the guesses here"
    assert not rows(narrow, models.Session)


@sqlite_only
@pytest.mark.parametrize("kind", ["api tokens", "links", "links by form"])
def test_a_guesser_at_the_dashboard_is_slowed_before_anything_is_looked_up(
    narrow: Flask, kind: str
) -> None:
    owner = researcher(narrow, "owner")
    with narrow.app_context():
        token = api_tokens.make(owner.user, "script")
        engine = db.engine

    def guess(number: int) -> Any:
        if kind == "api tokens":
            given = {"Authorization": f"Bearer diptych_{number}"}
            return narrow.test_client().get(
                "/dashboard/studies/tiny/export/trials.csv", headers=given
            )
        if kind == "links":
            return narrow.test_client().get(f"/dashboard/link/guess-{number}")
        return owner.post(f"/link/guess-{number}", {"password": "a" * 20, "again": "a" * 20})

    codes = [guess(number).status_code for number in range(6)]
    assert set(codes) == {401 if kind == "api tokens" else 404}
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    refused = guess(7)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert not [s for s in statements if "api_token" in s or "link" in s], statements
    far = narrow.test_client()
    far.environ_base.update(ELSEWHERE)
    headers = {"Authorization": f"Bearer {token}"}
    assert far.get("/dashboard/studies/tiny/export/trials.csv", headers=headers).status_code == 200
    assert owner.get("/studies/tiny").status_code == 200, "who is logged in goes on"


def the_wait_goes_on(app: Flask) -> None:
    """The first waits are of two seconds, which may pass on a slow machine: now none passes.

    What was noted by a clock that was ahead is waited for from each moment on.
    """
    change(app, models.LoginFailure, {"last_at": now_ms() + 3_600_000})


@sqlite_only
def test_a_guesser_of_passwords_is_slowed_with_a_time_to_wait(tiny: Flask) -> None:
    person = researcher(tiny, "owner", name="ada")
    stranger = tiny.test_client()
    page = stranger.get("/dashboard/login").text
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": csrf, "name": "ada", "password": "not this one"}

    def guess() -> Any:
        return stranger.post("/dashboard/login", data=form)

    assert [guess().status_code for _ in range(5)] == [401] * 5
    the_wait_goes_on(tiny)
    codes = [guess() for _ in range(2)]
    assert [reply.status_code for reply in codes] == [429] * 2
    assert int(codes[-1].headers["Retry-After"]) >= 1
    own = {"old": "wrong", "password": "a new long one", "again": "a new long one"}
    refused = person.post("/account/password", own)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert person.get("/studies").status_code == 200, "who is logged in stays so"


@sqlite_only
def test_another_address_of_the_same_line_is_no_new_one(tiny: Flask) -> None:
    """The address's own wait counts an IPv6 line once, whichever of its addresses is used."""
    codes = []
    for number in range(33):
        if number == 30:
            the_wait_goes_on(tiny)
        client = tiny.test_client()
        client.environ_base["REMOTE_ADDR"] = f"2001:db8:7:7::{number:x}"
        page = client.get("/dashboard/login").text
        csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
        form = {"csrf_token": csrf, "name": f"nobody-{number}", "password": "x"}
        codes.append(client.post("/dashboard/login", data=form).status_code)
    assert codes == [401] * 30 + [429] * 3


@sqlite_only
def test_the_token_of_the_metrics_is_not_guessed_either(settings: Settings) -> None:
    app = create_app(strict(settings, metrics_token="right", limit_guesses=3))
    client = app.test_client()

    def ask(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return int(client.get("/metrics", headers=headers).status_code)

    assert ask("right") == 200
    assert [ask(f"wrong-{number}") for number in range(4)] == [401] * 3 + [429]
    assert ask("right") == 429, "from this address nothing is looked at for a while"
