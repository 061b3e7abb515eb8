"""Dashboard: account."""

from __future__ import annotations

from flask import Response, redirect

from diptych.web.dashboard.access import access, pages
from diptych.web.dashboard.navigation import HOME

blueprint = pages("account")


@blueprint.get("/")
@access("user")
def start() -> Response:
    """The dashboard opens with the list of studies."""
    return redirect(HOME)  # type: ignore[return-value]
