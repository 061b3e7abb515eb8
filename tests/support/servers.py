"""A real gunicorn serving the host, as a process of its own: it can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

DIPTYCH = (sys.executable, "-c", "from diptych.cli import main; main()")
#: A server has so long to begin, and to end, s: much more than it needs on a busy machine.
PATIENCE = 180.0
_kept: list[socket.socket] = []


def free_port() -> int:
    """A loopback TCP port for a server that this process is going to start.

    Linux gives it to nobody else as long as this process lives: it is bound here, which keeps off
    whoever asks for any port, and lets a server listen that names it. Elsewhere it is a port that
    nobody listened on a moment ago.
    """
    probe = socket.socket()
    if sys.platform == "linux":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _kept.append(probe)
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    if probe not in _kept:
        probe.close()
    return port


def until_listening(proxy: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a process listens on a port of this machine."""
    until = time.monotonic() + PATIENCE
    while proxy.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{proxy.args} does not listen")


class LiveServer:
    """`diptych serve` on a loopback port; the same port and database after every restart.

    Parameters
    ----------
    environment : dict[str, str]
        `DIPTYCH_*` variables of the host.
    log : Path
        File that the server's output is appended to.
    workers : int, optional
        Gunicorn worker processes.
    """

    def __init__(self, environment: dict[str, str], log: Path, workers: int = 2) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DIPTYCH_")},
            "DIPTYCH_BASE_URL": self.url,
            **environment,
        }
        self.log = log
        self.workers = workers
        self._process: subprocess.Popen[bytes] | None = None

    def diptych(self, *arguments: str) -> str:
        """Run a `diptych` command against the same database; returns what it printed."""
        done = subprocess.run(
            [*DIPTYCH, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"diptych {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def command(self) -> list[str]:
        """The program that serves."""
        return [*DIPTYCH, "serve", "--port", str(self.port), "--workers", str(self.workers)]

    def start(self) -> None:
        """Start and wait until the health page answers.

        Raises
        ------
        RuntimeError
            With the end of the log, if it has not answered in time.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=10):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(
            f"the server did not come up:\n{self.log.read_text(errors='replace')[-4000:]}"
        )

    @property
    def pid(self) -> int:
        """Process id of gunicorn's master."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def kill(self) -> None:
        """Kill the server and all its workers (-9), so that they can finish nothing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask the server to stop, and wait for it."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill it (-9), and start again on the same port and database."""
        self.kill()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            if how is signal.SIGKILL:
                os.killpg(self._process.pid, how)
            else:
                self._process.send_signal(how)
            self._process.wait(timeout=PATIENCE)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=PATIENCE)
        self._process = None
