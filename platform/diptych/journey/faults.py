"""What the journey refuses, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# code -> HTTP status; the API reference lists them from here.
CODES = {
    "bad_token": 401,
    "not_eligible": 403,
    "part_unknown": 403,
    "unknown_study": 404,
    "unknown_trial": 404,
    "study_early": 409,
    "study_paused": 409,
    "study_closed": 409,
    "study_full": 409,
    "part_early": 409,
    "part_late": 409,
    "other_arrival": 409,
    "in_use": 409,
    "already_answered": 409,
    "out_of_order": 409,
    "wrong_step": 409,
    "ended": 409,
    "invalid": 422,
    "platform_away": 503,
}


@dataclass(frozen=True)
class Said:
    """Which of the page's own words say a refusal to a participant (`why-…` in `words/en.ftl`).

    Attributes
    ----------
    key : str
        Name of the message, without `why-`.
    values : Mapping[str, int | str]
        What stands in it.
    """

    key: str
    values: Mapping[str, int | str] = field(default_factory=dict)


class JourneyFault(Exception):
    """A request that the journey refuses; nothing was changed.

    Parameters
    ----------
    code : str
        For programs.
    message : str
        In English; participants are told it where the page has no words for the code.
    fields : Mapping[str, str] | None, optional
        What is wrong with each field of the body.
    said : Said | None
        Which words say it, where they are not those of the code.
    """

    def __init__(
        self,
        code: str,
        message: str,
        fields: Mapping[str, str] | None = None,
        said: Said | None = None,
    ) -> None:
        self.code = code
        self.said = said
        self.status = CODES[code]
        self.message = message
        self.fields = dict(fields or {})
        super().__init__(f"{code}: {message}")
