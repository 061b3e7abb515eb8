"""Dashboard: the quality rules of a study, what they found, and judging anew."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, request, url_for

from diptych.accounts import audit
from diptych.domain.vocabulary import KIND_WORDS, KINDS
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.quality import flagged, overview
from diptych.quality import RULES
from diptych.quality.crowd import stored
from diptych.quality.rules import number
from diptych.settling import settle
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages, user

blueprint = pages("quality")
#: Sessions that one request judges anew: a second or two of work.
STEP = 100
#: Sessions that are caught up with when the page is looked at.
CAUGHT_UP = 25


@blueprint.get("/studies/<study>/quality")
@access("viewer")
def page(study: str) -> str:
    """Show the rules with their thresholds and numbers of flags; the sessions of one rule."""
    kind = request.args.get("who", "person")
    if kind not in KINDS:
        abort(400, f"who: {kind!r} is not one of {', '.join(KINDS)}")
    chosen = request.args.get("rule", "")
    if chosen and chosen not in RULES:
        abort(404, f"There is no rule {chosen!r}.")
    study_id = rules.study().id
    again = _again()
    left = (
        settle.left_to_settle(study_id) if again else settle.catch_up(host(), study_id, CAUGHT_UP)
    )
    with reading() as connection:
        found = overview(connection, study_id, kind)
        crowd = stored(connection, study_id, kind)
        before = rules.row_number("before")
        listed, more = flagged(connection, study_id, kind, chosen, before) if chosen else ([], None)
    return render_template(
        "dashboard/quality.html",
        kind=kind,
        who=KIND_WORDS[kind],
        found=found,
        crowd=crowd,
        chosen=RULES.get(chosen),
        listed=listed,
        before=before,
        more=more,
        left=left,
        again=again,
        said=number,
    )


def _again() -> int:
    """Return the sessions that a recomputation under way covers; 0 if the page is only read."""
    return max(request.args.get("of", 0, type=int), 0)


@blueprint.post("/studies/<study>/quality/recompute")
@access("owner")
def recompute(study: str) -> Any:
    """Begin to judge every ended session anew; the page does it step by step."""
    audit.note(user(), "quality.recompute", study_id=rules.study().id)
    waiting = settle.begin_again(rules.study().id)
    if waiting == 0:
        flash("No session has ended yet, so there is nothing to judge.", "info")
        return redirect(url_for(".page", study=study))
    return redirect(url_for(".page", study=study, of=waiting))


@blueprint.post("/studies/<study>/quality/recompute/step")
@access("owner")
def step(study: str) -> Any:
    """Judge the next few sessions; the part of the page that says how far it is."""
    before = settle.left_to_settle(rules.study().id)
    left = settle.catch_up(host(), rules.study().id, STEP)
    stuck = left > 0 and left >= before
    if left and not stuck:
        response = make_response(
            render_template("dashboard/quality_progress.html", left=left, again=_again())
        )
        if request.headers.get("HX-Request"):
            return response
        return redirect(url_for(".page", study=study, of=_again()))
    if stuck:
        flash(f"{left:,} sessions could not be judged; the host's log says why.", "error")
    else:
        flash("All sessions were judged again. Decisions of researchers did not change.", "success")
    there = url_for(".page", study=study)
    if request.headers.get("HX-Request"):
        return Response(headers={"HX-Redirect": there})
    return redirect(there)
