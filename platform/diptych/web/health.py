"""Whether the host is well."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from diptych import __version__, installation
from diptych.ground.database import db
from diptych.host import host

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Reply 200 while the process answers, with or without a database.

    Whoever restarts a host that fails here must not do so because its database is away: that
    would only take from participants the page that tells them to wait.
    """
    # The address tells `diptych doctor` whether a proxy has led it to the host that it meant.
    return jsonify({"status": "ok", "version": __version__, "base_url": host().settings.base_url})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Reply 200 when participants may come: database, tables at head, room on the disk."""
    findings = installation.readiness(db.engine, host().settings)
    ready = all(finding.grade == "ok" for finding in findings)
    # Anybody may ask: only whether each is well, and no versions or paths.
    body = {"ready": ready, **{found.subject: found.grade == "ok" for found in findings}}
    return jsonify(body), 200 if ready else 503
