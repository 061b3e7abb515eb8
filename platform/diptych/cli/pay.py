"""`diptych pay …`: the ledger from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from diptych.cli.context import with_app

if TYPE_CHECKING:
    from sqlalchemy import Connection

console = Console()
DOING = ("status", "send", "reconcile", "budget")


@click.command()
@click.argument("study")
@click.argument("doing", type=click.Choice(DOING), metavar="|".join(DOING))
@click.argument("amount", required=False)
@with_app
def pay(study: str, doing: str, amount: str | None) -> None:
    """See, send and look up what a study pays its participants.

    `status` shows what waits, is in doubt, is paid, has failed; `send` sends what waits;
    `reconcile` looks up what is in doubt in the platform's own books; `budget AMOUNT` sets what
    the study may cost, in major units (budget 250.00). Decisions are made on the dashboard.
    """
    from diptych.database import reading
    from diptych.host import host
    from diptych.payments import budget, reconcile, sending
    from diptych.payments.money import MoneyFault, in_words, to_minor
    from diptych.studies.versions import current_version, frozen

    study_id, version_id, _ = current_version(study)
    if (amount is not None) != (doing == "budget"):
        raise click.UsageError("an AMOUNT belongs to `budget`, and only there: budget 250.00")
    if doing == "budget":
        currency = frozen(version_id).spec.payment.currency
        try:
            minor = to_minor(amount or "", currency)
        except MoneyFault as fault:
            raise click.ClickException(str(fault)) from None
        budget.set_budget(study_id, minor, currency, None)
        console.print(f"{study} may cost {in_words(minor, currency)}.")
        return
    if doing == "send":
        with console.status("Sending …"):
            sent = sending.send(host(), study_id, None, seconds=None)
        console.print(
            f"{sent.confirmed} confirmed, {sent.failed} failed, {sent.in_doubt} in doubt, "
            f"{sent.waiting} waiting"
        )
        _tell(sent.problems)
        if sent.in_doubt:
            console.print(f"Look up what is in doubt: diptych pay {study} reconcile")
    if doing == "reconcile":
        with console.status("Comparing with the platform's books …"):
            result = reconcile.reconcile(host(), study_id, None)
        console.print(
            f"{result.confirmed} confirmed, {result.failed} failed, {result.in_doubt} in doubt, "
            f"{result.found} found that were not ordered here, {result.ended} sessions ended there"
        )
        _tell(result.differences)
        _tell(result.problems)
    with reading() as connection:
        _show(connection, study_id)


def _tell(lines: list[str]) -> None:
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False)


def _show(connection: Connection, study_id: int) -> None:
    """The totals of a study, and its budget."""
    from diptych.payments import budget, ledger
    from diptych.payments.money import in_words

    totals = ledger.totals(connection, study_id)
    table = Table("", "orders", "amount")
    names = {"intended": "waiting", "sent": "in doubt"}
    for currency, states in totals.items():
        for state, total in states.items():
            table.add_row(
                names.get(state, state), str(total.count), in_words(total.amount, currency)
            )
    console.print(table if totals else "Nothing was ordered yet.")
    found = budget.read(connection, study_id, totals)
    if found is None:
        console.print(f"{budget.NO_BUDGET[:1].upper()}{budget.NO_BUDGET[1:]}.")
    else:
        console.print(
            f"Budget: {in_words(found.spent, found.currency)} of "
            f"{in_words(found.amount, found.currency)}, {in_words(found.left, found.currency)} left"
        )
