"""Dashboard: decisions about sessions: chosen, previewed, confirmed, carried out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select

from diptych.domain.tables import DECISIONS, SESSIONS
from diptych.ground.database import now_ms, reading
from diptych.ground.money import MoneyFault, to_minor
from diptych.host import host
from diptych.overview.sessions import decision_form, page
from diptych.overview.sessions.decision_form import (
    AT_A_TIME,
    BY_ACTION,
    KINDS,
    Kind,
    Slip,
    SlipFault,
)
from diptych.overview.sessions.query import WantedFault, read_wanted
from diptych.payments import running_totals
from diptych.payments.decisions import Counts, DecisionFault, LeftOut, Plan, carry_out, preview
from diptych.recruiters.prolific_platform import CATEGORIES, LEAST_MESSAGE
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych.web.dashboard.access import access, pages, row_number, user
from diptych.web.dashboard.access import study as opened

blueprint = pages("decisions")
#: So many sessions are named for each reason, and so many to which something happens.
NAMED = 25
LISTED = 500
LOG_PAGE = 50


def offered(kind: str = "person") -> list[Kind]:
    """List the decisions the user may make about participants of a kind: only people are paid."""
    return [each for each in KINDS if opened().allows(each.role) and (kind == "person" or each.own)]


@blueprint.get("/studies/<study>/participants/decisions")
@access("viewer")
def log(study: str) -> str:
    """Show the decisions of a study, the latest first."""
    before = row_number("before")
    statement = (
        select(DECISIONS, SESSIONS.c.public_id, SESSIONS.c.kind)
        .join(SESSIONS, SESSIONS.c.id == DECISIONS.c.session_id)
        .where(DECISIONS.c.study_id == opened().id)
        .order_by(DECISIONS.c.id.desc())
        .limit(LOG_PAGE + 1)
    )
    with reading() as connection:
        rows = connection.execute(
            statement.where(DECISIONS.c.id < before) if before else statement
        ).all()
    return render_template("dashboard/decisions.html", rows=rows[:LOG_PAGE], more=rows[LOG_PAGE:])


@blueprint.get("/studies/<study>/participants/decisions/preview")
@access("editor")
def nothing_chosen(study: str) -> Any:
    """Lead back to where sessions are chosen."""
    return redirect(url_for("dashboard_participants.table", study=study))


@blueprint.post("/studies/<study>/participants/decisions/preview")
@access("editor")
def preview_page(study: str) -> Any:
    """Show what a decision would do to the chosen sessions, before anything is done."""
    try:
        if "slip" in request.form:
            return _ask(_filled(_slip()), is_filled=True)
        return _ask(_chosen(), is_filled=False)
    except (SlipFault, WantedFault) as fault:
        flash(str(fault), "warning")
        return redirect(url_for("dashboard_participants.table", study=study))


@blueprint.post("/studies/<study>/participants/decisions")
@access("editor")
def confirm(study: str) -> Any:
    """Carry out what was shown, once."""
    try:
        slip = _slip()
    except SlipFault as fault:
        flash(str(fault), "warning")
        return redirect(url_for("dashboard_participants.table", study=study))
    _needs_role(BY_ACTION[slip.action])
    plan = _planned(slip)
    if not slip.plan or plan.token != slip.plan:
        with reading() as connection:
            is_done = decision_form.is_done(connection, slip)
        if is_done:
            flash("This decision was already carried out. Nothing was done twice.", "info")
            return redirect(url_for("dashboard_decisions.log", study=study))
        flash(
            "The data changed after the preview, so nothing was done. Check the preview again.",
            "warning",
        )
        return _ask(slip, is_filled=True)
    kind = BY_ACTION[slip.action]
    counts = _carried_out(plan, AT_A_TIME if kind.own else len(plan.steps))
    sessions = "1 session" if counts.decided == 1 else f"{counts.decided:,} sessions"
    text = f"{sessions} {kind.done}."
    if counts.already:
        text += f" {counts.already:,} already had a decision of another researcher."
    if not kind.own and counts.decided:
        text += " The orders are waiting: send them from Payments."
    flash(text, "success")
    return redirect(url_for("dashboard_decisions.log", study=study))


def _carried_out(plan: Plan, at_a_time: int) -> Counts:
    """Carry out a plan, so many sessions in one transaction."""
    done = Counts(0, 0, 0)
    for start in range(0, len(plan.steps), at_a_time or 1):
        part = replace(plan, steps=plan.steps[start : start + at_a_time])
        more = carry_out(host(), part, user())
        done = Counts(
            done.decided + more.decided, done.already + more.already, done.cost + more.cost
        )
    return done


def _needs_role(kind: Kind) -> None:
    if not opened().allows(kind.role):
        abort(403, f"“{kind.title}” needs the role {kind.role}; yours is {opened().role}.")


def _slip() -> Slip:
    return decision_form.unsealed(
        request.form.get("slip", ""), host().secret, study_id=opened().id, user_id=user().id
    )


def _chosen() -> Slip:
    """Make the slip of what was chosen in the table or on a session's page.

    Raises
    ------
    SlipFault
        When nothing was chosen, or too much.
    WantedFault
        When the table's filters can't be read.
    """
    kind = BY_ACTION.get(request.form.get("action", ""))
    if kind is None:
        raise SlipFault("Choose what to decide.")
    _needs_role(kind)
    with reading() as connection:
        if request.form.get("scope") == "all":
            wanted = read_wanted(dict(parse_qsl(request.form.get("query", ""))))
            found = page.matching(connection, opened().id, wanted, kind.most + 1, see_ids=True)
        else:
            named = request.form.getlist("session")[: kind.most + 1]
            found = page.named(connection, opened().id, named)
    if not found:
        raise SlipFault("No session was selected: select some, or use all that match.")
    if len(found) > kind.most:
        raise SlipFault(f"More than {kind.most:,} sessions: narrow the list, and decide in parts.")
    return Slip(opened().id, user().id, kind.action, tuple(sorted(found)))


def _filled(slip: Slip) -> Slip:
    """Fill in the slip with what the form asks for."""
    amount: int | None = None
    given = request.form.get("amount", "").strip()
    if BY_ACTION[slip.action].money and request.form.get("by") != "rule" and given:
        try:
            amount = to_minor(given, _payment(slip)[0])
        except MoneyFault:
            amount = None  # `_faults` says so, from the text that stands in the field
    category = request.form.get("category", "")
    return replace(
        slip,
        message=request.form.get("message", "").replace("\r\n", "\n").strip()[:4000],
        amount=amount,
        category=category if slip.action == "reject" and category in CATEGORIES else None,
    )


def _payment(slip: Slip) -> tuple[str, bool]:
    """Return (currency, whether there is a rule for bonuses) of the versions that the sessions saw.

    Raises
    ------
    SlipFault
        When money would move in more than one currency.
    """
    contents = _contents(slip.sessions)
    currencies = {content.spec.payment.currency for content in contents}
    moves_money = slip.action == "approve" or BY_ACTION[slip.action].money
    if len(currencies) > 1 and moves_money:
        raise SlipFault(
            f"These sessions are paid in {' and '.join(sorted(currencies))}: decide on each "
            "currency separately."
        )
    return min(currencies), any(content.spec.payment.bonus for content in contents)


def _contents(sessions: Sequence[int]) -> list[StudyContent]:
    with reading() as connection:
        versions = page.versions_of(connection, sessions)
        return [frozen(version, connection) for version in versions]


def _is_prolific(slip: Slip) -> bool:
    with reading() as connection:
        return "prolific" in page.recruiters_of(connection, slip.sessions)


def _faults(slip: Slip, by_rule: bool) -> dict[str, str]:
    """Say what the form still lacks, by field."""
    faults: dict[str, str] = {}
    kind = BY_ACTION[slip.action]
    if slip.action in ("reject", "request_return") and not slip.message:
        faults["message"] = "Say why."
    elif slip.action == "reject" and len(slip.message) < LEAST_MESSAGE and _is_prolific(slip):
        faults["message"] = (
            f"A rejection on Prolific needs at least {LEAST_MESSAGE} characters; this text "
            f"has {len(slip.message)}."
        )
    if kind.money and not by_rule and not slip.amount:
        try:
            to_minor(request.form.get("amount", "") or "x", _payment(slip)[0])
            faults["amount"] = "The amount must be more than 0."
        except MoneyFault as fault:
            faults["amount"] = str(fault) if request.form.get("amount") else "Enter an amount."
    return faults


def _planned(slip: Slip) -> Plan:
    try:
        return preview(
            host(), slip.study_id, slip.sessions, slip.action, slip.message, slip.amount,
            slip.category,
        )  # fmt: skip
    except DecisionFault as fault:
        abort(400, str(fault))


def _ask(slip: Slip, *, is_filled: bool) -> str:
    """Show what would happen, and ask for what is missing and for confirmation."""
    kind = BY_ACTION[slip.action]
    _needs_role(kind)
    currency, has_rule = _payment(slip)
    by_rule = slip.action == "bonus" and slip.amount is None and has_rule
    if is_filled and slip.action == "bonus":
        by_rule = by_rule and request.form.get("by", "rule") == "rule"
    faults = _faults(slip, by_rule)
    plan = None if faults else _planned(slip)
    steps = len(plan.steps) if plan else 0
    slip = replace(slip, plan=plan.token if plan else "", steps=steps, at=now_ms())
    return render_template(
        "dashboard/decision.html",
        kind=kind,
        slip=slip,
        sealed=decision_form.sealed(slip, host().secret),
        plan=plan,
        waiting=_waiting(plan),
        left_out=_by_reason(plan.left_out if plan else ()),
        warnings=_by_warning(plan),
        faults=faults if is_filled else {},
        currency=currency,
        has_rule=has_rule,
        by_rule=by_rule,
        amount=request.form.get("amount", ""),
        category_options=[(c, c.replace("_", " ").lower()) for c in CATEGORIES],
        least=LEAST_MESSAGE if _is_prolific(slip) else 0,
        named=NAMED,
        listed=LISTED,
    )


def _waiting(plan: Plan | None) -> int:
    """Sum what was decided earlier and is not sent yet, in minor units of the plan's currency."""
    if plan is None or not plan.cost:
        return 0
    with reading() as connection:
        states = running_totals.totals(connection, plan.study_id).get(plan.currency, {})
    return states["intended"].amount if states else 0


def _by_reason(left_out: Sequence[LeftOut]) -> list[tuple[str, list[str]]]:
    """Return (why, sessions), the commonest reason first."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for each in left_out:
        reasons[each.reason].append(each.public_id)
    return sorted(reasons.items(), key=lambda pair: -len(pair[1]))


def _by_warning(plan: Plan | None) -> list[tuple[str, list[str]]]:
    """Group the sessions by what to know before: (warning, sessions)."""
    found: dict[str, list[str]] = defaultdict(list)
    for step in plan.steps if plan else ():
        if step.warning:
            found[step.warning].append(step.public_id)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))
