"""Lanes: which tests run, on which databases, with how many examples and how long a fault lasts.

`check` runs unit tests: no database, server or browser. `gate` runs on every change. `all`
runs everything. The tests are the same: a lane only chooses among them by their marks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

SQLITE = pytest.param("sqlite", id="sqlite")
POSTGRESQL = pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres)


@dataclass(frozen=True)
class Lane:
    """What a lane runs.

    Attributes
    ----------
    name : str
        The name that `--lane` takes.
    left_out : tuple of str
        Marks of tests that the lane does not run.
    without_database : bool
        Whether tests that use a database are left out.
    every_database : bool
        Whether every test of the database runs on both databases, or only those with the mark
        `both_databases`.
    examples : int
        Examples of each Hypothesis property.
    derandomized : bool
        Whether Hypothesis tries the same examples in each run.
    fault_s : float
        How long each fault is kept up, s.
    """

    name: str
    left_out: tuple[str, ...]
    without_database: bool
    every_database: bool
    examples: int
    derandomized: bool
    fault_s: float

    @property
    def profile(self) -> str:
        """Name of the lane's Hypothesis profile."""
        return "all" if self.name == "all" else "gate"


LANES = {
    lane.name: lane
    for lane in (
        Lane("check", ("exhaustive", "browser", "postgres", "slow"), True, False, 30, True, 2.0),
        Lane("gate", ("exhaustive",), False, False, 30, True, 2.0),
        # Ten times the 100 examples that Hypothesis tries unless it is told otherwise.
        Lane("all", (), False, True, 1000, False, 6.0),
    )
}


def add_option(parser: pytest.Parser) -> None:
    """Declare `--lane`."""
    parser.addoption(
        "--lane",
        choices=sorted(LANES),
        default="gate",
        help="check: unit tests only; gate (default): what each change must pass; all: everything",
    )


def lane_of(config: pytest.Config) -> Lane:
    """Return the lane of this run."""
    return LANES[config.getoption("--lane")]


def load_profile(lane: Lane) -> None:
    """Make Hypothesis try as many examples as the lane says.

    How long an example takes depends on the machine, so that no property may fail by the clock. A
    property that fails prints how to see the same example again.
    """
    hypothesis_settings.register_profile(
        lane.profile,
        max_examples=lane.examples,
        derandomize=lane.derandomized,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        print_blob=True,
    )
    hypothesis_settings.load_profile(lane.profile)


def fault_seconds(config: pytest.Config) -> float:
    """Return how long each fault is kept up, s; `make soak SECONDS=…` sets more than the lane."""
    return float(os.environ.get("DIPTYCH_SOAK_SECONDS") or lane_of(config).fault_s)


def choose_databases(metafunc: pytest.Metafunc) -> None:
    """Run a test of the database on SQLite, and on PostgreSQL where lane or mark ask for it."""
    definition = metafunc.definition
    if "database_kind" not in metafunc.fixturenames or any(
        "database_kind" in mark.args[0] for mark in definition.iter_markers("parametrize")
    ):
        return
    both = lane_of(metafunc.config).every_database or (
        definition.get_closest_marker("both_databases") is not None
    )
    kinds = [SQLITE, POSTGRESQL] if both else [SQLITE]
    metafunc.parametrize("database_kind", kinds, indirect=True)


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what the lane does not run."""
    lane = lane_of(config)
    out = [item for item in items if _is_left_out(item, lane)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


def _is_left_out(item: pytest.Item, lane: Lane) -> bool:
    if lane.without_database and "database_kind" in getattr(item, "fixturenames", ()):
        return True
    return any(item.get_closest_marker(mark) for mark in lane.left_out)
