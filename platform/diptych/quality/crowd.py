"""Answers to shared items, judged by each other: the model of Dawid and Skene."""

from __future__ import annotations

from diptych.quality.rules import Found, Seen, number, rule


@rule(
    "min_crowd_accuracy",
    "Accuracy by the crowd",
    "Accuracy that the model of Dawid and Skene (1979) estimates from the answers of all to shared "
    "items, the true answers left aside. Worked out when `diptych quality STUDY --crowd` is run.",
    soft=True,
)
def min_crowd_accuracy(seen: Seen) -> Found | None:
    """What was worked out last; nothing before that."""
    accuracy = seen.others.crowd_accuracy
    if accuracy is None:
        return None
    return Found(accuracy, f"The answers of all put the accuracy at {number(accuracy)}")
