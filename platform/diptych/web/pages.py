"""The participant's page, and where whoever knows only the host's name is led."""

from __future__ import annotations

from functools import partial

from apiflask import APIBlueprint
from flask import Response, make_response, redirect, render_template, request, url_for

from diptych import words
from diptych.host import host
from diptych.journey.next_part import calendar_of
from diptych.study.versions import UnknownStudy, current_version, frozen
from diptych.web.bundle import bundle

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)
ENTRY = "src/main.ts"


@blueprint.get("/")
def root() -> Response:
    """Lead researchers to the dashboard; participants come by a study's link."""
    return make_response(redirect(url_for("dashboard_account.start")))


@blueprint.get("/s/<study>/calendar.ics")
def calendar(study: str) -> Response:
    """Send the calendar file of a personal link: when the participant can start that part."""
    response = make_response(calendar_of(host(), study, request.args))
    response.mimetype = "text/calendar"
    response.headers["Content-Disposition"] = f'attachment; filename="{study}.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/s/<study>")
def participant(study: str) -> Response:
    """Send the page on which a study is taken: the same for everybody, whatever the query."""
    title, contact, language = "Study", "", words.ENGLISH
    try:
        _, version_id, _ = current_version(study, preview=True)
        spec = frozen(version_id).spec
        title, contact, language = spec.title, spec.contact, spec.language
    except UnknownStudy:
        pass  # the page asks the API, which says so politely
    js, css = bundle(ENTRY)
    own = words.nearest(language)
    page = render_template(
        "participant.html",
        study=study,
        title=title,
        language=language,
        direction=words.direction(language),
        own_language=own,
        words=words.for_the_page(own),
        say=partial(words.say, own),
        contact=contact,
        bundle_js=js,
        bundle_css=css,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
