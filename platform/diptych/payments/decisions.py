"""Decisions about sessions: what would come of one, and carrying it out.

    plan = preview(host, study_id, session_ids, "approve")
    plan.steps, plan.left_out, plan.cost, plan.budget      # shown to whoever decides
    counts = carry_out(host, plan, user)                   # rows only; nothing is sent yet
    sending.send(host, study_id, user)

A plan names the key of every order it would make. Carried out twice, it makes them once; and a
plan made anew after the first was carried out has another `token`, by which a form notices that it
was sent twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from diptych.accounts import audit
from diptych.accounts.audit import COMMAND_LINE
from diptych.accounts.users import User
from diptych.domain.tables import DECISIONS
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.money import in_words
from diptych.host import Host
from diptych.payments import budget, ledger
from diptych.payments.decided_sessions import Subject, ordered, subjects
from diptych.payments.exclusions import excluded_now
from diptych.payments.ledger import NewOrder
from diptych.payments.rules import Planning, why_not
from diptych.recruiters.platform import ACTIONS, Order
from diptych.settling.corrections import set_excluded_many
from diptych.settling.settle import catch_up

#: What only concerns this host, and can be taken back.
OWN_ACTIONS = ("exclude", "include")
EVERY_ACTION = (*ACTIONS, *OWN_ACTIONS)


class DecisionFault(ValueError):
    """A decision can't be made like this; the message says why."""


@dataclass(frozen=True)
class Step:
    """What will happen to one session.

    Attributes
    ----------
    session_id : int
        Its row.
    public_id : str
        Its id on pages.
    order : NewOrder | None
        What a platform will be asked; None for what only concerns this host.
    warning : str
        What somebody should know before; empty where nothing.
    """

    session_id: int
    public_id: str
    order: NewOrder | None = None
    warning: str = ""

    @property
    def key(self) -> str:
        """The key of the order; empty where none is made."""
        return self.order.key if self.order else ""

    @property
    def amount(self) -> int:
        """Minor units that the step costs; 0 where nothing."""
        return self.order.amount if self.order else 0

    @property
    def currency(self) -> str:
        """ISO 4217 code of the amount; empty where no order is made."""
        return self.order.currency if self.order else ""


@dataclass(frozen=True)
class LeftOut:
    """A session to which nothing will happen, and why."""

    session_id: int
    public_id: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What a decision would do."""

    study_id: int
    action: str
    message: str
    category: str | None
    currency: str
    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    budget: budget.Allowance | None

    @property
    def cost(self) -> int:
        """Minor units that all steps cost together."""
        return sum(step.amount for step in self.steps)

    @property
    def budget_left(self) -> int | None:
        """Minor units left of the budget before this; None without a budget."""
        return None if self.budget is None else self.budget.left

    @property
    def warning(self) -> str:
        """Why not everything can be sent at once; empty when it can. Orders then wait."""
        if not self.cost:
            return ""
        if self.budget is None:
            return budget.NO_BUDGET
        waiting = {step.currency for step in self.steps if step.amount} - {self.budget.currency}
        if waiting:
            return self.budget.why_not(self.cost, min(waiting)) or ""
        return self.budget.why_not(self.cost, self.budget.currency) or ""

    @property
    def token(self) -> str:
        """The same for the same plan only: differs as soon as one of its orders was made."""
        body = [
            self.study_id,
            self.action,
            self.message,
            self.category,
            [(step.session_id, step.key, step.amount, step.currency) for step in self.steps],
        ]
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Counts:
    """What was written down: decisions made, those that stood already, and what they cost."""

    decided: int
    already: int
    cost: int


def preview(
    host: Host,
    study_id: int,
    session_ids: Sequence[int],
    action: str,
    message: str = "",
    amount: int | None = None,
    category: str | None = None,
) -> Plan:
    """Show what a decision would do to each session, and what it would cost. Writes nothing.

    Parameters
    ----------
    host : Host
        The host.
    study_id : int
        The study; sessions of other studies are not known here.
    session_ids : Sequence[int]
        Rows of sessions.
    action : str
        approve, reject, request_return, screen_out, bonus, exclude or include.
    message : str, optional
        To the participants; a rejection and a request to return need one. For `exclude`
        and `include` a note for colleagues.
    amount : int | None, optional
        Minor units for each session: of a bonus (None: by the study's rule), or of what
        is paid for being screened out.
    category : str | None, optional
        The platform's category of a rejection.

    Raises
    ------
    DecisionFault
        When there is no such action, or the amount can't be.
    """
    if action not in EVERY_ACTION:
        raise DecisionFault(f"{action!r} is no decision; allowed are {', '.join(EVERY_ACTION)}")
    if amount is not None and amount <= 0:
        raise DecisionFault("the amount must be more than 0")
    message = message.strip()
    # A rule that excludes by itself must have had its say on sessions that ended a moment ago.
    catch_up(host, study_id)
    with reading() as connection:
        some = subjects(connection, study_id, session_ids)
        planned = (
            _own(connection, study_id, some, action)
            if action in OWN_ACTIONS
            else _orders(host, connection, study_id, some, action, message, amount, category)
        )
        allowance = budget.read(connection, study_id)
    steps = tuple(p for p in planned if isinstance(p, Step))
    left_out = tuple(p for p in planned if isinstance(p, LeftOut))
    unknown = [number for number in dict.fromkeys(session_ids) if number not in some]
    left_out += tuple(LeftOut(number, "", "no session of this study") for number in unknown)
    currency = next((step.currency for step in steps if step.currency), "")
    return Plan(
        study_id,
        action,
        message,
        category,
        currency or (allowance.currency if allowance else ""),
        steps,
        left_out,
        allowance,
    )


def _own(
    connection: Connection, study_id: int, some: dict[int, Subject], action: str
) -> list[Step | LeftOut]:
    """Plan the steps of excluding or including again."""
    stands = excluded_now(connection, study_id, list(some))
    planned: list[Step | LeftOut] = []
    for number, subject in some.items():
        name = subject.session.public_id
        if (number in stands) == (action == "exclude"):
            reason = "is excluded already" if number in stands else "is not excluded"
            planned.append(LeftOut(number, name, reason))
        else:
            planned.append(Step(number, name))
    return planned


def _orders(
    host: Host,
    connection: Connection,
    study_id: int,
    some: dict[int, Subject],
    action: str,
    message: str,
    amount: int | None,
    category: str | None,
) -> list[Step | LeftOut]:
    """Plan the steps that ask something of a platform."""
    rules = Planning(host, connection, [s.session for s in some.values()], action, amount)
    before = ordered(connection, study_id, some)
    taken: set[str] = set()
    planned: list[Step | LeftOut] = []
    for number, subject in some.items():
        session = subject.session
        reason = rules.refusal(subject) or why_not(action, before[subject.participation])
        cost, currency = rules.cost(session)
        new = NewOrder(
            study_id,
            number,
            subject.participation,
            before[subject.participation].attempts.get(action, 0) + 1,
            session.recruiter,
            action,
            cost,
            currency,
        )
        if reason is None and new.key in taken:
            reason = "another session of the same participation is among these"
        if reason is None:
            order = Order(
                new.key,
                action,  # type: ignore[arg-type]
                subject.worker or "",
                subject.submission or "",
                subject.place or "",
                cost,
                currency,
                message,
                category,
            )
            reason = rules.platform_refusal(session, order)
        if reason is not None:
            planned.append(LeftOut(number, session.public_id, reason))
            continue
        taken.add(new.key)
        planned.append(Step(number, session.public_id, new, rules.warning(session)))
    return planned


def carry_out(host: Host, plan: Plan, user: User | None) -> Counts:
    """Write a decision down: its rows, orders in the ledger as `intended`, and the audit log.

    One transaction. Steps that somebody else has decided since the preview are left as they are.
    """
    with writing() as connection:
        ledger.lock(connection, plan.study_id)
        some = subjects(connection, plan.study_id, [step.session_id for step in plan.steps])
        steps = _still_open(connection, plan, some)
        at, actor = now_ms(), COMMAND_LINE if user is None else user.name
        rows = [
            {
                "session_id": step.session_id,
                "study_id": plan.study_id,
                "action": plan.action,
                "at": at,
                "user_id": None if user is None else user.id,
                "actor": actor,
                "message": plan.message or None,
                "detail": _detail(plan, step),
            }
            for step in steps
        ]
        if rows:
            connection.execute(insert(DECISIONS), rows)
        ledger.write(connection, "intended", [s.order for s in steps if s.order], user)
        for step in steps:
            audit.note(
                user,
                f"decision.{plan.action}",
                study_id=plan.study_id,
                subject=step.public_id,
                detail=_detail(plan, step),
                connection=connection,
            )
        if plan.action in OWN_ACTIONS:
            excluded = plan.action == "exclude"
            set_excluded_many(host, {step.session_id: excluded for step in steps}, connection)
    return Counts(len(steps), len(plan.steps) - len(steps), sum(step.amount for step in steps))


def _detail(plan: Plan, step: Step) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    if step.key:
        detail["key"] = step.key
    if step.amount:
        detail["amount"] = in_words(step.amount, step.currency)
    if plan.category:
        detail["category"] = plan.category
    return detail


def _still_open(connection: Connection, plan: Plan, some: dict[int, Subject]) -> list[Step]:
    """Return the steps of a plan that nobody has taken since it was made."""
    if plan.action in OWN_ACTIONS:
        stands = excluded_now(connection, plan.study_id, list(some))
        wanted = plan.action == "exclude"
        return [
            step
            for step in plan.steps
            if step.session_id in some and (step.session_id in stands) != wanted
        ]
    before = ordered(connection, plan.study_id, some)
    still = []
    for step in plan.steps:
        subject, order = some.get(step.session_id), step.order
        if subject is None or order is None or order.participation != subject.participation:
            continue
        ordered_before = before[subject.participation]
        if why_not(plan.action, ordered_before):
            continue
        if order.attempt == ordered_before.attempts.get(plan.action, 0) + 1:
            still.append(step)
    return still


def of_session(session_id: int) -> list[Any]:
    """Read the rows of all decisions about a session, the latest first."""
    with reading() as connection:
        return list(
            connection.execute(
                select(DECISIONS)
                .where(DECISIONS.c.session_id == session_id)
                .order_by(DECISIONS.c.id.desc())
            )
        )
