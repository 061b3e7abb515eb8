"""What platforms tell by themselves: Prolific's webhook of a submission's new status.

Nothing is paid or decided by it: a session under way ends when its submission was returned. The
same event told twice finds the session ended, so that duplicates (X-Event-ID) do no harm.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from apiflask import APIBlueprint
from flask import abort, request
from sqlalchemy import select

from diptych.domain.tables import ARRIVALS, IDENTITIES, SESSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.clean_text import storable
from diptych.ground.database import reading
from diptych.host import host
from diptych.settling.settle import end_session

blueprint = APIBlueprint("hooks", __name__, enable_openapi=False)
#: An event that was signed longer ago is not taken: it may have been recorded and sent again (s).
FRESH_S = 300
EVENT = "submission.status.change"
ENDS = {"RETURNED": "returned", "TIMED OUT": "timed_out"}


@blueprint.post("/hooks/prolific")
def prolific() -> tuple[str, int]:
    """Take in a changed submission, signed with the secret of the workspace."""
    secret = host().settings.prolific_webhook_secret
    if not secret:
        abort(404)
    timestamp = request.headers.get("X-Prolific-Request-Timestamp", "")
    given = request.headers.get("X-Prolific-Request-Signature", "")
    if not (_is_signed(secret, timestamp, request.get_data(), given) and _is_fresh(timestamp)):
        abort(403, "This is not signed as Prolific signs.")
    event = request.get_json(silent=True)
    if isinstance(event, dict) and event.get("event_type") == EVENT:
        _changed(event)
    return "", 204


def _is_signed(secret: str, timestamp: str, body: bytes, given: str) -> bool:
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), given.encode())


def _is_fresh(timestamp: str) -> bool:
    try:
        return abs(time.time() - float(timestamp)) <= FRESH_S
    except ValueError:
        return False


def _changed(event: dict[str, Any]) -> None:
    """End the session of a submission that has ended on Prolific."""
    status = str(event.get("status", "")).upper().replace("-", " ").replace("_", " ")
    if status not in ENDS:
        return
    with reading() as connection:
        rows = connection.execute(
            select(SESSIONS.c.id, ARRIVALS.c.parameters)
            .join(IDENTITIES, IDENTITIES.c.participant_id == SESSIONS.c.participant_id)
            .join(ARRIVALS, ARRIVALS.c.session_id == SESSIONS.c.id)
            .where(
                IDENTITIES.c.recruiter == "prolific",
                IDENTITIES.c.external_id == storable(str(event.get("participant_id", ""))),
                SESSIONS.c.recruiter == "prolific",
                SESSIONS.c.status.in_(LIVE),
            )
            .order_by(ARRIVALS.c.id)
        ).all()
    # Who came back with another submission since goes on with that one.
    latest = {row.id: row.parameters.get("SESSION_ID") for row in rows}
    for number, submission in latest.items():
        if submission == event.get("resource_id"):
            end_session(host(), number, ENDS[status])
