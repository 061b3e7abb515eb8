"""Whether the host is well."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from diptych import __version__
from diptych.database import database_is_up, db

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the process and its database answer, 503 otherwise."""
    up = database_is_up(db.engine)
    body = {"status": "ok" if up else "database away", "version": __version__}
    return jsonify(body), 200 if up else 503
