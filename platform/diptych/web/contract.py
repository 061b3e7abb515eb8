"""Replies of the participant's API, as models: its description is written from them.

The host sends replies without validating them again: an answer is the hot path. Tests parse a
reply of each kind by its model instead.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import Field, RootModel, create_model

from diptych.recruiters import NextPerson
from diptych.web.step_contents import (
    CalibrationContent,
    DebriefContent,
    Doc,
    Ending,
    Html,
    InstructionPages,
    Progress,
    QuestionPage,
    Questions,
    SessionDoc,
    TrialContent,
)
from diptych.web.task_contract import feedback_of, parameters_of


class _StepState(Doc):
    """Where a session stands and what is to be shown now."""

    session: SessionDoc
    progress: Progress


class PreviewState(_StepState):
    """A platform only shows the page: there is no session."""

    session: None  # type: ignore[assignment]
    step: Literal["preview"]
    content: Html


class ConsentState(_StepState):
    """The consent form."""

    step: Literal["consent"]
    content: Html


class InstructionsState(_StepState):
    """The instructions."""

    step: Literal["instructions"]
    content: InstructionPages


class ComprehensionState(_StepState):
    """Questions about the instructions."""

    step: Literal["comprehension"]
    content: Questions


class CalibrationState(_StepState):
    """The size of the screen and the viewing distance."""

    step: Literal["calibration"]
    content: CalibrationContent


class QuestionsBeforeState(_StepState):
    """Questions before the instructions."""

    step: Literal["questions_before"]
    content: QuestionPage


class QuestionsAfterState(_StepState):
    """Questions after the trials."""

    step: Literal["questions_after"]
    content: QuestionPage


class TrialsState(_StepState):
    """The current trial."""

    step: Literal["trials"]
    content: TrialContent


class FeedbackState(_StepState):
    """Free text about the study."""

    step: Literal["feedback"]
    content: Html


class DebriefState(_StepState):
    """The debrief."""

    step: Literal["debrief"]
    content: DebriefContent


class EndState(_StepState):
    """The end."""

    step: Literal["end"]
    content: Ending


_State = Annotated[
    ConsentState
    | InstructionsState
    | ComprehensionState
    | CalibrationState
    | QuestionsBeforeState
    | QuestionsAfterState
    | TrialsState
    | FeedbackState
    | DebriefState
    | EndState,
    Field(discriminator="step"),
]


class State(RootModel[_State]):
    """Where a session stands and what is to be shown now; `content` depends on `step`."""


class ScreenNeeds(Doc):
    """What the study asks of the window and the device; sizes in CSS pixels."""

    min_width: int
    min_height: int
    touch: bool = Field(description="Whether a device with only a touch screen may take part.")
    fullscreen: bool


class WayBack(Doc):
    """The platform that sent the participant, and its page to return a submission, if any."""

    place: str
    url: str | None


class StudyDoc(Doc):
    """What the browser may know about a study."""

    name: str
    title: str
    minutes: float = Field(description="Expected duration, in minutes.")
    contact: str
    language: str = Field(description="Language of the texts (BCP 47).")
    task: str
    parameters: Annotated[dict[str, Any], parameters_of()] = Field(
        description="The task's public parameters; nothing in them tells an answer."
    )
    plugin: str | None = Field(
        description="Address of the task's plugin; null where the page's own bundle has it."
    )
    screen: ScreenNeeds
    resume_within_minutes: float
    next_person: NextPerson = Field(
        description="What to do with a session that was left on this computer."
    )
    way_back: WayBack | None = Field(
        description="Where to hand the place back; null without a platform."
    )
    px_per_degree: float | None = Field(
        description="CSS pixels per degree of visual angle on the participant's screen; null until "
        "it is measured."
    )


_STATES: tuple[type[_StepState], ...] = (
    PreviewState, ConsentState, QuestionsBeforeState, InstructionsState, ComprehensionState,
    CalibrationState, TrialsState, QuestionsAfterState, FeedbackState, DebriefState, EndState,
)  # fmt: skip


def _each(prefix: str, *states: type[_StepState], **fields: Any) -> Any:
    """Union of the states with further fields, discriminated by `step`."""
    more = [
        create_model(prefix + state.__name__, __base__=state, __doc__=state.__doc__, **fields)
        for state in states
    ]
    return Annotated[Union[(*more,)], Field(discriminator="step")]


_Described: Any = _each("Described", *_STATES[1:], study=(StudyDoc, ...))
_Entered: Any = _each("Entered", *_STATES, study=(StudyDoc, ...), token=(str | None, ...))


class Described(RootModel[_Described]):
    """A State with what the browser needs to know of the study."""


class EnteredState(RootModel[_Entered]):
    """What entering gives: the token names the session from here on."""


class Answered(Doc):
    """Feedback, if the study gives any, and where the session stands now."""

    feedback: Annotated[dict[str, Any] | None, feedback_of()]
    next: State


class ImageList(Doc):
    """Addresses of images to load ahead."""

    images: list[str]
