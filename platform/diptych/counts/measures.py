"""What is measured of one ended session, and what it adds to the counts behind the live view.

All of it is a pure function of the session's facts, so that it can be taken out and counted again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from diptych.domain.rows import SessionRow
from diptych.sessions.facts import SessionFacts

#: Tallies of the live view, scope `all`; figures of studies have other names.
FUNNEL, LEFT, CONDITIONS, DURATIONS = "live.funnel", "live.left", "live.conditions", "live.time"
ERRORS, RULES, VERSIONS = "live.errors", "live.rules", "live.versions"
#: The stages of a session, each reached by fewer than the one before.
STAGES = ("entered", "consented", "practised", "running", "completed")
#: Ways to end without completing.
OTHER_ENDS = ("screened_out", "timed_out", "returned", "declined", "withdrawn", "expired")
ERROR_KINDS = ("image_error", "script_error")
#: Durations are counted in bins so many to a factor of ten, each 1 % wide.
PER_DECADE = 231

Counts = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Measures:
    """What tables of sessions are sorted by.

    Attributes
    ----------
    score : float | None
        Share of right answers outside practice; None without any answer. A missed trial is not
        right.
    duration_ms : float | None
        From consent to the end, or to the last sign of somebody who left.
    median_rt_ms : float | None
        Of the answers outside practice; None without any.
    """

    score: float | None
    duration_ms: float | None
    median_rt_ms: float | None


def measures(facts: SessionFacts) -> Measures:
    """The measures of one ended session."""
    session, counted, scored = facts.session, facts.counted, facts.scored
    return Measures(
        score=sum(scored) / len(scored) if scored else None,
        duration_ms=duration_ms(session),
        median_rt_ms=median(trial["rt_ms"] for trial in counted) if counted else None,
    )


def duration_ms(session: SessionRow) -> float | None:
    """From consent to the end of a session; None when there was no consent, or no end yet.

    A session that was left ends when that is noticed: it counts up to its last sign of life.
    """
    if session.consented_at is None or session.ended_at is None:
        return None
    end = session.ended_at if session.status == "completed" else session.last_seen_at
    return float(max(min(end, session.ended_at) - session.consented_at, 0))


def course(facts: SessionFacts) -> dict[str, Counts]:
    """What one ended session adds to the counts of the live view, by tally."""
    session = facts.session
    reached = stages_reached(facts)
    ends = [session.status] if session.status in OTHER_ENDS else []
    counts: dict[str, Counts] = {
        FUNNEL: {name: [1] for name in (*reached, *ends)},
        VERSIONS: {str(session.version_id): [1]},
        ERRORS: _times(event.kind for event in facts.events if event.kind in ERROR_KINDS),
    }
    if session.status == "completed":
        assert session.condition is not None, "who completed a study had a condition"
        counts[CONDITIONS] = {session.condition: [1]}
        if session.kind != "machine" and (took := duration_ms(session)) is not None:
            counts[DURATIONS] = {str(duration_bin(took)): [1]}
    elif session.status != "screened_out":
        counts[LEFT] = {_where_left(facts): [1]}
    return counts


def emptied(session: SessionRow) -> dict[str, Counts]:
    """What a session adds of which no more than the count is kept (`journey.state.EMPTIED`)."""
    return {
        FUNNEL: {"entered": [1], session.status: [1]},
        VERSIONS: {str(session.version_id): [1]},
    }


def findings(facts: SessionFacts) -> Counts:
    """How often each quality rule was evaluated, and how often it flagged."""
    return {found.rule: [1, int(found.flagged)] for found in facts.findings}


def stages_reached(facts: SessionFacts) -> list[str]:
    """The stages that an ended session reached, in order."""
    session = facts.session
    if session.status == "completed":
        return list(STAGES)
    reached = ["entered"]
    if session.consented_at is not None:
        reached.append("consented")
    if session.started_at is not None:
        reached.append("practised")
        if _was_running(facts):
            reached.append("running")
    return reached


def _was_running(facts: SessionFacts) -> bool:
    if facts.counted or facts.missed:
        return True
    if facts.session.status == "screened_out":
        return False  # whoever fails the practice was shown nothing beyond it
    here = [t for t in facts.trials if t["trial_index"] == facts.session.position]
    return bool(here) and here[0]["phase"] != "practice"


def _where_left(facts: SessionFacts) -> str:
    """The trial (from 0) that somebody left at, or how far they came before the first."""
    session = facts.session
    if session.started_at is not None:
        return str(session.position)
    return "before consent" if session.consented_at is None else "before the trials"


def _times(kinds: Iterable[str]) -> dict[str, list[float]]:
    counts: dict[str, list[float]] = {}
    for kind in kinds:
        counts.setdefault(kind, [0])[0] += 1
    return counts


def duration_bin(milliseconds: float) -> int:
    """The bin of a duration; all below a second share one."""
    return math.floor(math.log10(max(milliseconds, 1000.0)) * PER_DECADE)


def bin_edges(number: int) -> tuple[float, float]:
    """Lower and upper end of a bin of durations, in ms."""
    return 10 ** (number / PER_DECADE), 10 ** ((number + 1) / PER_DECADE)


def quantile_ms(counts: Counts, share: float) -> float | None:
    """A quantile of durations from their bins, off by no more than 1 %; None of nothing.

    Parameters
    ----------
    counts : Counts
        The tally `DURATIONS`.
    share : float
        0.5 for the median; the smallest duration that so large a share does not exceed.
    """
    bins = sorted((int(name), numbers[0]) for name, numbers in counts.items())
    wanted, seen = share * sum(n for _, n in bins), 0.0
    for number, n in bins:
        seen += n
        if seen >= wanted:
            low, high = bin_edges(number)
            return math.sqrt(low * high)
    return None
