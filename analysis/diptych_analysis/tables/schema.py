"""Every column of the tidy tables: name, type, unit, meaning, allowed values.

These declarations are the contract between whoever writes tables (the host's export, the
importers, machines) and whoever reads them. `diptych_analysis.tables` reads and writes by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Final, Literal

Type = Literal["string", "integer", "number", "boolean", "datetime", "list"]
TableName = Literal[
    "sessions", "trials", "stimuli", "items", "events", "choices", "answers", "questions"
]

LIST_SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Judged:
    """How answers depend on the number in a column: what a psychometric function needs.

    `positive` is the response that counts as positive; empty for a right answer. `guess` is the
    share of positive answers by guessing; None for half of the lapses. `log` says whether the axis
    is the logarithm of the number.
    """

    positive: str = ""
    guess: float | None = None
    log: bool = True


@dataclass(frozen=True)
class Column:
    """One column: what stands in it, in which unit, and what is allowed.

    `required` means that the column must be there and no cell of it may be empty. `levels` are the
    only allowed values when given. `judged` marks the number that a study's trials were chosen by.
    A `list` is a cell of strings joined by `|`.
    """

    name: str
    type: Type
    description: str
    unit: str | None = None
    _: KW_ONLY
    levels: tuple[str, ...] = ()
    required: bool = False
    minimum: float | None = None
    judged: Judged | None = None

    def described(self) -> dict[str, object]:
        """Describe the column as the data dictionary does."""
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
        if self.judged is not None:
            found["judged"] = asdict(self.judged)
        return found

    @classmethod
    def from_described(cls, found: Mapping[str, object]) -> Column:
        """Return the column that `described` described; KeyError or ValueError where malformed."""
        kind = found["type"]
        if kind not in TYPES:
            raise ValueError(f"type {kind!r} is none of {', '.join(TYPES)}")
        levels = found.get("levels") or []
        minimum, judged = found.get("minimum"), found.get("judged")
        unit = found.get("unit")
        return cls(
            name=str(found["name"]),
            type=kind,
            description=str(found.get("description", "")),
            unit=None if unit is None else str(unit),
            levels=tuple(str(level) for level in levels) if isinstance(levels, list) else (),
            required=bool(found.get("required", False)),
            minimum=float(minimum) if isinstance(minimum, int | float) else None,
            judged=Judged(**judged) if isinstance(judged, dict) else None,
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
    "session_id",
    "string",
    "Id of the session: one participant takes each part of a study once.",
    required=True,
)
_PARTICIPANT = (
    Column("participant_id", "string", "Pseudonym of the participant.", required=True),
    Column(
        "participant_kind",
        "string",
        "Who answered: a person, a simulated participant, or a machine.",
        levels=KINDS,
        required=True,
    ),
)
_STUDY = (
    Column("study", "string", "Name of the study.", required=True),
    Column(
        "study_version",
        "string",
        "Content hash of the study version that the participant took, 12 hex digits.",
    ),
)
_PART = (
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
_STIMULUS_ID = Column(
    "stimulus_id",
    "string",
    "SHA-256 of the image file; in imported data without images, `<dataset>:<image id>`. "
    "Empty if a trial shows more than one image.",
)

#: What the times of the page mean.
_CLOCK = "On the browser's clock, which starts when the page loads."

SESSIONS: Final = (
    _SESSION_ID,
    *_PARTICIPANT,
    *_STUDY,
    *_PART,
    Column("recruiter", "string", "Where the participant came from."),
    Column("status", "string", "How far the session got.", levels=STATUSES, required=True),
    Column("seed", "integer", "Seed of the session's plan."),
    Column("entered_at", "datetime", "When the participant first entered.", "UTC"),
    Column("consented_at", "datetime", "When the participant gave consent.", "UTC"),
    Column("started_at", "datetime", "When the page showed the first trial.", "UTC"),
    Column("ended_at", "datetime", "When the session ended.", "UTC"),
    Column("n_trials", "integer", "Number of planned trials.", "trials", minimum=0),
    Column("n_responses", "integer", "Number of answered trials.", "trials", minimum=0),
    Column(
        "practice_attempts",
        "integer",
        "Number of practice blocks that the participant started.",
        "blocks",
        minimum=0,
    ),
    Column("instructions_ms", "number", "Time on the instructions.", "ms", minimum=0),
    Column(
        "comprehension_attempts",
        "integer",
        "Number of tries for the comprehension questions.",
        "tries",
        minimum=0,
    ),
    Column(
        "excluded",
        "boolean",
        "Whether the session is excluded: by a quality rule in `auto`, unless a researcher "
        "included it again, or by a researcher's decision.",
    ),
    Column(
        "exclusion_reasons",
        "list",
        "The quality rules that exclude the session; `decision` if a researcher excluded it.",
    ),
    Column("flags", "list", "All quality rules that flag the session."),
    Column(
        "exclusion_decision",
        "string",
        "Last decision of a researcher on exclusion.",
        levels=EXCLUSIONS,
    ),
    Column(
        "decision",
        "string",
        "Last decision for the platform.",
        levels=DECISIONS,
    ),
    Column("decided_at", "datetime", "When a researcher made that decision.", "UTC"),
    Column("feedback_text", "string", "What the participant wrote at the end."),
    Column("window_width", "integer", "Width of the browser window at entry.", "CSS px", minimum=0),
    Column(
        "window_height", "integer", "Height of the browser window at entry.", "CSS px", minimum=0
    ),
    Column("pixel_ratio", "number", "Device pixels per CSS pixel.", minimum=0),
    Column("touch", "boolean", "Whether the device has a touch screen."),
    Column("language", "string", "Preferred language of the browser."),
    Column(
        "browser",
        "string",
        "Browser, from its user agent, such as Firefox or Chrome Mobile. Only for people.",
    ),
    Column("browser_version", "string", "Version of the browser, from its user agent."),
    Column(
        "os",
        "string",
        "Operating system, from the user agent, such as Windows 10. Browsers do not report "
        "newer versions: Windows 11 appears as Windows 10, and macOS 11 or later as Mac OS X "
        "10.15.",
    ),
    Column(
        "refresh_hz",
        "number",
        "Frames per second that the page drew during the instructions: the refresh rate of "
        "the screen, unless the browser was slower.",
        "Hz",
        minimum=0,
    ),
    Column(
        "clock_step_ms",
        "number",
        "Smallest step of the browser's clock, measured during the instructions. The times "
        "of trials are not finer than this.",
        "ms",
        minimum=0,
    ),
    Column(
        "px_per_degree",
        "number",
        "Pixels per degree of visual angle in the middle of the screen, if the study has images of "
        "a size in degrees: from the size of a card and the viewing distance.",
        "CSS px",
        minimum=0,
    ),
    Column(
        "viewing_distance_cm",
        "number",
        "Viewing distance that the page measured with the blind spot, or that the study or the "
        "participant stated.",
        "cm",
        minimum=0,
    ),
)

TRIALS: Final = (
    _SESSION_ID,
    *_PARTICIPANT,
    *_STUDY,
    *_PART,
    Column(
        "trial_index",
        "integer",
        "Position of the trial in its session, from 0.",
        required=True,
        minimum=0,
    ),
    Column(
        "phase",
        "string",
        "Part of the session that the trial belongs to.",
        levels=PHASES,
        required=True,
    ),
    Column("task", "string", "Kind of trial.", required=True),
    Column("item_id", "string", "Item or stimulus that the trial shows."),
    _STIMULUS_ID,
    Column(
        "label",
        "string",
        "The right answer: the true class; in two_afc, the position of the positive query.",
    ),
    Column("response", "string", "Answer of the participant; empty if unanswered."),
    Column("response_ranking", "list", "The participant's ranking of classes, most likely first."),
    Column(
        "confidence",
        "number",
        "People: confidence in the answer, 1 to 3. Machines: the probability, 0 to 1, of the "
        "right answer; its mean over test trials is the machine's MIS on these items.",
        minimum=0,
    ),
    Column("correct", "boolean", "Whether the response equals the label; empty if unanswered."),
    Column(
        "rt_ms",
        "number",
        "Time from the first paint of the stimulus to the answer; 0 for machines.",
        "ms",
        minimum=0,
    ),
    Column("onset_uncertainty_ms", "number", "Largest error of the onset.", "ms", minimum=0),
    Column(
        "first_choice_ms",
        "number",
        "Time from the first paint of the stimulus to the first choice of a ranking; `rt_ms` "
        "includes the whole ranking.",
        "ms",
        minimum=0,
    ),
    Column(
        "shown_width",
        "number",
        "Width of the image on the page; in two_afc, of a query.",
        "CSS px",
        minimum=0,
    ),
    Column("shown_height", "number", "Height of the same image on the page.", "CSS px", minimum=0),
    Column(
        "missed",
        "boolean",
        "Whether the deadline of the trial passed without an answer. The trial then has no "
        "`response`, `correct` or `rt_ms`.",
    ),
    Column("fixation_onset_ms", "number", "First paint of the fixation cross. " + _CLOCK, "ms"),
    Column("display_onset_ms", "number", "First paint of the stimulus. " + _CLOCK, "ms"),
    Column(
        "display_offset_ms",
        "number",
        "First paint without the stimulus; empty if it is visible until the answer. " + _CLOCK,
        "ms",
    ),
    Column(
        "display_frames",
        "integer",
        "Number of frames that the page counted while the stimulus was visible; empty if it is "
        "visible until the answer.",
        "frames",
        minimum=0,
    ),
    Column("mask_onset_ms", "number", "First paint of the mask. " + _CLOCK, "ms"),
    Column("mask_offset_ms", "number", "First paint without the mask. " + _CLOCK, "ms"),
    Column(
        "timing_fault",
        "boolean",
        "Whether fixation, stimulus or mask was visible for a frame too long or too short, or the "
        "page missed a frame meanwhile; empty if nothing was timed.",
    ),
    Column("presented_at", "datetime", "When the host sent the trial.", "UTC"),
    Column("responded_at", "datetime", "When the host stored the answer.", "UTC"),
)

STIMULI: Final = (
    *_STUDY,
    Column("stimulus_id", "string", _STIMULUS_ID.description, required=True),
    Column("file", "string", "File name in the study folder or data set."),
    Column("label", "string", "True class of the image."),
    Column("width", "integer", "Width of the image.", "px", minimum=1),
    Column("height", "integer", "Height of the image.", "px", minimum=1),
)

#: Each task has its own roles: an export names them as the levels of this column.
ROLE: Final = Column(
    "role",
    "string",
    "What the image is in the item; `stimulus` where a trial shows one image.",
    required=True,
)

ITEMS: Final = (
    *_STUDY,
    Column("item_id", "string", "Id of the item.", required=True),
    Column(
        "kind",
        "string",
        "Phase of the item; practice_hard is a less obvious practice item.",
        levels=("practice", "practice_hard", "training", "test", "catch"),
    ),
    Column("unit", "string", "Unit (channel, neuron) that the item asks about."),
    ROLE,
    Column("place", "integer", "Position among the images with this role, from 0.", minimum=0),
    Column("stimulus_id", "string", _STIMULUS_ID.description, required=True),
)

EVENTS: Final = (
    _SESSION_ID,
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
    _SESSION_ID,
    Column(
        "trial_index",
        "integer",
        "Trial whose image was chosen.",
        required=True,
        minimum=0,
    ),
    Column("policy", "string", "Policy that chose.", required=True),
    Column("candidate", "string", "File of the image, or id of the item.", required=True),
    Column("stimulus_id", "string", _STIMULUS_ID.description),
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

_QUESTION_ID = Column("question_id", "string", "Question, as study.toml names it.", required=True)
_PAGE = Column(
    "page",
    "string",
    "When the question was asked.",
    levels=("questions_before", "questions_after"),
    required=True,
)
ANSWERS: Final = (
    _SESSION_ID,
    *_PARTICIPANT,
    _PART[1],
    _PAGE,
    _QUESTION_ID,
    Column("row", "string", "Statement of a Likert grid; empty for other questions."),
    Column("answer", "string", "The answer as text: what was typed, or the option.", required=True),
    Column(
        "number",
        "number",
        "The answer as a number: of `number` and `slider`; otherwise the place of the option, "
        "from 1. Empty for text.",
    ),
    Column("answered_at", "datetime", "When the server stored the answer.", "UTC", required=True),
)
QUESTIONS: Final = (
    *_STUDY[:2],
    _PAGE,
    _QUESTION_ID,
    Column("place", "integer", "Place on its page, from 1.", minimum=1, required=True),
    Column(
        "type",
        "string",
        "Kind of answer.",
        levels=("text", "number", "choice", "likert", "slider"),
        required=True,
    ),
    Column("text", "string", "The question, in Markdown.", required=True),
    Column("required", "boolean", "Whether it had to be answered.", required=True),
    Column("multiple", "boolean", "Whether several options could be chosen.", required=True),
    Column("row", "string", "Statement of a Likert grid, one row each; else empty."),
    Column("option", "string", "Option or point of the scale, one row each; else empty."),
    Column("number", "integer", "Place of the option, from 1, as in `answers`.", minimum=1),
    Column("minimum", "number", "Smallest answer allowed."),
    Column("maximum", "number", "Largest answer allowed."),
    Column("unit", "string", "Unit of the number."),
)

#: Columns that a task adds to `trials`; the same declarations for the host and the importers.
CATEGORY_LEARNING_TRIALS: Final = (
    Column("choices", "list", "Classes in the order of their buttons."),
    Column(
        "explanation",
        "string",
        "What the feedback showed beside the true class; empty if nothing.",
        levels=("contrast", "gap", "grid", "mask"),
    ),
    Column(
        "explanation_images",
        "list",
        "`stimulus_id` of the images that it showed: of the true class, of the grid, or the mask.",
    ),
    Column(
        "explanation_other_images",
        "list",
        "`stimulus_id` of the images of the class that the participant chose, in a contrast or "
        "gap.",
    ),
)
TWO_AFC_TRIALS: Final = (
    Column("unit", "string", "Unit that the trial asks about."),
    Column("block", "integer", "Practice block of the trial, from 1.", minimum=0),
)

TABLES: Final[dict[TableName, tuple[Column, ...]]] = {
    "sessions": SESSIONS,
    "trials": TRIALS,
    "stimuli": STIMULI,
    "items": ITEMS,
    "events": EVENTS,
    "choices": CHOICES,
    "answers": ANSWERS,
    "questions": QUESTIONS,
}


def with_extras(table: TableName, extras: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of a table in a data set.

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
    "sessions": "One row per session: one participant takes one study version.",
    "trials": "One row per presented or planned trial, with its response if any.",
    "stimuli": "One row per image of the study.",
    "items": "One row per image of an item.",
    "events": "One row per browser event, without answers.",
    "choices": "One row per candidate of each trial that a policy that teaches chose.",
    "answers": "One row per answer to a question before or after the trials; several rows for "
    "several options or the rows of a grid.",
    "questions": "The codebook of the answers: one row per question and option.",
}
