"""Which sessions of a study somebody wants to see, and in which order: read from an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from diptych.domain import vocabulary
from diptych.domain.vocabulary import KINDS
from diptych.quality import RULES

# Refusals and withdrawals are not among them: of those only the count is kept.
STATUSES = tuple(status for status in vocabulary.STATUSES if status not in vocabulary.EMPTIED)
YES_NO = ("yes", "no")
#: What somebody decides about a submission: the latest of them holds.
VERDICTS = ("approve", "reject", "request_return", "screen_out")
DECISIONS = ("none", *VERDICTS, "bonus")
PAYMENTS = ("none", "intended", "sent", "confirmed", "failed")
#: What the table can be sorted by -> the column of `session_results`; `entered` is a session's own.
SORTS = {
    "entered": "entered_at",
    "score": "score",
    "duration": "duration_ms",
    "rt": "median_rt_ms",
    "flags": "n_flags",
}
LEAST_SEARCH = 3
_CHOICES = {
    "who": KINDS,
    "status": STATUSES,
    "flagged": YES_NO,
    "rule": tuple(RULES),
    "excluded": YES_NO,
    "decision": DECISIONS,
    "payment": PAYMENTS,
    "sort": tuple(SORTS),
    "order": ("asc", "desc"),
}


class WantedFault(ValueError):
    """An address asks for sessions in a way that is not understood; the message says which."""


@dataclass(frozen=True)
class Wanted:
    """Which sessions, in which order. An empty text asks for nothing in particular.

    Attributes
    ----------
    who : str
        Kind of participant.
    search : str
        The beginning of a pseudonym or of a session's id, or a platform's id, whole.
    status : str
        Of the session.
    condition : str
        Name of the condition.
    version : str
        Content hash of the study's version, or its beginning.
    recruiter : str
        Where the session came from.
    flagged : str
        `yes` where a quality rule speaks against the session, `no` where none does.
    rule : str
        Name of a quality rule that speaks against the session.
    excluded : str
        `yes` or `no`.
    decision : str
        What stands about the submission, `bonus` where any was given, or `none`.
    payment : str
        In which state any order of the ledger is, or `none` where there is no order.
    sort : str
        One of `SORTS`.
    order : str
        `asc` or `desc`; sessions without the value come last either way.
    """

    who: str = "person"
    search: str = ""
    status: str = ""
    condition: str = ""
    version: str = ""
    recruiter: str = ""
    flagged: str = ""
    rule: str = ""
    excluded: str = ""
    decision: str = ""
    payment: str = ""
    sort: str = "entered"
    order: str = "desc"

    @property
    def is_ascending(self) -> bool:
        """Whether the least comes first."""
        return self.order == "asc"

    @property
    def narrows(self) -> bool:
        """Whether anything but the kind of participant narrows the list."""
        plain = Wanted(who=self.who, sort=self.sort, order=self.order)
        return self != plain

    def query(self, **changes: str) -> str:
        """Return the query of an address that asks for the same, with changes."""
        plain = Wanted()
        values = {f.name: getattr(self, f.name) for f in fields(self)} | changes
        return urlencode({k: v for k, v in values.items() if v != getattr(plain, k, "")})


def read_wanted(query: Mapping[str, str]) -> Wanted:
    """Read the query of an address; keys that are not ours are left alone.

    Raises
    ------
    WantedFault
        When a value is not among those allowed, or no text of a database.
    """
    values: dict[str, str] = {}
    for each in fields(Wanted):
        value = query.get(each.name, "").strip()[:255]
        if not value:
            continue
        allowed = _CHOICES.get(each.name)
        if allowed is not None and value not in allowed:
            raise WantedFault(f"{each.name}: {value!r} is not one of {', '.join(allowed)}")
        if "\0" in value:
            raise WantedFault(f"{each.name}: there is a NUL character in it")
        values[each.name] = value
    return Wanted(**values)
