"""Which decisions can follow which, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from diptych.domain.rows import SessionRow
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.host import Host
from diptych.payments.decided_sessions import Ordered, Subject, earned, reward, scores
from diptych.recruiters.platform import Order, Platform, PlatformFault
from diptych.study.content import StudyContent
from diptych.study.versions import frozen

_WAITING = {"intended": "waits to be sent", "sent": "is in doubt", "confirmed": "is done"}
# What stands in the way of an action; an order that failed stands in nobody's way.
_BARRED_BY = {
    "approve": ("approve", "screen_out"),
    "reject": ("approve", "reject", "screen_out"),
    "request_return": ("approve", "reject", "request_return", "screen_out"),
    "screen_out": ("approve", "reject", "screen_out", "bonus"),
    "bonus": ("screen_out",),
}
_EMPTIED = {
    "declined": "declined to take part",
    "withdrawn": "has withdrawn",
    "expired": "its answers were deleted",
}
WORDS = {
    "approve": "approval",
    "reject": "rejection",
    "request_return": "request to return",
    "screen_out": "screening out",
    "bonus": "bonus",
    "exclude": "exclusion",
    "include": "inclusion",
}


def why_not(action: str, before: Ordered) -> str | None:
    """Say why an action can't follow earlier orders of a participation; None if it can."""
    for bar in _BARRED_BY[action]:
        states = before.stands(bar)
        if states:
            state = next(s for s in ("sent", "intended", "confirmed") if s in states)
            return f"an earlier {WORDS[bar]} {_WAITING[state]}"
    # A rejection can be overturned, but not while nobody knows whether it was carried out.
    if action == "approve" and before.stands("reject") - {"confirmed"}:
        return "an earlier rejection is still open"
    # Two bonuses under way at once could not be told apart in the platform's books.
    if action == "bonus" and "sent" in before.stands("bonus"):
        return "it is not clear whether an earlier bonus was paid"
    return None


class Planning:
    """What is asked about each session of one decision.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        To read the scores with.
    sessions : Sequence[Any]
        Rows of sessions.
    action : str
        What is asked of the platform.
    amount : int | None
        Minor units a session; None: by the study's rule.
    """

    def __init__(
        self,
        host: Host,
        connection: Connection,
        sessions: Sequence[Any],
        action: str,
        amount: int | None,
    ) -> None:
        self.host, self.action, self.amount = host, action, amount
        versions = sorted({session.version_id for session in sessions})
        self._contents = {number: frozen(number, connection) for number in versions}
        self._platforms: dict[tuple[str, int], Platform | str | None] = {}
        self._scores: dict[int, tuple[int, int]] = {}
        if action == "bonus" and amount is None:
            for number, part in sorted({(s.version_id, s.part) for s in sessions}):
                rule = self._contents[number].of_part(part).spec.payment.bonus
                theirs = [s for s in sessions if (s.version_id, s.part) == (number, part) and rule]
                self._scores |= scores(connection, theirs, rule.phases if rule else ())

    def content(self, session: SessionRow) -> StudyContent:
        """Return the version that a session was shown, as its part shows it."""
        return self._contents[session.version_id].of_part(session.part)

    def refusal(self, subject: Subject) -> str | None:
        """Say why this host does not ask a platform for it; None when it can."""
        session = subject.session
        if session.kind != "person":
            return f"is {'a machine' if session.kind == 'machine' else session.kind}: nobody to pay"
        if session.status in EMPTIED:
            return _EMPTIED[session.status]
        if session.status in LIVE and self.action in ("approve", "reject", "bonus"):
            return "is still under way"
        if subject.submission is None:
            return f"came through {session.recruiter}, which has no platform that could be asked"
        if subject.worker is None:
            return "its platform id was deleted"
        if self.action == "bonus" and self.amount is None:
            return self._no_bonus(session)
        if self.action == "screen_out" and self.amount is None:
            return "enter the amount to pay for a screen-out"
        return None

    def _no_bonus(self, session: SessionRow) -> str | None:
        if self.content(session).spec.payment.bonus is None:
            return "the study has no [payment.bonus] rule: give an amount"
        if session.status != "completed":
            return "has not completed, so the rule gives no bonus"
        if self.cost(session)[0] == 0:
            return "earns no bonus under the study's rule"
        return None

    def cost(self, session: SessionRow) -> tuple[int, str]:
        """Return (minor units, currency) that the order moves."""
        payment = self.content(session).spec.payment
        if self.action == "approve":
            return reward(payment), payment.currency
        if self.action in ("bonus", "screen_out"):
            given = self.amount
            if given is None and self.action == "bonus":
                given = earned(payment, *self._scores.get(session.id, (0, 0)))
            return given or 0, payment.currency
        return 0, payment.currency

    def platform_refusal(self, session: SessionRow, order: Order) -> str | None:
        """Say why the platform would refuse an order, as far as that is known beforehand."""
        key = session.recruiter, session.version_id
        if key not in self._platforms:
            try:
                made = self.host.recruiter(self.content(session), session.recruiter).platform()
                self._platforms[key] = made
            except PlatformFault as fault:
                self._platforms[key] = str(fault)
        found = self._platforms[key]
        if found is None:
            return f"came through {session.recruiter}, which has no platform that could be asked"
        return found if isinstance(found, str) else found.check(order)

    def warning(self, session: SessionRow) -> str:
        """Return what a researcher should know before deciding."""
        if self.action == "approve" and session.status != "completed":
            return f"has not completed the study ({session.status.replace('_', ' ')})"
        if self.action == "reject" and session.status == "screened_out":
            return "a failed comprehension check does not justify a rejection: ask for a return"
        return ""
