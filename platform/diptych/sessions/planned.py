"""A trial of a session's plan, as the database holds it and as its task sees it."""

from __future__ import annotations

from diptych.domain.rows import PlannedRow
from diptych.tasks import PlannedTrial


def planned(row: PlannedRow) -> PlannedTrial:
    """Return a planned trial as the tasks see it."""
    return PlannedTrial(row.phase, row.item, row.block, row.notice)
