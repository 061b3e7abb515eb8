"""The columns of `events` and `choices`: what happened in a session besides answers."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column
from diptych_analysis.tables.columns.shared import SESSION_ID, STIMULUS_ID

EVENTS: Final = (
    SESSION_ID,
    Column(
        "trial_index",
        "integer",
        "Trial during which the event happened; empty outside trials.",
        minimum=0,
    ),
    Column(
        "kind",
        "string",
        "Kind of event: blur, reload, resize, fullscreen_exit, ...",
        required=True,
    ),
    Column("at", "datetime", "When the server received the event.", "UTC"),
    Column("at_ms", "number", "Time of the event on the browser's monotonic clock.", "ms"),
    Column("detail", "string", "Details of the event."),
)

CHOICES: Final = (
    SESSION_ID,
    Column(
        "trial_index",
        "integer",
        "Trial whose image was chosen.",
        required=True,
        minimum=0,
    ),
    Column("policy", "string", "Policy that chose.", required=True),
    Column("candidate", "string", "File of the image, or id of the item.", required=True),
    Column("stimulus_id", "string", STIMULUS_ID.description),
    Column("label", "string", "True class of the candidate."),
    Column("chosen", "boolean", "Whether the trial shows the candidate.", required=True),
    Column(
        "score",
        "number",
        "What the policy ranked the candidate by; empty if it did not score it. `expected_gain`: "
        "mean probability of the true class that the tracer expects after this trial.",
    ),
    Column(
        "propensity",
        "number",
        "Probability that the policy chose the candidate, given the session so far and the scores.",
        minimum=0,
    ),
    Column(
        "options",
        "integer",
        "Number of candidates that the policy could have chosen. Candidates without a score have "
        "no row, unless they were chosen.",
        minimum=1,
    ),
    Column("explored", "boolean", "Whether the choice was random, by `explore` of the policy."),
    Column(
        "fallback",
        "string",
        "Why the scores were not used and the choice was balanced; empty if they were.",
    ),
)
