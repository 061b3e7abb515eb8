"""How an answer is read and stored: the statements of the hot path, built once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import aliased

from diptych import models
from diptych.domain.rows import AnsweringRow
from diptych.domain.tables import RESPONSES, SESSIONS
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


@cache
def question() -> Select[Any]:
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
        .where(session.id == bindparam("session_id"))
    )


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


@cache
def move() -> Any:
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


@cache
def _move_and_insert() -> Any:
    """Do both in one statement, so that PostgreSQL needs one round trip and no BEGIN or COMMIT."""
    moved = move().returning(SESSIONS.c.id).cte("moved")
    names = [column.name for column in RESPONSES.columns]
    source = select(
        *(bindparam(f"r_{c.name}", type_=c.type) for c in RESPONSES.columns)
    ).select_from(moved)
    return (
        insert(RESPONSES)
        .from_select(names, source)
        .add_cte(moved)
        .returning(RESPONSES.c.trial_index)
    )


def move_parameters(advance: Advance) -> dict[str, Any]:
    """Return what `move()` takes."""
    parameters = {f"new_{name}": value for name, value in advance.moved.items()}
    return parameters | {"of_session": advance.row.id, "of_index": advance.row.position}


def store_at_once(connection: Connection, advance: Advance) -> bool:
    """Store an answer in one statement; False when another request was first."""
    parameters = move_parameters(advance)
    parameters |= {f"r_{name}": value for name, value in advance.values.items()}
    return connection.execute(_move_and_insert(), parameters).first() is not None


def insert_answer(connection: Connection, outcome: Advance | Replan, events: list[Any]) -> None:
    """Insert the response, and the events that came with it."""
    connection.execute(insert(RESPONSES), outcome.values)
    if events:
        # What rides with an answer happened before it, the session's last answer included.
        at = outcome.values["received_at"]
        connection.execute(insert(models.Event), event_rows(outcome.row.id, events, at))
