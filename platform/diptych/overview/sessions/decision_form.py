"""What can be decided about sessions, who may, and how a decision travels from page to page.

A decision is made in two steps: a preview says exactly what would happen, and a confirmation
carries out that and nothing else. Between them travels a signed slip: the sessions, what is to be
done, and the token of the plan that was shown. A plan that has changed in the meantime, because
somebody else decided or because the form was sent twice, is not carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import Connection, func, select

from diptych.domain.tables import DECISIONS
from diptych.ground.database import in_parts

#: Most sessions of one decision: more than that are decided in several.
MOST, MOST_OWN = 5000, 1000
#: Exclusions of so many sessions are one transaction: answers that come in don't wait for more.
AT_A_TIME = 20
#: How long a page that asks for confirmation can be used.
SLIP_S = 3600


@dataclass(frozen=True)
class Kind:
    """One sort of decision.

    Attributes
    ----------
    action : str
        As `payments.decisions` calls it.
    title : str
        On buttons.
    done : str
        Of a session to which it happened.
    about : str
        What it does, for whoever decides.
    role : str
        The least role that may.
    own : bool
        Whether it only concerns this host.
    money : bool
        Whether an amount is asked for.
    message : str
        What the message is called on the page; empty where there is none.
    """

    action: str
    title: str
    done: str
    about: str
    role: str
    message: str = ""
    own: bool = False
    money: bool = False

    @property
    def most(self) -> int:
        """Most sessions of one decision: to count some in or out of the figures takes longer."""
        return MOST_OWN if self.own else MOST


KINDS = (
    Kind(
        "approve",
        "Approve and pay",
        "approved",
        "The platform pays the study's reward. You cannot undo this.",
        "editor",
        "Message to the participants, if any",
    ),
    Kind(
        "request_return",
        "Ask to return",
        "asked to return",
        "The participant is asked to return the submission, without pay and without a mark "
        "on their record. Use this after a failed comprehension check or a technical fault.",
        "editor",
        "Why, to the participants",
    ),
    Kind(
        "reject",
        "Reject",
        "rejected",
        "The participant is not paid, and the rejection counts against them: use it last. A "
        "failed comprehension check is not a reason, and one failed attention check is not "
        "enough in a study of five minutes or more. Pay every participant who tried to do "
        "the task.",
        "editor",
        "Why, to the participants",
    ),
    Kind(
        "screen_out",
        "Screen out",
        "screened out",
        "The participant is paid a fixed amount for the time spent, instead of the reward.",
        "owner",
        money=True,
    ),
    Kind(
        "bonus",
        "Pay a bonus",
        "given a bonus",
        "Paid in addition to the reward: the same amount for each, or by the study's rule.",
        "owner",
        "Reason, to the participants",
        money=True,
    ),
    Kind(
        "exclude",
        "Exclude from results",
        "excluded",
        "Figures do not count the session. Its answers stay, and exports contain it with a "
        "mark. The platform is not informed, and you can undo this.",
        "editor",
        "Note for colleagues, if any",
        own=True,
    ),
    Kind(
        "include",
        "Include again",
        "included again",
        "The session counts in the figures again, whatever the quality rules say.",
        "editor",
        "Note for colleagues, if any",
        own=True,
    ),
)
BY_ACTION = {kind.action: kind for kind in KINDS}


class SlipFault(ValueError):
    """A form can't be used any more; the message says why."""


@dataclass(frozen=True)
class Slip:
    """A decision on its way between two pages.

    Attributes
    ----------
    study_id : int
        The study.
    user_id : int
        Who is deciding.
    action : str
        What.
    sessions : tuple[int, ...]
        Rows of sessions, ascending.
    message : str
        To the participants, or for colleagues.
    amount : int | None
        Minor units a session; None where none was given.
    category : str | None
        Of a rejection.
    plan : str
        Token of the plan that was shown; empty before there was one.
    steps : int
        How many sessions it did something to.
    at : int
        When it was shown (ms).
    """

    study_id: int
    user_id: int
    action: str
    sessions: tuple[int, ...]
    message: str = ""
    amount: int | None = None
    category: str | None = None
    plan: str = ""
    steps: int = 0
    at: int = 0


def _signer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="a decision about sessions")


def sealed(slip: Slip, secret: bytes) -> str:
    """Seal a slip as a hidden field of a form: nobody can change it on the way."""
    # Differences are short, and compress well: thousands of sessions fit a form.
    text = _signer(secret).dumps({**asdict(slip), "sessions": _steps(slip.sessions)})
    return text if isinstance(text, str) else text.decode()


def unsealed(text: str, secret: bytes, *, study_id: int, user_id: int) -> Slip:
    """Read a slip.

    Raises
    ------
    SlipFault
        When it was not made here, is too old, or is somebody else's.
    """
    try:
        values: dict[str, Any] = _signer(secret).loads(text, max_age=SLIP_S)
    except SignatureExpired:
        raise SlipFault("This page is older than an hour: choose the sessions again.") from None
    except BadSignature:
        raise SlipFault("This form was not made here: choose the sessions again.") from None
    slip = Slip(**{**values, "sessions": tuple(accumulate(values["sessions"]))})
    if (slip.study_id, slip.user_id) != (study_id, user_id):
        raise SlipFault("Another user opened this form: choose the sessions again.")
    return slip


def _steps(sessions: Sequence[int]) -> list[int]:
    ascending = sorted(sessions)
    return [*ascending[:1], *(b - a for a, b in pairwise(ascending))]


def is_done(connection: Connection, slip: Slip) -> bool:
    """Say whether what was shown has been carried out since: the form was sent twice."""
    done = 0
    for some in in_parts(slip.sessions):
        done += connection.execute(
            select(func.count()).where(
                DECISIONS.c.session_id.in_(some),
                DECISIONS.c.action == slip.action,
                DECISIONS.c.user_id == slip.user_id,
                DECISIONS.c.at >= slip.at,
            )
        ).scalar_one()
    return 0 < slip.steps <= done
