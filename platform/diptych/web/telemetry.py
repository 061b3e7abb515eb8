"""What an administrator sees of a running host: one log line a request, and metrics.

Neither carries an id of a person or a session: a request is known by its route, such as
`/api/v1/trials/<int:index>/response`, never by its address or its query.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import secrets
import sys
import time
from typing import Any

from apiflask import APIBlueprint, APIFlask
from flask import Response, abort, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from pythonjsonlogger.json import JsonFormatter

from diptych.ground.settings import Settings
from diptych.host import host
from diptych.web.limits import limits
from diptych.web.log_redaction import Discreet

blueprint = APIBlueprint("telemetry", __name__, enable_openapi=False)
access_log = logging.getLogger("diptych.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

REQUESTS = Histogram(
    "diptych_request_seconds",
    "Time from the request's arrival in the host to its reply.",
    ("method", "route", "status"),
    buckets=_BUCKETS,
)
FAULTS = Counter("diptych_faults_total", "Requests that ended with 5xx.", ("route",))


def attach(app: APIFlask, settings: Settings) -> None:
    """Time and name every request; log it where logs are wanted."""
    _set_up_logs(settings)
    quiet = settings.log == "quiet"

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter_ns()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = (time.perf_counter_ns() - g.get("began", time.perf_counter_ns())) / 1e9
        rule = request.url_rule
        # Addresses that no route knows are one label: an attacker must not make a million.
        route = rule.rule if rule is not None else "unknown"
        status = response.status_code
        REQUESTS.labels(request.method, route, status).observe(seconds)
        if status >= 500:
            FAULTS.labels(route).inc()
        # From anybody else than a proxy of ours it could be somebody's id.
        given = request.headers.get("X-Request-ID", "") if settings.proxy_hops else ""
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        response.headers["X-Request-ID"] = request_id
        if not quiet:
            line = {
                "request_id": request_id,
                "method": request.method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            access_log.info("%(method)s %(route)s %(status)s %(ms)s ms", line, extra=line)
        return response


def _set_up_logs(settings: Settings) -> None:
    """Add one handler on standard error for all logs of Diptych: JSON, or a line to read."""
    root = logging.getLogger("diptych")
    for handler in list(root.handlers):
        root.removeHandler(handler)
    made = logging.StreamHandler(sys.stderr)
    if settings.log == "json":
        made.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
            )
        )
    else:
        made.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    made.addFilter(Discreet())
    root.addHandler(made)
    root.setLevel(logging.WARNING if settings.log == "quiet" else logging.INFO)
    root.propagate = settings.log == "quiet"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Send Prometheus metrics of all workers to a client with the token; 404 where none is set."""
    token = host().settings.metrics_token
    if not token:
        abort(404)
    limits().before_looking()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), token.encode()):
        limits().wrong()
        abort(401)
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> Any:
    """Return the counts of all worker processes where they share a folder, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together
