"""What the table of sessions of one study can be narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from diptych.domain.tables import VERSIONS

#: As many digits of a content hash as people are shown.
SHORT = 7


@dataclass(frozen=True)
class Choices:
    """Conditions, recruiters and versions of a study, the newest version first."""

    conditions: Sequence[str]
    recruiters: Sequence[str]
    versions: Sequence[str]


def choices(connection: Connection, study_id: int) -> Choices:
    """List the filters' choices: what any version of the study has."""
    rows = connection.execute(
        select(VERSIONS.c.content_hash, VERSIONS.c.spec)
        .where(VERSIONS.c.study_id == study_id)
        .order_by(VERSIONS.c.id.desc())
    ).all()
    conditions: dict[str, None] = {}
    recruiters: dict[str, None] = {}
    for row in rows:
        conditions |= dict.fromkeys(each["name"] for each in row.spec.get("conditions", ()))
        recruiters |= dict.fromkeys(row.spec.get("recruitment", {}).get("recruiters", ()))
    return Choices(tuple(conditions), tuple(recruiters), [r.content_hash[:SHORT] for r in rows])
