"""Rules on what the browser reports beside the answers: focus, input, errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from diptych.quality.rules import Found, Seen, plural, rule

_COUNT = re.compile(r"(moves|presses|keys)=(\d+)")


@rule(
    "max_focus_losses",
    "Focus lost",
    "How often the page was left for another window or tab while trials were running.",
    unit="times",
    unfinished=True,
)
def max_focus_losses(seen: Seen) -> Found | None:
    """Count leaving and coming back as one loss, however many events the browser sends."""
    losses = focus_losses(seen.facts.events)
    return Found(losses, f"The page was left {plural(losses, 'time')} during the trials")


def focus_losses(events: Iterable[Any]) -> int:
    """Count a session's departures among its events: blur and hidden until both are over."""
    ends = {"focus": "blur", "visible": "hidden"}
    away: set[str] = set()
    losses = 0
    for event in events:
        if event.kind in ("blur", "hidden"):
            losses += not away and event.trial_index is not None
            away.add(event.kind)
        elif event.kind == "reload":
            away.clear()
        elif event.kind == "focus":
            # A window that has the focus is seen, whether or not the browser says that, too.
            away.clear()
        elif event.kind in ends:
            away.discard(ends[event.kind])
    return losses


@rule(
    "min_input_events",
    "Pointer and keys",
    "Movements and presses of the pointer, touches and keys that the page recorded during the "
    "trials. Scripts that press buttons without a pointer, or only send requests to the server, "
    "produce none.",
    unit="events",
    unfinished=True,
)
def min_input_events(seen: Seen) -> Found | None:
    """Count inputs. The page reports with the first response, so no report means no input."""
    if not seen.facts.answered:
        return None
    counts = input_counts(seen.facts.events)
    parts = (
        plural(counts["moves"], "movement"),
        plural(counts["presses"], "press", "presses"),
        plural(counts["keys"], "key"),
    )
    return Found(counts.total(), f"The page noticed {', '.join(parts)}")


def input_counts(events: Iterable[Any]) -> Counter[str]:
    """Sum the `input` events of a session; each reports what came since the one before."""
    counts: Counter[str] = Counter(moves=0, presses=0, keys=0)
    for event in events:
        if event.kind == "input":
            counts.update({what: int(n) for what, n in _COUNT.findall(event.detail or "")})
    return counts


@rule(
    "max_browser_errors",
    "Browser errors",
    "Pictures that did not load and scripts that failed, as the browser reports them.",
    unit="errors",
    unfinished=True,
)
def max_browser_errors(seen: Seen) -> Found | None:
    """Count errors of the browser; they speak against the session's data only."""
    errors = [e for e in seen.facts.events if e.kind in ("image_error", "script_error")]
    words = f"The browser reported {plural(len(errors), 'error')}"
    if errors:
        words += f", the first: {(errors[0].detail or errors[0].kind)[:80]}"
    return Found(len(errors), words)
