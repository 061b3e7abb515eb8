"""What each test costs: wall and CPU seconds, those of its fixtures and ended processes included.

Every run ends with its ten slowest tests. `--times FILE` writes the sums by file, from which
`make test-times` draws the table of docs/testing.md. Where DIPTYCH_GATE_BUDGET is set (minutes), a
gate that takes longer fails; it is never set by default, for a machine may be slow or busy.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SLOWEST = 10
_began = pytest.StashKey[tuple[float, float]]()


@dataclass
class Cost:
    """Tests and what they cost, s."""

    tests: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, wall_s: float, cpu_s: float) -> None:
        """Count one more test."""
        self.tests += 1
        self.wall_s += wall_s
        self.cpu_s += cpu_s


def add_option(parser: pytest.Parser) -> None:
    """Declare `--times`."""
    parser.addoption("--times", help="write wall and CPU seconds by test file to this JSON file")


def cpu_seconds() -> float:
    """Return CPU seconds of this process and of its ended children."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class Timer:
    """Measures each test where it runs; with several processes, in each of them."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note when a test begins, before its fixtures."""
        item.stash[_began] = (time.monotonic(), cpu_seconds())
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Iterator[None]:
        """Put the cost on the last report of a test, which also travels between processes."""
        report = yield
        if call.when == "teardown":
            wall, cpu = item.stash[_began]
            report.user_properties.append(("wall_s", round(time.monotonic() - wall, 3)))
            report.user_properties.append(("cpu_s", round(cpu_seconds() - cpu, 3)))
        return report


class Bill:
    """Adds up what the tests cost, in the process that reports."""

    def __init__(self, lane: str, to: str | None) -> None:
        self.lane, self.to = lane, Path(to) if to else None
        # `make test` has begun before pytest: lint, types and the page's tests count too.
        self.began = float(os.environ.get("DIPTYCH_GATE_BEGAN") or time.time())
        self.budget_s = 60 * float(os.environ.get("DIPTYCH_GATE_BUDGET") or 0)
        self.pytest_began = time.monotonic()
        self.tests: list[tuple[float, float, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test cost from its last report."""
        told = dict(report.user_properties)
        if report.when == "teardown" and "wall_s" in told:
            self.tests.append((float(told["wall_s"]), float(told["cpu_s"]), report.nodeid))  # type: ignore[arg-type]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a gate that took longer than its budget."""
        if self.lane == "gate" and self.budget_s and self.seconds() > self.budget_s:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def seconds(self) -> float:
        """Return how long the run has taken, s; from the beginning of `make` where it began."""
        return time.time() - self.began

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the slowest tests; write the file that was asked for."""
        if not self.tests:
            return
        terminalreporter.section(f"the {SLOWEST} slowest tests (wall s, CPU s)")
        for wall, cpu, name in sorted(self.tests, reverse=True)[:SLOWEST]:
            terminalreporter.write_line(f"{wall:7.1f} {cpu:7.1f}  {name}")
        seed = getattr(terminalreporter.config.option, "randomly_seed", None)
        if isinstance(seed, int):
            terminalreporter.write_line(f"The same order again: --randomly-seed={seed}")
        if self.budget_s:
            terminalreporter.write_line(
                f"The run took {self.seconds() / 60:.1f} minutes; DIPTYCH_GATE_BUDGET allows "
                f"{self.budget_s / 60:g} to the gate."
            )
        if self.to is not None:
            self.to.parent.mkdir(parents=True, exist_ok=True)
            self.to.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        """Return the lane, the whole wall time and the cost of each file."""
        files: dict[str, Cost] = {}
        for wall, cpu, name in self.tests:
            files.setdefault(name.partition("::")[0], Cost()).add(wall, cpu)
        return {
            "lane": self.lane,
            "wall_s": round(time.monotonic() - self.pytest_began, 1),
            "files": {
                name: {
                    "tests": cost.tests,
                    "wall_s": round(cost.wall_s, 1),
                    "cpu_s": round(cost.cpu_s, 1),
                }
                for name, cost in sorted(files.items())
            },
        }
