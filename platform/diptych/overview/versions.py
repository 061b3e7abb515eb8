"""The versions of a study as a list, and the folders that new versions come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, select

from diptych.authoring.folder import NAME
from diptych.counts import measures, tallies
from diptych.domain.tables import SESSIONS, VERSIONS
from diptych.domain.vocabulary import KINDS, LIVE


@dataclass(frozen=True)
class Version:
    """One frozen content of a study.

    Attributes
    ----------
    id : int
        Its row.
    content_hash : str
        SHA-256 of the content, in hex.
    created_at : int
        When it was frozen, ms since 1970-01-01 UTC.
    opened_at : int | None
        When it was last opened to people; None when it never was.
    current : bool
        Whether people who enter now are shown it.
    newest : bool
        Whether a preview shows it: nothing was frozen later.
    sessions : Mapping[str, int]
        Sessions by kind of participant.
    """

    id: int
    content_hash: str
    created_at: int
    opened_at: int | None
    current: bool
    newest: bool
    sessions: Mapping[str, int] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The hash as pages and tables show it."""
        return self.content_hash[:12]


def history(connection: Connection, study_id: int, *, counted: bool = False) -> list[Version]:
    """List the versions of a study, the newest first.

    Parameters
    ----------
    connection : Connection
        To read with.
    study_id : int
        The study.
    counted : bool, optional
        Whether to count the sessions of each.
    """
    rows = connection.execute(
        select(VERSIONS.c.id, VERSIONS.c.content_hash, VERSIONS.c.created_at, VERSIONS.c.opened_at)
        .where(VERSIONS.c.study_id == study_id)
        .order_by(VERSIONS.c.created_at.desc(), VERSIONS.c.id.desc())
    ).all()
    opened = [(row.opened_at, row.id) for row in rows if row.opened_at is not None]
    current = max(opened)[1] if opened else None
    sessions = _sessions(connection, study_id) if counted else {}
    return [
        Version(
            row.id,
            row.content_hash,
            row.created_at,
            row.opened_at,
            row.id == current,
            number == 0,
            sessions.get(row.id, {}),
        )
        for number, row in enumerate(rows)
    ]


def _sessions(connection: Connection, study_id: int) -> dict[int, dict[str, int]]:
    """Return the sessions by version and kind: those that have ended are counted already."""
    counts: dict[int, dict[str, int]] = {}

    def add(version_id: int, kind: str, count: int) -> None:
        of_version = counts.setdefault(version_id, {})
        of_version[kind] = of_version.get(kind, 0) + count

    for kind in KINDS:
        _, ended = tallies.read(connection, study_id, kind, "all", measures.VERSIONS)
        for version_id, sums in ended.items():
            add(int(version_id), kind, round(sums[0]))
        rows = connection.execute(
            select(SESSIONS.c.version_id, func.count())
            .where(
                SESSIONS.c.study_id == study_id,
                SESSIONS.c.kind == kind,
                SESSIONS.c.status.in_(LIVE),
            )
            .group_by(SESSIONS.c.version_id)
        )
        for version_id, count in rows:
            add(version_id, kind, count)
    return counts


def find_version(versions: list[Version], prefix: str) -> Version | None:
    """Find the version whose hash begins so; None when there is none."""
    return next((v for v in versions if prefix and v.content_hash.startswith(prefix)), None)


def study_folders(studies: Path) -> list[str]:
    """List the study folders in a folder by name, without a look at their content."""
    if not studies.is_dir():
        return []
    return sorted(
        path.name
        for path in studies.iterdir()
        if NAME.fullmatch(path.name) and (path / "study.toml").is_file()
    )
