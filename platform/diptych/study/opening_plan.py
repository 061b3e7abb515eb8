"""The dates and limits of an open study: what researchers set beside its versions.

A date or a limit is no part of a version, so its hash stays what it was. `diptych.journey.opening`
says whether one is reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import OPENING_PLANS, STUDIES
from diptych.ground.database import writing

END_STATES = ("paused", "closed")
MOST_KEPT = 1_000_000
_STANDING = (
    select(STUDIES.c.state, OPENING_PLANS)
    .outerjoin(OPENING_PLANS, OPENING_PLANS.c.study_id == STUDIES.c.id)
    .where(STUDIES.c.id == bindparam("study"))
)


class PlanFault(ValueError):
    """A date or a limit is not allowed; says why."""


@dataclass(frozen=True)
class OpeningPlan:
    """When a study takes new participants, and what stops it.

    Attributes
    ----------
    opens_at : int or None
        Nobody new enters an open study before, ms since 1970-01-01 UTC.
    ends_at : int or None
        Nobody new enters from then on, ms.
    end_state : str
        What the study becomes at `ends_at`: paused or closed.
    most_kept : int or None
        The study pauses with so many completed sessions of people that are not excluded.
    stops_at_budget : bool
        Whether the study pauses when the budget does not pay one more participant.
    stopped_because : str or None
        Why the host paused or closed the study; None when a researcher did, or it is open.
    stopped_at : int or None
        When it did, ms.
    """

    opens_at: int | None = None
    ends_at: int | None = None
    end_state: str = "closed"
    most_kept: int | None = None
    stops_at_budget: bool = False
    stopped_because: str | None = None
    stopped_at: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a date nor a limit."""
        return not (self.opens_at or self.ends_at or self.most_kept or self.stops_at_budget)

    @property
    def has_limits(self) -> bool:
        """Whether sessions or money are counted for it."""
        return self.most_kept is not None or self.stops_at_budget

    def check(self, at: int) -> None:
        """Check dates and limits that are to be set at a moment (ms).

        Raises
        ------
        PlanFault
            Naming what is not allowed.
        """
        if self.end_state not in END_STATES:
            raise PlanFault(f"{self.end_state!r}: a study ends as {' or '.join(END_STATES)}.")
        if self.most_kept is not None and not 1 <= self.most_kept <= MOST_KEPT:
            raise PlanFault(f"The number of kept sessions must be from 1 to {MOST_KEPT:,}.")
        if self.ends_at is not None and self.ends_at <= at:
            raise PlanFault("The end is in the past. To stop the study now, pause or close it.")
        if self.opens_at and self.ends_at and self.ends_at <= self.opens_at:
            raise PlanFault("The study would end before it opens.")


NO_PLAN = OpeningPlan()


def standing(connection: Connection, study_id: int) -> tuple[str, OpeningPlan]:
    """Read the state of a study and its plan (`NO_PLAN` where none was set), in one query."""
    row = connection.execute(_STANDING, {"study": study_id}).one()
    if row.study_id is None:
        return row.state, NO_PLAN
    plan = OpeningPlan(*(getattr(row, name) for name in OpeningPlan.__dataclass_fields__))
    return row.state, plan


def read(connection: Connection, study_id: int) -> OpeningPlan:
    """Read the plan of a study; `NO_PLAN` where none was set."""
    return standing(connection, study_id)[1]


def lock(connection: Connection, study_id: int) -> str:
    """Hold a study until the transaction's end; return its state."""
    held = select(STUDIES.c.state).where(STUDIES.c.id == study_id).with_for_update()
    return str(connection.execute(held).scalar_one())


def store(study_id: int, plan: OpeningPlan, user: User | None) -> None:
    """Set the dates and limits of a study; what the host did because of earlier ones stays.

    Parameters
    ----------
    study_id : int
        The study.
    plan : OpeningPlan
        A plan that passes `OpeningPlan.check`.
    user : User | None
        Who sets it; None for the command line.
    """
    with writing() as connection:
        lock(connection, study_id)
        before = read(connection, study_id)
        plan = replace(plan, stopped_because=before.stopped_because, stopped_at=before.stopped_at)
        if plan == before:
            return
        write(connection, study_id, plan)
        audit.note(
            user, "study.plan", study_id=study_id, detail=_detail(plan), connection=connection
        )


def write(connection: Connection, study_id: int, plan: OpeningPlan) -> None:
    """Write a plan, in the transaction of whoever has locked the study."""
    values = {name: getattr(plan, name) for name in OpeningPlan.__dataclass_fields__}
    changed = connection.execute(
        update(OPENING_PLANS).where(OPENING_PLANS.c.study_id == study_id).values(values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(OPENING_PLANS).values(study_id=study_id, **values))


def forget_stop(connection: Connection, study_id: int) -> None:
    """Forget why the host stopped a study: a researcher has set its state since."""
    connection.execute(
        update(OPENING_PLANS)
        .where(OPENING_PLANS.c.study_id == study_id, OPENING_PLANS.c.stopped_because.is_not(None))
        .values(stopped_because=None, stopped_at=None)
    )


def _detail(plan: OpeningPlan) -> dict[str, Any]:
    return {
        "opens_at": plan.opens_at,
        "ends_at": plan.ends_at,
        "end_state": plan.end_state,
        "most_kept": plan.most_kept,
        "stops_at_budget": plan.stops_at_budget,
    }
