"""A rule on where sessions came from: others of that day from the same address."""

from __future__ import annotations

from diptych.quality.related_sessions import ADDRESS_RULE
from diptych.quality.rules import Found, Seen, plural, rule
from diptych.quality.visits import named


@rule(
    ADDRESS_RULE,
    "Same address (soft)",
    "Earlier sessions of others in this study on the same day (UTC), from the same IP address, "
    "that reached a trial. A hint only: a campus or a household shares an address. Addresses are "
    "not stored, only marks that are deleted after `address_hash_days`.",
    unit="sessions",
    unfinished=True,
    soft=True,
)
def max_same_address(seen: Seen) -> Found | None:
    """Count earlier sessions of others from the same address; never decides alone."""
    near, counted = seen.others.same_address, seen.others.same_address_counted
    if near is None:
        if counted is None:
            return None
        words = f"{plural(int(counted), 'earlier session')} of others that day from the same "
        return Found(counted, f"{words}address, counted before the marks were deleted")
    words = f"{plural(len(near), 'earlier session')} of others that day from the same address"
    return Found(len(near), named(words, near))
