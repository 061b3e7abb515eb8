"""Dashboard: when a study takes new participants, and what stops it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from diptych.ground.database import now_ms, reading
from diptych.journey import opening
from diptych.study import opening_plan
from diptych.study.opening_plan import OpeningPlan, PlanFault
from diptych.study.spec import StudySpec
from diptych.study.versions import UnknownStudy, current_version, frozen, set_state
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages

blueprint = pages("opening")
#: How browsers write a field of the type `datetime-local`.
MOMENT = "%Y-%m-%dT%H:%M"


@blueprint.get("/studies/<study>/opening")
@access("viewer", draft=True)
def page(study: str) -> str:
    """Show the dates and limits of a study, and how far it is from them."""
    plan = rules.study().plan
    form = {
        "opens_at": _written(plan.opens_at),
        "ends_at": _written(plan.ends_at),
        "end_state": plan.end_state,
        "most_kept": plan.most_kept,
        "stops_at_budget": plan.stops_at_budget,
    }
    return _page(form)


@blueprint.post("/studies/<study>/opening")
@access("editor", draft=True)
def save(study: str) -> Any:
    """Set dates and limits; open the study again where the form asks for it."""
    here = rules.study()
    try:
        plan = _read_form()
        plan.check(now_ms())
    except PlanFault as fault:
        return _page(request.form, str(fault)), 422
    opening_plan.store(here.id, plan, rules.user())
    flash("The dates and limits are saved.", "success")
    if request.form.get("then") == "open":
        try:
            set_state(study, "open", rules.user())
        except UnknownStudy:
            flash("No version of it was opened yet: open one first.", "error")
    tell_if_stopped(here.id)
    return redirect(url_for(".page", study=study))


def tell_if_stopped(study_id: int) -> None:
    """Say so where a study that was opened just now is at its end or a limit already."""
    state, plan = opening.keep_to_plan(study_id)
    if state in opening_plan.END_STATES and plan.stopped_because:
        flash(
            f"The study is {state}: {plan.stopped_because}. Change its dates and limits on the "
            "page Opening to open it.",
            "warning",
        )


def _page(form: Any, fault: str = "") -> str:
    here = rules.study()
    spec, is_opened = _spec(here.name)
    limits = None
    if spec is not None:
        with reading() as connection:
            limits = opening.limits(connection, here.id, spec)
    return render_template(
        "dashboard/opening.html",
        form=form,
        fault=fault,
        limits=limits,
        is_opened=is_opened,
        currency="" if spec is None else spec.payment.currency,
    )


def _spec(name: str) -> tuple[StudySpec | None, bool]:
    """Return the version that people take, or the newest; and whether people ever could."""
    for preview in (False, True):
        try:
            return frozen(current_version(name, preview=preview)[1]).spec, not preview
        except UnknownStudy:
            continue
    return None, False


def _read_form() -> OpeningPlan:
    return OpeningPlan(
        opens_at=_moment("opens_at", "opening"),
        ends_at=_moment("ends_at", "end"),
        end_state=request.form.get("end_state", "closed"),
        most_kept=_number("most_kept"),
        stops_at_budget="stops_at_budget" in request.form,
    )


def _moment(field: str, name: str) -> int | None:
    given = request.form.get(field, "").strip()
    if not given:
        return None
    try:
        read = datetime.strptime(given, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise PlanFault(
            f"The {name} {given!r} is not a date and time in UTC, such as 2030-06-01T09:00."
        ) from None
    return int(read.timestamp() * 1000)


def _number(field: str) -> int | None:
    given = request.form.get(field, "").strip()
    if not given:
        return None
    try:
        return int(given)
    except ValueError:
        raise PlanFault(
            f"The number of kept sessions must be a whole number, not {given!r}."
        ) from None


def _written(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime(MOMENT)
