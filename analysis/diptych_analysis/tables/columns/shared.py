"""Words and columns that several tables share."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column

KINDS: Final = ("person", "simulated", "machine")
PHASES: Final = ("practice", "training", "test", "catch")
STATUSES: Final = (
    "entered",
    "consented",
    "practising",
    "running",
    "completed",
    "declined",
    "screened_out",
    "timed_out",
    "returned",
)
EXCLUSIONS: Final = ("exclude", "include")
DECISIONS: Final = ("approve", "reject", "request_return", "screen_out")

SESSION_ID = Column(
    "session_id",
    "string",
    "Id of the session: one participant takes each part of a study once.",
    required=True,
)
PARTICIPANT = (
    Column("participant_id", "string", "Pseudonym of the participant.", required=True),
    Column(
        "participant_kind",
        "string",
        "Who answered: a person, a simulated participant, or a machine.",
        levels=KINDS,
        required=True,
    ),
)
STUDY = (
    Column("study", "string", "Name of the study.", required=True),
    Column(
        "study_version",
        "string",
        "Content hash of the study version that the participant took, 12 hex digits.",
    ),
)
PART = (
    Column("condition", "string", "Condition of the session."),
    Column("part", "integer", "Part of the study that the session is, from 1.", minimum=1),
    Column(
        "days_since_first",
        "number",
        "Days from the end of the participant's first part to the start of this session; 0 in the "
        "first part.",
        "days",
        minimum=0,
    ),
)
STIMULUS_ID = Column(
    "stimulus_id",
    "string",
    "SHA-256 of the image file; in imported data without images, `<dataset>:<image id>`. "
    "Empty if a trial shows more than one image.",
)
