"""`diptych pay …`: the ledger from the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from diptych.cli.console import console, messages
from diptych.cli.context import with_app
from diptych.cli.json_output import emit, json_option

if TYPE_CHECKING:
    from diptych.payments.budget import Allowance
    from diptych.payments.outcomes import Sent
    from diptych.payments.reconcile import Reconciled
    from diptych.payments.running_totals import Totals

DOING = ("status", "send", "reconcile", "budget")


@click.command()
@click.argument("study")
@click.argument("doing", type=click.Choice(DOING), metavar="|".join(DOING))
@click.argument("amount", required=False)
@json_option
@with_app
def pay(study: str, doing: str, amount: str | None, as_json: bool) -> None:
    """Show, send and check the payments of a study.

    `status` shows how many orders are waiting, in doubt, paid or failed. `send` sends the waiting
    orders. `reconcile` checks orders in doubt in the platform's records. `budget AMOUNT` sets the
    largest cost of the study, in major units (budget 250.00). Make decisions on the dashboard.
    """
    from diptych.ground.database import reading
    from diptych.host import host
    from diptych.payments import budget, reconcile, running_totals, sending
    from diptych.study.versions import current_version

    study_id, version_id, _ = current_version(study)
    if (amount is not None) != (doing == "budget"):
        raise click.UsageError("give an AMOUNT with `budget`, and only there: budget 250.00")
    sent = result = None
    if doing == "budget":
        _set_budget(study, study_id, version_id, amount or "", messages if as_json else console)
        if not as_json:
            return
    if doing == "send":
        with messages.status("Sending …"):
            sent = sending.send(host(), study_id, None, seconds=None)
    if doing == "reconcile":
        with messages.status("Comparing with the platform's records …"):
            result = reconcile.reconcile(host(), study_id, None)
    with reading() as connection:
        totals = running_totals.totals(connection, study_id)
        allowance = budget.read(connection, study_id, totals)
    if as_json:
        emit(_as_json(study, totals, allowance, sent, result))
        return
    if sent:
        _show_sent(study, sent)
    if result:
        _show_reconciled(result)
    _show(totals, allowance)


def _set_budget(study: str, study_id: int, version_id: int, amount: str, console: Console) -> None:
    from diptych.ground.money import MoneyFault, in_words, to_minor
    from diptych.payments import budget
    from diptych.study.versions import frozen

    currency = frozen(version_id).spec.payment.currency
    try:
        minor = to_minor(amount, currency)
    except MoneyFault as fault:
        raise click.ClickException(str(fault)) from None
    budget.set_budget(study_id, minor, currency, None)
    console.print(f"{study} may cost {in_words(minor, currency)}.")


def _show_sent(study: str, sent: Sent) -> None:
    console.print(
        f"{sent.confirmed} confirmed, {sent.failed} failed, {sent.in_doubt} in doubt, "
        f"{sent.waiting} waiting"
    )
    _tell(sent.problems)
    if sent.in_doubt:
        console.print(f"Check the orders in doubt: diptych pay {study} reconcile")


def _show_reconciled(result: Reconciled) -> None:
    console.print(
        f"{result.confirmed} confirmed, {result.failed} failed, {result.in_doubt} in doubt, "
        f"{result.found} found that this host did not order, {result.ended} sessions ended on "
        "the platform"
    )
    _tell(result.differences)
    _tell(result.problems)


def _tell(lines: list[str]) -> None:
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False)


def _show(totals: Totals, allowance: Allowance | None) -> None:
    """Print the totals of a study, and its budget."""
    from diptych.ground.money import in_words
    from diptych.payments.budget import NO_BUDGET

    table = Table("", "orders", "amount")
    names = {"intended": "waiting", "sent": "in doubt"}
    for currency, states in totals.items():
        for state, total in states.items():
            table.add_row(
                names.get(state, state), str(total.count), in_words(total.amount, currency)
            )
    console.print(table if totals else "No orders yet.")
    if allowance is None:
        console.print(f"{NO_BUDGET[:1].upper()}{NO_BUDGET[1:]}.")
    else:
        spent, amount, left = (
            in_words(minor, allowance.currency)
            for minor in (allowance.spent, allowance.amount, allowance.left)
        )
        console.print(f"Budget: {spent} of {amount}, {left} left")


def _as_json(
    study: str,
    totals: Totals,
    allowance: Allowance | None,
    sent: Sent | None,
    result: Reconciled | None,
) -> dict[str, Any]:
    """Write the totals as JSON; amounts are in minor units: 150 is 1.50 GBP, and 150 JPY."""
    orders = [
        {
            "state": state,
            "orders": total.count,
            "amount_minor": total.amount,
            "currency": currency,
        }
        for currency, states in totals.items()
        for state, total in states.items()
    ]
    budget = allowance and {
        "amount_minor": allowance.amount,
        "spent_minor": allowance.spent,
        "left_minor": allowance.left,
        "currency": allowance.currency,
    }
    return {
        "study": study,
        "orders": orders,
        "budget": budget,
        **({"sent": asdict(sent)} if sent else {}),
        **({"reconciled": asdict(result)} if result else {}),
    }
