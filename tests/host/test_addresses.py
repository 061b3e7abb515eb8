"""Marks of addresses: what they tell, when they are made, and what the rule makes of them."""

from __future__ import annotations

import hashlib
import ipaddress
import random
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from support.from_addresses import (
    CAMPUS,
    HOME,
    HOUSEHOLD,
    RULE,
    at,
    behind_a_proxy,
    comes,
    found,
    marked,
    prolific,
    session_of,
)  # fmt: skip
from support.tiny_studies import category_study
from support.walker import link, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.domain.tables import SESSIONS
from diptych.ground import address_marks
from diptych.ground.database import insert_row, reading, writing
from diptych.ground.settings import Settings
from diptych.journey import storing
from diptych.quality import others

DAY = 86_400_000


secrets = st.binary(min_size=1, max_size=64)
v4 = st.ip_addresses(v=4).map(str).filter(lambda a: address_marks.network(a) is not None)
v6 = st.ip_addresses(v=6).map(str).filter(lambda a: address_marks.network(a) is not None)
studies = st.integers(1, 10**6)
times = st.integers(0, 4 * 10**12)


# What a mark is ------------------------------------------------------------------------------


def slow_mark(secret: bytes, place: str, study: int, day: str) -> str:
    """The mark by the words of RFC 5869 (HKDF) and RFC 2104 (HMAC), from hashes alone."""

    def mac(key: bytes, text: bytes) -> bytes:
        key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + text).digest()
        return hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).digest()

    info = f"diptych addresses of study {study} on {day}".encode()
    key = mac(mac(bytes(32), secret), info + b"\x01")
    return mac(key, place.encode()).hex()[:6]


@given(secrets, v4, studies, times)
def test_a_mark_is_what_its_words_say(secret: bytes, address: str, study: int, at: int) -> None:
    day = datetime.fromtimestamp(at // DAY * DAY / 1000, UTC).strftime("%Y-%m-%d")
    mark = address_marks.mark(secret, address, study, at)
    assert mark == slow_mark(secret, address, study, day)
    assert re.fullmatch("[0-9a-f]{6}", str(mark))


def several(secret: bytes, study: int, at: int) -> list[str | None]:
    """Marks of some addresses: together so many bits that they don't agree by chance."""
    return [address_marks.mark(secret, f"203.0.113.{n}", study, at) for n in range(8)]


@given(secrets, secrets, studies, studies, times, times)
def test_marks_agree_within_a_key_a_study_and_a_day_only(
    secret: bytes, other: bytes, study: int, another: int, at: int, later: int
) -> None:
    # HMAC pads keys with zeros: those that differ in these only are the same key.
    same_key = secret.rstrip(b"\0") == other.rstrip(b"\0")
    same = same_key and study == another and at // DAY == later // DAY
    assert (several(secret, study, at) == several(other, another, later)) == same
    start = at // DAY * DAY
    assert several(secret, study, start) == several(secret, study, start + DAY - 1)
    assert several(secret, study, start) != several(secret, study, start + DAY)


@given(v6, st.integers(0, 2**64 - 1), v6)
@example(HOUSEHOLD, 1, "2001:db8:7:8:a:b:c:d")
def test_a_household_is_one_place(address: str, device: int, other: str) -> None:
    high = int(ipaddress.ip_address(address)) >> 64
    assume(high != 0)  # where IPv4 addresses stand in IPv6, and this machine itself
    neighbour = str(ipaddress.ip_address(high << 64 | device))
    assert address_marks.network(neighbour) == address_marks.network(address)
    if int(ipaddress.ip_address(other)) >> 64 != high:
        assert address_marks.network(other) != address_marks.network(address)


@given(v4, v4)
def test_ipv4_is_told_apart_whole_and_known_within_ipv6(address: str, other: str) -> None:
    assert (address_marks.network(address) == address_marks.network(other)) == (address == other)
    assert address_marks.network(f"::ffff:{address}") == address_marks.network(address)


@pytest.mark.parametrize(
    "nothing",
    [None, "", "unknown", "203.0.113.77:4711", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"],
)
def test_what_says_nothing_of_a_place_has_no_mark(nothing: str | None) -> None:
    assert address_marks.network(nothing) is None
    assert address_marks.mark(b"key", nothing, 1, 0) is None


@given(st.text(max_size=60))
def test_whatever_a_proxy_says_is_an_address_or_nothing(text: str) -> None:
    found = address_marks.network(text)
    assert found is None or ipaddress.ip_network(found)


# When it is made -----------------------------------------------------------------------------


@pytest.fixture
def proxied(settings: Settings, studies_folder: Path) -> Flask:
    """A host behind one proxy: `tiny` has the rule, `tiny_2afc` has not."""
    return behind_a_proxy(settings, studies_folder)


def test_the_mark_is_that_of_the_client_the_proxy_saw(proxied: Flask, settings: Settings) -> None:
    # What a client writes into the header itself stands before what the proxy adds.
    walker = comes(proxied, f"{HOME}, {CAMPUS}", **prolific("ada"))
    session = session_of(proxied, walker)
    day = datetime.fromtimestamp(session["entered_at"] / 1000, UTC).strftime("%Y-%m-%d")
    key = settings.key_of_identities()
    assert session["address_hash"] == slow_mark(key, CAMPUS, session["study_id"], day)
    # Coming back from elsewhere changes nothing.
    again = at(proxied, HOME).enter(**prolific("ada"))
    assert again.public_id == walker.public_id
    assert marked(proxied, walker) == session["address_hash"]


def test_two_hosts_agree_on_the_mark(proxied: Flask, settings: Settings) -> None:
    other = create_app(settings.model_copy(update={"proxy_hops": 1}))
    one, two = comes(proxied, CAMPUS), comes(other, CAMPUS)
    assert marked(proxied, one) == marked(other, two) is not None


def test_without_the_rule_or_without_a_person_there_is_none(proxied: Flask) -> None:
    assert marked(proxied, comes(proxied, CAMPUS, "tiny_2afc")) is None
    assert marked(proxied, comes(proxied, CAMPUS)) is not None
    assert (
        marked(proxied, comes(proxied, CAMPUS, "tiny", **link(proxied, "preview", "tiny"))) is None
    )
    simulated = {**link(proxied, "simulate", "tiny"), "participant": "one"}
    assert marked(proxied, comes(proxied, CAMPUS, "tiny", **simulated)) is None


def test_a_header_that_no_proxy_is_trusted_for_counts_for_nothing(
    app: Flask, studies_folder: Path
) -> None:
    category_study(studies_folder / "tiny", changes=RULE)
    open_study(app, studies_folder / "tiny")
    walker = comes(app, CAMPUS).finish()
    assert marked(app, walker) is None, "a test's client comes from this machine itself"
    assert "max_same_address" not in found(app, walker)


def test_answers_neither_read_nor_write_it() -> None:
    for statement in (storing.QUESTION, storing._MOVE, storing._INSERT, storing._MOVE_AND_INSERT):
        assert "address_hash" not in str(statement.core)


# What the rule makes of it -------------------------------------------------------------------


def test_who_comes_later_from_the_same_address_is_flagged_and_no_more(proxied: Flask) -> None:
    first = comes(proxied, CAMPUS, **prolific("ada")).finish()
    at(proxied, CAMPUS).enter(**prolific("looks"))  # reaches no trial
    second = comes(proxied, CAMPUS, **prolific("bob")).finish()
    other = comes(proxied, HOME, **prolific("eve")).finish()
    house = comes(proxied, HOUSEHOLD).finish()
    device = comes(proxied, "2001:db8:7:7::1").finish()
    values = [
        found(proxied, each)["max_same_address"]["value"]
        for each in (first, second, other, house, device)
    ]
    assert values == [0, 1, 0, 0, 1]
    row = found(proxied, second)["max_same_address"]
    assert (row["flagged"], row["auto"]) == (True, False)
    assert first.public_id in row["evidence"]
    assert "203" not in row["evidence"].replace(first.public_id, "")
    (result,) = rows(proxied, models.SessionResult, session_id=row["session_id"])
    assert result["excluded"] is False, "a campus shares an address: a person decides"


def test_others_of_a_day_are_what_a_search_through_all_sessions_finds(
    app: Flask, studies_folder: Path
) -> None:
    versions = [open_study(app, studies_folder / name) for name in ("tiny", "tiny_2afc")]
    rng, made = random.Random(9), list[dict[str, Any]]()
    with app.app_context(), writing() as connection:
        people = [
            insert_row(
                connection,
                insert(models.Participant).values(public_id=f"p{n}", kind="person", created_at=1),
            )
            for n in range(15)
        ]
        for n in range(80):
            study = rng.choice([1, 1, 2])
            values = {
                "public_id": f"s{n}", "study_id": study, "version_id": versions[study - 1],
                "participant_id": rng.choice(people), "take": n + 1, "kind": "person",
                "recruiter": "direct", "seed": 1, "status": "completed", "step": "end",
                "browser": {}, "entered_at": 10**12 // DAY * DAY + rng.randrange(2 * DAY),
                "last_seen_at": 10**12, "started_at": rng.choice([None, 10**12, 10**12]),
                "address_hash": rng.choice([None, "aaaaaa", "bbbbbb"]),
            }  # fmt: skip
            made.append({**values, "id": insert_row(connection, insert(SESSIONS).values(values))})
    with app.app_context(), reading() as connection:
        for mine in made:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == mine["id"])).one()
            alike = [
                s["public_id"]
                for s in made
                if s["id"] < mine["id"]
                and s["address_hash"] == mine["address_hash"]
                and s["study_id"] == mine["study_id"]
                and s["entered_at"] // DAY == mine["entered_at"] // DAY
                and s["participant_id"] != mine["participant_id"]
                and s["started_at"] is not None
            ]
            seen = others(connection, row).same_address
            assert seen == (None if mine["address_hash"] is None else tuple(alike))
