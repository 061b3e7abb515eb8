"""The published set: Zimmermann et al. (NeurIPS 2023), and the MIS paper, App. B."""

from __future__ import annotations

from collections import Counter

from diptych.quality.rules import Found, Seen, number, plural, rule


@rule(
    "min_catch_accuracy",
    "Catch trials right",
    "Share of the catch trials that were answered rightly, and in time.",
)
def min_catch_accuracy(seen: Seen) -> Found | None:
    """Catch trials are made so easy that whoever looks gets them right."""
    over = [*seen.counted, *seen.facts.missed]
    catches = [bool(trial.get("correct")) for trial in over if trial["phase"] == "catch"]
    if not catches:
        return None
    right = sum(catches)
    return Found(right / len(catches), f"{right} of {plural(len(catches), 'catch trial')} right")


def _total(seen: Seen) -> Found | None:
    seconds = sum(seen.times) / 1000
    return Found(seconds, f"Response times add up to {number(seconds)} s")


rule(
    "min_total_rt_s",
    "Total response time, least",
    "Sum of the response times outside practice.",
    unit="s",
)(_total)
rule(
    "max_total_rt_s",
    "Total response time, greatest",
    "Sum of the response times outside practice.",
    unit="s",
)(_total)


def _instructions(seen: Seen) -> Found | None:
    if seen.session.instructions_ms is None:
        return None
    seconds = seen.session.instructions_ms / 1000
    return Found(seconds, f"{number(seconds)} s on the instructions")


rule(
    "min_instructions_s",
    "Instruction time, least",
    "Time on the pages of instructions.",
    unit="s",
)(_instructions)
rule(
    "max_instructions_s",
    "Instruction time, greatest",
    "Time on the pages of instructions.",
    unit="s",
)(_instructions)


@rule(
    "min_rarer_response",
    "Rarer answer",
    "How often the rarer of two possible answers was given, outside practice. Only where no more "
    "than two different answers were given.",
    unit="answers",
)
def min_rarer_response(seen: Seen) -> Found | None:
    """Somebody who always presses the same row does not compare anything."""
    counts = Counter(t["response"] for t in seen.counted if t.get("response") is not None)
    if not counts or len(counts) > 2:
        return None
    ordered = counts.most_common()
    rarer = 0 if len(ordered) == 1 else ordered[1][1]
    words = ", ".join(f"{count} × {answer}" for answer, count in ordered)
    return Found(rarer, f"The rarer answer was given {plural(rarer, 'time')} ({words})")


@rule(
    "max_practice_attempts",
    "Practice attempts",
    "Times the block of practice was begun.",
    unit="attempts",
)
def max_practice_attempts(seen: Seen) -> Found | None:
    """Who needs many attempts has not understood the task, or guesses."""
    attempts = seen.session.practice_attempts
    return Found(attempts, f"{plural(attempts, 'attempt')} at the practice")
