"""`diptych serve`: how gunicorn is run, and that an administrator can have it otherwise."""

from __future__ import annotations

import os
import re
import select
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from support.servers import LiveServer

from diptych.cli.server import gunicorn_arguments
from diptych.web.gunicorn_worker import AFTER_YOU, LOOKING, Worker

DIPTYCH = (sys.executable, "-c", "from diptych.cli import main; main()")
DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIPTYCH_DATABASE_URL", raising=False)
    return tmp_path


def resolved(*arguments: str) -> dict[str, str]:
    """What gunicorn takes the options of `diptych serve` for."""
    done = subprocess.run(
        [*DIPTYCH, "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"(?m)^(\w+) += (.*)$", done.stdout))


@pytest.mark.parametrize("asked", [None, "3"])
def test_numerical_libraries_have_one_thread_unless_the_environment_says_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    names = "'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'"
    config = home / "gunicorn_config.py"
    config.write_text(f"import os\nproc_name = ' '.join(os.environ[each] for each in ({names}))\n")
    found = resolved("--", "--print-config", f"--config={config}")
    assert found["proc_name"] == f"{asked or 1} 1"


@pytest.mark.usefixtures("home")
def test_gunicorn_is_run_as_asked() -> None:
    found = resolved(
        "--workers=3", "--threads=7", "--keep-alive=80", "--timeout=90", "--graceful-timeout=11",
        "--max-requests=5000", "--port=8123", "--", "--print-config", "--threads=9", "--backlog=64",
    )  # fmt: skip
    assert {
        name: found[name]
        for name in (
            "bind", "workers", "keepalive", "timeout", "graceful_timeout", "max_requests",
            "max_requests_jitter", "control_socket_disable", "forwarder_headers", "preload_app",
        )
    } == {
        "bind": "['127.0.0.1:8123']",
        "workers": "3",
        "keepalive": "80",
        "timeout": "90",
        "graceful_timeout": "11",
        "max_requests": "5000",
        "max_requests_jitter": "500",
        "control_socket_disable": "True",
        "forwarder_headers": "[]",
        "preload_app": "False",
    }  # fmt: skip
    assert (found["threads"], found["backlog"]) == ("9", "64")  # what follows `--` overrules


@pytest.mark.usefixtures("home")
def test_no_log_of_gunicorns_own_names_anybody() -> None:
    assert resolved("--", "--print-config")["accesslog"] == "None"


def test_every_setting_has_its_reason_in_the_docs() -> None:
    table = DEPLOY.read_text(encoding="utf-8")
    *arguments, _ = gunicorn_arguments("127.0.0.1", 8000, 4, 5)
    for argument in arguments:
        name, _, value = argument.partition("=")
        row = re.search(rf"(?m)^\| [^|]*`{name}[ =`][^\n]*$", table)
        assert row, f"docs/deploy.md gives no reason for {name}"
        if name not in ("--bind", "--workers", "--worker-connections"):  # the machine's to say
            assert value in row[0], f"docs/deploy.md does not tell that {argument} is set"


def test_a_worker_may_hold_more_connections_than_files_are_open_by_default() -> None:
    program = (
        "import resource as r\n"
        "hard = r.getrlimit(r.RLIMIT_NOFILE)[1]\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (512, hard))\n"
        "from diptych.cli.server import OTHER_FILES, connections_at_once\n"
        "some = connections_at_once()\n"
        "assert some + OTHER_FILES <= r.getrlimit(r.RLIMIT_NOFILE)[0], some\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (512, 2048))\n"
        "assert connections_at_once() == 2048 - OTHER_FILES\n"
        "print(some)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000


# Which worker takes whom --------------------------------------------------------------------


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Where people come in, whichever worker takes them."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


@pytest.fixture
def busy(door: socket.socket) -> Iterator[Worker]:
    """A worker whose only thread is at work for somebody it has taken before."""
    config = Config()
    config.set("threads", 1)
    worker, done = (
        Worker(0, os.getpid(), [door], None, 60, config, Logger(config)),
        threading.Event(),
    )
    worker.method_queue.init()
    worker.poller, worker.tpool, worker.nr_conns = (
        selectors.DefaultSelector(),
        ThreadPoolExecutor(1),
        1,
    )
    worker.tpool.submit(done.wait)
    yield worker
    worker.tpool.shutdown(wait=False, cancel_futures=True)
    done.set()
    worker.tpool.shutdown()
    worker.poller.close()
    worker.method_queue.close()
    worker.tmp.close()


def comes(door: socket.socket) -> socket.socket:
    """Somebody stands at the door."""
    person = socket.create_connection(door.getsockname())
    assert select.select([door], [], [], 60)[0]
    return person


def test_a_busy_worker_takes_nobody_whom_another_one_takes(
    busy: Worker, door: socket.socket
) -> None:
    """It looks by chance in the very moment in which somebody comes, again and again."""
    for _ in range(3 * AFTER_YOU):
        with comes(door):
            time.sleep(LOOKING)  # it looks no more often
            busy.wait_for_and_dispatch_events(0)
            assert busy.nr_conns == 1, "who was taken waits for the one who is at work"
            door.accept()[0].close()
        time.sleep(LOOKING)
        busy.wait_for_and_dispatch_events(0)


def test_who_says_nothing_takes_no_thread(busy: Worker, door: socket.socket) -> None:
    """The worker's thread is busy: who speaks waits for it, who is silent waits for nothing."""
    busy.set_accept_enabled(True)
    with comes(door) as silent:
        busy.accept(door)
        assert (busy.nr_conns, len(busy.pending_conns)) == (2, 1)
        assert not busy.poller.select(0)
        silent.sendall(b"GET / HTTP/1.1\r\n")
        (conn,) = busy.pending_conns
        busy.wait_for_and_dispatch_events(60)
        assert conn.data_ready and not busy.pending_conns


@pytest.mark.slow
def test_a_crowd_of_silent_connections_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Gunicorn's own worker would give each of them a thread for five seconds: 100 s in all."""
    home = {"DIPTYCH_HOME": str(tmp_path), "DIPTYCH_SECRET_KEY": "a secret for the tests"}
    server = LiveServer(home, tmp_path / "log", workers=1)
    server.start()
    try:
        place = ("127.0.0.1", server.port)
        silent = [socket.create_connection(place) for _ in range(100)]
        reply = httpx.get(f"{server.url}/healthz", timeout=30)
        assert reply.status_code == 200
        server.stop()  # which waits for none of them
        assert all(each.recv(1) == b"" for each in silent)
    finally:
        server.stop()


def test_a_busy_worker_takes_whom_nobody_takes(busy: Worker, door: socket.socket) -> None:
    end = time.monotonic() + 60
    with comes(door):
        while busy.nr_conns == 1 and time.monotonic() < end:
            busy.wait_for_and_dispatch_events(1)
        assert busy.nr_conns == 2
