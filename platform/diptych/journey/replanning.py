"""Answers that change the plan: ends of practice blocks, and adaptive policies.

A policy takes milliseconds to choose, and SQLite has one writer at a time. So it chooses before the
session is locked (`look_ahead`). Its choice follows from the seed and the answers alone; so it
holds if the session has not moved when the answer is stored, and is thrown away otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from diptych.domain.rows import AnsweringRow, PlannedRow, SessionRow
from diptych.domain.tables import OF_TRIAL, RESPONSES, TRIALS
from diptych.ground.statements import Statement
from diptych.host import Host, generator
from diptych.journey.history import JustAnswered, history_of
from diptych.journey.plan_rows import insert_trials
from diptych.journey.state import trial_at
from diptych.policies import Past
from diptych.sessions.earlier_parts import policy_of
from diptych.sessions.planned import planned
from diptych.study.content import StudyContent
from diptych.tasks import Chosen, Failed, Passed, PlannedTrial, PractiseAgain


@dataclass(frozen=True)
class NextTrial:
    """The trial after the one that is answered."""

    phase: str
    block: int
    item: dict[str, Any] | None
    notice: str | None

    @classmethod
    def planned(cls, row: PlannedRow | None) -> NextTrial | None:
        """From a row of `trials`."""
        return None if row is None else cls(row.phase, row.block, row.item, row.notice)

    @classmethod
    def of(cls, row: AnsweringRow) -> NextTrial | None:
        """Read the next trial from the columns `next_…` of the row that a response reads."""
        if row.next_phase is None:
            return None
        return cls(row.next_phase, row.next_block, row.next_item, row.next_notice)


@dataclass(frozen=True)
class Replanned:
    """The plan is settled, and the session goes on with it.

    Attributes
    ----------
    trial : NextTrial or None
        The next trial; None after the last one.
    columns : dict
        Further columns of the session that change.
    """

    trial: NextTrial | None
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScreenedOut:
    """The practice was not passed: the session ends here.

    Attributes
    ----------
    columns : dict
        Further columns of the session that change.
    """

    columns: dict[str, Any]


@dataclass(frozen=True)
class Ahead:
    """What a policy chose before the session was locked.

    Attributes
    ----------
    chosen : Chosen or None
        The next item; None at the policy's end.
    history : list of Past
        What the policy knew: the answered trials, the last one included.
    """

    chosen: Chosen | None
    history: list[Past]


def needs_replanning(trial: PlannedTrial, following: NextTrial | None) -> bool:
    """Say whether the next trial can't be taken from the plan as it is."""
    if following is not None and following.item is None:
        return True
    return trial.phase == "practice" and (
        following is None or following.phase != "practice" or following.block != trial.block
    )


def look_ahead(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    last: JustAnswered,
    following: NextTrial | None,
) -> Ahead | None:
    """Let an adaptive policy choose what follows an answer that is not stored yet.

    Returns
    -------
    Ahead or None
        None where the plan itself must change first, which takes the lock.
    """
    if following is None or following.item is not None or _ends_practice(last.trial, following):
        return None
    return _choose(host, connection, session, content, last, following.phase)


def replan(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    last: JustAnswered,
    following: NextTrial | None,
    ahead: Ahead | None,
) -> Replanned | ScreenedOut:
    """Settle what follows an answer just stored. The caller holds the session's lock.

    Parameters
    ----------
    host, connection, session, content
        The host, its transaction, the session and its study.
    last : JustAnswered
        The trial and its answer.
    following : NextTrial or None
        The next trial of the plan as it stands.
    ahead : Ahead or None
        What `look_ahead` found for the session as it still is.
    """
    trial, columns = last.trial, dict[str, Any]()
    if _ends_practice(trial, following):
        task = host.task(session.version_id, session.condition, session.part)
        attempts = trial.block + 1
        columns = {"practice_attempts": attempts}
        is_machine = session.kind == "machine"
        wrong = 0 if is_machine else _wrong_in_block(connection, session.id, trial.block)
        after = task.after_practice(
            wrong, attempts, generator(session.seed, f"practice {attempts}")
        )
        match after:
            case Passed():
                pass
            case PractiseAgain(block):
                _insert_block(connection, session, block)
                columns["n_trials"] = session.n_trials + len(block)
                following = NextTrial.planned(
                    trial_at(connection, session.id, session.position + 1)
                )
            case Failed():
                return ScreenedOut(columns)
            case _:
                assert_never(after)
    if following is not None and following.item is None:
        if ahead is None:
            ahead = _choose(host, connection, session, content, last, following.phase)
        if ahead.chosen is None:
            columns["n_trials"] = session.position + 1 + _leave_out(connection, session)
            following = NextTrial.planned(trial_at(connection, session.id, session.position + 1))
        else:
            store_choice(connection, session, ahead.chosen)
            following = replace(following, item=dict(ahead.chosen.item))
    return Replanned(following, columns)


def _ends_practice(trial: PlannedTrial, following: NextTrial | None) -> bool:
    if trial.phase != "practice":
        return False
    return following is None or (following.phase, following.block) != ("practice", trial.block)


def _wrong_in_block(connection: Connection, session_id: int, block: int) -> int:
    return connection.execute(
        select(func.count())
        .select_from(RESPONSES)
        .join(TRIALS, OF_TRIAL)
        .where(
            TRIALS.c.session_id == session_id,
            TRIALS.c.phase == "practice",
            TRIALS.c.block == block,
            RESPONSES.c.correct.is_(False),
        )
    ).scalar_one()


def _insert_block(
    connection: Connection, session: SessionRow, block: Sequence[PlannedTrial]
) -> None:
    """Put a block before the trials still to come; none of those has been shown yet."""
    trials = [*block, *_planned_after(connection, session.id, session.position)]
    connection.execute(TRIALS.delete().where(_to_come(session.id, session.position)))
    insert_trials(connection, session.id, session.position + 1, trials)


def _leave_out(connection: Connection, session: SessionRow) -> int:
    """Delete the trials that are not chosen yet; the planned ones move up. Return their number."""
    later = _planned_after(connection, session.id, session.position)
    left = [trial for trial in later if trial.item is not None]
    connection.execute(TRIALS.delete().where(_to_come(session.id, session.position)))
    if left:
        insert_trials(connection, session.id, session.position + 1, left)
    return len(left)


# Built once: this is asked at every adaptive answer.
_CHOSEN = Statement(
    lambda: (
        update(TRIALS)
        .where(
            TRIALS.c.session_id == bindparam("session"), TRIALS.c.trial_index == bindparam("index")
        )
        .values(
            item=bindparam("chosen", type_=TRIALS.c.item.type),
            choice=bindparam("reason", type_=TRIALS.c.choice.type),
        )
    )
)


def _choose(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    last: JustAnswered,
    phase: str,
) -> Ahead:
    """Let an adaptive policy choose the item of the next trial."""
    task = host.task(session.version_id, session.condition, session.part)
    assert session.condition is not None, "a session with trials has a condition"
    policy = policy_of(host, connection, session, content, session.condition)
    history = history_of(host, connection, session, last)
    index = session.position + 1
    later = _chosen_after(connection, session.id, index) if policy.teaches else []
    rng = generator(session.seed, f"trial {index}")
    return Ahead(task.choose_before(phase, policy, history, rng, later), history)


def store_choice(connection: Connection, session: SessionRow, chosen: Chosen) -> None:
    """Store the item of the trial after `session.position`."""
    reason = None if chosen.choice is None else dict(chosen.choice)
    values = {"session": session.id, "index": session.position + 1, "chosen": dict(chosen.item)}
    _CHOSEN.rows_changed(connection, {**values, "reason": reason})


# Built once, and of the trials that have an item: those without are still to be chosen.
_CHOSEN_AFTER = (
    select(TRIALS.c.phase, TRIALS.c.item, TRIALS.c.block, TRIALS.c.notice)
    .where(
        TRIALS.c.session_id == bindparam("session"),
        TRIALS.c.trial_index > bindparam("index"),
        TRIALS.c.item.is_not(None),
    )
    .order_by(TRIALS.c.trial_index)
)


def _chosen_after(connection: Connection, session_id: int, index: int) -> list[PlannedTrial]:
    """Read the trials after one whose items are chosen."""
    rows = connection.execute(_CHOSEN_AFTER, {"session": session_id, "index": index})
    return [PlannedTrial(*row) for row in rows]


def _planned_after(connection: Connection, session_id: int, index: int) -> list[PlannedTrial]:
    """Read the trials after one, as far as they are planned."""
    wanted = select(TRIALS).where(_to_come(session_id, index)).order_by(TRIALS.c.trial_index)
    return [planned(row) for row in connection.execute(wanted)]


def _to_come(session_id: int, index: int) -> ColumnElement[bool]:
    """Return the condition of the trials of a session after an index."""
    return (TRIALS.c.session_id == session_id) & (TRIALS.c.trial_index > index)
