"""How much one source may ask of a worker, so that nobody takes the host from everybody else.

A lecture hall, a campus or a whole provider may share one address, so an address by itself says
little. What is counted, and by what:

- requests of a session, by the session its token names: never by the address;
- entries, by address, so many that a hall of 500 gets in within one minute;
- wrong tokens and keys, by address, few: right ones are not counted.

Who is over a limit gets 429 with `Retry-After`. Participants' pages wait as long and send the same
request again, so that no answer is lost. A right session token is never refused because of what
others at its address do.

Each worker process counts for itself, in memory, and after a minute holds nothing against anybody:
the host keeps no state, writes no address down, and asks no database. All workers together let
through up to as many times the limit as there are workers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import cast

from apiflask import APIFlask
from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from diptych.ground.address_marks import network
from diptych.ground.settings import Settings

WINDOW_S = 60.0
KEPT_AT_LEAST = 4096
_ROUNDING_S = 1e-6
MESSAGE = (
    "Too many requests came from here within a minute. Nothing is lost: please wait a moment, "
    "then try again."
)
EXTENSION = "diptych_limits"


class Bucket:
    """So many a minute for each key; all of them at once if need be (generic cell rate algorithm).

    It holds one number a key: when the key's requests so far would have been due, had they come
    evenly. Counted by the monotonic clock: a wall clock that is set back, by which libraries for
    this count, would keep people out for as long. Threads that count at the very same moment may
    count one too few.

    Parameters
    ----------
    per_minute : int
        How many; 0 for no limit.
    clock : Callable[[], float], optional
        Monotonic time, in s.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap_s = WINDOW_S / per_minute if per_minute else 0.0
        self._clock = clock
        self._due: dict[Hashable, float] = {}
        self._most = KEPT_AT_LEAST

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._due)

    def take(self, key: Hashable) -> float:
        """Count one; returns 0, or how long to wait (s): then this one was not counted."""
        wait, due = self._look(key)
        if not wait and self._gap_s:
            self._due[key] = due
            if len(self._due) > self._most:
                self._forget()
        return wait

    def wait(self, key: Hashable) -> float:
        """Return how long (s) until one more would be taken; nothing is counted."""
        return self._look(key)[0]

    def _look(self, key: Hashable) -> tuple[float, float]:
        """Return the wait before one more (s), and when the key is due once that is counted."""
        now = self._clock()
        due = max(self._due.get(key, 0.0), now) + self._gap_s
        over = due - now - WINDOW_S
        return (over if over > _ROUNDING_S and self._gap_s else 0.0), due

    def _forget(self) -> None:
        """Drop whom nothing is held against any more; done ever more seldom as they get more."""
        now = self._clock()
        self._due = {key: due for key, due in self._due.copy().items() if due > now}
        self._most = max(KEPT_AT_LEAST, 2 * len(self._due))


class Limits:
    """The limits of one worker: `limits()`."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = Bucket(settings.limit_requests, clock)
        self._entries = Bucket(settings.limit_entries, clock)
        self._guesses = Bucket(settings.limit_guesses, clock)

    def session(self, name: str) -> None:
        """Count a request of the session that tokens call by this name.

        Raises
        ------
        TooManyRequests
            When it has made too many.
        """
        _refuse_for(self._requests.take(name))

    def entry(self) -> None:
        """Count an entry from the request's address.

        Raises
        ------
        TooManyRequests
            When too many came from there.
        """
        _refuse_for(self._entries.take(place(request.remote_addr)))

    def wrong(self) -> None:
        """Count a wrong token or key from the request's address.

        Raises
        ------
        TooManyRequests
            When too many came from there.
        """
        _refuse_for(self._guesses.take(place(request.remote_addr)))

    def before_looking(self) -> None:
        """Ask before something is looked up in the database that may be a guess.

        Raises
        ------
        TooManyRequests
            When too many wrong ones came from the request's address.
        """
        _refuse_for(self._guesses.wait(place(request.remote_addr)))


def attach(app: APIFlask, settings: Settings) -> None:
    """Give the application its limits."""
    app.extensions[EXTENSION] = Limits(settings)


def limits() -> Limits:
    """Return the limits of the current application."""
    return cast(Limits, current_app.extensions[EXTENSION])


@lru_cache(maxsize=4096)
def place(address: str | None) -> str:
    """Return what counts as one address: a place (`address_marks`), or else the words as given."""
    return network(address) or address or ""


def _refuse_for(wait_s: float) -> None:
    """Refuse the request if somebody has to wait."""
    if wait_s:
        # Whole seconds, rounded up: whoever waits as long is let through.
        raise TooManyRequests(MESSAGE, retry_after=max(1, math.ceil(wait_s)))
