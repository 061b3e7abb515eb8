"""The simulated participants' side of the API: every request until it is acknowledged."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx

RETRIES = 8
LONGEST_WAIT_S = 8.0


class SimulationFault(Exception):
    """The study can't be taken; the message says by whom, at which step, and what the host said."""


class Refused(Exception):
    """The host has refused a request (4xx)."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{message} ({code})")


class Visitor:
    """Speaks to one host as the browser's client does: repeats what was not acknowledged."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.token: str | None = None

    async def json(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request to the API; return the JSON of its reply.

        Raises
        ------
        Refused
            When the host says no.
        SimulationFault
            When it can't be reached, or fails, again and again.
        """
        reply = await self._send(method, "/api/v1" + path, body)
        return reply.json() if reply.content else None

    async def bytes(self, path: str) -> bytes:
        """Fetch the bytes of an image, by the address that the host has given."""
        # It begins with `/` and holds the host's prefix already; httpx would put another before it.
        address = str(self._client.base_url.join(path))
        return (await self._send("GET", address, None)).content

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        trouble = ""
        for attempt in range(RETRIES):
            wait = min(0.25 * 2**attempt, LONGEST_WAIT_S) * random.uniform(0.5, 1)
            try:
                reply = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as fault:
                trouble = f"{type(fault).__name__}: {fault}"
            else:
                if reply.status_code != 429 and reply.status_code < 500:
                    _raise_for_refusal(reply)
                    return reply
                trouble = f"the host answered {reply.status_code}"
                wait = _retry_after(reply) or wait
            if attempt + 1 < RETRIES:
                await asyncio.sleep(wait)
        raise SimulationFault(f"{method} {path} failed {RETRIES} times: {trouble}")


def _raise_for_refusal(reply: httpx.Response) -> None:
    if reply.status_code < 400:
        return
    try:
        error = reply.json()["error"]
        fields = "; ".join(f"{name}: {why}" for name, why in (error.get("fields") or {}).items())
        message = " ".join(part for part in (error["message"], fields) if part)
        raise Refused(error["code"], message)
    except (ValueError, KeyError, TypeError):
        raise Refused(str(reply.status_code), reply.text[:200]) from None


def _retry_after(reply: httpx.Response) -> float | None:
    """Return the seconds the host asks to wait; None when it does not say."""
    try:
        return min(float(reply.headers["Retry-After"]), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return None
