"""Prolific's REST interface: one request at a time, and an honest word on what became of it."""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from diptych.ground import clocks
from diptych.recruiters.platform import PlatformFault

#: Waits (s) before asking again, where asking again is safe.
PAUSES = (0.5, 1.0, 2.0)
#: Prolific may ask to wait (429); for longer than this nobody waits.
LONGEST_WAIT_S = 30.0
_TIMEOUT = httpx.Timeout(30, connect=10)
# Errors of a connection that never came about: nothing was heard on the other side.
_NOT_HEARD = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Reply:
    """What came of a request.

    Attributes
    ----------
    state : str
        `done` (2xx), `refused` (4xx: not done), `unheard` (never reached Prolific, or
        sent away with 429: not done), `unknown` (it may have been done).
    body : Any
        The JSON of the reply; empty where there is none.
    reason : str
        What went wrong, without secrets.
    status : int
        Of HTTP; 0 where there was no reply.
    """

    state: str
    body: Any
    reason: str = ""
    status: int = 0


class Client:
    """Speaks to Prolific.

    Parameters
    ----------
    base : str
        Base address of the interface.
    token : str
        The token; never shown in a message.
    pauses : tuple[float, ...] | None, optional
        Waits before asking again (s); by default `PAUSES`.
    sleep : Callable[[float], None], optional
        Waits.
    """

    def __init__(
        self,
        base: str,
        token: str,
        *,
        pauses: tuple[float, ...] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        # By how much Prolific's clock is ahead of the time since this machine was started (s).
        self._ahead_s: float | None = None
        self._pauses, self._sleep = PAUSES if pauses is None else pauses, sleep
        # httpx tells every address at level INFO; submissions' ids stand in it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._http = httpx.Client(
            base_url=base.rstrip("/"),
            headers={"Authorization": f"Token {token}", "Accept": "application/json"},
            timeout=_TIMEOUT,
        )

    def their_ms(self) -> int | None:
        """Return the time at Prolific (ms), by what its latest reply said of it.

        Returns
        -------
        int | None
            None when its replies don't say.

        Raises
        ------
        PlatformFault
            When there is no reply.
        """
        if self._ahead_s is None:
            unheard = ""
            try:
                reply = self.get("/users/me/")
                unheard = "" if reply.status else reply.reason
            except PlatformFault:
                pass  # it refuses the token: whoever sends with it is told so
            if unheard:
                raise PlatformFault(f"{unheard}: nothing was done")
        if self._ahead_s is None:
            return None
        return int((self._ahead_s + clocks.since_boot_s()) * 1000)

    def get(self, path: str, **query: Any) -> Reply:
        """Ask; asks again where there was no answer.

        Raises
        ------
        PlatformFault
            When the token is refused.
        """
        return self._request("GET", path, again=True, params=query)

    def post(self, path: str, body: Any = None, *, again: bool = False) -> Reply:
        """Ask for something to be done.

        Parameters
        ----------
        path : str
            Below the base address.
        body : Any, optional
            JSON.
        again : bool, optional
            Whether asking twice does no harm; without it a request that may have been
            heard is never repeated.

        Raises
        ------
        PlatformFault
            When the token is refused; nothing was done.
        """
        return self._request("POST", path, again=again, json={} if body is None else body)

    def _request(self, method: str, path: str, *, again: bool, **options: Any) -> Reply:
        pauses = list(self._pauses)
        heard: Reply | None = None  # what may have been carried out, though it was not said so
        while True:
            try:
                reply, wait = self._once(method, path, **options)
            except PlatformFault:
                if heard is None:
                    raise
                return heard
            safe = reply.state == "unheard" or (again and reply.state == "unknown")
            if not safe or not pauses or (wait is not None and wait > LONGEST_WAIT_S):
                # That this one was not heard, or was refused, says nothing of the ones before it.
                return reply if heard is None or reply.state == "done" else heard
            if reply.state == "unknown" and method != "GET":
                heard = reply
            pause = pauses.pop(0)
            self._sleep(pause if wait is None else wait)

    def _once(self, method: str, path: str, **options: Any) -> tuple[Reply, float | None]:
        """Send one request; return the reply and the wait that Prolific asks for (s)."""
        try:
            reply = self._http.request(method, path, **options)
        except _NOT_HEARD as fault:
            return Reply("unheard", {}, f"Prolific was not reached ({type(fault).__name__})"), None
        except httpx.HTTPError as fault:
            name = type(fault).__name__
            return Reply("unknown", {}, f"the connection to Prolific broke off ({name})"), None
        status, body = reply.status_code, _json(reply)
        said = _date(reply.headers.get("Date"))
        if said is not None:
            self._ahead_s = said - clocks.since_boot_s()
        if status in (401, 403):
            raise PlatformFault(
                f"Prolific refuses the token or its rights ({status}): {_detail(body)}"
            )
        if status == 429:
            wait = _seconds(reply.headers.get("Retry-After"), said)
            return Reply("unheard", body, "Prolific asks to wait (429)", status), wait
        if status >= 500 or status == 408:
            return Reply("unknown", body, f"Prolific is in trouble ({status})", status), None
        if status >= 300:
            return Reply("refused", body, f"Prolific: {_detail(body)} ({status})", status), None
        return Reply("done", body, status=status), None

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield all results of a list, page by page.

        Raises
        ------
        PlatformFault
            When Prolific does not answer, or with something else than a list.
        """
        page = 1
        while True:
            reply = self.get(path, **query, page=page)
            results = reply.body.get("results") if isinstance(reply.body, dict) else None
            if reply.state != "done" or not isinstance(results, list):
                raise PlatformFault(reply.reason or "Prolific's list can't be read")
            yield from (result for result in results if isinstance(result, dict))
            links = reply.body.get("_links") or {}
            following = (links.get("next") or {}).get("href") or reply.body.get("next")
            if not results or not following:
                return
            page += 1

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def _json(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return {}


def _detail(body: Any) -> str:
    """Return what Prolific says of an error, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        error = error.get("detail") or error.get("title") or "refused"
    if isinstance(error, dict | list):
        error = str(error)
    return " ".join(str(error).split())[:300]


def _date(header: str | None) -> float | None:
    """Read a date of HTTP, in s since 1970-01-01 UTC; None where there is none."""
    try:
        return email.utils.parsedate_to_datetime(header or "").timestamp()
    except (TypeError, ValueError):
        return None


def _seconds(header: str | None, now: float | None) -> float | None:
    """Read what a Retry-After header asks for (s): a number, or a date on a clock at `now`."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    until = _date(header)
    return None if until is None else max(0.0, until - (time.time() if now is None else now))
