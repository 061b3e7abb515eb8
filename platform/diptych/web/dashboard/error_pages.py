"""What went wrong, as a page: for people in the dashboard. Scripts there get JSON as elsewhere."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, make_response, render_template, request

from diptych.web.dashboard import access

_TITLES = {
    400: "The host does not understand this request",
    401: "Log in first",
    403: "You have no access",
    404: "Nothing here",
    405: "This address does not accept this request",
    409: "This is not possible now",
    413: "This is too large",
    422: "The form has an error",
    429: "Too many requests",
    500: "Something went wrong",
    503: "The database does not answer",
}
_TEXTS = {
    404: "There is no such page, or you have no access to it.",
    405: "Go back, load the page again, and try once more.",
    400: "Go back, load the page again, and try once more.",
    403: "This page needs a role that you do not have. Ask an owner of the study.",
    413: "The form is larger than this host accepts.",
    500: "The error was recorded in the host's log. Check what was done before you try again.",
    503: "Try again in a moment. First check what was already done.",
}


def wanted() -> bool:
    """Say whether the request is a person's in the dashboard."""
    if not request.path.startswith("/dashboard") or "Authorization" in request.headers:
        return False
    return request.accept_mimetypes.best != "application/json"


def page(status: int, message: str = "", fields: dict[str, str] | None = None) -> Response:
    """Make the page of an error.

    Parameters
    ----------
    status : int
        The HTTP status.
    message : str, optional
        What a view said about it; the standard phrases of HTTP are put better here.
    fields : dict[str, str] | None, optional
        What is wrong with each field.
    """
    if status < 500:
        access.recognise()
    # What HTTP itself says is said better here; what a view has said is kept.
    own = message and message != HTTPStatus(status).phrase and status < 500
    text = message if own else _TEXTS.get(status, "")
    shown = render_template(
        "dashboard/error.html",
        status=status,
        title=_TITLES.get(status, "Something went wrong"),
        text=text,
        fields=fields or {},
    )
    return make_response(shown, status)
