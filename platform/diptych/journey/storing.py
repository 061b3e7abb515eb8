"""How an answer is read and stored: the statements of the hot path, built once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from diptych import models
from diptych.domain.rows import AnsweringRow
from diptych.domain.tables import RESPONSES, SESSIONS
from diptych.ground.statements import Statement
from diptych.journey.events import event_rows
from diptych.journey.history import JustAnswered
from diptych.journey.replanning import Ahead, NextTrial
from diptych.study.content import StudyContent
from diptych.tasks import PlannedTrial

# What an answer needs to know of its session: the rest of the row stays in the database.
_NEEDED = (
    "id", "public_id", "study_id", "version_id", "participant_id", "part", "kind", "recruiter",
    "condition", "seed", "status", "step", "position", "n_trials", "n_responses", "n_counted",
    "n_correct", "last_seen_at", "presented_at",
)  # fmt: skip


def _question() -> Select[Any]:
    """Query all that a response needs in one statement."""
    trial, following = aliased(models.Trial, name="trial"), aliased(models.Trial, name="following")
    answered, session = models.Response, models.Session
    return (
        select(
            *(SESSIONS.c[name] for name in _NEEDED),
            trial.phase,
            trial.block,
            trial.item,
            trial.notice,
            answered.answer,
            following.phase.label("next_phase"),
            following.block.label("next_block"),
            following.item.label("next_item"),
            following.notice.label("next_notice"),
        )
        .join(
            trial,
            and_(trial.session_id == session.id, trial.trial_index == bindparam("index")),
        )
        .outerjoin(
            answered,
            and_(
                answered.session_id == trial.session_id,
                answered.trial_index == trial.trial_index,
            ),
        )
        .outerjoin(
            following,
            and_(
                following.session_id == trial.session_id,
                following.trial_index == trial.trial_index + 1,
            ),
        )
        .where(session.public_id == bindparam("public_id"))
    )


QUESTION = Statement(_question)


@dataclass(frozen=True)
class Repeat:
    """The same answer is stored already: nothing changes, and the reply is the same again.

    Attributes
    ----------
    row : AnsweringRow
        The session, its trial and the one that follows, as they were read.
    feedback : dict or None
        What the participant is shown.
    """

    row: AnsweringRow
    feedback: dict[str, Any] | None


@dataclass(frozen=True)
class Advance:
    """The answer is stored, and the session goes on to the next trial of its plan.

    Attributes
    ----------
    row, feedback
        As in `Repeat`.
    values : dict
        The row of `responses`.
    following : NextTrial or None
        The next trial; None after the last one.
    moved : dict
        Columns of the session after the answer.
    ahead : Ahead or None
        What an adaptive policy chose for the next trial, which is stored with the answer.
    """

    row: AnsweringRow
    feedback: dict[str, Any] | None
    values: dict[str, Any]
    following: NextTrial | None
    moved: dict[str, Any]
    ahead: Ahead | None = None


@dataclass(frozen=True)
class Replan:
    """The answer is stored, and the plan changes before the session goes on.

    Attributes
    ----------
    row, feedback, values
        As in `Advance`.
    content : StudyContent
        The study.
    trial : PlannedTrial
        The trial that is answered.
    ahead : Ahead or None
        What an adaptive policy that has come to its end found, before the session was locked.
    """

    row: AnsweringRow
    feedback: dict[str, Any] | None
    values: dict[str, Any]
    content: StudyContent
    trial: PlannedTrial
    ahead: Ahead | None = None

    @property
    def last(self) -> JustAnswered:
        """The trial and its answer, for the policy."""
        return JustAnswered(self.trial, self.values)


Outcome = Repeat | Advance | Replan


def _move() -> Update:
    """Move a session on, unless another request has done it already."""
    columns = (
        "position", "n_responses", "n_counted", "n_correct", "last_seen_at",
        "presented_at", "status", "step", "ended_at",
    )  # fmt: skip
    return (
        update(SESSIONS)
        .where(
            SESSIONS.c.id == bindparam("of_session"),
            SESSIONS.c.position == bindparam("of_index"),
            # Not `in_`, which SQLAlchemy writes out anew each time.
            or_(SESSIONS.c.status == "practising", SESSIONS.c.status == "running"),
        )
        .values({name: bindparam(f"new_{name}") for name in columns})
    )


def _insert() -> Insert:
    """Insert a response."""
    return insert(RESPONSES).values({c.name: _value_of(c) for c in RESPONSES.columns})


def _move_and_insert() -> Insert:
    """Do both in one statement, so that PostgreSQL needs one round trip and no BEGIN or COMMIT."""
    moved = _move().returning(SESSIONS.c.id).cte("moved")
    source = select(*(_value_of(c) for c in RESPONSES.columns)).select_from(moved)
    names = [column.name for column in RESPONSES.columns]
    return insert(RESPONSES).from_select(names, source).add_cte(moved)


def _value_of(column: Column[Any]) -> BindParameter[Any]:
    return bindparam(f"r_{column.name}", type_=column.type)


_MOVE, _INSERT, _MOVE_AND_INSERT = map(Statement, (_move, _insert, _move_and_insert))


def _moved_to(advance: Advance) -> dict[str, Any]:
    parameters = {f"new_{name}": value for name, value in advance.moved.items()}
    return parameters | {"of_session": advance.row.id, "of_index": advance.row.position}


def _values_of(outcome: Advance | Replan) -> dict[str, Any]:
    return {f"r_{name}": value for name, value in outcome.values.items()}


def store_at_once(connection: Connection, advance: Advance) -> bool:
    """Store an answer in one statement; False when another request was first."""
    parameters = _moved_to(advance) | _values_of(advance)
    return _MOVE_AND_INSERT.rows_changed(connection, parameters) == 1


def move_on(connection: Connection, advance: Advance) -> bool:
    """Move the session of an answer on; False when another request was first."""
    return _MOVE.rows_changed(connection, _moved_to(advance)) == 1


def insert_answer(connection: Connection, outcome: Advance | Replan, events: list[Any]) -> None:
    """Insert the response, and the events that came with it."""
    _INSERT.rows_changed(connection, _values_of(outcome))
    if events:
        # What rides with an answer happened before it, the session's last answer included.
        at = outcome.values["received_at"]
        connection.execute(insert(models.Event), event_rows(outcome.row.id, events, at))
