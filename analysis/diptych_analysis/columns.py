"""Every column of the tidy tables: name, type, unit, meaning, allowed values.

These declarations are the contract between whoever writes tables (the host's export, the
importers, machines) and whoever reads them. `diptych_analysis.tables` reads and writes by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["string", "integer", "number", "boolean", "datetime", "list"]
TableName = Literal["sessions", "trials", "stimuli", "items", "events"]

LIST_SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Column:
    """One column: what stands in it, in which unit, and what is allowed.

    `required` means that the column must be there and no cell of it may be empty. `levels` are the
    only allowed values when given. A `list` is a cell of strings joined by `|`.
    """

    name: str
    type: Type
    description: str
    unit: str | None = None
    levels: tuple[str, ...] = ()
    required: bool = False
    minimum: float | None = None

    def described(self) -> dict[str, object]:
        """The column as it stands in the data dictionary."""
        found: dict[str, object] = {
            "name": self.name,
            "type": self.type,
            "unit": self.unit,
            "description": self.description,
            "required": self.required,
        }
        if self.levels:
            found["levels"] = list(self.levels)
        if self.minimum is not None:
            found["minimum"] = self.minimum
        return found

    @classmethod
    def from_described(cls, found: Mapping[str, object]) -> Column:
        """The column that `described` described; KeyError or ValueError when it is malformed."""
        kind = found["type"]
        if kind not in TYPES:
            raise ValueError(f"type {kind!r} is none of {', '.join(TYPES)}")
        levels = found.get("levels") or []
        minimum = found.get("minimum")
        unit = found.get("unit")
        return cls(
            name=str(found["name"]),
            type=kind,
            description=str(found.get("description", "")),
            unit=None if unit is None else str(unit),
            levels=tuple(str(level) for level in levels) if isinstance(levels, list) else (),
            required=bool(found.get("required", False)),
            minimum=float(minimum) if isinstance(minimum, int | float) else None,
        )


TYPES: Final[tuple[Type, ...]] = ("string", "integer", "number", "boolean", "datetime", "list")
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

_SESSION_ID = Column(
    "session_id", "string", "One run of one study by one participant.", None, (), True
)
_PARTICIPANT = (
    Column("participant_id", "string", "Pseudonym of the participant.", None, (), True),
    Column(
        "participant_kind",
        "string",
        "Who answered: a person, a simulation, or a machine.",
        None,
        KINDS,
        True,
    ),
)
_STUDY = (
    Column("study", "string", "Name of the study.", None, (), True),
    Column("study_version", "string", "Content hash of the study as it was shown, 12 hex digits."),
)
_STIMULUS_ID = Column(
    "stimulus_id",
    "string",
    "SHA-256 of the image file; for imported data without images `<dataset>:<image id>`. "
    "Empty where a trial shows more than one image.",
)

SESSIONS: Final = (
    _SESSION_ID,
    *_PARTICIPANT,
    *_STUDY,
    Column("condition", "string", "Condition that the session was assigned to."),
    Column("recruiter", "string", "Where the participant came from."),
    Column("status", "string", "How far the session has come.", None, STATUSES, True),
    Column("seed", "integer", "Seed of the session's plan."),
    Column("entered_at", "datetime", "When the participant first entered.", "UTC"),
    Column("consented_at", "datetime", "When consent was given.", "UTC"),
    Column("started_at", "datetime", "When the first trial was shown.", "UTC"),
    Column("ended_at", "datetime", "When the session came to its end.", "UTC"),
    Column("n_trials", "integer", "Trials planned.", "trials", minimum=0),
    Column("n_responses", "integer", "Trials answered.", "trials", minimum=0),
    Column(
        "practice_attempts", "integer", "Times the practice block was begun.", "blocks", minimum=0
    ),
    Column("instructions_ms", "number", "Time spent on the instructions.", "ms", minimum=0),
    Column(
        "comprehension_attempts",
        "integer",
        "Tries at the comprehension questions.",
        "tries",
        minimum=0,
    ),
    Column(
        "excluded",
        "boolean",
        "Whether the session is left out: by a quality rule that decides alone (`auto`), unless "
        "somebody has included it again, or by a person's decision.",
    ),
    Column(
        "exclusion_reasons",
        "list",
        "The quality rules that exclude it; `decision` where a person did.",
    ),
    Column("flags", "list", "Every quality rule that speaks against it, deciding alone or not."),
    Column(
        "exclusion_decision",
        "string",
        "What a person decided last on leaving it out.",
        None,
        EXCLUSIONS,
    ),
    Column(
        "decision",
        "string",
        "What was decided last for the platform.",
        None,
        DECISIONS,
    ),
    Column("decided_at", "datetime", "When that was decided.", "UTC"),
    Column("feedback_text", "string", "What the participant wrote at the end."),
    Column("window_width", "integer", "Width of the browser window at entry.", "CSS px", minimum=0),
    Column(
        "window_height", "integer", "Height of the browser window at entry.", "CSS px", minimum=0
    ),
    Column("pixel_ratio", "number", "Device pixels to one CSS pixel.", minimum=0),
    Column("touch", "boolean", "Whether the device has a touch screen."),
    Column("language", "string", "Language that the browser asks for."),
    Column(
        "browser",
        "string",
        "Family of the browser by its user agent, such as Firefox or Chrome Mobile; people only.",
    ),
    Column("browser_version", "string", "Version of the browser by its user agent."),
    Column(
        "os",
        "string",
        "Operating system by the user agent, such as Windows 10. Browsers no longer tell newer "
        "systems apart: Windows 11 is Windows 10, and macOS since 11 is Mac OS X 10.15.",
    ),
    Column(
        "refresh_hz",
        "number",
        "Frames that the page drew per second, measured during the instructions: the refresh rate "
        "of the screen, unless the browser was slower.",
        "Hz",
        minimum=0,
    ),
    Column(
        "clock_step_ms",
        "number",
        "Smallest step of the browser's clock, measured during the instructions: no time of a "
        "trial is finer than this.",
        "ms",
        minimum=0,
    ),
)

TRIALS: Final = (
    _SESSION_ID,
    *_PARTICIPANT,
    *_STUDY,
    Column("condition", "string", "Condition of the session."),
    Column(
        "trial_index", "integer", "Place of the trial in its session, from 0.", None, (), True, 0
    ),
    Column("phase", "string", "Part of the session that the trial belongs to.", None, PHASES, True),
    Column("task", "string", "Kind of trial.", None, (), True),
    Column("item_id", "string", "What the trial shows."),
    _STIMULUS_ID,
    Column(
        "label",
        "string",
        "The right answer: the true class; for two_afc where the positive query stood.",
    ),
    Column("response", "string", "What the participant answered; empty if nothing."),
    Column("response_ranking", "list", "Classes ranked by the participant, most likely first."),
    Column(
        "confidence",
        "number",
        "People: confidence of the answer, 1 to 3. Machines: the probability, 0 to 1, that they "
        "give to the right answer; its mean over test trials is their MIS on these items.",
        minimum=0,
    ),
    Column("correct", "boolean", "Whether the response equals the label; empty if unanswered."),
    Column(
        "rt_ms",
        "number",
        "From the first paint of the stimulus to the answer; a machine's is 0.",
        "ms",
        minimum=0,
    ),
    Column("onset_uncertainty_ms", "number", "How far the onset may be off.", "ms", minimum=0),
    Column(
        "first_choice_ms",
        "number",
        "From the first paint of the stimulus to the first choice of a ranking; `rt_ms` ends when "
        "the whole ranking is submitted.",
        "ms",
        minimum=0,
    ),
    Column(
        "shown_width",
        "number",
        "Width of the picture as drawn; for two_afc that of a query.",
        "CSS px",
        minimum=0,
    ),
    Column("shown_height", "number", "Height of the same picture as drawn.", "CSS px", minimum=0),
    Column("presented_at", "datetime", "When the trial was handed out.", "UTC"),
    Column("responded_at", "datetime", "When the answer was stored.", "UTC"),
)

STIMULI: Final = (
    *_STUDY,
    Column("stimulus_id", "string", _STIMULUS_ID.description, None, (), True),
    Column("file", "string", "File name inside the study folder or data set."),
    Column("label", "string", "True class of the image."),
    Column("width", "integer", "Width of the image.", "px", minimum=1),
    Column("height", "integer", "Height of the image.", "px", minimum=1),
)

#: Each task has its own roles: an export names them as the levels of this column.
ROLE: Final = Column(
    "role",
    "string",
    "What the image is in the item; `stimulus` where a trial shows one image.",
    None,
    (),
    True,
)

ITEMS: Final = (
    *_STUDY,
    Column("item_id", "string", "The item.", None, (), True),
    Column(
        "kind",
        "string",
        "Phase that the item is made for; practice_hard: a less obvious one.",
        None,
        ("practice", "practice_hard", "training", "test", "catch"),
    ),
    Column("unit", "string", "The unit (channel, neuron) that the item asks about."),
    ROLE,
    Column("place", "integer", "Place among the images of this role, from 0.", minimum=0),
    Column("stimulus_id", "string", _STIMULUS_ID.description, None, (), True),
)

EVENTS: Final = (
    _SESSION_ID,
    Column(
        "trial_index", "integer", "Trial during which it happened; empty outside trials.", minimum=0
    ),
    Column(
        "kind",
        "string",
        "What happened: blur, reload, resize, fullscreen_exit, ...",
        None,
        (),
        True,
    ),
    Column("at", "datetime", "When the server learnt of it.", "UTC"),
    Column("at_ms", "number", "The browser's monotonic clock when it happened.", "ms"),
    Column("detail", "string", "More about it."),
)

#: Columns that a task adds to `trials`; the same declarations for the host and the importers.
CATEGORY_LEARNING_TRIALS: Final = (
    Column("choices", "list", "Classes in the order in which their buttons were shown."),
)
TWO_AFC_TRIALS: Final = (
    Column("unit", "string", "The unit that the trial asks about."),
    Column("block", "integer", "Practice attempt that the trial belongs to, from 1.", minimum=0),
)

TABLES: Final[dict[TableName, tuple[Column, ...]]] = {
    "sessions": SESSIONS,
    "trials": TRIALS,
    "stimuli": STIMULI,
    "items": ITEMS,
    "events": EVENTS,
}


def with_extras(table: TableName, extras: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of a table in a data set.

    Parameters
    ----------
    table : str
        The table.
    extras : sequence of Column
        Columns beyond the contract. One with the name of a column of the contract takes its
        place, for example to name the levels that the data set allows.
    """
    own = {column.name: column for column in extras}
    declared = tuple(own.pop(column.name, column) for column in TABLES[table])
    return (*declared, *own.values())


DESCRIPTIONS: Final[dict[TableName, str]] = {
    "sessions": "One row a session: one run of one study version by one participant.",
    "trials": "One row a presented or planned trial, with its response or none.",
    "stimuli": "One row an image of the study.",
    "items": "One row an image of an item.",
    "events": "One row a thing that happened in the browser besides answering.",
}
