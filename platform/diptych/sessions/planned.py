"""A trial of a session's plan, as the database holds it and as its task sees it."""

from __future__ import annotations

from typing import Any

from diptych.tasks import PlannedTrial


def planned(row: Any) -> PlannedTrial:
    """Return a row of the table `trials` as the tasks see it."""
    return PlannedTrial(row.phase, row.item, row.block, row.notice)
