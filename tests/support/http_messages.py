"""HTTP/1.1 messages read whole from a stream: what a proxy needs, and no more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

#: A head longer than this is none.
LONGEST_HEAD = 65_536


class BrokenMessage(ConnectionError):
    """The other side stopped in the middle of a message, or said what is no HTTP."""


@dataclass
class Message:
    """A request or a reply.

    Attributes
    ----------
    first : bytes
        The first line, without its end.
    headers : list[tuple[bytes, bytes]]
        (name as it was written, value), without those that hold for one connection only.
    body : bytes
        The body; of a reply in chunks, the chunks put together.
    closes : bool
        Whether the connection ends with this message.
    """

    first: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    closes: bool

    @property
    def method(self) -> bytes:
        """Of a request, such as `GET` or `POST`."""
        return self.first.partition(b" ")[0]

    @property
    def path(self) -> bytes:
        """Of a request: its path and query."""
        return self.first.split(b" ")[1]

    @property
    def status(self) -> int:
        """Of a reply: its status."""
        return int(self.first.split(b" ")[1])

    def header(self, name: bytes) -> bytes | None:
        """The last header of a name in small letters."""
        found = None
        for own, value in self.headers:
            if own.lower() == name:
                found = value
        return found

    def encoded(self, extra: bytes = b"", *, bodiless: bool = False) -> bytes:
        """The message as it goes over the wire, `extra` among its headers.

        Parameters
        ----------
        extra : bytes, optional
            Whole lines of further headers.
        bodiless : bool, optional
            A reply to HEAD, whose own Content-Length is told.
        """
        lines = [self.first, *(b"%s: %s" % header for header in self.headers)]
        if not bodiless and (self.body or self._may_have_a_body()):
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n" + extra + b"\r\n" + self.body

    def _may_have_a_body(self) -> bool:
        if self.first.startswith(b"HTTP/"):
            return self.status not in (204, 304)
        return self.method not in (b"GET", b"HEAD")


async def read_message(reader: asyncio.StreamReader, *, to: bytes = b"") -> Message | None:
    """The next message; None when the other side has closed before it began one.

    Parameters
    ----------
    reader : asyncio.StreamReader
        The connection.
    to : bytes, optional
        Of a reply, the method of its request.

    Raises
    ------
    BrokenMessage
        When the message is not whole.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as fault:
        if fault.partial:
            raise BrokenMessage("half a head") from None
        return None
    except asyncio.LimitOverrunError:
        raise BrokenMessage("a head without end") from None
    first, *lines = head[:-4].split(b"\r\n")
    headers, length, chunked, closes = [], None, False, first.endswith(b"HTTP/1.0")
    for line in lines:
        name, _, value = line.partition(b":")
        value, key = value.strip(), name.lower()
        if key == b"connection":
            closes = b"close" in value.lower()
        elif key == b"transfer-encoding":
            chunked = b"chunked" in value.lower()
        elif key == b"content-length" and to != b"HEAD":
            length = int(value)
        elif key not in (b"keep-alive", b"proxy-connection", b"te", b"upgrade"):
            headers.append((name, value))
    try:
        body = await _body(reader, first, to, length, chunked)
    except (asyncio.IncompleteReadError, ValueError):
        raise BrokenMessage("half a body") from None
    until_closed = to and length is None and not chunked and _has_body(first, to)
    return Message(first, headers, body, closes or bool(until_closed))


def _has_body(first: bytes, to: bytes) -> bool:
    return to != b"HEAD" and first.split(b" ")[1] not in (b"204", b"304")


async def _body(
    reader: asyncio.StreamReader, first: bytes, to: bytes, length: int | None, chunked: bool
) -> bytes:
    if to and not _has_body(first, to):
        return b""
    if chunked:
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return b"".join(parts)
    if length:
        return await reader.readexactly(length)
    return await reader.read(-1) if to and length is None else b""
