"""What is worth an alert: pure rules over the few numbers that they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: Drop-out is judged by so many of the newest sessions that consented and have ended, and no fewer.
SESSIONS_JUDGED, LEAST_JUDGED = 20, 10
#: So many sessions with errors in their browsers, of those that entered within a day.
SESSIONS_WITH_ERRORS = 3
#: Part of the budget that is worth an alert.
BUDGET_SHARE = 0.8
#: A payment is in doubt for so long (ms) before it is worth an alert: most are settled sooner.
DOUBT_MS = 3_600_000


@dataclass(frozen=True)
class StudyNumbers:
    """What the rules read about one study.

    Attributes
    ----------
    state : str
        open, paused, closed or draft.
    full : bool
        Whether every place is taken.
    participants : int
        Places that the study has.
    hours_quiet : float
        Hours since a person entered, or since the version was opened.
    ended, left : int
        Of the newest sessions that consented and have ended or are silent; and those that left.
    with_errors : int
        Sessions of the last day whose browsers reported errors.
    budget, spent : int
        Minor units; 0 without a budget.
    in_doubt : int
        Payments in doubt for longer than `DOUBT_MS`.
    stopped_because : str or None
        Why the host paused or closed the study, by its dates and limits.
    """

    state: str
    full: bool
    participants: int
    hours_quiet: float
    ended: int
    left: int
    with_errors: int
    budget: int
    spent: int
    in_doubt: int
    stopped_because: str | None = None


@dataclass(frozen=True)
class Limits:
    """From where on a number is worth an alert.

    Attributes
    ----------
    quiet_hours : float
        Hours without a new participant; 0: never.
    dropout_percent : float
        Percent of the sessions judged; 100: never.
    """

    quiet_hours: float
    dropout_percent: float


def reasons(numbers: StudyNumbers, limits: Limits) -> Iterator[tuple[str, str]]:
    """Yield (kind, message) of everything that is worth an alert now.

    Parameters
    ----------
    numbers : StudyNumbers
        Of one study.
    limits : Limits
        Of the host.
    """
    if numbers.state == "open":
        yield from _of_an_open_study(numbers, limits)
    if numbers.stopped_because:
        yield "stopped", f"The study is {numbers.state}: {numbers.stopped_because}."
    if numbers.budget and numbers.spent >= BUDGET_SHARE * numbers.budget:
        share = 100 * numbers.spent // numbers.budget
        yield "budget", f"{share} % of the budget is spent."
    if numbers.in_doubt:
        count = "1 payment is" if numbers.in_doubt == 1 else f"{numbers.in_doubt} payments are"
        yield "payments", f"{count} in doubt for more than an hour. Check the page Payments."


def _of_an_open_study(numbers: StudyNumbers, limits: Limits) -> Iterator[tuple[str, str]]:
    if numbers.full:
        places = numbers.participants
        told = "The only place is taken." if places == 1 else f"All {places} places are taken."
        yield "full", told
    elif 0 < limits.quiet_hours <= numbers.hours_quiet:
        hours = f"{limits.quiet_hours:g} {'hour' if limits.quiet_hours == 1 else 'hours'}"
        yield "quiet", f"No new participant for {hours}, and places are free."
    if numbers.ended >= LEAST_JUDGED and limits.dropout_percent < 100:
        percent = 100 * numbers.left / numbers.ended
        if percent >= limits.dropout_percent:
            yield (
                "dropout",
                f"{numbers.left} of the last {numbers.ended} participants left before the end.",
            )
    if numbers.with_errors >= SESSIONS_WITH_ERRORS:
        yield (
            "errors",
            f"The browsers of {numbers.with_errors} participants reported errors within a day. "
            "Check the page Live.",
        )
