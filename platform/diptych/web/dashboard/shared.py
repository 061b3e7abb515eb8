"""Dashboard: links to a study's totals for co-authors and reviewers, and the page they open."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from diptych.accounts import shared_links
from diptych.accounts.shared_links import SharedLinkFault
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.live import live_view, newest_content
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages
from diptych.web.limits import limits
from diptych_analysis.tables.schema import DESCRIPTIONS, TABLES

blueprint = pages("shared")
#: Totals of fewer sessions could be those of a person whom the reader knows.
LEAST_SHOWN = 5


@blueprint.get("/studies/<study>/shared")
@access("owner")
def index(study: str) -> str:
    """List the links that work."""
    return _page()


@blueprint.post("/studies/<study>/shared")
@access("owner")
def make(study: str) -> Any:
    """Make a link, and show it this once."""
    try:
        days = int(request.form.get("days", ""))
    except ValueError:
        days = 0
    try:
        token = shared_links.make(
            rules.study().id, request.form.get("name", ""), days, rules.user()
        )
    except SharedLinkFault as fault:
        return _page(fault=str(fault)), 400
    return _page(made=f"{host().settings.base_url}/dashboard/shared/{token}")


@blueprint.post("/studies/<study>/shared/<int:link>/end")
@access("owner")
def end(study: str, link: int) -> Any:
    """Let a link work no longer."""
    if not shared_links.end(rules.study().id, link, rules.user()):
        abort(404, "This study has no such link, or it has ended already.")
    flash("The link works no longer.", "success")
    return redirect(url_for(".index", study=study))


def _page(made: str = "", fault: str = "") -> str:
    return render_template(
        "dashboard/shared_links.html",
        links=shared_links.listed(rules.study().id),
        made=made,
        fault=fault,
    )


@blueprint.get("/shared/<token>")
@access("public")
def shown(token: str) -> str:
    """Show the totals of a study: no session, no participant, and nothing that can be changed."""
    limits().before_looking()
    found = shared_links.study_of(token)
    if found is None:
        limits().wrong()
        abort(404, "This link is not valid, or it has ended. Ask the researchers for a new one.")
    study_id, _, ends_at = found
    with reading() as connection:
        content = newest_content(connection, study_id)
    views = {kind: live_view(host(), study_id, kind) for kind in ("person", "simulated")}
    return render_template(
        "dashboard/shared.html",
        content=content,
        spec=content.spec,
        views=views,
        ends_at=ends_at,
        least=LEAST_SHOWN,
        tables=[(name, DESCRIPTIONS[name], columns) for name, columns in TABLES.items()],
    )
