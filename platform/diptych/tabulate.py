"""Database -> tidy tables, row by row: memory stays flat in the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from diptych import models
from diptych.database import db, table
from diptych.host import Host
from diptych.judgements import Judgements
from diptych.studies.content import StudyContent
from diptych.studies.versions import UnknownStudy, frozen
from diptych.tasks import REGISTRY
from diptych.tidy_rows import attribute_columns, item_rows, moment, session_row, stimulus_rows
from diptych.tidy_rows import trial_row as trial_row
from diptych_analysis.tables import DatasetWriter

SESSIONS, TRIALS, RESPONSES = table(models.Session), table(models.Trial), table(models.Response)
BATCH = 2000
Progress = Callable[[int, int], None]


def export_study(
    host: Host,
    study: str,
    to: Path,
    formats: Sequence[str],
    progress: Progress = lambda done, of: None,
) -> dict[str, int]:
    """Write the tables of a study, all versions together, with dictionary and description.

    Sessions of every status are there, previews never; of people who declined only the count.
    Platform ids stay where they are: people stand under pseudonyms.

    Args:
        host: the host.
        study: name of the study.
        to: folder to write; replaced only when everything was written.
        formats: `csv`, `parquet` or both.
        progress: called with sessions done, and of how many.

    Returns:
        Number of rows by table, and of refusals under `declined`.

    Raises:
        UnknownStudy: when the host knows no such study.
    """
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # One moment for all tables, however long the export takes.
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        versions = _versions(connection, study)
        exporter = _Exporter(host, connection, [frozen(v) for v in versions], versions)
        declined = _count(connection, versions, SESSIONS.c.status == "declined")
        newest = exporter.contents[versions[-1]]
        description = newest.spec.description or newest.spec.title
        with DatasetWriter(
            to,
            formats,
            name=study,
            description=f"{description} Declined consent: {declined}.",
            extras=exporter.extras(),
        ) as writer:
            exporter.write(writer, progress)
    return {**{str(name): count for name, count in writer.rows.items()}, "declined": declined}


def _versions(connection: Connection, study: str) -> list[int]:
    versions, studies = models.StudyVersion, models.Study
    found = connection.execute(
        select(versions.id)
        .join(studies, studies.id == versions.study_id)
        .where(studies.name == study)
        .order_by(versions.id)
    ).scalars()
    ids = list(found)
    if not ids:
        raise UnknownStudy(study)
    return ids


def _count(connection: Connection, versions: Sequence[int], *where: Any) -> int:
    return connection.execute(
        select(func.count()).where(SESSIONS.c.version_id.in_(versions), *where)
    ).scalar_one()


class _Exporter:
    """Writes one study."""

    def __init__(
        self,
        host: Host,
        connection: Connection,
        contents: Sequence[StudyContent],
        versions: Sequence[int],
    ) -> None:
        self.host = host
        self.connection = connection
        self.versions = versions
        self.contents = dict(zip(versions, contents, strict=True))
        self.judgements = Judgements(host, connection, versions)

    def extras(self) -> Any:
        """Columns beyond the contract: the task's own, and the attributes of the manifests."""
        tasks = {content.spec.task.name for content in self.contents.values()}
        own = {column.name: column for name in tasks for column in REGISTRY.get(name).columns}
        return {
            "trials": tuple(own.values()),
            "stimuli": attribute_columns(
                s.attributes for c in self.contents.values() for s in c.stimuli
            ),
            "items": attribute_columns(
                i.attributes for c in self.contents.values() for i in c.items.values()
            ),
        }

    def write(self, writer: DatasetWriter, progress: Progress) -> None:
        for version_id, content in self.contents.items():
            if _count(self.connection, [version_id]):
                writer.write("stimuli", stimulus_rows(content))
                writer.write("items", item_rows(content))
        kept = (SESSIONS.c.kind != "preview", SESSIONS.c.status != "declined")
        total = _count(self.connection, self.versions, *kept)
        grouped = groupby(self._rows(*kept), key=lambda row: row.id)
        for done, (_, rows) in enumerate(grouped, 1):
            session, trials = self._session(list(rows))
            writer.write("sessions", [session])
            writer.write("trials", trials)
            progress(done, total)
        writer.write("events", self._events(*kept))

    def _rows(self, *where: Any) -> Iterator[Any]:
        """Sessions with their trials and responses, one row a trial, in order."""
        participants = table(models.Participant)
        here = TRIALS.c.session_id == SESSIONS.c.id
        answered = (RESPONSES.c.session_id == TRIALS.c.session_id) & (
            RESPONSES.c.trial_index == TRIALS.c.trial_index
        )
        return self._stream(
            select(
                SESSIONS,
                participants.c.public_id.label("participant"),
                TRIALS.c.trial_index,
                TRIALS.c.phase,
                TRIALS.c.block,
                TRIALS.c.item,
                TRIALS.c.notice,
                RESPONSES.c.answer,
                RESPONSES.c.correct,
                RESPONSES.c.rt_ms,
                RESPONSES.c.onset_uncertainty_ms,
                RESPONSES.c.presented_at.label("shown_at"),
                RESPONSES.c.received_at,
            )
            .select_from(SESSIONS)
            .join(participants, participants.c.id == SESSIONS.c.participant_id)
            .outerjoin(TRIALS, here)
            .outerjoin(RESPONSES, answered)
            .where(SESSIONS.c.version_id.in_(self.versions), *where)
            .order_by(SESSIONS.c.id, TRIALS.c.trial_index)
        )

    def _stream(self, statement: Any) -> Iterator[Any]:
        options = {"stream_results": True, "yield_per": BATCH}
        return iter(self.connection.execute(statement, execution_options=options))

    def _session(self, rows: list[Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        session = rows[0]
        content = self.contents[session.version_id]
        shared = {
            "session_id": session.public_id,
            "participant_id": session.participant,
            "participant_kind": session.kind,
            "study": content.name,
            "study_version": content.content_hash[:12],
            "condition": session.condition,
        }
        trials: list[dict[str, Any]] = []
        if session.condition is not None:
            task = self.host.task(session.version_id, session.condition)
            trials = [trial_row(shared, task, row) for row in rows if row.phase is not None]
        return session_row(shared, session, self.judgements.of(session)), trials

    def _events(self, *where: Any) -> Iterator[dict[str, Any]]:
        events = table(models.Event)
        rows = self._stream(
            select(events, SESSIONS.c.public_id)
            .join(SESSIONS, SESSIONS.c.id == events.c.session_id)
            .where(SESSIONS.c.version_id.in_(self.versions), *where)
            .order_by(events.c.session_id, events.c.id)
        )
        for row in rows:
            yield {
                "session_id": row.public_id,
                "trial_index": row.trial_index,
                "kind": row.kind,
                "at": moment(row.at),
                "at_ms": row.at_ms,
                "detail": row.detail,
            }
