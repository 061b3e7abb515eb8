"""What a participant's page sends to complete each step around the trials."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from diptych.ground.clean_text import Typed
from diptych.journey.questionnaires import QuestionAnswers


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Consent(_Body):
    """Whether the participant agrees to take part."""

    agreed: bool


class Instructions(_Body):
    """How long the instructions were read, in ms, and what the page has measured meanwhile."""

    read_ms: float = Field(ge=0, le=86_400_000, allow_inf_nan=False)
    refresh_hz: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="Frames that the page draws per second.",
    )
    clock_step_ms: float | None = Field(
        None,
        ge=0,
        le=1000,
        allow_inf_nan=False,
        description="Smallest step of the page's clock, in ms.",
    )


class Calibration(_Body):
    """What the page has measured with a card and the blind spot; machines measure nothing."""

    px_per_degree: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="CSS pixels per degree of visual angle, in the middle of the screen.",
    )
    viewing_distance_cm: float | None = Field(
        None, gt=0, le=500, allow_inf_nan=False, description="Distance of the eyes, in cm."
    )


class Comprehension(_Body):
    """Index of the chosen option of each question."""

    answers: tuple[int, ...] = Field(max_length=100)


class Feedback(_Body):
    """Free text about the study."""

    text: Typed = Field(max_length=5000)


class Debrief(_Body):
    """The debrief was read."""


BODIES: dict[str, type[BaseModel]] = {
    "consent": Consent,
    "instructions": Instructions,
    "comprehension": Comprehension,
    "calibration": Calibration,
    "feedback": Feedback,
    "debrief": Debrief,
    "questions_before": QuestionAnswers,
    "questions_after": QuestionAnswers,
}
