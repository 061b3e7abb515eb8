"""Database -> tidy tables, row by row: memory stays flat in the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, func, select

from diptych import models
from diptych.database import db, table
from diptych.host import Host
from diptych.journey.state import planned
from diptych.quality import AnsweredTrial, broken_rules
from diptych.studies.content import FrozenItem, StudyContent
from diptych.studies.versions import UnknownStudy, frozen
from diptych.tasks import REGISTRY, Task
from diptych_analysis.columns import Column
from diptych_analysis.tables import DatasetWriter

SESSIONS, TRIALS, RESPONSES = table(models.Session), table(models.Trial), table(models.Response)
BATCH = 2000
ROLES = {
    "query_positive": "query_positive",
    "query_negative": "query_negative",
    "positives": "positive",
    "negatives": "negative",
}
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
                writer.write("stimuli", _stimulus_rows(content))
                writer.write("items", _item_rows(content))
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
        return _session_row(shared, content, session, trials), trials

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
                "at": _time(row.at),
                "at_ms": row.at_ms,
                "detail": row.detail,
            }


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def trial_row(shared: dict[str, Any], task: Task, row: Any) -> dict[str, Any]:
    """A row of the tidy table `trials`; without `correct` where there is no response."""
    cells = {
        **shared,
        "trial_index": row.trial_index,
        "phase": row.phase,
        "task": task.name,
        **task.describe(planned(row)),
    }
    if row.answer is None:
        if row.trial_index == row.position:
            cells["presented_at"] = _time(row.presented_at)
        return cells
    return {
        **cells,
        **task.tabulate(planned(row), task.response_of(row.kind).model_validate(row.answer)),
        "correct": row.correct,
        "rt_ms": row.rt_ms,
        "onset_uncertainty_ms": row.onset_uncertainty_ms,
        "presented_at": _time(row.shown_at),
        "responded_at": _time(row.received_at),
    }


def _session_row(
    shared: dict[str, Any], content: StudyContent, session: Any, trials: list[dict[str, Any]]
) -> dict[str, Any]:
    broken: list[str] = []
    if session.status == "completed" and session.kind != "machine":
        answered = [
            AnsweredTrial(t["phase"], t.get("response"), t["correct"], t["rt_ms"])
            for t in trials
            if "correct" in t
        ]
        broken = broken_rules(
            content.spec.quality, answered, session.instructions_ms, session.practice_attempts
        )
    browser = session.browser
    return {
        **shared,
        "recruiter": session.recruiter,
        "status": session.status,
        "seed": session.seed,
        "entered_at": _time(session.entered_at),
        "consented_at": _time(session.consented_at),
        "started_at": _time(session.started_at),
        "ended_at": _time(session.ended_at),
        "n_trials": session.n_trials,
        "n_responses": session.n_responses,
        "practice_attempts": session.practice_attempts,
        "instructions_ms": session.instructions_ms,
        "comprehension_attempts": session.comprehension_attempts,
        "excluded": bool(broken),
        "exclusion_reasons": broken,
        "feedback_text": session.feedback_text,
        "window_width": browser.get("width"),
        "window_height": browser.get("height"),
        "pixel_ratio": browser.get("pixel_ratio"),
        "touch": browser.get("touch"),
        "language": browser.get("language") or None,
    }


def _stimulus_rows(content: StudyContent) -> Iterator[dict[str, Any]]:
    for stimulus in content.stimuli:
        yield {
            "study": content.name,
            "study_version": content.content_hash[:12],
            "stimulus_id": stimulus.stimulus_id,
            "file": stimulus.file,
            "label": stimulus.label or None,
            "width": stimulus.width,
            "height": stimulus.height,
            **stimulus.attributes,
        }


def _item_rows(content: StudyContent) -> Iterator[dict[str, Any]]:
    shared = {"study": content.name, "study_version": content.content_hash[:12]}
    if not content.items:
        # Where a trial shows one stimulus, that stimulus is the item.
        for s in content.stimuli:
            item_id = s.stimulus_id
            yield {**shared, "item_id": item_id, "role": "stimulus", "place": 0,
                   "stimulus_id": item_id}  # fmt: skip
    for item in content.items.values():
        yield from _roles(content, item, shared)


def _roles(
    content: StudyContent, item: FrozenItem, shared: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for key, role in ROLES.items():
        for number, place in enumerate(item.stimuli.get(key, ())):
            yield {
                **shared,
                "item_id": item.item_id,
                "kind": item.kind,
                "unit": item.unit,
                "role": role,
                "place": number,
                "stimulus_id": content.stimuli[place].stimulus_id,
                **item.attributes,
            }


def attribute_columns(attributes: Iterable[Any]) -> tuple[Column, ...]:
    """Columns for the attributes of a manifest: numbers where every value is one, else text."""
    kinds: dict[str, str] = {}
    for each in attributes:
        for name, value in each.items():
            if value is None:
                kinds.setdefault(name, "")
            elif isinstance(value, int | float) and kinds.get(name, "") in ("", "number"):
                kinds[name] = "number"
            else:
                kinds[name] = "string"
    return tuple(
        Column(name, cast(Any, kind or "string"), "Attribute from the study's manifest.")
        for name, kind in kinds.items()
    )
