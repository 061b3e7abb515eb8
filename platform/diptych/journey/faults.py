"""What the journey refuses, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping

# code -> HTTP status; the API reference lists them from here.
CODES = {
    "bad_token": 401,
    "not_eligible": 403,
    "unknown_study": 404,
    "unknown_trial": 404,
    "study_paused": 409,
    "study_closed": 409,
    "study_full": 409,
    "other_arrival": 409,
    "in_use": 409,
    "already_answered": 409,
    "out_of_order": 409,
    "wrong_step": 409,
    "ended": 409,
    "invalid": 422,
    "platform_away": 503,
}


class JourneyFault(Exception):
    """A request that the journey refuses; nothing was changed."""

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.status = CODES[code]
        self.message = message
        self.fields = dict(fields or {})
        super().__init__(f"{code}: {message}")
