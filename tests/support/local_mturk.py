"""Mechanical Turk on this machine, for tests: its JSON protocol, its worker pages, its own books.

It speaks what boto3's `mturk` client speaks (`X-Amz-Target: MTurkRequesterServiceV20170117.*`, JSON
1.1), and follows the API reference in what it accepts and refuses. Money is whole cents.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.local_mturk_api import API, Refused
from support.local_mturk_site import Site

TARGET = "MTurkRequesterServiceV20170117."
JSON = "application/x-amz-json-1.1"
#: What can be made to go wrong with a call; `-after` means that MTurk has acted by then.
FAULTS = ("throttle", "500", "503", "503-after", "drop", "drop-after", "garbage-after")


@dataclass
class Trouble:
    """One thing that goes wrong: the next `times` calls of an operation (or of any)."""

    kind: str
    operation: str = ""
    times: int = 1


@dataclass
class LocalMTurk:
    """A server on a loopback port.

    Attributes
    ----------
    api : API
        The requester's side, with the books.
    calls : list[tuple[str, dict[str, Any]]]
        (operation, parameters) of every call that reached it, in order.
    troubles : list[Trouble]
        What goes wrong next.
    password : str
        The access key that it knows; others are refused.
    """

    host: str = "localhost"
    password: str = "AKIATEST"
    api: API = field(default_factory=API)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        #: (operation, whether after MTurk has acted, what to do then, before any answer)
        self.watch: tuple[str, bool, Callable[[], object]] | None = None
        self.site = Site(self.api)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://{self.host}:{self.server.server_address[1]}"
        self.site.origin = self.url
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def trouble(self, kind: str, operation: str = "", times: int = 1) -> None:
        """Let the next calls go wrong."""
        assert kind in FAULTS
        self.troubles.append(Trouble(kind, operation, times))

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(name == operation for name, _ in self.calls)

    def _next_trouble(self, operation: str) -> str:
        for trouble in self.troubles:
            if trouble.operation in ("", operation) and trouble.times > 0:
                trouble.times -= 1
                return trouble.kind
        return ""

    def call(self, operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of a reply, without the network."""
        act: Callable[..., dict[str, Any]] | None = getattr(self.api, operation, None)
        if act is None:
            return 400, {"__type": "UnknownOperationException", "message": operation}
        watched = self.watch is not None and self.watch[0] == operation
        if self.watch and watched and not self.watch[1]:
            self.watch[2]()
            return 500, {}
        try:
            reply = act(**parameters)
            if self.watch and watched:
                self.watch[2]()
            return 200, reply
        except Refused as refusal:
            return 400, {
                "__type": "RequestError",
                "Message": f"{refusal} ({time.time_ns() // 1_000_000} s)",
                "TurkErrorCode": f"AWS.MechanicalTurk.{refusal.code}",
            }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mturk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                target = self.headers.get("X-Amz-Target", "")
                with mturk.lock:
                    if target.startswith(TARGET):
                        self.answer(target.removeprefix(TARGET), json.loads(body or b"{}"))
                    else:
                        form = {k: v[0] for k, v in parse_qs(body.decode()).items()}
                        self.page(*mturk.site.post(urlsplit(self.path), form))

            def do_GET(self) -> None:
                with mturk.lock:
                    self.page(*mturk.site.get(urlsplit(self.path)))

            def answer(self, operation: str, parameters: dict[str, Any]) -> None:
                mturk.calls.append((operation, parameters))
                if f"Credential={mturk.password}/" not in self.headers.get("Authorization", ""):
                    self.reply(400, {"__type": "UnrecognizedClientException", "message": "No."})
                    return
                kind = mturk._next_trouble(operation)
                if kind == "throttle":
                    self.reply(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
                elif kind in ("500", "503"):
                    self.reply(int(kind), {"__type": "ServiceFault", "Message": "Try again."})
                elif kind == "drop":
                    self.hang_up()
                else:
                    self.after(kind, *mturk.call(operation, parameters))

            def after(self, kind: str, status: int, body: dict[str, Any]) -> None:
                if kind == "drop-after":
                    self.hang_up()
                elif kind == "503-after":
                    self.reply(503, {"__type": "ServiceFault", "Message": "Try again."})
                elif kind == "garbage-after":
                    self.send(200, b"<html>proxy", JSON)
                else:
                    self.reply(status, body)

            def hang_up(self) -> None:
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(SHUT_RDWR)

            def reply(self, status: int, body: dict[str, Any]) -> None:
                self.send(status, json.dumps(body).encode(), JSON)

            def page(self, status: int, html: str) -> None:
                self.send(status, html.encode(), "text/html; charset=utf-8")

            def send(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
