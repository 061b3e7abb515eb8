"""A network that delays requests, loses them and their replies, sends copies, and mixes them up.

What was sent first may arrive last: a request whose connection broke, and that was sent again, may
still be under way, and reach the host after everything that followed.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections import Counter

from support.http_messages import LONGEST_HEAD, BrokenMessage, Message, read_message


class UnrulyNetwork:
    """Stands between participants and a host, in a thread of its own.

    Parameters
    ----------
    port : int
        Where the host listens, on the loopback interface.
    chances : dict[str, float]
        How likely each thing is to happen to a request:
        `delayed` (by up to `longest` s before it arrives),
        `copied` (a copy arrives up to `longest` s after it),
        `lost` (the connection breaks, and the request never arrives),
        `late` (the connection breaks, and the request arrives all the same, up to `longest` s
        later: perhaps after it was sent again, and after later ones),
        `unanswered` (the request arrives, and the connection breaks before the reply).
    longest : float, optional
        In s.

    Attributes
    ----------
    url : str
        What participants speak to.
    done : Counter[str]
        How often each thing was done.
    overtaken : int
        Answers to a trial that arrived after answers to later trials of their session.
    """

    def __init__(
        self, port: int, chances: dict[str, float], longest: float = 1.0, seed: int = 0
    ) -> None:
        self.target, self.chances, self.longest = port, chances, longest
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.done: Counter[str] = Counter()
        self.overtaken = 0
        self._rng = random.Random(seed)
        self._furthest: dict[bytes, int] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> UnrulyNetwork:
        self._thread.start()
        assert self._ready.wait(60), "the network could not listen"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._listener.close()

    def settle(self) -> None:
        """Wait until everything that is under way has arrived."""

        async def all_arrived() -> None:
            while self._under_way:
                await asyncio.wait(set(self._under_way))

        asyncio.run_coroutine_threadsafe(all_arrived(), self._loop).result(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener, limit=LONGEST_HEAD)
        )
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_message(reader)) is not None:
                reply = await self._handle(request)
                if reply is None:
                    break
                writer.write(reply.encoded(bodiless=request.method == b"HEAD"))
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def _handle(self, request: Message) -> Message | None:
        """The reply; None where the participant sees the connection break."""
        happens = {name for name, chance in self.chances.items() if self._rng.random() < chance}
        self.done.update(happens)
        if "lost" in happens:
            return None
        if "late" in happens:
            self._later(request)
            return None
        if "delayed" in happens:
            await asyncio.sleep(self._rng.uniform(0, self.longest))
        reply = await self._pass_on(request)
        if "copied" in happens:
            self._later(request)
        return None if "unanswered" in happens else reply

    def _later(self, request: Message) -> None:
        async def arrive() -> None:
            await asyncio.sleep(self._rng.uniform(0, self.longest))
            await self._pass_on(request)

        task = self._loop.create_task(arrive())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _pass_on(self, request: Message) -> Message | None:
        self._note_order(request)
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.target, limit=LONGEST_HEAD
            )
        except OSError:
            return None
        try:
            writer.write(request.encoded(b"Connection: close\r\n"))
            return await read_message(reader, to=request.method)
        except (BrokenMessage, OSError):
            return None
        finally:
            writer.close()

    def _note_order(self, request: Message) -> None:
        parts = request.path.split(b"/")
        who = request.header(b"authorization")
        if who is None or parts[-1] != b"response" or not parts[-2].isdigit():
            return
        index, furthest = int(parts[-2]), self._furthest.get(who, -1)
        self.overtaken += index < furthest
        self._furthest[who] = max(index, furthest)
