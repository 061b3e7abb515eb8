"""Slows down who guesses passwords: a growing wait for a name, and for an address.

The wait never lasts longer than `LONGEST_MS`, and attempts during it count for nothing: nobody can
be locked out for good. A one-time link (`diptych user link NAME`) passes by it at once.
Names and addresses stand in the database as keyed hashes only.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from diptych.domain.tables import FAILURES
from diptych.ground.database import now_ms, writing

FREE_FOR_NAME = 5
#: Many people may share one address.
FREE_FOR_ADDRESS = 30
LONGEST_MS = 5 * 60_000
#: After so long without a failure, all is forgotten.
FORGET_MS = 12 * 3_600_000


class TooMany(Exception):
    """Too many failed attempts; `wait_ms` says how long to wait."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"wait {wait_ms} ms")
        self.wait_ms = wait_ms


@dataclass(frozen=True)
class Attempt:
    """One attempt to log in: whose name, and from where."""

    name_key: str
    address_key: str

    @classmethod
    def of(cls, secret: bytes, name: str, address: str) -> Attempt:
        """Return the attempt's keys."""
        return cls(_key(secret, f"name:{name.strip().lower()}"), _key(secret, f"from:{address}"))


def _key(secret: bytes, text: str) -> str:
    return hmac.new(secret, f"login:{text}".encode(), hashlib.sha256).hexdigest()


def wait_after(failures: int, free: int) -> int:
    """Return how long to wait after failures, in ms: 2 s, 4 s, 8 s, … after the free ones."""
    if failures < free:
        return 0
    return min(LONGEST_MS, 1000 << min(failures - free + 1, 20))


def begin(attempt: Attempt) -> None:
    """Count an attempt as failed, before the password is looked at: many at once count too.

    Raises
    ------
    TooMany
        When there is still a wait; this attempt is not counted.
    """
    at = now_ms()
    limits = ((attempt.name_key, FREE_FOR_NAME), (attempt.address_key, FREE_FOR_ADDRESS))
    with writing() as connection:
        # One row after the other in a fixed order, so that two attempts never wait for each other.
        counted = {key: _locked(connection, key, at) for key, _ in sorted(limits)}
        waits = []
        for key, free in limits:
            count, last_at = counted[key]
            waits.append(last_at + wait_after(count, free) - at)
        if max(waits) > 0:
            raise TooMany(max(waits))
        for key, (count, _) in counted.items():
            _set(connection, key, count + 1, at)


def succeeded(attempt: Attempt) -> None:
    """Take back what `begin` counted: the name starts anew, the address has one failure less."""
    with writing() as connection:
        connection.execute(FAILURES.delete().where(FAILURES.c.key == attempt.name_key))
        connection.execute(
            update(FAILURES)
            .where(FAILURES.c.key == attempt.address_key, FAILURES.c.count > 0)
            .values(count=FAILURES.c.count - 1)
        )


def forget_old() -> int:
    """Drop what is forgotten anyway; returns how many rows went."""
    with writing() as connection:
        return connection.execute(
            FAILURES.delete().where(FAILURES.c.last_at < now_ms() - FORGET_MS)
        ).rowcount


def _locked(connection: Connection, key: str, at: int) -> tuple[int, int]:
    """Count and last time of a key, its row locked; made when it is not there."""
    find = select(FAILURES.c.count, FAILURES.c.last_at).where(FAILURES.c.key == key)
    row = connection.execute(find.with_for_update()).one_or_none()
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(FAILURES).values(key=key, count=0, last_at=at))
        except IntegrityError:  # made by another attempt at the same moment
            row = connection.execute(find.with_for_update()).one()
    if row is None or at - row[1] > FORGET_MS:
        return 0, at
    # A failure in the future was noted before the clock was set back: nobody waits until then.
    return int(row[0]), min(int(row[1]), at)


def _set(connection: Connection, key: str, count: int, at: int) -> None:
    connection.execute(
        update(FAILURES).where(FAILURES.c.key == key).values(count=count, last_at=at)
    )
