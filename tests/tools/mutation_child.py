"""Run tests many times, each time in a fork of a process that has imported the libraries.

`mutation_runs.Worker` starts this program in a copy of the checkout. Each line of standard input is
a request as JSON: the arguments of pytest, time limits, and the files for the log and the outcome.
The answer is one line of JSON. Nothing of the copy is imported before a fork: each run reads the
sources as they are then.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import Phase, settings

#: Libraries that tests import, so that each run does not import them again. Those that are not
#: installed are skipped.
LIBRARIES = (
    "_hypothesis_pytestplugin",
    "alembic.command",
    "alembic.autogenerate",
    "anyio._backends._asyncio",
    "anyio.pytest_plugin",
    "apiflask",
    "argon2",
    "boto3",
    "click.testing",
    "cryptography.fernet",
    "execnet",
    "flask",
    "flask.testing",
    "flask_sqlalchemy",
    "httpx",
    "hypothesis",
    "hypothesis.strategies",
    "markdown_it",
    "numpy",
    "openapi_spec_validator",
    "pandas",
    "PIL.PngImagePlugin",
    "playwright.sync_api",
    "prometheus_client",
    "psycopg",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic",
    "pytest_playwright.pytest_playwright",
    "rich.console",
    "rich.progress",
    "scipy.optimize",
    "scipy.stats",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
    "xdist.dsession",
    "xdist.plugin",
)
#: Memory that a process of the tests may use, bytes: a mutant can collect rows without end.
MEMORY = 8 * 2**30
PACKAGES = ("diptych", "diptych_analysis")
_PR_SET_CHILD_SUBREAPER = 36


def prepare() -> None:
    """Do once what each run would do first."""
    for library in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)
    # The garbage collector of each run ignores what exists now.
    gc.collect()
    gc.freeze()


class Watch:
    """What a run of pytest does.

    Attributes
    ----------
    failed : str or None
        Name of the first test that failed, or of the file that could not be collected.
    passed : int
        Tests that passed.
    seconds : dict of str to float
        Wall time of each test, its fixtures included, s.

    Parameters
    ----------
    begun : int
        File descriptor to which the name of each test is written when it begins.
    """

    def __init__(self, begun: int) -> None:
        self.failed: str | None = None
        self.passed = 0
        self.seconds: dict[str, float] = {}
        self._begun = begun

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Let Hypothesis stop at the first example that fails: the smallest one takes minutes."""
        slow = (Phase.shrink, Phase.explain)
        phases = [phase for phase in settings.default.phases if phase not in slow]
        settings.register_profile(
            "mutants", settings.default, phases=phases, report_multiple_bugs=False
        )
        settings.load_profile("mutants")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note when a test begins."""
        os.write(self._begun, f"{nodeid}\n".encode())
        self.seconds[nodeid] = -time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note how long a test took."""
        self.seconds[nodeid] += time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test, or note the first that failed."""
        if report.failed:
            self.failed = self.failed or report.nodeid
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note the first file that could not be collected."""
        if report.failed:
            self.failed = self.failed or report.nodeid


def run_tests(arguments: list[str], outcome: Path, begun: int) -> int:
    """Run pytest in this process; write what happened to a file."""
    watch = Watch(begun)
    code = int(pytest.main(arguments, plugins=[watch]))
    loaded = {name: getattr(sys.modules.get(name), "__file__", None) for name in PACKAGES}
    tests = {"failed": watch.failed, "passed": watch.passed, "test_seconds": watch.seconds}
    outcome.write_text(json.dumps(tests | {"loaded": loaded}), encoding="utf-8")
    return code


def begin_child(log: Path) -> None:
    """Give the forked process a session, a log file and a memory limit."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        opened = os.open(log if number else os.devnull, flags)
        os.dup2(opened, number)
        os.close(opened)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def wait(pid: int, begun: int, limits: dict[str, float], limit_s: float) -> dict[str, Any]:
    """Wait for a process that runs tests; end it when a test takes too long.

    Parameters
    ----------
    pid : int
        The process.
    begun : int
        File descriptor that gives the names of tests as they begin.
    limits : dict of str to float
        Time limits of tests, s.
    limit_s : float
        Time limit of other tests, and of what comes before the first test, s.

    Returns
    -------
    dict
        `code`: the exit code, or None; then `failed` is the test that took too long.
    """
    handle = os.pidfd_open(pid)
    test, deadline = None, time.monotonic() + limit_s
    try:
        while True:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([handle, begun], [], [], left)
            if handle in ready or not ready:
                break
            names = os.read(begun, 65536).decode(errors="replace").splitlines()
            test = names[-1] if names else test
            deadline = time.monotonic() + limits.get(test or "", limit_s)
    finally:
        os.close(handle)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not ready:
        return {"code": None, "failed": test}
    return {"code": os.waitstatus_to_exitcode(status)}


def end_descendants() -> None:
    """End what a run has left running: servers and their workers."""
    for _ in range(20):
        left = psutil.Process().children(recursive=True)
        if not left:
            return
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def stop(*_: object) -> None:
    """End this process, and what it runs."""
    end_descendants()
    sys.exit(0)


def serve() -> int:
    """Answer requests until there are no more; in a forked process, return what pytest returns."""
    # So that a server whose parent has ended becomes a child of this process, which ends it.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, stop)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        log, outcome = Path(request["log"]), Path(request["outcome"])
        log.write_bytes(b"")
        outcome.unlink(missing_ok=True)
        began = time.monotonic()
        begun, begins = os.pipe()
        pid = os.fork()
        if pid == 0:
            begin_child(log)
            return run_tests(request["arguments"], outcome, begins)
        os.close(begins)
        end = wait(pid, begun, request["limits"], request["limit_s"])
        end["seconds"] = round(time.monotonic() - began, 2)
        os.close(begun)
        end_descendants()
        tests = json.loads(outcome.read_text(encoding="utf-8")) if outcome.exists() else {}
        print(json.dumps(tests | end), flush=True)
    return 0


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file
    prepare()
    sys.exit(serve())
