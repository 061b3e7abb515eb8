"""Counts the round trips between a host and PostgreSQL, on the wire.

SQLAlchemy's events see statements; they don't see the BEGIN and COMMIT that a driver sends by
itself. Here a proxy stands between the two and counts the server's ReadyForQuery messages: one for
each time the client had to wait for the server.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class RoundTrips:
    """A proxy on a Unix socket of its own; `count` grows by one a round trip.

    Use as a context manager; connect to `folder` instead of the server's socket folder. TLS and
    GSS are refused by the proxy, so the messages stay readable.
    """

    def __init__(self, server_socket: Path) -> None:
        self.count = 0
        self._server = server_socket
        self._folder = tempfile.TemporaryDirectory(prefix="diptych-rt-")
        self.folder = self._folder.name
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(Path(self.folder) / ".s.PGSQL.5432"))
        self._listener.listen(64)

    def __enter__(self) -> RoundTrips:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            threading.Thread(target=self._upward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._downward, args=(server, client), daemon=True).start()

    @staticmethod
    def _upward(client: socket.socket, server: socket.socket) -> None:
        while data := _received(client):
            if len(data) == 8 and data[:4] == struct.pack("!i", 8) and data[4:6] == b"\x04\xd2":
                client.sendall(b"N")  # SSLRequest or GSSENCRequest: not here
                continue
            server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _downward(self, server: socket.socket, client: socket.socket) -> None:
        pending = b""
        while data := _received(server):
            pending += data
            while len(pending) >= 5:
                size = 1 + struct.unpack("!i", pending[1:5])[0]
                if len(pending) < size:
                    break
                self.count += pending[:1] == b"Z"
                pending = pending[size:]
            client.sendall(data)
        client.close()


def _received(connection: socket.socket) -> bytes:
    """What has come in; empty once either side has closed."""
    try:
        return connection.recv(65536)
    except OSError:
        return b""
