"""What every compared system offers: a server, sessions at their first trial, and one answer."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connection import Wire
from hosts import Hosts
from support.databases import PostgreSQL
from support.servers import PATIENCE, until_listening

#: What each participant answers, and how long it took (ms): the same for every system.
RANKING = ["Agara", "Bari", "Cooka"]
RT_MS = 900
JSON = "application/json"


class Refused(Exception):
    """A request got another status than the one of an accepted request."""


class ChunkedWire(Wire):
    """A connection that takes replies in chunks too: oTree's redirects come so.

    Their body is handed back as it was sent, chunk sizes included: nothing reads it.
    """

    def data_received(self, data: bytes) -> None:
        """Gather bytes until a reply is complete."""
        head, _, _ = (self._buffer + data).partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" not in head.lower():
            super().data_received(data)
            return
        self._buffer += data
        if not self._buffer[len(head) + 2 :].endswith(b"\r\n0\r\n\r\n"):
            return
        body, self._buffer = self._buffer[len(head) + 4 :], b""
        if self._reply is not None and not self._reply.done():
            self._reply.set_result((int(head[9:12]), body))


class Client:
    """One participant's browser: a keep-alive connection, and as little work as possible.

    Parameters
    ----------
    port : int
        Loopback port of the server.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._wire: ChunkedWire | None = None

    async def ask(
        self, method: str, path: str, payload: bytes = b"", *, kind: str = JSON,
        token: str = "", status: int = 200,
    ) -> bytes:  # fmt: skip
        """Send one request; return the body of its reply.

        Raises
        ------
        Refused
            If the reply has another status than `status`.
        """
        if self._wire is None or self._wire.closing:
            self.close()
            loop = asyncio.get_running_loop()
            _, self._wire = await loop.create_connection(ChunkedWire, "127.0.0.1", self.port)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(payload)}\r\n"
        )
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        got, reply = await self._wire.send(head.encode() + b"\r\n" + payload)
        if got != status:
            raise Refused(f"{method} {path.partition('?')[0]}: {got}, not {status}")
        return reply

    def close(self) -> None:
        """Close the connection."""
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.close()


@dataclass(frozen=True)
class Place:
    """Where a system is served.

    Attributes
    ----------
    server : PostgreSQL | None
        The PostgreSQL server; None on SQLite.
    folder : Path
        For its files.
    workers : int
        Server processes, where the system has a number of them.
    trials : int
        Of a session.
    """

    server: PostgreSQL | None
    folder: Path
    workers: int
    trials: int


class System(Protocol):
    """A system that takes answers.

    Attributes
    ----------
    name : str
        As in the tables.
    one_answer : str
        What is counted as one answer.
    fastest : int
        Answers a second that sessions are made ready for.
    """

    name: str
    one_answer: str
    fastest: int

    def running(self, place: Place) -> AbstractContextManager[Hosts]:
        """Serve a new database with one study."""

    async def ready(self, port: int, wanted: int) -> list[Any]:
        """Bring as many sessions to their first trial."""

    async def answer(self, client: Client, session: Any) -> bool:
        """Give the next answer of a session; say whether another trial follows.

        The last trial of a session is never answered: nothing is measured but answered trials.
        """

    def stored(self) -> int:
        """Count the answers in the database of the server that runs."""


@contextmanager
def serving(
    command: Sequence[str | Path], port: int, folder: Path, variables: Mapping[str, str]
) -> Iterator[int]:
    """Run a peer's server in its folder until it listens; yields its process id.

    Raises
    ------
    RuntimeError
        With the end of its log, if it does not listen.
    """
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    log = folder / "server-output.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env={**kept, **variables},
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        try:
            until_listening(process, port)
        except TimeoutError as fault:
            words = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{command[0]} does not serve:\n{words}") from fault
        time.sleep(1)  # what it still does after it has begun to listen
        yield process.pid
    finally:
        # Servers that start others do not always end them: the whole group ends here.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=PATIENCE)
