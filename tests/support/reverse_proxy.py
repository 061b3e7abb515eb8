"""One address before several hosts: every request goes to one of them, chosen by chance.

As a balancer in front of a study would be, with the worst of all rules: a participant's requests
go now here, now there. nginx where it is installed, else a small proxy of our own on asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.http_messages import LONGEST_HEAD, BrokenMessage, Message, read_message
from support.servers import PATIENCE, free_port

BAD_GATEWAY = Message(b"HTTP/1.1 502 Bad Gateway", [(b"Content-Type", b"text/plain")], b"", False)
NOT_FOUND = Message(b"HTTP/1.1 404 Not Found", [(b"Content-Type", b"text/plain")], b"", False)
_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000;
  upstream hosts {{
    random;
    {servers}
    keepalive 64; keepalive_requests 1000000; keepalive_timeout 20s;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location {under}/ {{
      proxy_pass http://hosts{end}; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
      proxy_connect_timeout 2s;
    }}
  }}
}}
"""


class ReverseProxy:
    """A proxy in a process of its own; connections are kept alive on both of its sides.

    A host that takes no connection is passed over; a request that was sent to a host that then
    dies is answered with 502, and never sent to another one, since it may have been carried out.

    Parameters
    ----------
    ports : list[int]
        Where the hosts listen, on the loopback interface.
    nginx : bool | None, optional
        Whether to run nginx; by default where there is one.
    under : str, optional
        The path that belongs to the hosts, `/study`; all others are not found.
    cut : bool, optional
        Whether the hosts are asked without that path.

    Attributes
    ----------
    url : str
        The one address of all hosts.
    """

    def __init__(
        self, ports: list[int], *, nginx: bool | None = None, under: str = "", cut: bool = False
    ) -> None:
        self.ports = ports
        self.port = free_port()
        self.under, self.cut = under, cut
        self.url = f"http://127.0.0.1:{self.port}{under}"
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx and program is None:
            raise RuntimeError("nginx is not installed (on Debian: apt-get install nginx-light)")
        self.nginx = program if nginx is not False else None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> ReverseProxy:
        self._folder = tempfile.TemporaryDirectory(prefix="diptych-proxy-")
        self._process = subprocess.Popen(self._command(Path(self._folder.name)))
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("the proxy did not come up")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._folder is not None
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """Process id of the proxy."""
        assert self._process is not None, "the proxy is not running"
        return self._process.pid

    def _command(self, folder: Path) -> list[str]:
        if self.nginx is None:
            # Run by its path, the module would not find its neighbours.
            main = "import sys; from support.reverse_proxy import main; main(sys.argv[1:])"
            return [
                sys.executable, "-c", f"import sys; sys.path.insert(0, {str(_tests())!r}); {main}",
                str(self.port), self.under, "cut" if self.cut else "", *map(str, self.ports),
            ]  # fmt: skip
        servers = "\n    ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in self.ports)
        places = {"under": self.under, "end": "/" if self.cut else ""}
        text = _NGINX.format(folder=folder, servers=servers, port=self.port, **places)
        folder.chmod(0o755)  # nginx may work as another user
        folder.joinpath("nginx.conf").write_text(text)
        return [self.nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _tests() -> Path:
    return Path(__file__).parent.parent


class _Hosts:
    """The hosts, and connections to them that wait for their next request."""

    def __init__(self, ports: list[int], under: bytes, cut: bool) -> None:
        self.ports = ports
        self._under, self._cut = under, cut
        self._rng = random.Random()
        self._idle: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {
            port: [] for port in ports
        }

    async def ask(self, request: Message, client: str) -> Message:
        """What one of the hosts, chosen by chance, replies; 502 where there is no reply."""
        if not request.path.startswith(self._under + b"/"):
            return NOT_FOUND
        if self._cut:
            request.first = request.first.replace(self._under, b"", 1)
        host = request.header(b"host") or b"127.0.0.1"
        known = request.header(b"x-forwarded-for")
        extra = (
            b"X-Forwarded-For: %s%s\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: %s\r\n"
            % (known + b", " if known else b"", client.encode(), host)
        )  # fmt: skip
        own = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
        request.headers = [h for h in request.headers if h[0].lower() not in own]
        data = request.encoded(extra)
        for port in self._rng.sample(self.ports, len(self.ports)):
            try:
                reader, writer = self._kept(port) or await self._connected(port)
            except OSError:
                continue  # nothing was sent: another host may be asked
            try:
                writer.write(data)
                reply = await read_message(reader, to=request.method)
            except (BrokenMessage, OSError):
                reply = None
            if reply is None or reply.closes:
                writer.close()
            else:
                self._idle[port].append((reader, writer))
            return reply or BAD_GATEWAY
        return BAD_GATEWAY

    def _kept(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle[port]:
            reader, writer = self._idle[port].pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_HEAD)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, request by request."""
        client = writer.get_extra_info("peername")[0]
        try:
            while (request := await read_message(reader)) is not None:
                reply = await self.ask(request, client)
                writer.write(reply.encoded(bodiless=request.method == b"HEAD"))
                await writer.drain()
                if request.closes:
                    break
        except OSError:
            pass  # the client has gone away
        finally:
            writer.close()


async def _serve(port: int, own: _Hosts) -> None:
    server = await asyncio.start_server(
        own.serve, "127.0.0.1", port, limit=LONGEST_HEAD, backlog=4096
    )
    async with server:
        await server.serve_forever()


def main(arguments: list[str]) -> None:
    """Serve at the first port, under a path, which may be cut off, before the ports that follow."""
    port, under, cut, *hosts = arguments
    asyncio.run(_serve(int(port), _Hosts([*map(int, hosts)], under.encode(), bool(cut))))
