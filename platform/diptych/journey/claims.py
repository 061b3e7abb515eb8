"""Claims: who comes with somebody's platform id and another submission, and may be somebody else.

Whoever knows a worker's id can type it into an entry link. The platform's other ids, of the
submission, are hard to guess: the same ones are the same person. Others are taken where the
platform itself vouches for them, or where the browser holds a token of the session. Otherwise a
session that somebody is at is not handed over; one that was left is, once its person says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import ARRIVALS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms
from diptych.journey.faults import JourneyFault, Said
from diptych.recruiters import Arriving, Recruiter

#: Nobody is at a session that was silent for so long.
LEFT_AFTER_MS = 10 * 60_000


def check(
    connection: Connection,
    session: SessionRow,
    recruiter: Recruiter,
    arriving: Arriving,
    *,
    holds_token: bool,
    confirmed: bool,
) -> None:
    """Refuse an arrival that may be somebody else's.

    Parameters
    ----------
    connection : Connection
        To the database.
    session : SessionRow
        The session that the person's id leads to.
    recruiter : Recruiter
        Where the arrival comes from.
    arriving : Arriving
        What its link says.
    holds_token : bool
        Whether the browser has a token of this session.
    confirmed : bool
        Whether the person has said that the session is theirs.

    Raises
    ------
    JourneyFault
        `other_arrival` where the person has to say so first, `in_use` while somebody
        is at the session, `not_eligible` where the session has ended.
    """
    if not arriving.parameters or arriving.vouched or holds_token:
        return
    known = list(
        connection.execute(
            select(ARRIVALS.c.parameters).where(ARRIVALS.c.session_id == session.id)
        ).scalars()
    )
    own = _submission(recruiter, arriving.parameters)
    if not known or any(_submission(recruiter, each) == own for each in known):
        return
    if session.status not in LIVE:
        raise JourneyFault(
            "not_eligible",
            "You took part in this study before, with another submission. Please return this "
            "submission. If you can no longer submit the other one, write to the researchers.",
            said=Said("other_submission"),
        )
    silent = now_ms() - session.last_seen_at
    if silent < LEFT_AFTER_MS:
        minutes = max(1, round((LEFT_AFTER_MS - silent) / 60_000))
        unit = "minute" if minutes == 1 else "minutes"
        raise JourneyFault(
            "in_use",
            "This study is open in another window, with another submission. Please continue "
            f"there. If that window is closed, you can continue here in {minutes} {unit}.",
            said=Said("in_use", {"minutes": minutes}),
        )
    if not confirmed:
        raise JourneyFault(
            "other_arrival",
            "You started this study before, with another submission or in another browser. If "
            "that was you, you can continue where you stopped. This submission then counts.",
        )


def _submission(recruiter: Recruiter, parameters: Mapping[str, str]) -> object:
    """Return those of an arrival's ids that belong to one submission alone."""
    return recruiter.order_ids(parameters) or dict(parameters)
