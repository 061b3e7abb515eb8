"""The researcher's side: server-rendered pages, one module a noun."""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Any

from apiflask import APIFlask
from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from diptych.host import Host
from diptych.overview import whose
from diptych.web.bundle import BundleMissing, bundle
from diptych.web.dashboard import (
    access,
    account,
    alerts,
    audit,
    decisions,
    draft_form,
    draft_items,
    draft_stimuli,
    draft_texts,
    draft_trial,
    drafts,
    exports,
    figures,
    formats,
    hits,
    live,
    navigation,
    new_study,
    opening,
    participants,
    parts,
    payments,
    quality,
    recruitment,
    shared,
    studies,
    uploads,
    users,
    versions,
)

log = logging.getLogger("diptych")
ENTRY = "src/dashboard/main.ts"
MODULES = (
    account,
    users,
    studies,
    new_study,
    drafts,
    draft_texts,
    draft_form,
    draft_stimuli,
    draft_items,
    draft_trial,
    uploads,
    versions,
    opening,
    live,
    alerts,
    participants,
    parts,
    quality,
    decisions,
    figures,
    payments,
    recruitment,
    hits,
    shared,
    exports,
    audit,
)


def attach(app: APIFlask) -> None:
    """Register the pages, each held to its rule of access."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    access.check_all_have_rules(app)
    _prepare_flashes(app)
    formats.attach(app)
    # Globals and not a context processor: macros that are imported see them too.
    app.jinja_env.globals.update(
        csrf_token=access.csrf_token, dashboard_bundle=_bundle, sessions_of=whose.sessions_of
    )
    app.context_processor(_shared)
    app.after_request(access.keep_visit)
    app.after_request(_never_stored)


class _PagesOnly(SecureCookieSessionInterface):
    """Flask's session, for what a page of the dashboard says once; participants need none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the session of a page of the dashboard; none elsewhere, which saves the time."""
        if not request.path.startswith("/dashboard"):
            return None
        return super().open_session(app, request)


def _shared() -> dict[str, Any]:
    """Return what every template of the dashboard may use."""
    return {"user": g.get("user"), "study": g.get("study"), **navigation.attach_to_templates()}


def _bundle() -> tuple[str, tuple[str, ...]]:
    """Find script and styles; without them pages can still be read, and say what is missing."""
    try:
        return bundle(ENTRY)
    except BundleMissing as fault:
        log.warning("%s", fault)
        return "", ()


def _prepare_flashes(app: APIFlask) -> None:
    """Let messages from one page to the next travel in a separate signed cookie."""
    known: Host = app.extensions["diptych"]
    app.session_interface = _PagesOnly()
    app.secret_key = hmac.new(known.secret, b"flash messages", hashlib.sha256).digest()
    app.config.update(
        SESSION_COOKIE_NAME="diptych_flash",
        SESSION_COOKIE_PATH=f"{known.settings.prefix}/dashboard",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=known.settings.base_url.startswith("https://"),
    )


def _never_stored(response: Response) -> Response:
    """Keep the dashboard's pages out of caches, unless a view calls its page private itself."""
    if request.path.startswith("/dashboard") and not response.cache_control.private:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Frame-Options"] = "DENY"
    return response
