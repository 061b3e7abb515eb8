"""Requests that reach a host without a network: the host's own process answers them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import httpx

T = TypeVar("T")


class InProcess(httpx.AsyncBaseTransport):
    """A transport that calls a WSGI application, each request in a thread.

    Parameters
    ----------
    application : Any
        What a web server would call.
    """

    def __init__(self, application: Any) -> None:
        self._wsgi = httpx.WSGITransport(application, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its whole reply."""
        body = await request.aread()
        plain = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        return await asyncio.to_thread(self._reply, plain)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        reply = self._wsgi.handle_request(request)
        content = reply.read()
        reply.close()
        headers = [(k, v) for k, v in reply.headers.items() if k.lower() != "content-encoding"]
        return httpx.Response(reply.status_code, headers=headers, content=content)


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end outside the request that is being answered."""
    # Empty, so that Flask's request of now is not the one of the requests within.
    return contextvars.Context().run(lambda: asyncio.run(work()))
