"""A run that goes on where it was stopped: `--resume FILE` leaves out what has passed already.

FILE names the tests that passed, and the content of the checkout that they passed with. A changed
checkout begins again. FILE may not lie in test-results/, which pytest-playwright empties.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def add_option(parser: pytest.Parser) -> None:
    """Declare `--resume`."""
    parser.addoption(
        "--resume",
        help="leave out the tests that this file names as passed, and add those that pass now",
    )


class Passed:
    """The tests that have passed with this content of the checkout."""

    def __init__(self, file: Path, key: str) -> None:
        self.file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.names = set(lines[1:]) if lines[:1] == [key] else set()
        if not self.names:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(key + "\n", encoding="utf-8")
        self._failed: set[str] = set()
        self._now = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give each process the same names: those of the beginning of this run."""
        node.workerinput["passed"] = sorted(self.names)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down a test that passed, or was skipped, as soon as its fixtures are gone."""
        if report.failed:
            self._failed.add(report.nodeid)
        if report.when == "teardown" and report.nodeid not in self._failed:
            self._now += 1
            with self.file.open("a", encoding="utf-8") as file:
                file.write(report.nodeid + "\n")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Add up this run and the earlier ones."""
        terminalreporter.write_line(
            f"{self._now + len(self.names):,} tests have passed, {len(self.names):,} of them in "
            "earlier runs"
        )


def passed_before(config: pytest.Config) -> set[str]:
    """Return the names of the tests to leave out, the same in each process."""
    told = getattr(config, "workerinput", {}).get("passed")
    if told is not None:
        return set(told)
    plugin = config.pluginmanager.get_plugin("passed")
    return set(plugin.names) if isinstance(plugin, Passed) else set()


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that have passed before."""
    names = passed_before(config)
    out = [item for item in items if item.nodeid in names]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item.nodeid not in names]
