"""Whether the host is well."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from diptych import __version__, installation
from diptych.database import database_is_up, db
from diptych.host import host

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the process and its database answer, 503 otherwise."""
    up = database_is_up(db.engine)
    body = {"status": "ok" if up else "database away", "version": __version__}
    return jsonify(body), 200 if up else 503


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 when participants may be sent here: database, tables at head, room on the disk."""
    findings = installation.readiness(db.engine, host().settings)
    ready = all(finding.grade == "ok" for finding in findings)
    # Anybody may ask: only whether each is well, and no versions or paths.
    body = {"ready": ready, **{found.subject: found.grade == "ok" for found in findings}}
    return jsonify(body), 200 if ready else 503
