"""Whether the clock of this machine can be believed where something can't be undone."""

from __future__ import annotations

import time

from sqlalchemy import Engine

# It goes on while the machine sleeps, so that waking up does not look like a clock that was set.
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot_s() -> float:
    """Return how long the machine runs, in s: nobody sets this clock."""
    return time.clock_gettime(_SINCE_BOOT)


def _boot() -> float:
    """Return when the machine started, by its clock as it is now, in s since 1970-01-01 UTC."""
    return time.time() - since_boot_s()


_BEGAN = _boot()


def set_by_s() -> float:
    """Return how far the clock was set since this process began, in s; positive when forwards."""
    return _boot() - _BEGAN


def apart_s(engine: Engine) -> float:
    """Return how far the clock is from the database's, in s; 0 for SQLite, which has no clock."""
    if engine.dialect.name == "sqlite":
        return 0.0
    with engine.connect() as connection:
        there = connection.exec_driver_sql(
            "SELECT extract(epoch FROM clock_timestamp())"
        ).scalar_one()
    return abs(float(there) - time.time())
