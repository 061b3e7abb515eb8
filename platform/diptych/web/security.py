"""Headers every reply carries."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Response, request

from diptych import recruiters
from diptych.ground.settings import Settings

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
    )
)
# What is no page loads nothing, whatever a browser takes it for.
_NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# What no page of Diptych ever asks a browser for. Full screen stays: studies may want it.
_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)
_YEAR_S = 31_536_000


def attach(app: APIFlask) -> None:
    """Add the headers to every reply."""
    settings: Settings = app.extensions["diptych"].settings
    always = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        # No page of another site shows or reads what is here.
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.base_url.startswith("https://") and not settings.prefix:
        # From the first visit on, browsers come by TLS only. Other names of the domain are not
        # ours to decide about; nor is this name where the host has only a path of it.
        always["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    participant = {"Content-Security-Policy": _framed(settings), "Permissions-Policy": _PERMISSIONS}
    page = {
        # The dashboard shows the participant's page in frames, as on devices of several sizes.
        "Content-Security-Policy": f"{_POLICY}; frame-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'",
        "Permissions-Policy": _PERMISSIONS,
        # Not on the participant's page: platforms open it, and may look whether it is still there.
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    other = {"Content-Security-Policy": _NO_PAGE}

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        for name, value in always.items():
            headers[name] = value
        if "Cache-Control" not in headers:
            # What says nothing of itself, such as an error, would be kept by some caches.
            headers["Cache-Control"] = "no-store"
        kind = response.mimetype
        if kind == "application/json":
            return response  # no browser shows it as anything but text
        if kind != "text/html":
            more = other
        else:
            more = participant if request.path.startswith("/s/") else page
        for name, value in more.items():
            headers[name] = value
        return response


def _framed(settings: Settings) -> str:
    """Return the policy of the participant's page: MTurk shows it in a frame, and it alone."""
    origins = sorted({o for r in recruiters.REGISTRY.all().values() for o in r.frames(settings)})
    named = " ".join(origins)
    return f"{_POLICY}; form-action 'self' {named}; frame-ancestors 'self' {named}"
