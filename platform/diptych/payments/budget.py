"""What a study may cost: nothing that costs is sent beyond it, and nothing at all without one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import BUDGETS
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.money import in_words
from diptych.payments import ledger, running_totals


@dataclass(frozen=True)
class Allowance:
    """A budget and what is left of it, in minor units."""

    currency: str
    amount: int
    spent: int

    @property
    def left(self) -> int:
        """What may still be sent; below 0 where the budget was lowered afterwards."""
        return self.amount - self.spent

    def why_not(self, amount: int, currency: str) -> str | None:
        """Say why an order can't be sent; None when it can."""
        if currency != self.currency:
            return f"the budget is in {self.currency}, this is in {currency}"
        if amount > self.left:
            return (
                f"{in_words(amount, currency)} is more than the {in_words(self.left, currency)} "
                "that are left of the budget"
            )
        return None


NO_BUDGET = "no budget is set. Set one before you send anything that costs money"


def read(
    connection: Connection, study_id: int, totals: running_totals.Totals | None = None
) -> Allowance | None:
    """Read the budget of a study; None where none is set. `totals` saves counting twice."""
    row = connection.execute(select(BUDGETS).where(BUDGETS.c.study_id == study_id)).one_or_none()
    if row is None:
        return None
    counted = running_totals.totals(connection, study_id) if totals is None else totals
    return Allowance(row.currency, row.amount, running_totals.spent(counted, row.currency))


def allowance(study_id: int) -> Allowance | None:
    """Return the budget of a study; None where none is set."""
    with reading() as connection:
        return read(connection, study_id)


def set_budget(study_id: int, amount: int, currency: str, user: User | None) -> None:
    """Set what a study may cost, in minor units; orders that were sent already stay sent."""
    values = {"currency": currency, "amount": amount, "set_at": now_ms()}
    with writing() as connection:
        ledger.lock(connection, study_id)
        changed = connection.execute(
            BUDGETS.update().where(BUDGETS.c.study_id == study_id).values(values)
        )
        if changed.rowcount == 0:
            connection.execute(insert(BUDGETS).values(study_id=study_id, **values))
        audit.note(
            user,
            "budget.set",
            study_id=study_id,
            detail={"amount": in_words(amount, currency)},
            connection=connection,
        )
