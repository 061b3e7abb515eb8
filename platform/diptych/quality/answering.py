"""Rules on how the trials were answered: how fast, how evenly, how much better than by guessing."""

from __future__ import annotations

import math
from itertools import groupby
from statistics import median

from diptych.quality.rules import Found, Seen, number, plural, rule

#: Nobody sees a picture, decides and presses a button in less, in ms. Simple reactions to a light
#: take some 200 ms (Woods et al. 2015, Front. Hum. Neurosci. 9:131).
LEAST_RT_MS = 150.0
#: How far the clocks of two hosts, and the rounding of browsers, may be off, in ms.
CLOCK_SLACK_MS = 250.0


@rule(
    "min_median_rt_ms",
    "Median response time",
    "Median of the response times outside practice.",
    unit="ms",
)
def min_median_rt_ms(seen: Seen) -> Found | None:
    """Half of the answers were given faster than this."""
    if not seen.times:
        return None
    middle = median(seen.times)
    return Found(middle, f"Half of the answers took less than {number(middle)} ms")


@rule(
    "max_same_response_run",
    "Same button in a row",
    "Longest run of the same answer outside practice. Buttons keep their places in a session, so "
    "that the same answer is the same button.",
    unit="answers",
)
def max_same_response_run(seen: Seen) -> Found | None:
    """The longest run, and at which trial it began."""
    answers = [(t["response"], t["trial_index"]) for t in seen.counted if t.get("response")]
    if not answers:
        return None
    runs = [list(run) for _, run in groupby(answers, key=lambda answer: answer[0])]
    longest = max(runs, key=len)
    name, first = longest[0]
    return Found(len(longest), f"{name} {plural(len(longest), 'time')} in a row from trial {first}")


@rule(
    "max_chance_p",
    "Accuracy against chance",
    "Probability that a participant who guesses gets as many test and catch trials right, or "
    "more (one-sided binomial test). Above the threshold, the answers may be guesses.",
)
def max_chance_p(seen: Seen) -> Found | None:
    """The exact tail of the binomial distribution."""
    answers = [t for t in seen.counted if t["phase"] in ("test", "catch")]
    judged = [bool(t["correct"]) for t in answers if t["correct"] is not None]
    chance = seen.task.chance() if judged else None
    if chance is None:
        return None
    right, of = sum(judged), len(judged)
    p = binomial_tail(right, of, chance)
    expected = f"guessing gives {number(of * chance)}"
    return Found(p, f"{right} of {of} right, where {expected} (p = {number(p)})")


@rule(
    "max_missed_share",
    "Missed trials",
    "Share of the trials outside practice whose deadline passed without an answer.",
)
def max_missed_share(seen: Seen) -> Found | None:
    """Somebody who often answers too late does something else, or can't do the task."""
    missed = len(seen.facts.missed)
    over = missed + len(seen.counted)
    if not over or not seen.task.timing.deadline_ms:
        return None
    return Found(missed / over, f"{missed} of {plural(over, 'trial')} without an answer in time")


def binomial_tail(least: int, n: int, chance: float) -> float:
    """P(X >= least) of a binomial X of n trials with a probability."""
    if least <= 0:
        return 1.0
    terms = (math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(least, n + 1))
    return min(1.0, math.fsum(terms))


@rule(
    "max_fast_share",
    "Impossibly fast answers",
    f"Share of the answers outside practice that came within {LEAST_RT_MS:.0f} ms of the picture, "
    "or before the page lets anybody answer.",
    unfinished=True,
)
def max_fast_share(seen: Seen) -> Found | None:
    """What no person who uses the page can do."""
    if not seen.times:
        return None
    least = max(LEAST_RT_MS, seen.task.least_rt_ms())
    fast = sum(time < least for time in seen.times)
    of = plural(len(seen.times), "answer")
    return Found(fast / len(seen.times), f"{fast} of {of} in less than {number(least)} ms")


@rule(
    "max_clock_conflicts",
    "Times that can't be true",
    "Answers that reached the server sooner after their trial was handed out than the response "
    f"time that the browser reports (by more than {CLOCK_SLACK_MS:.0f} ms). People only: simulated "
    "participants live on a clock of their own.",
    unit="answers",
    unfinished=True,
)
def max_clock_conflicts(seen: Seen) -> Found | None:
    """A page that reports honest times can't do this: a script that makes them up can."""
    if seen.session.kind != "person":
        return None
    answers = seen.facts.answered
    early = [t for t in answers if server_gap_ms(t) + CLOCK_SLACK_MS < t["rt_ms"]]
    words = f"{plural(len(early), 'answer')} of {len(answers)} came sooner than their own times say"
    if early:
        worst = max(early, key=lambda t: t["rt_ms"] - server_gap_ms(t))
        gap, claimed = server_gap_ms(worst), worst["rt_ms"]
        words += f" (trial {worst['trial_index']}: {number(claimed)} ms told, "
        words += f"{number(gap)} ms passed)"
    return Found(len(early), words)


def server_gap_ms(trial: object) -> float:
    """Time from handing a trial out to its answer by the server's clock, in ms."""
    shown, answered = trial["presented_at"], trial["responded_at"]  # type: ignore[index]
    return float((answered - shown).total_seconds() * 1000)
