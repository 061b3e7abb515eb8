"""What each step of a session shows, as models: the `content` of the API's replies."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, create_model

from diptych.study.questionnaire import QuestionType
from diptych.tasks import Task
from diptych.web.task_contract import OWN_TASKS

Outcome = Literal[
    "completed", "declined", "screened_out", "timed_out", "returned", "withdrawn", "expired"
]


class Doc(BaseModel):
    """Part of a reply: it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SessionDoc(Doc):
    """Which session, and how far it is."""

    id: str
    status: str


class Progress(Doc):
    """Trials done, of how many."""

    done: int
    of: int


class Html(Doc):
    """A page of text."""

    html: str


class Notice(Doc):
    """Text shown before a trial, self-paced."""

    title: str
    html: str


class TrialTimingDoc(Doc):
    """What the page shows in a trial, and for how long: blank, fixation, display, mask, answer."""

    fixation_ms: int = Field(description="Time of the fixation cross, in ms; 0 shows none.")
    exposure_ms: int = Field(description="Time of the images, in ms; 0: until the answer.")
    mask: str = Field(description="`none`, `noise`, or the address of an image.")
    mask_seed: int = Field(description="Seed of the noise.")
    mask_ms: int = Field(description="Time of the mask, in ms; 0: until the answer.")
    deadline_ms: int = Field(description="Longest response time, in ms; 0: no limit.")
    iti_ms: int = Field(description="Shortest blank time before the trial, in ms.")
    image_px: float | None = Field(
        description="Longer side of each image, in CSS pixels. Null, without `image_degrees`: "
        "as large as there is room."
    )
    image_degrees: float | None = Field(
        description="Longer side of each image, in degrees of visual angle."
    )


class _TrialDoc(Doc):
    """One trial as the participant is shown it."""

    index: int
    phase: str
    timing: TrialTimingDoc
    images: list[str] = Field(description="Every image that the trial uses.")
    notice: Notice | None


class OtherTrial(_TrialDoc):
    """A trial of a task that another package brings: `show` belongs to that task."""

    task: str
    show: dict[str, Any]


def _fields(name: str, task: type[Task]) -> dict[str, Any]:
    return {"task": (Literal[name], ...), "show": (task.Shown, ...)}


_TRIALS = {
    name: create_model(
        task.Shown.__name__.removesuffix("Shown") + "Trial",
        __base__=_TrialDoc,
        __doc__=f"A trial of the task {name}.",
        **_fields(name, task),
    )
    for name, task in OWN_TASKS.items()
}


def _trial_tag(trial: Any) -> str:
    task = trial.get("task") if isinstance(trial, dict) else getattr(trial, "task", None)
    return task if task in _TRIALS else "other"


_TAGGED = (*(Annotated[trial, Tag(name)] for name, trial in _TRIALS.items()),)
_Trial: Any = Annotated[
    Union[(*_TAGGED, Annotated[OtherTrial, Tag("other")])], Discriminator(_trial_tag)
]


class Trial(RootModel[_Trial]):
    """One trial, by its task."""


class TrialContent(Doc):
    """The current trial."""

    trial: Trial


class InstructionPages(Doc):
    """Pages of the instructions, as HTML."""

    pages: list[str]


class QuestionDoc(Doc):
    """A question about the instructions, without its answer."""

    text: str
    options: list[str]


class Questions(Doc):
    """Comprehension questions."""

    questions: list[QuestionDoc]
    attempts_left: int


class CalibrationContent(Doc):
    """How the page finds out how large a degree of visual angle is on the screen."""

    viewing_distance_cm: float | None = Field(
        description="Distance that the participant is asked to keep, in cm; null: the page "
        "measures it."
    )


class Score(Doc):
    """Right answers of the scored phase."""

    correct: int
    of: int


class DebriefContent(Doc):
    """The debrief; `score` is null where the study shows none."""

    html: str
    score: Score | None


class AskedDoc(Doc):
    """A question before or after the trials; which keys matter depends on its type."""

    id: str
    type: QuestionType
    html: str = Field(description="The question.")
    required: bool
    options: list[str] = Field(description="Options, or the points of a Likert scale.")
    multiple: bool
    rows: list[str] = Field(description="Statements of a Likert grid.")
    min: float | None
    max: float | None
    step: float
    ends: list[str] = Field(description="Words at the ends of a slider; empty or two.")
    unit: str
    max_length: int
    lines: int


class QuestionPage(Doc):
    """Questions before or after the trials."""

    questions: list[AskedDoc]


class Redirect(Doc):
    """An address to go on to."""

    kind: Literal["redirect"]
    url: str
    place: str | None = Field(None, description="Name of the platform it leads to.")
    code: str | None = Field(None, description="Says the same where it has to be typed.")


class Form(Doc):
    """A form to submit."""

    kind: Literal["form"]
    action: str
    fields: dict[str, str]


class Code(Doc):
    """A code to copy, where the platform has no address to return to."""

    kind: Literal["code"]
    code: str
    place: str | None = Field(None, description="Name of the platform that asks for it.")


class NextPart(Doc):
    """The next part of the study; times in ms since 1970-01-01 UTC."""

    part: int
    opens_at: int
    closes_at: int
    link: str | None = Field(description="Personal link; null where the platform invites.")
    calendar: str | None = Field(description="Address of a calendar file; null without a link.")


class Ending(Doc):
    """How the session ended, and how the participant goes back."""

    outcome: Outcome
    html: str
    exit: Annotated[Redirect | Form | Code, Field(discriminator="kind")] | None
    next_part: NextPart | None = Field(
        None, description="Missing after the last part, and in studies of one part."
    )
