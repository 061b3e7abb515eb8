"""Rules on who came: the same platform id again, and sessions that look alike."""

from __future__ import annotations

from collections.abc import Sequence

from diptych.quality.related_sessions import LOOKALIKES_RULE, REPEATS_RULE
from diptych.quality.rules import Found, Seen, plural, rule


@rule(
    REPEATS_RULE,
    "Taken before",
    "Earlier sessions under the same platform id that reached a trial, in this study or in one of "
    "its `exclude_studies`.",
    unit="sessions",
    unfinished=True,
)
def max_repeats(seen: Seen) -> Found | None:
    """Count earlier sessions of the same person: the first is not flagged for the second."""
    before = seen.others.same_person
    words = f"{plural(len(before), 'earlier session')} under the same platform id"
    return Found(len(before), named(words, before))


@rule(
    LOOKALIKES_RULE,
    "Looks like others (soft)",
    "Sessions of others that began up to 30 minutes before with the same browser, window size and "
    "language. A hint only: many honest people have the same device.",
    unit="sessions",
    unfinished=True,
    soft=True,
)
def max_lookalikes(seen: Seen) -> Found | None:
    """Count sessions with the same browser shortly before; never decides alone."""
    alike = seen.others.lookalikes
    words = f"{plural(len(alike), 'session')} with the same browser, window and language "
    return Found(len(alike), named(f"{words}within 30 minutes before", alike))


def named(words: str, sessions: Sequence[str]) -> str:
    """Return the words with the first few sessions behind them."""
    if not sessions:
        return words
    more = f" and {len(sessions) - 3} more" if len(sessions) > 3 else ""
    return f"{words} ({', '.join(sessions[:3])}{more})"
