"""A wire that can be cut: forwards TCP or Unix-socket connections, until it is told not to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any


class Wire:
    """Forwards connections in a thread of its own.

    Parameters
    ----------
    listen : int | Path
        A TCP port on the loopback interface, or the path of a Unix socket.
    targets : list[int] | list[Path]
        Where to: ports or paths, taken in turn.
    """

    def __init__(self, listen: int | Path, targets: list[int] | list[Path]) -> None:
        self.listen, self.targets = listen, targets
        self.connections = 0
        self._whole = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Wire:
        self._thread.start()
        assert self._ready.wait(60), "the wire could not listen"
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        """End every connection at once, and let nobody through."""
        self._whole = False
        self._call(self._end_all)

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def drop(self) -> None:
        """End every connection at once; new ones go through."""
        self._call(self._end_all)

    def _call(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(make(), self._loop).result(60)

    async def _end_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        if isinstance(self.listen, int):
            await asyncio.start_server(self._serve, "127.0.0.1", self.listen)
        else:
            await asyncio.start_unix_server(self._serve, str(self.listen))
            self.listen.chmod(0o777)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        target = self.targets[self.connections % len(self.targets)]
        self.connections += 1
        try:
            there = await (
                asyncio.open_connection("127.0.0.1", target)
                if isinstance(target, int)
                else asyncio.open_unix_connection(str(target))
            )
        except OSError:
            writer.transport.abort()
            return
        if not self._whole:  # it was cut while this connection was made
            writer.transport.abort()
            there[1].transport.abort()
            return
        self._writers |= {writer, there[1]}
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
        self._writers -= {writer, there[1]}


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except (ConnectionError, OSError):
        pass
    finally:
        sink.close()
