"""Dashboard: the alerts of a study: which are on, what was sent, and what went wrong."""

from __future__ import annotations

from flask import render_template

from diptych.host import host
from diptych.overview.alerts import alert_states, ways
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages

blueprint = pages("alerts")


@blueprint.get("/studies/<study>/alerts")
@access("viewer")
def page(study: str) -> str:
    """Show the state of each kind of alert."""
    settings = host().settings
    return render_template(
        "dashboard/alerts.html",
        alerts=alert_states(settings, rules.study().id),
        ways=ways(settings),
    )
