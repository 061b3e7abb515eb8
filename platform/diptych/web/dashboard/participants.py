"""Dashboard: the table of sessions, and one session whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import (
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.sessions import page
from diptych.overview.sessions.detail import find, has_version, moments, read_one
from diptych.overview.sessions.filter_choices import SHORT, choices
from diptych.overview.sessions.page import PAGE, read_bound
from diptych.overview.sessions.page_rows import listed
from diptych.overview.sessions.query import Wanted, WantedFault, read_wanted
from diptych.overview.sessions.response_times import times
from diptych.privacy import withdrawal
from diptych.quality import RULES
from diptych.settling.settle import catch_up
from diptych.study.versions import frozen
from diptych.tasks import REGISTRY as TASKS
from diptych.web.dashboard.access import access, pages, study, user
from diptych.web.dashboard.decisions import offered
from diptych.web.images import image_reply

blueprint = pages("participants")
#: More sessions than this are not counted for a page: it says "1,000+".
COUNTED = 1000
TRIALS_A_PAGE = 40


def may_see_ids() -> bool:
    """Say whether the user may see platforms' ids: editors and owners."""
    return study().allows("editor")


@blueprint.get("/studies/<study>/participants")
@access("viewer")
def table(study: str) -> Response:
    """List the sessions of a study, a page at a time."""
    fault, shown, wanted = "", page.Slice([], None, None), Wanted()
    total, rows = 0, []
    this = study_id()
    catch_up(host(), this)
    with reading() as connection:
        try:
            wanted = read_wanted(request.args)
            shown = page.page(
                connection,
                this,
                wanted,
                after=read_bound(request.args.get("after", "")),
                before=read_bound(request.args.get("before", "")),
                see_ids=may_see_ids(),
            )
            total = page.count(connection, this, wanted, COUNTED, see_ids=may_see_ids())
            rows = listed(connection, shown.ids)
        except WantedFault as wrong:
            fault = str(wrong)
        narrowable = choices(connection, this)
    here = url_for("dashboard_participants.table", study=study)
    # htmx asks for the table alone; whoever comes back by the browser's button gets it all.
    part = request.headers.get("HX-Target") == "sessions"
    part = part and "HX-History-Restore-Request" not in request.headers
    response = make_response(
        render_template(
            "dashboard/participants_table.html" if part else "dashboard/participants.html",
            wanted=wanted,
            rows=rows,
            shown=shown,
            total=total,
            counted=COUNTED,
            page_size=PAGE,
            fault=fault,
            choices=narrowable,
            here=here,
            short=SHORT,
            may_see_ids=may_see_ids(),
            study_actions=offered(wanted.who),
            choice=choice,
            rules=[("", "any"), *((name, rule.title) for name, rule in RULES.items())],
        )
    )
    # htmx shows no reply that is an error; half a search is none.
    response.status_code = 400 if fault and not part else 200
    response.headers["Vary"] = "HX-Request"
    if part:
        ends_now = {k: v for k in ("after", "before") if (v := request.args.get(k))}
        response.headers["HX-Push-Url"] = f"{here}?{wanted.query(**ends_now)}".rstrip("?")
    return response


def choice(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options of a filter that may also be left open."""
    return [("", "any"), *((name, name.replace("_", " ")) for name in names)]


def study_id() -> int:
    """Return the study of the address."""
    return study().id


@blueprint.get("/studies/<study>/participants/<session>")
@access("viewer")
def session(study: str, session: str) -> Any:
    """Show one session whole."""
    catch_up(host(), study_id())
    with reading() as connection:
        found = find(connection, study_id(), session)
    if found is None:
        abort(404)
    one = read_one(host(), found, user(), see_ids=may_see_ids())
    of = len(one.reached)
    first = _first_trial(of)
    files = {stimulus.stimulus_id: stimulus.file for stimulus in one.facts.content.stimuli}

    def in_words(cell: Any) -> str:
        """Write a cell of a task's own column: lists with commas, images by their files."""
        several = cell if isinstance(cell, list | tuple) else [cell]
        return ", ".join(files.get(str(each), str(each)) for each in several)

    return render_template(
        "dashboard/session.html",
        one=one,
        moments=moments(host(), one, first, TRIALS_A_PAGE),
        first=first,
        of=of,
        unreached=len(one.facts.trials) - of,
        page_size=TRIALS_A_PAGE,
        short=SHORT,
        times=times(one.reached),
        may_see_ids=may_see_ids(),
        study_actions=offered(one.session.kind),
        rules=RULES,
        in_words=in_words,
        own_columns=[
            column.name
            for column in TASKS.get(one.facts.content.spec.task.name).columns
            if not column.name.startswith("explanation")  # the trial shows its pictures
        ],
    )


@blueprint.post("/studies/<study>/participants/<session>/erase")
@access("owner")
def erase(study: str, session: str) -> Any:
    """Delete what is stored of a session's person in this study: they have withdrawn."""
    with reading() as connection:
        found = find(connection, study_id(), session)
        if found is None:
            abort(404)
        person = withdrawal.participant_of(connection, found)
    if person is None:
        flash("The host no longer stores data about this participant.", "warning")
        return redirect(url_for("dashboard_participants.session", study=study, session=session))
    try:
        gone = withdrawal.erase(host(), person, user(), study_id())
    except withdrawal.WithdrawalFault as fault:
        flash(f"Nothing was deleted: {fault}.", "warning")
        return redirect(url_for("dashboard_participants.session", study=study, session=session))
    sessions = "1 session" if gone.sessions == 1 else f"{gone.sessions} sessions"
    flash(f"Deleted: {sessions} with {gone.answers} answers.", "success")
    return redirect(url_for("dashboard_participants.table", study=study))


def _first_trial(of: int) -> int:
    """Return the first trial of the page that holds the trial of the query's `trial`."""
    asked = request.args.get("trial", 0, int)
    inside = min(max(asked, 0), max(of - 1, 0))
    return inside // TRIALS_A_PAGE * TRIALS_A_PAGE


@blueprint.get("/studies/<study>/versions/<int:version>/images/<int:place>")
@access("viewer")
def image(study: str, version: int, place: int) -> Response:
    """Send an image of a version of the study, by its place in the manifest."""
    with reading() as connection:
        known = has_version(connection, study_id(), version)
    if not known:
        abort(404)
    stimuli = frozen(version).stimuli
    if place >= len(stimuli):
        abort(404)
    return image_reply(stimuli[place].stimulus_id, "private")
