"""Headers every reply carries."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Response, request

from diptych import recruiters

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


def attach(app: APIFlask) -> None:
    """Add the headers to every reply."""
    settings = app.extensions["diptych"].settings
    origins = sorted({o for r in recruiters.REGISTRY.all().values() for o in r.frames(settings)})
    framed = f"{_POLICY}; form-action 'self' {' '.join(origins)}; frame-ancestors 'self' "
    framed += " ".join(origins)
    alone = f"{_POLICY}; form-action 'self'; frame-ancestors 'none'"

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        if response.mimetype == "text/html":
            # MTurk shows the participant's page in a frame; nothing else may be framed.
            headers["Content-Security-Policy"] = framed if request.path.startswith("/s/") else alone
        return response
