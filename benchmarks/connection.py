"""A keep-alive HTTP connection that does as little as it can: the client shares the machine."""

from __future__ import annotations

import asyncio


class ServerClosed(Exception):
    """The server closed the connection before the reply was whole."""


class Wire(asyncio.Protocol):
    """One keep-alive connection: sends one request at a time, hands back (status, body)."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._need = -1
        self._head_end = 0
        self._status = 0
        self._reply: asyncio.Future[tuple[int, bytes]] | None = None
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        """Fail the awaited reply, if there is one."""
        self.closing = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ServerClosed())

    def data_received(self, data: bytes) -> None:
        """Gather bytes until a reply is complete."""
        self._buffer += data
        if self._need < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._read_head(self._buffer[:end].lower())
            self._head_end = end + 4
        if len(self._buffer) - self._head_end < self._need:
            return
        body = self._buffer[self._head_end : self._head_end + self._need]
        self._buffer = b""
        self._need = -1
        if self._reply is not None and not self._reply.done():
            self._reply.set_result((self._status, body))

    def _read_head(self, head: bytes) -> None:
        self._status = int(head[9:12])
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            if self._status != 204:
                raise ValueError(f"a reply without Content-Length: {head!r}")
            self._need = 0
        else:
            self._need = int(head[at + 17 :].split(b"\r\n", 1)[0])
        if b"\r\nconnection: close" in head:
            self.closing = True

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the future holds the status and body of its reply."""
        assert self.transport is not None
        self._reply = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._reply
