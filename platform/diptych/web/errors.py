"""Every error as one JSON shape: {"error": {"code", "message", "fields", "said"}}.

People in the dashboard get a page instead.
"""

from __future__ import annotations

import logging
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response, jsonify, request
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from diptych.journey import JourneyFault
from diptych.journey.faults import Said
from diptych.web.dashboard import error_pages

log = logging.getLogger("diptych")
UNDEFINED_TABLE, UNDEFINED_COLUMN = "42P01", "42703"
_CODES = {
    401: "bad_token",
    404: "not_found",
    405: "wrong_method",
    413: "too_large",
    422: "invalid",
    429: "too_many",
}


_FAULT = {
    "type": "object",
    "required": ["code", "message", "fields", "said"],
    "properties": {
        "code": {"type": "string", "description": "For programs."},
        "message": {"type": "string", "description": "For people."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What is wrong with each field of the body, by dotted name.",
        },
        "said": {
            "type": "object",
            "nullable": True,
            "description": "Which of the page's own words say it to a participant, and the values "
            "in them; null: those of the code.",
            "properties": {"key": {"type": "string"}, "values": {"type": "object"}},
        },
    },
}
SCHEMA = {"type": "object", "required": ["error"], "properties": {"error": _FAULT}}


def error(
    status: int,
    code: str,
    message: str,
    fields: dict[str, str] | None = None,
    said: Said | None = None,
) -> tuple[Response, int]:
    """Make an error reply."""
    if error_pages.wanted():
        return error_pages.page(status, message, fields), status
    words = None if said is None else {"key": said.key, "values": dict(said.values)}
    told = {"code": code, "message": message, "fields": fields or {}, "said": words}
    return jsonify({"error": told}), status


def attach(app: APIFlask) -> None:
    """Register the handlers, and the shape of errors in the API's description."""
    app.config.update(HTTP_ERROR_SCHEMA=SCHEMA, VALIDATION_ERROR_SCHEMA=SCHEMA)

    @app.error_processor
    def http_error(fault: HTTPError) -> Any:
        fields: dict[str, str] = {}
        detail = fault.detail if isinstance(fault.detail, dict) else {}
        for place in detail.values():
            for field, messages in place.items():
                fields[str(field)] = " ".join(map(str, _flat(messages)))
        message = "A field has a wrong value." if fields else str(fault.message)
        code = _CODES.get(fault.status_code, "refused")
        reply, status = error(fault.status_code, code, message, fields)
        reply.headers.extend(dict(fault.headers or {}))
        return reply, status

    @app.errorhandler(HTTPException)
    def refused(fault: HTTPException) -> Any:
        # APIFlask's own handler keeps only the standard phrase; what a view said is worth more.
        said = fault.description if fault.description != type(fault).description else None
        headers = {k: v for k, v in fault.get_headers() if k != "Content-Type"}
        return http_error(HTTPError(fault.code or 500, said or fault.name, headers=headers))

    @app.errorhandler(RecursionError)
    def too_deep(fault: RecursionError) -> tuple[Response, int]:
        return error(422, "invalid", "The JSON body is nested too deeply.")

    @app.errorhandler(JourneyFault)
    def journey_fault(fault: JourneyFault) -> tuple[Response, int]:
        reply, status = error(fault.status, fault.code, fault.message, fault.fields, fault.said)
        if status == 503:
            reply.headers["Retry-After"] = "5"
        return reply, status

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_away(fault: Exception) -> tuple[Response, int]:
        # Nothing was stored, and the client is told so: it tries again.
        log.error("database: %s", fault.orig if isinstance(fault, DBAPIError) else fault)
        reply, status = error(
            503, "busy", "The server cannot save your answer at the moment. It is kept here."
        )
        reply.headers["Retry-After"] = "1"
        return reply, status

    @app.errorhandler(ProgrammingError)
    def wrong_tables(fault: ProgrammingError) -> tuple[Response, int]:
        # PostgreSQL's word for tables that are not those of this version: they are being migrated.
        behind = getattr(fault.orig, "sqlstate", None) in (UNDEFINED_TABLE, UNDEFINED_COLUMN)
        return database_away(fault) if behind else unexpected(fault)

    @app.errorhandler(Exception)
    def unexpected(fault: Exception) -> tuple[Response, int]:
        # The pattern, not the path: that may name a session, or be a one-time link.
        rule = request.url_rule
        route = rule.rule if rule is not None else "unknown"
        log.exception("unexpected error on %s %s", request.method, route, exc_info=fault)
        return error(500, "internal", "Something went wrong on the server. The error was recorded.")


def _flat(messages: Any) -> list[Any]:
    if isinstance(messages, dict):
        return [text for value in messages.values() for text in _flat(value)]
    return list(messages) if isinstance(messages, list | tuple) else [messages]
