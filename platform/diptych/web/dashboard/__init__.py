"""The researcher's side: server-rendered pages, one module a noun."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import g

from diptych.web.dashboard import (
    access,
    account,
    audit,
    decisions,
    exports,
    figures,
    live,
    participants,
    payments,
    quality,
    recruitment,
    studies,
)

MODULES = (
    account,
    studies,
    live,
    participants,
    quality,
    decisions,
    figures,
    payments,
    recruitment,
    exports,
    audit,
)


def attach(app: APIFlask) -> None:
    """Register the pages, each held to its rule of access."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    access.check_all_have_rules(app)
    app.context_processor(_shared)


def _shared() -> dict[str, Any]:
    """What every template of the dashboard may use."""
    return {
        "user": g.get("user"),
        "study": g.get("study"),
        "csrf_token": access.csrf_token,
    }
