"""What Diptych's gunicorn worker changes: `python benchmarks/serving_worker.py` (two minutes).

Two measurements of each worker class, on a program that uses 4 ms of CPU per request:

- 50 clients that connect at about the same time and keep their connection: how two workers share
  them, and how long a request takes.
- 25 connections that send nothing: how long one worker makes another client wait.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

CLASSES = {"gunicorn": "gthread", "diptych": "diptych.web.gunicorn_worker.Worker"}
CLIENTS, SILENT, SECONDS, ROUNDS = 50, 25, 6.0, 3
CPU_S = 0.004


def app(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
    """Use 4 ms of CPU, unless the path is `/`, and return the number of the worker's process."""
    end = time.thread_time() + (CPU_S if environ["PATH_INFO"] != "/" else 0)
    while time.thread_time() < end:
        pass
    body = str(os.getpid()).encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def ask(connection: http.client.HTTPConnection, path: str) -> bytes:
    """Send one request and read the reply."""
    connection.request("GET", path)
    return connection.getresponse().read()


@contextmanager
def serving(worker_class: str, workers: int) -> Iterator[int]:
    """Run gunicorn until the end of the block; yields the port once all workers have replied."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", f"--workers={workers}",
        "--threads=5", f"--worker-class={worker_class}", "--keep-alive=75", "--no-control-socket",
        "--log-level=error", f"--chdir={Path(__file__).resolve().parent}",
        "serving_worker:app",
    ]  # fmt: skip
    with subprocess.Popen(command) as server:
        try:
            replied: set[bytes] = set()
            while len(replied) < workers:
                try:
                    replied.add(ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/"))
                except OSError:
                    time.sleep(0.05)
            yield port
        finally:
            server.terminate()


def crowd(port: int) -> tuple[list[int], float, float]:
    """Return the clients per worker, median and 95th percentile of a request's time in ms."""
    times: list[float] = []
    of_worker: Counter[bytes] = Counter()
    end = time.monotonic() + SECONDS

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        worker = b""
        while time.monotonic() < end:
            sent = time.perf_counter()
            worker = ask(connection, "/work")
            times.append(1000 * (time.perf_counter() - sent))
        of_worker[worker] += 1

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
        time.sleep(0.002)
    for thread in threads:
        thread.join()
    times.sort()
    return sorted(of_worker.values()), times[len(times) // 2], times[int(0.95 * len(times))]


def wait_behind_silent(port: int) -> float:
    """Time one request, in ms, while other connections send nothing."""
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(SILENT)]
    time.sleep(0.2)
    sent = time.perf_counter()
    ask(http.client.HTTPConnection("127.0.0.1", port, timeout=300), "/")
    took = 1000 * (time.perf_counter() - sent)
    for connection in silent:
        connection.close()
    return took


def main() -> None:
    """Measure both classes in turn and print a table."""
    table = Table("worker", "clients per worker", "median (ms)", "95 % (ms)", "silent (ms)")
    for name, worker_class in list(CLASSES.items()) * ROUNDS:
        with serving(worker_class, 2) as port:
            shared, median, most = crowd(port)
        with serving(worker_class, 1) as port:
            waited = wait_behind_silent(port)
        shares = " + ".join(map(str, shared))
        table.add_row(name, shares, f"{median:.0f}", f"{most:.0f}", f"{waited:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
