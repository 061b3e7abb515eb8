"""Who is due for a later part of a study, who came back, and who did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Literal

from sqlalchemy import Connection, select

from diptych.domain.tables import IDENTITIES, ORDERS, PARTICIPANTS, RESULTS, SESSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms
from diptych.host import Host
from diptych.journey.next_part import personal_link
from diptych.payments.participations import PAYING
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych.study.windows import window_of

#: Where a participant is with a part: before its window, in it, on the way, done, past it without
#: having come, or ended without completing it.
State = Literal["waiting", "due", "under_way", "completed", "missed", "ended"]
#: Decisions after which nobody is invited to the next part.
REFUSING = ("reject", "request_return")
STATES: tuple[State, ...] = ("waiting", "due", "under_way", "completed", "missed", "ended")


@dataclass(frozen=True)
class Turn:
    """One later part of one participant. Times in ms since 1970-01-01 UTC.

    Attributes
    ----------
    participant : str
        Pseudonym.
    participant_id : int
        Row of the participant.
    recruiter : str
        Where the participant came from.
    condition : str
        Condition of all parts.
    part : int
        2 or more.
    state : State
        Where the participant is.
    opens_at, closes_at : int
        Window in which the part can be started.
    excluded : bool
        Whether the first part is excluded.
    approved : bool
        Whether the platform has confirmed the payment of the first part.
    refused : bool
        Whether the first part was rejected, or its participant asked to return it.
    score : float | None
        Share of right answers in this part; None before its end.
    link : str | None
        Personal link; None where a platform invites.
    """

    participant: str
    participant_id: int
    recruiter: str
    condition: str
    part: int
    state: State
    opens_at: int
    closes_at: int
    excluded: bool
    approved: bool
    refused: bool
    score: float | None
    link: str | None


@dataclass(frozen=True)
class Return:
    """How many of one condition came back to one part.

    Attributes
    ----------
    condition : str
        The condition.
    part : int
        2 or more.
    first : int
        Participants who completed the first part.
    counts : dict[State, int]
        Participants by where they are.
    lost : float | None
        Attrition: the share without a completed part, of those whose turn is over; None while
        nobody's is.
    score : float | None
        Mean share of right answers of those who completed the part.
    """

    condition: str
    part: int
    first: int
    counts: dict[State, int]
    lost: float | None
    score: float | None


def turns(host: Host, connection: Connection, study_id: int, kind: str = "person") -> list[Turn]:
    """List the later parts of everybody who completed the first, by part and opening.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A connection.
    study_id : int
        The study.
    kind : str, optional
        Whose: person, simulated or machine.
    """
    at = now_ms()
    later, decided = _later(connection, study_id, kind), _decided(connection, study_id)
    found: list[Turn] = []
    for row in _first(connection, study_id, kind):
        content = frozen(row.version_id, connection)
        for part in range(2, content.spec.parts + 1):
            session = later.get((row.participant_id, part))
            paid = decided.get(row.participant_id, (False, False))
            found.append(_turn(host, content, row, session, part, paid, at))
    return sorted(found, key=lambda turn: (turn.part, turn.opens_at, turn.participant))


def _first(connection: Connection, study_id: int, kind: str) -> Iterable[Any]:
    """Return the latest completed first part of each participant."""
    rows = connection.execute(
        select(
            SESSIONS.c.participant_id,
            SESSIONS.c.version_id,
            SESSIONS.c.recruiter,
            SESSIONS.c.condition,
            SESSIONS.c.kind,
            SESSIONS.c.ended_at,
            PARTICIPANTS.c.public_id,
            RESULTS.c.excluded,
        )
        .join(PARTICIPANTS, PARTICIPANTS.c.id == SESSIONS.c.participant_id)
        .outerjoin(RESULTS, RESULTS.c.session_id == SESSIONS.c.id)
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == kind,
            SESSIONS.c.part == 1,
            SESSIONS.c.status == "completed",
        )
        .order_by(SESSIONS.c.take)
    )
    return {row.participant_id: row for row in rows}.values()


def _decided(connection: Connection, study_id: int) -> dict[int, tuple[bool, bool]]:
    """Return whether the first part is paid, and whether it is refused, by participant.

    A first part that was taken twice is paid once either session is. The latest order decides
    whether it is refused: a rejection can be overturned.
    """
    found: dict[int, tuple[bool, bool]] = {}
    rows = connection.execute(
        select(SESSIONS.c.participant_id, ORDERS.c.action, ORDERS.c.state)
        .join(SESSIONS, SESSIONS.c.id == ORDERS.c.session_id)
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.part == 1,
            ORDERS.c.action.in_((*PAYING, *REFUSING)),
            ORDERS.c.state != "failed",
        )
        .order_by(ORDERS.c.id)
    )
    for row in rows:
        if row.participant_id is not None:
            paid, _ = found.get(row.participant_id, (False, False))
            paid = paid or (row.action in PAYING and row.state == "confirmed")
            found[row.participant_id] = paid, not paid and row.action in REFUSING
    return found


def _later(connection: Connection, study_id: int, kind: str) -> dict[tuple[int, int], Any]:
    """Return the sessions of later parts, by participant and part."""
    rows = connection.execute(
        select(
            SESSIONS.c.participant_id,
            SESSIONS.c.part,
            SESSIONS.c.status,
            SESSIONS.c.first_ended_at,
            RESULTS.c.score,
        )
        .outerjoin(RESULTS, RESULTS.c.session_id == SESSIONS.c.id)
        .where(SESSIONS.c.study_id == study_id, SESSIONS.c.kind == kind, SESSIONS.c.part > 1)
        .order_by(SESSIONS.c.take)
    )
    return {(row.participant_id, row.part): row for row in rows if row.participant_id is not None}


def _turn(
    host: Host,
    content: StudyContent,
    row: Any,
    session: Any,
    part: int,
    decided: tuple[bool, bool],
    at: int,
) -> Turn:
    ended_at = row.ended_at if session is None else session.first_ended_at or row.ended_at
    window = window_of(content.spec, part, ended_at)
    link = None
    if row.kind == "person" and host.recruiter(content, row.recruiter).comes_back_by_link:
        link = personal_link(host.settings, host.secret, content.name, part, row.public_id)
    if session is None:
        states: dict[str, State] = {"early": "waiting", "open": "due", "late": "missed"}
        state = states[window.state(at)]
    elif session.status in LIVE:
        state = "under_way"
    else:
        state = "completed" if session.status == "completed" else "ended"
    return Turn(
        participant=row.public_id,
        participant_id=row.participant_id,
        recruiter=row.recruiter,
        condition=row.condition,
        part=part,
        state=state,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        excluded=bool(row.excluded),
        approved=decided[0],
        refused=decided[1],
        score=None if session is None or state != "completed" else session.score,
        link=link,
    )


def returns(found: Sequence[Turn]) -> list[Return]:
    """Count who came back, by part and condition."""
    groups: dict[tuple[int, str], list[Turn]] = {}
    for turn in found:
        groups.setdefault((turn.part, turn.condition), []).append(turn)
    made = []
    for (part, condition), group in sorted(groups.items()):
        counts: dict[State, int] = {
            state: sum(turn.state == state for turn in group) for state in STATES
        }
        over = counts["completed"] + counts["missed"] + counts["ended"]
        lost = (over - counts["completed"]) / over if over else None
        scores = [turn.score for turn in group if turn.score is not None]
        score = mean(scores) if scores else None
        made.append(Return(condition, part, len(group), counts, lost, score))
    return made


def due(found: Sequence[Turn], part: int | None = None) -> list[Turn]:
    """Return the turns to remind of: open, not begun, and not excluded or refused."""
    return [
        turn
        for turn in found
        if turn.state == "due" and not (turn.excluded or turn.refused) and part in (None, turn.part)
    ]


def platform_ids(connection: Connection, some: Sequence[Turn]) -> dict[int, str]:
    """Read the platform's ids of the participants of some turns, by participant."""
    wanted = {(turn.recruiter, turn.participant_id) for turn in some}
    if not wanted:
        return {}
    rows = connection.execute(
        select(IDENTITIES)
        .join(SESSIONS, SESSIONS.c.participant_id == IDENTITIES.c.participant_id)
        .where(SESSIONS.c.part == 1, IDENTITIES.c.recruiter.in_({turn.recruiter for turn in some}))
        .distinct()
    )
    return {
        row.participant_id: row.external_id
        for row in rows
        if (row.recruiter, row.participant_id) in wanted
    }


#: Columns of the list of those who are due.
COLUMNS = (
    "participant_id", "recruiter", "platform_id", "condition", "part", "state", "opens_at",
    "closes_at", "excluded", "approved", "link",
)  # fmt: skip


def list_rows(
    connection: Connection, some: Sequence[Turn], *, with_ids: bool
) -> list[dict[str, Any]]:
    """Make the rows of a list of participants to remind.

    Parameters
    ----------
    connection : Connection
        A connection.
    some : Sequence[Turn]
        The turns.
    with_ids : bool
        Whether to add the platform's ids; the caller notes that in the audit log.
    """
    from diptych.sessions.tidy_rows import moment

    ids = platform_ids(connection, some) if with_ids else {}
    rows = []
    for turn in some:
        row: dict[str, Any] = {name: getattr(turn, name, None) for name in COLUMNS}
        row |= {
            "participant_id": turn.participant,
            "platform_id": ids.get(turn.participant_id),
            "opens_at": _utc(moment(turn.opens_at)),
            "closes_at": _utc(moment(turn.closes_at)),
        }
        if not with_ids:
            del row["platform_id"]
        rows.append(row)
    return rows


def _utc(when: Any) -> str:
    return str(when.strftime("%Y-%m-%dT%H:%M:%SZ"))
