"""Dashboard: a study as it goes on, kept up to date by itself."""

from __future__ import annotations

import hashlib

from flask import Response, abort, make_response, render_template, request

from diptych.domain.vocabulary import KINDS
from diptych.host import host
from diptych.overview.live import LiveView, live_view
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages

blueprint = pages("live")
#: Seconds between two looks of a page that stays open.
EVERY_S = 5


@blueprint.get("/studies/<study>/live")
@access("viewer")
def page(study: str) -> str:
    """Show the page, with the panel as it is now."""
    view = _view()
    return render_template(
        "dashboard/live.html", view=view, kind=view.kind, seen=_mark(view), every=EVERY_S
    )


@blueprint.get("/studies/<study>/live/panel")
@access("viewer")
def panel(study: str) -> Response:
    """Show the panel alone.

    While nothing has changed there is nothing to send: 304, or 204 to a page that names what it
    shows.
    """
    view = _view()
    seen = _mark(view)
    if request.args.get("seen") == seen:
        return Response(status=204)
    response = make_response(
        render_template(
            "dashboard/live_panel.html", view=view, kind=view.kind, seen=seen, every=EVERY_S
        )
    )
    response.set_etag(seen)
    # Kept by nobody but this browser, and asked for anew each time.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _view() -> LiveView:
    kind = request.args.get("who", "person")
    if kind not in KINDS:
        abort(400, f"who: {kind!r} is not one of {', '.join(KINDS)}")
    return live_view(host(), rules.study().id, kind)


def _mark(view: LiveView) -> str:
    """Name what a page shows: a new name once anything in it changes."""
    return hashlib.sha256(f"{rules.study().shown_state} {view!r}".encode()).hexdigest()[:24]
