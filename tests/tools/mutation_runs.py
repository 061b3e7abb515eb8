"""Runs of tests in copies of the checkout, and the file of their results."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

from support.checkout import ROOT, files_of

BUNDLE = "platform/diptych/static/dist"
CHILD = "tests/tools/mutation_child.py"
#: Roots of the packages, which the copy's take the place of.
PACKAGES = {"diptych": "platform", "diptych_analysis": "analysis"}
NO_TESTS = 5


class RunFault(Exception):
    """Tests can't be run, or fail without a mutant."""


@dataclass(frozen=True)
class Run:
    """Outcome of a run of tests.

    Attributes
    ----------
    code : int or None
        Exit code of pytest; None when time ran out.
    seconds : float
        Wall time, s.
    failed : str or None
        The first test that failed, or took too long.
    passed : int
        Tests that passed.
    test_seconds : dict of str to float
        Wall time of each test, s.
    """

    code: int | None
    seconds: float
    failed: str | None = None
    passed: int = 0
    test_seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Outcome of a mutant: one line of the file of results.

    Attributes
    ----------
    id : str
        Name of the mutant.
    key : str
        Hash of the sources, the tests and the choice among them that the result holds for.
    module, file, line, operator : str or int
        What was changed, and where.
    outcome : str
        `survived`, `killed` by a test that failed, or by the `time` that a test took.
    by : str or None
        That test.
    seconds : float
        Wall time of the run, s.
    diff : str
        The change.
    """

    id: str
    key: str
    module: str
    file: str
    line: int
    operator: str
    outcome: str
    by: str | None
    seconds: float
    diff: str

    @property
    def survived(self) -> bool:
        """Whether all tests passed."""
        return self.outcome == "survived"


def read_results(file: Path) -> list[Result]:
    """Read a file of results; of a mutant with several, the last is at the end."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    results = []
    for line in lines:
        with suppress(json.JSONDecodeError):  # the last line of a run that was killed
            results.append(Result(**json.loads(line)))
    return results


def append_result(file: Path, result: Result) -> None:
    """Write a result at the end of a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")


class Worker:
    """A copy of the checkout, and a process that runs tests in it.

    Parameters
    ----------
    folder : Path
        Where the copy is.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "main"
        self._log, self._outcome = folder / "log.txt", folder / "outcome.json"
        self._base = folder / "pytest"
        temporary = folder / "t"
        temporary.mkdir(exist_ok=True)
        roots = [str(self.root / root) for root in PACKAGES.values()]
        environment = {
            **{name: value for name, value in os.environ.items() if "DIPTYCH" not in name},
            "PYTHONPATH": os.pathsep.join(roots),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(temporary),
            # Several runs at a time share the cores, and threads do not survive a fork.
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(self.root / CHILD)],
            cwd=self.root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, arguments: Sequence[str], limits: Mapping[str, float], limit_s: float) -> Run:
        """Run pytest in the copy.

        Parameters
        ----------
        arguments : sequence of str
            Arguments of pytest.
        limits : mapping of str to float
            Time limits of tests, s.
        limit_s : float
            Time limit of each other test, s.

        Raises
        ------
        RunFault
            No test was chosen, or the tests have imported sources that are not the copy's.
        """
        request = {
            "arguments": [*arguments, f"--basetemp={self._base}"],
            "limits": dict(limits),
            "limit_s": limit_s,
            "log": str(self._log),
            "outcome": str(self._outcome),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RunFault("the process that runs the tests has ended; run again to go on")
        report: dict[str, Any] = json.loads(answer)
        for package, file in report.pop("loaded", {}).items():
            if file is not None and not Path(file).is_relative_to(self.root):
                raise RunFault(f"the tests import {package} from {file}, not from their copy")
        if report["code"] == NO_TESTS:
            raise RunFault(f"no test is chosen by: pytest {' '.join(arguments)}")
        return Run(**report)

    def output(self) -> str:
        """Return the output of the last run."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @contextmanager
    def changed(self, file: str, code: str) -> Iterator[None]:
        """Give a file of the copy other contents for a while."""
        path = self.root / file
        before = path.read_bytes()
        path.write_text(code, encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(before)

    def close(self) -> None:
        """End the process, and what it runs."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def workers(jobs: int) -> Iterator[list[Worker]]:
    """Copy the checkout as often as there are jobs, and start a worker in each copy.

    The copies have the files that git does not ignore, as they are now, and the built page. They
    are removed at the end.
    """
    # Short names: the sockets of PostgreSQL allow no more than 107 characters of path.
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        started: list[Worker] = []
        try:
            first = Path(name) / "0"
            _copy_checkout(first)
            for job in range(jobs):
                folder = Path(name) / str(job)
                if job:
                    shutil.copytree(first / "main", folder / "main", symlinks=True)
                    _link_shared(folder)
            for job in range(jobs):
                started.append(Worker(Path(name) / str(job)))
            yield started
        finally:
            for worker in started:
                worker.close()


def _copy_checkout(folder: Path) -> None:
    main = folder / "main"
    for file in files_of():
        (main / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, main / file)
    if (ROOT / BUNDLE).is_dir():
        shutil.copytree(ROOT / BUNDLE, main / BUNDLE, dirs_exist_ok=True)
    _link_shared(folder)
    # Compiled once; a file that is changed is known by its contents, not by time and size.
    for root in (*PACKAGES.values(), "tests"):
        compileall.compile_dir(
            main / root, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )


def _link_shared(folder: Path) -> None:
    shared = ROOT.parent / "shared"
    if shared.is_dir():
        (folder / "shared").symlink_to(shared, target_is_directory=True)
