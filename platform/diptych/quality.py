"""Quality rules: which sessions a study excludes, and why. A pure function of what was recorded.

The published set: Zimmermann et al. (NeurIPS 2023) and the MIS paper, App. B.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from diptych.studies.spec import Quality


@dataclass(frozen=True)
class AnsweredTrial:
    """What the rules look at of one answered trial: `rt_ms` in milliseconds."""

    phase: str
    response: str | None
    correct: bool | None
    rt_ms: float


def broken_rules(
    rules: Quality,
    trials: Sequence[AnsweredTrial],
    instructions_ms: float | None,
    practice_attempts: int,
) -> list[str]:
    """Names of the rules that a completed session breaks, in the order of their declaration.

    Practice is left out of everything but `max_practice_attempts`. A rule whose measure does not
    exist in the session (no catch trials, say) is not broken.
    """
    counted = [trial for trial in trials if trial.phase != "practice"]
    times = [trial.rt_ms for trial in counted]
    catches = [bool(trial.correct) for trial in counted if trial.phase == "catch"]
    rarer = _rarer([trial.response for trial in counted])
    total_s = sum(times) / 1000
    instructions_s = None if instructions_ms is None else instructions_ms / 1000
    measures: dict[str, float | None] = {
        "min_catch_accuracy": sum(catches) / len(catches) if catches else None,
        "min_total_rt_s": total_s,
        "max_total_rt_s": total_s,
        "min_instructions_s": instructions_s,
        "max_instructions_s": instructions_s,
        "min_rarer_response": rarer,
        "max_practice_attempts": practice_attempts,
        "min_median_rt_ms": median(times) if times else None,
    }
    broken = []
    for rule in type(rules).model_fields:
        threshold, measure = getattr(rules, rule), measures[rule]
        if threshold is None or measure is None:
            continue
        if measure < threshold if rule.startswith("min_") else measure > threshold:
            broken.append(rule)
    return broken


def _rarer(responses: Sequence[str | None]) -> int | None:
    """How often the rarer of two responses was given; 0 when only one was."""
    counts = Counter(response for response in responses if response is not None)
    if not counts or len(counts) > 2:
        return None
    return 0 if len(counts) == 1 else min(counts.values())
