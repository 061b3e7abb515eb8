"""Whether a study takes new participants now, by its dates and limits.

No thread decides this. A reached date or limit is looked for when somebody enters or consents, and
when a page of the dashboard shows the study; whoever finds it first writes it down, under the lock
of the study. So it holds at once for every process of every host. Sessions that run are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select, update

from diptych.accounts import audit
from diptych.domain.tables import OPENING_PLANS, ORDERS, SESSIONS, STUDIES, VERSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.money import in_words, to_minor
from diptych.journey.allocation import count_excluded
from diptych.journey.faults import JourneyFault, Said
from diptych.payments import budget, running_totals
from diptych.payments.participations import PAYING
from diptych.study import opening_plan
from diptych.study.opening_plan import OpeningPlan
from diptych.study.spec import StudySpec
from diptych.study.versions import frozen

PAUSED = "This study is paused at the moment. Please try again later."
CLOSED = "This study has ended. Thank you for your interest."
_VERBS = {"paused": "study.pause", "closed": "study.close"}


@dataclass(frozen=True)
class Limits:
    """How far a study is from what stops it. Only people count, and only their first parts.

    Attributes
    ----------
    kept : int
        Completed sessions that are not excluded.
    under_way : int
        Sessions that may still complete: consented, and not silent too long.
    committed : int
        Minor units that were sent, wait to be sent, or are the reward of completed sessions without
        an order.
    next : int
        Minor units that one more participant costs: the rewards of all parts.
    allowance : budget.Allowance or None
        The budget; None where none is set.
    """

    kept: int
    under_way: int
    committed: int
    next: int
    allowance: budget.Allowance | None

    def reached(self, plan: OpeningPlan, *, with_under_way: bool = False) -> str | None:
        """Say which limit of a plan is reached; None where there is room for one more.

        With `with_under_way` as if every session under way completed, which keeps a study from
        going beyond its limit.
        """
        more = self.under_way if with_under_way else 0
        if plan.most_kept is not None and self.kept + more >= plan.most_kept:
            return f"number of kept sessions reached, {self.kept:,} of {plan.most_kept:,}"
        allowance = self.allowance if plan.stops_at_budget else None
        if allowance is None:
            return None
        after = self.committed + (more + 1) * self.next
        if after > allowance.amount or self.committed >= allowance.amount:
            spent = in_words(self.committed, allowance.currency).split()[0]
            return f"budget reached, {spent} of {in_words(allowance.amount, allowance.currency)}"
        return None


def limits(connection: Connection, study_id: int, spec: StudySpec) -> Limits:
    """Count how far a study is from its limits.

    Parameters
    ----------
    connection : Connection
        For reading.
    study_id : int
        The study.
    spec : StudySpec
        The version that new participants take.
    """
    people = SESSIONS.c.study_id == study_id, SESSIONS.c.kind == "person"
    silent_since = now_ms() - int(spec.recruitment.dropout_minutes * 60_000)
    completed = select(func.count()).where(
        *people, SESSIONS.c.part == 1, SESSIONS.c.status == "completed"
    )
    under_way = select(func.count()).where(
        *people,
        SESSIONS.c.part == 1,
        SESSIONS.c.status.in_(LIVE),
        SESSIONS.c.condition.is_not(None),
        SESSIONS.c.last_seen_at > silent_since,
    )
    excluded = count_excluded(connection, study_id, "person").total()
    payment = spec.payment
    return Limits(
        kept=connection.execute(completed).scalar_one() - excluded,
        under_way=connection.execute(under_way).scalar_one(),
        committed=_committed(connection, study_id, payment.currency),
        next=sum(
            to_minor(spec.of_part(part).payment.reward, payment.currency)
            for part in range(1, spec.parts + 1)
        ),
        allowance=_allowance(connection, study_id, payment.currency),
    )


def _allowance(connection: Connection, study_id: int, currency: str) -> budget.Allowance | None:
    """Return the budget; None where it is in another currency than the study pays."""
    found = budget.read(connection, study_id)
    return found if found is not None and found.currency == currency else None


def _committed(connection: Connection, study_id: int, currency: str) -> int:
    """Sum up what is paid, may be paid, or is owed (minor units)."""
    states = running_totals.totals(connection, study_id).get(currency, {})
    ordered = sum(total.amount for state, total in states.items() if state != "failed")
    owed: int = sum(
        to_minor(frozen(version_id, connection).spec.of_part(part).payment.reward, currency) * n
        for version_id, part, n in connection.execute(_unordered(study_id))
    )
    return ordered + owed


def _unordered(study_id: int) -> Select[Any]:
    """Select the completed sessions of people about whose reward nothing was decided."""
    decided = exists().where(
        ORDERS.c.session_id == SESSIONS.c.id,
        ORDERS.c.action.in_((*PAYING, "reject")),
        ORDERS.c.state != "failed",
    )
    return (
        select(SESSIONS.c.version_id, SESSIONS.c.part, func.count())
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == "person",
            SESSIONS.c.status == "completed",
            ~decided,
        )
        .group_by(SESSIONS.c.version_id, SESSIONS.c.part)
    )


def _due(
    connection: Connection, study_id: int, plan: OpeningPlan, at: int
) -> tuple[str, str] | None:
    """Return (state, reason) that an open study comes to now; None where it stays open."""
    if plan.ends_at is not None and at >= plan.ends_at:
        return plan.end_state, f"end date reached, {_moment(plan.ends_at)}"
    if not plan.has_limits:
        return None
    spec = _current_spec(connection, study_id)
    if spec is None:
        return None
    reached = limits(connection, study_id, spec).reached(plan)
    return None if reached is None else ("paused", reached)


def _current_spec(connection: Connection, study_id: int) -> StudySpec | None:
    newest = (
        select(VERSIONS.c.id)
        .where(VERSIONS.c.study_id == study_id, VERSIONS.c.opened_at.is_not(None))
        .order_by(VERSIONS.c.opened_at.desc(), VERSIONS.c.id.desc())
        .limit(1)
    )
    version_id = connection.execute(newest).scalar()
    return None if version_id is None else frozen(version_id, connection).spec


def keep_to_plan(study_id: int) -> tuple[str, OpeningPlan]:
    """Stop a study whose end date or limit is reached; return its state and plan.

    Parameters
    ----------
    study_id : int
        A study of this host.

    Returns
    -------
    tuple[str, OpeningPlan]
        State as stored (draft, open, paused, closed), and the plan with why it was stopped.
    """
    with reading() as connection:
        state, plan = opening_plan.standing(connection, study_id)
        if state != "open" or plan.is_empty or _due(connection, study_id, plan, now_ms()) is None:
            return state, plan
    with writing() as connection:
        # Somebody may have raised the limit, or stopped the study, in between: looked at again.
        state, at = opening_plan.lock(connection, study_id), now_ms()
        plan = opening_plan.read(connection, study_id)
        due = _due(connection, study_id, plan, at) if state == "open" else None
        if due is None:
            return state, plan
        state, reason = due
        plan = replace(plan, stopped_because=reason, stopped_at=at)
        connection.execute(update(STUDIES).where(STUDIES.c.id == study_id).values(state=state))
        opening_plan.write(connection, study_id, plan)
        audit.note(
            None, _VERBS[state], study_id=study_id, detail={"because": reason},
            connection=connection, actor=audit.THE_HOST,
        )  # fmt: skip
    return state, plan


def keep_all_to_plan() -> None:
    """Stop every study whose end date or limit is reached."""
    planned = (
        select(OPENING_PLANS.c.study_id)
        .join(STUDIES, STUDIES.c.id == OPENING_PLANS.c.study_id)
        .where(STUDIES.c.state == "open")
    )
    with reading() as connection:
        ids = list(connection.execute(planned).scalars())
    for study_id in ids:
        keep_to_plan(study_id)


def check_open(study_id: int, spec: StudySpec, part: int) -> None:
    """Refuse visitors who come for the first time, if the study takes nobody new now.

    Parameters
    ----------
    study_id : int
        The study.
    spec : StudySpec
        The version that new participants take.
    part : int
        Those who took part 1 may still take later parts after a date or a limit.

    Raises
    ------
    JourneyFault
        `study_early`, `study_paused` or `study_closed`.
    """
    state, plan = keep_to_plan(study_id)
    if part > 1 and plan.stopped_because is not None:
        return
    if state == "paused":
        raise JourneyFault("study_paused", PAUSED)
    if state != "open":
        raise JourneyFault("study_closed", CLOSED)
    if part > 1:
        return
    if plan.opens_at is not None and now_ms() < plan.opens_at:
        raise JourneyFault(
            "study_early",
            f"This study opens on {_moment(plan.opens_at)}. Please come back then.",
            said=Said("study_early", {"at": plan.opens_at}),
        )
    if plan.has_limits:
        with reading() as connection:
            check_room(connection, study_id, spec)


def check_room(connection: Connection, study_id: int, spec: StudySpec) -> None:
    """Refuse one more person where all who are under way may fill the study up to its limit.

    For a decision that must hold, the caller has locked the study.

    Raises
    ------
    JourneyFault
        `study_paused`: a place may come free again.
    """
    plan = opening_plan.read(connection, study_id)
    if not plan.has_limits:
        return
    if limits(connection, study_id, spec).reached(plan, with_under_way=True):
        raise JourneyFault("study_paused", PAUSED)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%-d %B %Y, %H:%M} UTC"
