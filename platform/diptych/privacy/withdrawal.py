"""Withdrawal: what is stored of one person, handed out in one piece, or deleted.

Of each session that is deleted a shell stays: that it was, in which study, and on which day. Counts
are as if nobody had answered in it; the ledger and what was decided stay, for money was paid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.counts import tallies
from diptych.domain.rows import NamedSession, SessionRow, cells_of, rows_of, session_rows
from diptych.domain.tables import (
    ARRIVALS,
    DECISIONS,
    EVENTS,
    IDENTITIES,
    LEDGER,
    ORDERS,
    PARTICIPANTS,
    QUALITY,
    QUESTION_ANSWERS,
    RESPONSES,
    RESULTS,
    SESSIONS,
    STUDIES,
    TRIALS,
    VERSIONS,
)
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms, reading, writing
from diptych.host import Host
from diptych.payments import ledger
from diptych.payments.order_state import UNSETTLED
from diptych.quality import crowd
from diptych.quality.related_sessions import NAMING_RULES
from diptych.sessions.forgetting import forget_participants
from diptych.settling import corrections, settle

_NAME = re.compile(r"[0-9a-f]{32}")
DAY_MS = 86_400_000
#: What is left in the columns of a session that was emptied, beside its status and its days.
_NOTHING: dict[str, Any] = {
    "participant_id": None,
    "step": "end",
    "condition": None,
    "seed": 0,
    "browser": {},
    "feedback_text": None,
    "address_hash": None,
    "instructions_ms": None,
    "started_at": None,
    "presented_at": None,
    "first_ended_at": None,
    **dict.fromkeys(
        ("position", "n_trials", "n_responses", "n_counted", "n_correct"), 0
    ),
    **dict.fromkeys(("practice_attempts", "comprehension_attempts"), 0),
}  # fmt: skip
#: Tables of rows that hang on a session and go with it, in an order that their keys allow.
_GOING = (QUESTION_ANSWERS, RESPONSES, TRIALS, EVENTS, ARRIVALS)


class WithdrawalFault(Exception):
    """A person can't be found, or not be deleted now; the message says why."""


@dataclass(frozen=True)
class Erased:
    """What was deleted: sessions (now shells), and the answers that stood in them."""

    sessions: int
    answers: int


def by_name(name: str) -> int:
    """Find the participant of a pseudonym, or of a session's public id; whole.

    Raises
    ------
    WithdrawalFault
        When there is none.
    """
    with reading() as connection:
        found = connection.execute(
            select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.public_id == name)
        ).scalar()
        if found is not None:
            return int(found)
        session = connection.execute(
            select(SESSIONS.c.participant_id, SESSIONS.c.status).where(SESSIONS.c.public_id == name)
        ).one_or_none()
    if session is None:
        raise WithdrawalFault(
            f"no participant or session {name!r}; give all 32 characters of the name, as the "
            "page of the session shows it"
        )
    if session.participant_id is None:
        raise WithdrawalFault(
            f"session {name} is {session.status}: the host stores nothing about its participant"
        )
    return int(session.participant_id)


def by_platform_id(text: str) -> int:
    """Find the participant of a platform's id.

    Parameters
    ----------
    text : str
        `RECRUITER:ID`, e.g. `prolific:5f0c…`.

    Raises
    ------
    WithdrawalFault
        When it has another form, or nobody has that id.
    """
    recruiter, colon, name = text.partition(":")
    if not (recruiter and colon and name):
        raise WithdrawalFault("write a platform's id as RECRUITER:ID, for example prolific:5f0c…")
    with reading() as connection:
        found = connection.execute(
            select(IDENTITIES.c.participant_id).where(
                IDENTITIES.c.recruiter == recruiter, IDENTITIES.c.external_id == name
            )
        ).scalar()
    if found is None:
        raise WithdrawalFault(f"no participant from {recruiter} has this id, or it was deleted")
    return int(found)


def participant_of(connection: Connection, session_id: int) -> int | None:
    """Find the participant of a session; None once it was emptied."""
    found: int | None = connection.execute(
        select(SESSIONS.c.participant_id).where(SESSIONS.c.id == session_id)
    ).scalar()
    return found


def sessions_of(
    connection: Connection, participant_id: int, study_id: int | None = None
) -> Sequence[NamedSession]:
    """Read the sessions of a participant, with the study's name; of one study, or of all."""
    statement = (
        select(SESSIONS, STUDIES.c.name.label("study"), VERSIONS.c.content_hash)
        .join(STUDIES, STUDIES.c.id == SESSIONS.c.study_id)
        .join(VERSIONS, VERSIONS.c.id == SESSIONS.c.version_id)
        .where(SESSIONS.c.participant_id == participant_id)
        .order_by(SESSIONS.c.id)
    )
    if study_id is not None:
        statement = statement.where(SESSIONS.c.study_id == study_id)
    return rows_of(NamedSession, connection.execute(statement).all())


def export(participant_id: int, user: User | None = None) -> dict[str, Any]:
    """Return everything stored of a person, as it is stored; times in ms since 1970-01-01 UTC.

    That it was handed out is noted in the audit log.
    """
    with writing() as connection:
        person = connection.execute(
            select(PARTICIPANTS).where(PARTICIPANTS.c.id == participant_id)
        ).one()
        sessions = sessions_of(connection, participant_id)
        known = connection.execute(
            select(IDENTITIES.c.recruiter, IDENTITIES.c.external_id).where(
                IDENTITIES.c.participant_id == participant_id
            )
        )
        whole = {
            "participant": {
                "pseudonym": person.public_id,
                "kind": person.kind,
                "created_at": person.created_at,
            },
            "identities": [dict(row) for row in known.mappings()],
            "sessions": [_whole(connection, session) for session in sessions],
        }
        for session in sessions:
            audit.note(
                user,
                "participant.export",
                study_id=session.study_id,
                subject=session.public_id,
                connection=connection,
            )
    return whole


def _whole(connection: Connection, session: SessionRow) -> dict[str, Any]:
    """Return one session with every row about it."""

    def rows(of: Any, *without: str) -> list[dict[str, Any]]:
        kept = [column for column in of.columns if column.name not in ("session_id", *without)]
        found = connection.execute(
            select(*kept)
            .where(of.c.session_id == session.id)
            .order_by(*of.primary_key.columns)
        )  # fmt: skip
        return [dict(row) for row in found.mappings()]

    consent = connection.execute(
        select(VERSIONS.c.texts).where(VERSIONS.c.id == session.version_id)
    ).scalar_one()
    inner = ("id", "study_id", "version_id", "participant_id")
    ours = ("id", "study_id", "user_id")
    return {
        **{name: value for name, value in cells_of(session).items() if name not in inner},
        "consent_text": consent.get("consent"),
        "arrivals": rows(ARRIVALS, "id"),
        "trials": rows(TRIALS),
        "responses": rows(RESPONSES),
        "events": rows(EVENTS, "id"),
        "questionnaires": rows(QUESTION_ANSWERS),
        "results": rows(RESULTS, "study_id"),
        "quality": rows(QUALITY, "study_id"),
        "decisions": rows(DECISIONS, *ours),
        "ledger": rows(LEDGER, *ours),
    }


def erase(
    host: Host, participant_id: int, user: User | None = None, study_id: int | None = None
) -> Erased:
    """Delete what is stored of a person, after their withdrawal.

    Parameters
    ----------
    host : Host
        The host.
    participant_id : int
        Whom.
    user : User | None, optional
        Who does it, for the audit log; None for the command line.
    study_id : int | None, optional
        Only their sessions of one study; the person stays known while there are others.

    Raises
    ------
    WithdrawalFault
        While an order about a session waits to be sent, or is in doubt: nobody
        could be paid, and no doubt be resolved, without the platform's ids.
    """
    with writing() as connection:
        # Ended before anything else, so that whoever is answering at this moment gets no further.
        sessions = sessions_of(connection, participant_id, study_id)
        _refuse_unsettled(connection, sessions)
        connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id.in_([s.id for s in sessions]), SESSIONS.c.status.in_(LIVE))
            .values(status="withdrawn", step="end", ended_at=now_ms())
        )
    with writing() as connection:
        sessions = sessions_of(connection, participant_id, study_id)
        for each in sorted({session.study_id for session in sessions}):
            ledger.lock(connection, each)
        _refuse_unsettled(connection, sessions)
        ids = [session.id for session in sessions]
        answers = empty(host, connection, sessions, "withdrawn")
        forget_participants(connection, [participant_id])
        for session in sessions:
            audit.note(
                user,
                "participant.erase",
                study_id=session.study_id,
                subject=session.public_id,
                connection=connection,
            )
    for session_id in ids:
        settle.settle_quietly(host, session_id)
    return Erased(len(ids), answers)


def _refuse_unsettled(connection: Connection, sessions: Sequence[NamedSession]) -> None:
    open_ = unsettled(connection, [session.id for session in sessions])
    if open_:
        named = ", ".join(f"{s.public_id[:8]} ({s.study})" for s in sessions if s.id in open_)
        raise WithdrawalFault(
            f"an order for {named} is waiting or in doubt: settle it first (`diptych pay "
            "STUDY send`, `diptych pay STUDY reconcile`), then delete"
        )


def unsettled(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return those of some sessions about which an order waits or is in doubt."""
    rows = connection.execute(
        select(ORDERS.c.session_id).where(
            ORDERS.c.session_id.in_(ids), ORDERS.c.state.in_(UNSETTLED)
        )
    )
    return set(rows.scalars())


def _strike_out(connection: Connection, study_id: int, gone: Sequence[SessionRow]) -> None:
    """Take sessions out of what was found of others, and of the same people elsewhere.

    That somebody began within half an hour of them, in the same browser, says what they had.
    """
    names = {row.public_id for row in gone}
    people = {row.participant_id for row in gone if row.participant_id is not None}
    theirs = select(SESSIONS.c.id).where(SESSIONS.c.participant_id.in_(people))
    found = connection.execute(
        select(QUALITY.c.session_id, QUALITY.c.rule, QUALITY.c.evidence).where(
            (QUALITY.c.study_id == study_id) | QUALITY.c.session_id.in_(theirs),
            QUALITY.c.rule.in_(NAMING_RULES),
            QUALITY.c.value > 0,
        )
    ).all()
    for row in found:
        evidence = _NAME.sub(lambda name: "erased" if name[0] in names else name[0], row.evidence)
        if evidence != row.evidence:
            connection.execute(
                update(QUALITY)
                .where(QUALITY.c.session_id == row.session_id, QUALITY.c.rule == row.rule)
                .values(evidence=evidence)
            )


def empty(host: Host, connection: Connection, sessions: Sequence[SessionRow], status: str) -> int:
    """Make shells of sessions that have ended, and take them out of every count.

    The caller settles them once the transaction is committed, which counts the shells.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A transaction.
    sessions : Sequence[SessionRow]
        Their rows; any studies.
    status : str
        `withdrawn` or `expired`.

    Returns
    -------
    int
        How many answers were deleted.
    """
    for study_id in sorted({session.study_id for session in sessions}):
        tallies.lock(connection, study_id)
    ids = [session.id for session in sessions]
    rows = session_rows(
        connection.execute(
            select(SESSIONS).where(SESSIONS.c.id.in_(ids)).order_by(SESSIONS.c.id).with_for_update()
        ).all()
    )
    for study_id in sorted({row.study_id for row in rows}):
        theirs = [row.id for row in rows if row.study_id == study_id]
        corrections.take_out(host, connection, study_id, theirs)
        shells = [row for row in rows if row.study_id == study_id]
        _strike_out(connection, study_id, shells)
        crowd.forget(connection, study_id, {row.public_id for row in shells})
    answers = 0
    for going in _GOING:
        gone = connection.execute(going.delete().where(going.c.session_id.in_(ids)))
        answers += gone.rowcount if going is RESPONSES else 0
    connection.execute(
        update(DECISIONS).where(DECISIONS.c.session_id.in_(ids)).values(message=None)
    )
    for row in rows:
        days = {
            name: None if (at := getattr(row, name)) is None else at // DAY_MS * DAY_MS
            for name in ("entered_at", "consented_at", "ended_at", "last_seen_at")
        }
        connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == row.id)
            .values(status=status, **_NOTHING, **days)
        )  # fmt: skip
    return answers
