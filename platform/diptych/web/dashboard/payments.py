"""Dashboard: the ledger of a study, its budget, sending, and the platform's own books."""

from __future__ import annotations

from typing import Any

from flask import (
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)

from diptych.accounts import audit
from diptych.ground.database import reading
from diptych.ground.money import MoneyFault, to_minor
from diptych.host import host
from diptych.overview import ledger as ledger_pages
from diptych.payments import budget, order_state, retry, running_totals, sending
from diptych.payments.outcomes import Sent
from diptych.payments.reconcile import Reconciled, reconcile
from diptych.payments.rules import WORDS
from diptych.recruiters.platform import ACTIONS
from diptych.study.payment import Payment
from diptych.study.versions import UnknownStudy, current_version, frozen
from diptych.web.dashboard.access import access, pages, row_number, user
from diptych.web.dashboard.access import study as opened

blueprint = pages("payments")
#: How many orders in doubt are named on the page.
NAMED = 10


@blueprint.get("/studies/<study>/payments")
@access("viewer")
def index(study: str) -> str:
    """Show what was spent of the budget, what waits, what is in doubt, and the ledger."""
    wanted = {key: request.args.get(key, "") for key in ("state", "action")}
    if wanted["state"] not in ("", *order_state.STATES) or wanted["action"] not in ("", *ACTIONS):
        abort(422, "There is no such state or action.")
    here, payment = opened().id, _payment(study)
    with reading() as connection:
        totals = running_totals.read(connection, here)
        allowance = budget.read(connection, here, totals)
        lines = ledger_pages.page(
            connection,
            here,
            **wanted,
            before=row_number("before"),
            after=row_number("after"),
        )
        in_doubt = _count(totals, "sent")
        doubts = ledger_pages.page(connection, here, state="sent") if in_doubt else None
    address = {key: value for key, value in wanted.items() if value}
    return render_template(
        "dashboard/payments.html",
        totals=totals
        or {payment.currency: {state: running_totals.Total() for state in order_state.STATES}},
        count={state: _count(totals, state) for state in order_state.STATES},
        allowance=allowance,
        payment=payment,
        lines=lines.lines,
        newer=_page(study, address, after=lines.newer),
        older=_page(study, address, before=lines.older),
        wanted=wanted,
        doubts=doubts.lines[:NAMED] if doubts else [],
        grace=host().settings.payment_grace_minutes,
        actions=[(action, WORDS[action]) for action in ACTIONS],
        words=WORDS,
        no_budget=budget.NO_BUDGET,
    )


@blueprint.post("/studies/<study>/payments/send")
@access("editor")
def send(study: str) -> Any:
    """Send what is intended."""
    sent = sending.send(host(), opened().id, user())
    flash(_in_words(sent), "warning" if sent.failed or sent.problems else "success")
    for problem in sent.problems:
        flash(problem[:1].upper() + problem[1:] + ".", "warning")
    return _back(study)


@blueprint.post("/studies/<study>/payments/reconcile")
@access("editor")
def look_up(study: str) -> Any:
    """Compare the ledger with the platform's own books."""
    result = reconcile(host(), opened().id, user())
    flash(_compared(result), "warning" if result.in_doubt or result.problems else "success")
    for problem in result.problems:
        flash(problem[:1].upper() + problem[1:] + ".", "error")
    if result.differences:
        some = "; ".join(result.differences[:5])
        flash(f"{len(result.differences)} differences remain: {some}.", "warning")
    return _back(study)


@blueprint.post("/studies/<study>/payments/budget")
@access("owner")
def set_budget(study: str) -> Any:
    """Set what the study may cost."""
    currency = _payment(study).currency
    try:
        amount = to_minor(request.form.get("amount", ""), currency)
    except MoneyFault as fault:
        flash(f"The budget was not changed: {fault}.", "error")
        return _back(study)
    budget.set_budget(opened().id, amount, currency, user())
    flash("The budget was set.", "success")
    return _back(study)


@blueprint.post("/studies/<study>/payments/again")
@access("editor")
def try_again(study: str) -> Any:
    """Intend failed orders anew, by a person's decision."""
    done = retry.try_again(opened().id, request.form.getlist("key"), user())
    if done:
        orders = "1 order waits" if done == 1 else f"{done} orders wait"
        flash(f"{orders} to be sent again, under a new key.", "success")
    else:
        flash("Nothing to try again: the order was already tried again, or it is done.", "info")
    return _back(study)


@blueprint.post("/studies/<study>/payments/withdraw")
@access("editor")
def withdraw(study: str) -> Any:
    """Take back orders that were not sent yet."""
    done = retry.withdraw(opened().id, request.form.getlist("key"), user())
    flash(
        "The order was withdrawn." if done else "Too late: the order was already sent.", "success"
    )
    return _back(study)


@blueprint.get("/studies/<study>/payments/ledger.csv")
@access("viewer", token=True)
def as_csv(study: str) -> Response:
    """Send the ledger for the finance office."""
    audit.note(user(), "export.ledger", study_id=opened().id)
    reply = Response(
        stream_with_context(ledger_pages.finance_csv(opened().id, study, host().secret)),
        mimetype="text/csv",
    )
    reply.headers["Content-Disposition"] = f'attachment; filename="{study}-ledger.csv"'
    return reply


def _payment(study: str) -> Payment:
    """Return `[payment]` of the version that is open, or of the newest where none is."""
    for preview in (False, True):
        try:
            return frozen(current_version(study, preview=preview)[1]).spec.payment
        except UnknownStudy:
            continue
    return Payment.model_validate({})


def _count(totals: dict[str, dict[str, running_totals.Total]], state: str) -> int:
    return sum(states[state].count for states in totals.values())


def _page(study: str, address: dict[str, str], **where: int | None) -> str | None:
    if None in where.values():
        return None
    query: dict[str, Any] = {**address, **where}
    return url_for("dashboard_payments.index", study=study, **query)


def _back(study: str) -> Any:
    return redirect(url_for("dashboard_payments.index", study=study))


def _in_words(sent: Sent) -> str:
    parts = [f"{sent.confirmed} confirmed"]
    if sent.failed:
        parts.append(f"{sent.failed} failed")
    if sent.in_doubt:
        parts.append(f"{sent.in_doubt} not settled yet: reconcile in a minute")
    if sent.waiting:
        parts.append(f"{sent.waiting} still waiting")
    return "Sent: " + ", ".join(parts) + "."


def _compared(result: Reconciled) -> str:
    parts = [f"{result.confirmed} confirmed", f"{result.failed} failed"]
    if result.in_doubt:
        parts.append(f"{result.in_doubt} still in doubt")
    if result.found:
        parts.append(f"{result.found} found that this host did not order")
    if result.ended:
        parts.append(f"{result.ended} sessions ended on the platform")
    return "Compared with the platform: " + ", ".join(parts) + "."
