"""Database -> tidy tables, batch by batch: memory stays flat in the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Result, Select, Text, cast, func, select

from diptych import models
from diptych.domain.tables import (
    EVENTS,
    OF_TRIAL,
    PARTICIPANTS,
    QUESTION_ANSWERS,
    RESPONSES,
    SESSIONS,
    TRIALS,
)
from diptych.domain.vocabulary import EMPTIED
from diptych.export import identities
from diptych.export.judgements import Judgements
from diptych.export.questionnaires import answer_cells, question_rows
from diptych.export.trial_batches import TrialBatches
from diptych.ground.database import db
from diptych.host import Host
from diptych.sessions.judged_levels import judged_levels
from diptych.sessions.tidy_rows import (
    MEASURED,
    attribute_columns,
    choice_rows,
    item_rows,
    moment,
    session_row,
    stimulus_rows,
)
from diptych.study.content import StudyContent
from diptych.study.versions import UnknownStudy, frozen
from diptych.study.windows import days_between
from diptych.tasks import REGISTRY, roles_of
from diptych_analysis.tables import layout
from diptych_analysis.tables.batches import Batch, batches_of
from diptych_analysis.tables.schema import ROLE, TABLES, Column, TableName, with_extras
from diptych_analysis.tables.write import CsvWriter, DatasetWriter

BATCH = 2000
#: Rows of other tables than `trials` that are written at a time.
ROWS = 500
#: The sessions that are exported.
KEPT = (SESSIONS.c.kind != "preview", SESSIONS.c.status.not_in(EMPTIED))
#: Name of the key file that is written only when it is asked for by name.
IDENTITIES = "identities"
# What the rows of a session's trials need to know of the session.
_OF_TRIALS = ("id", "public_id", "version_id", "kind", "condition", "position", "presented_at",
              "seed", "part", "first_ended_at", "entered_at")  # fmt: skip
Progress = Callable[[int, int], None]
SAID = {
    "declined": "Declined consent",
    "withdrawn": "Withdrawn",
    "expired": "Answers deleted after their time limit",
}


@contextmanager
def open_tables(host: Host, study: str, first: int | None = None) -> Iterator[StudyTables]:
    """Open the tables of a study, all of one moment, however long it takes to read them.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of the study.
    first : int | None, optional
        Only so many sessions, those that entered first: for a look at the tables.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    """
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield StudyTables(host, connection, study, first)


def export_study(
    host: Host,
    study: str,
    to: Path,
    formats: Sequence[str],
    progress: Progress = lambda done, of: None,
    *,
    with_ids: bool = False,
    excel: bool = False,
) -> dict[str, int]:
    """Write the tables of a study, all versions together, with dictionary and description.

    Sessions of every status are there, previews never; of people who declined or have withdrawn
    only the count.
    Platform ids stay where they are: people stand under pseudonyms.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of the study.
    to : Path
        Folder to write; replaced only when everything was written.
    formats : Sequence[str]
        `csv`, `parquet` or both.
    progress : Progress, optional
        Called with sessions done, and of how many.
    with_ids : bool, optional
        Whether to write `identities.csv` beside them, the key from pseudonyms to the
        ids of platforms. The caller notes that in the audit log.
    excel : bool, optional
        Whether CSV files begin with a byte order mark, which Excel needs.

    Returns
    -------
    dict[str, int]
        Number of rows by table, and of sessions of which only the count is kept under `declined`,
        `withdrawn` and `expired`.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    """
    with open_tables(host, study) as tables:
        with DatasetWriter(
            to,
            formats,
            name=study,
            description=tables.description,
            extras=tables.extras(),
            excel=excel,
        ) as writer:
            for name in TABLES:
                writer.write_batches(name, tables.batches(name, progress))
            if with_ids:
                file = writer.file(layout.IDENTITIES)
                keys = CsvWriter(file, identities.COLUMNS, excel=excel)
                keys.write(tables.identities())
                keys.close()
        rows = {str(name): count for name, count in writer.rows.items()}
        return {**rows, **tables.emptied}


class StudyTables:
    """The tidy tables of one study, each as a stream of rows.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A connection whose transaction shows one moment.
    study : str
        Name of the study.
    first : int | None, optional
        Only so many sessions, those that entered first.

    Attributes
    ----------
    name : str
        Of the study.
    columns : dict[TableName, tuple[Column, ...]]
        By table, with those that the task and the manifests add.
    description
        Of the data set, in one line.
    emptied
        How many sessions there are of which only the count is kept, by status.

    Raises
    ------
    UnknownStudy
        When the host knows no such study.
    """

    def __init__(
        self, host: Host, connection: Connection, study: str, first: int | None = None
    ) -> None:
        self.name = study
        self._host, self._connection = host, connection
        self._versions = _versions(connection, study)
        self._only = None if first is None else self._first_sessions(first)
        self._contents = {v: frozen(v, connection) for v in self._versions}
        self.emptied = {
            status: self._count(SESSIONS.c.kind != "preview", SESSIONS.c.status == status)
            for status in EMPTIED
        }
        newest = self._contents[self._versions[-1]].spec
        about = (newest.description or newest.title).strip()
        about += "" if about.endswith((".", "!", "?")) else "."
        counts = (
            f"{SAID[status]}: {count}."
            for status, count in self.emptied.items()
            if count or status != "expired"
        )
        self.description = " ".join([about, *counts])
        extras = self.extras()
        self.columns: dict[TableName, tuple[Column, ...]] = {
            name: with_extras(name, extras.get(name, ())) for name in TABLES
        }

    def extras(self) -> dict[TableName, tuple[Column, ...]]:
        """Return the columns as `with_extras` takes them: tasks' own, and manifests' attributes."""
        contents = self._contents.values()
        tasks = {content.spec.task.name for content in contents}
        roles = dict.fromkeys(role for name in sorted(tasks) for role in roles_of(name))
        judged = judged_levels(contents)
        own = {column.name: column for name in tasks for column in REGISTRY.get(name).columns}
        return {
            "trials": tuple(own.values()),
            "stimuli": attribute_columns(
                (s.attributes for c in contents for s in c.stimuli), judged
            ),
            "items": (
                replace(ROLE, levels=tuple(roles)),
                *attribute_columns(
                    (i.attributes for c in contents for i in c.items.values()), judged
                ),
            ),
        }

    def batches(
        self, name: TableName, progress: Progress = lambda done, of: None
    ) -> Iterator[Batch]:
        """Yield the rows of a table in batches, one of them in memory at a time.

        Parameters
        ----------
        name : TableName
            Of the table.
        progress : Progress, optional
            Called with sessions done, and of how many, where the table has trials.
        """
        if name == "trials":
            return self._trials(progress)
        names = [column.name for column in self.columns[name]]
        return batches_of(self._rows(name), names, ROWS)

    def _rows(self, name: TableName) -> Iterator[dict[str, Any]]:
        match name:
            case "sessions":
                return self._sessions()
            case "events":
                return self._events()
            case "choices":
                return self._choices()
            case "answers":
                return self._answers()
            case "questions":
                return self._manifests(question_rows)
        return self._manifests(stimulus_rows if name == "stimuli" else item_rows)

    def identities(self) -> Iterator[dict[str, Any]]:
        """Yield the key from pseudonyms to the ids of platforms (`diptych.export.identities`)."""
        return identities.rows(self._stream, self._versions)

    def _manifests(
        self, rows: Callable[[StudyContent], Iterator[dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        for version_id, content in self._contents.items():
            if self._count(SESSIONS.c.version_id == version_id):
                yield from rows(content)

    def _sessions(self) -> Iterator[dict[str, Any]]:
        judgements = Judgements(self._host, self._connection, self._versions, self._only)
        statement = self._of_sessions(SESSIONS, PARTICIPANTS.c.public_id.label("participant"))
        for row in self._stream(statement.order_by(SESSIONS.c.id)):
            yield session_row(self._shared(row), row, judgements.of(row))

    def _trials(self, progress: Progress) -> Iterator[Batch]:
        of_session = [SESSIONS.c[name] for name in _OF_TRIALS]
        of_trial = [TRIALS.c[name] for name in ("trial_index", "phase", "block", "notice")]
        of_answer = [RESPONSES.c.correct, RESPONSES.c.received_at, *MEASURED]
        statement = (
            self._of_sessions(
                *of_session,
                *of_trial,
                *of_answer,
                # As text: most trials and answers occur again and again.
                cast(TRIALS.c.item, Text).label("item"),
                cast(RESPONSES.c.answer, Text).label("answer"),
                PARTICIPANTS.c.public_id.label("participant"),
                RESPONSES.c.presented_at.label("shown_at"),
            )
            .join(TRIALS, TRIALS.c.session_id == SESSIONS.c.id)
            .outerjoin(RESPONSES, OF_TRIAL)
            .order_by(TRIALS.c.session_id, TRIALS.c.trial_index)
        )
        total, done, before = self._count(*KEPT), 0, None
        names = [column.name for column in self.columns["trials"]]
        making = TrialBatches(self._host, names, self._shared)
        for rows in self._executed(statement).partitions(BATCH):
            yield making.batch(rows)
            done += len({row.id for row in rows} - {before})
            before = rows[-1].id
            progress(done, total)
        progress(total, total)

    def _shared(self, row: Any) -> dict[str, Any]:
        """Return the cells that the rows of a session and of its trials have in common."""
        content = self._contents[row.version_id]
        return {
            "session_id": row.public_id,
            "participant_id": row.participant,
            "participant_kind": row.kind,
            "study": content.name,
            "study_version": content.content_hash[:12],
            "condition": row.condition,
            "part": row.part,
            "days_since_first": days_between(row.first_ended_at, row.entered_at),
        }

    def _events(self) -> Iterator[dict[str, Any]]:
        statement = self._of_sessions(EVENTS, SESSIONS.c.public_id).join(
            EVENTS, EVENTS.c.session_id == SESSIONS.c.id
        )
        for row in self._stream(statement.order_by(EVENTS.c.session_id, EVENTS.c.id)):
            yield {
                "session_id": row.public_id,
                "trial_index": row.trial_index,
                "kind": row.kind,
                "at": moment(row.at),
                "at_ms": row.at_ms,
                "detail": row.detail,
            }

    def _choices(self) -> Iterator[dict[str, Any]]:
        of_trial = (SESSIONS.c.public_id, SESSIONS.c.version_id, TRIALS.c.trial_index)
        statement = (
            self._of_sessions(*of_trial, TRIALS.c.choice)
            .join(TRIALS, TRIALS.c.session_id == SESSIONS.c.id)
            .where(TRIALS.c.choice.is_not(None))
        )
        for row in self._stream(statement.order_by(TRIALS.c.session_id, TRIALS.c.trial_index)):
            yield from choice_rows(
                self._contents[row.version_id], row.public_id, row.trial_index, row.choice
            )

    def _answers(self) -> Iterator[dict[str, Any]]:
        of_session = [SESSIONS.c[name] for name in ("public_id", "version_id", "kind", "part")]
        statement = self._of_sessions(
            *of_session, *QUESTION_ANSWERS.c, PARTICIPANTS.c.public_id.label("participant")
        ).join(QUESTION_ANSWERS, QUESTION_ANSWERS.c.session_id == SESSIONS.c.id)
        order = (SESSIONS.c.id, QUESTION_ANSWERS.c.step.desc(), QUESTION_ANSWERS.c.question_id)
        for row in self._stream(statement.order_by(*order)):
            asked = getattr(self._contents[row.version_id].spec, row.step)
            known = {question.id: question for question in asked}
            shared = {
                "session_id": row.public_id,
                "participant_id": row.participant,
                "participant_kind": row.kind,
                "part": row.part,
                "page": row.step,
                "question_id": row.question_id,
                "answered_at": moment(row.answered_at),
            }
            for cells in answer_cells(known.get(row.question_id), row.answer):
                yield {**shared, **cells}

    def _of_sessions(self, *columns: Any) -> Select[Any]:
        """Query the sessions that are exported: each has a participant."""
        kept = KEPT if self._only is None else (SESSIONS.c.id.in_(self._only), *KEPT)
        return (
            select(*columns)
            .select_from(SESSIONS)
            .join(PARTICIPANTS, PARTICIPANTS.c.id == SESSIONS.c.participant_id)
            .where(SESSIONS.c.version_id.in_(self._versions), *kept)
        )

    def _first_sessions(self, count: int) -> list[int]:
        wanted = select(SESSIONS.c.id).where(SESSIONS.c.version_id.in_(self._versions), *KEPT)
        return list(self._connection.execute(wanted.order_by(SESSIONS.c.id).limit(count)).scalars())

    def _stream(self, statement: Any) -> Iterator[Any]:
        return iter(self._executed(statement))

    def _executed(self, statement: Any) -> Result[Any]:
        options = {"stream_results": True, "yield_per": BATCH}
        return self._connection.execute(statement, execution_options=options)

    def _count(self, *where: Any) -> int:
        return self._connection.execute(
            select(func.count()).where(SESSIONS.c.version_id.in_(self._versions), *where)
        ).scalar_one()


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
