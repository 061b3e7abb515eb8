"""What a study sets of category learning, and what its page reads and sends."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from diptych.tasks.category_learning.explanation import Kind
from diptych.tasks.documents import TaskFeedback, TaskParameters, TaskResponse, TaskShown


class CategoryLearningParameters(TaskParameters):
    """Parameters of category learning."""

    rank: int = Field(
        3, ge=1, description="Number of classes that the participant ranks, the most likely first."
    )
    feedback: tuple[Literal["practice", "training", "test"], ...] = Field(
        ("practice", "training"),
        description="Phases in which the page shows the true class after each answer.",
    )
    feedback_ms: int = Field(
        0,
        ge=0,
        le=60_000,
        description="Duration of the feedback, in ms. 0: until the participant selects Continue.",
    )
    explanation: Kind = Field(
        "none",
        description="What feedback shows beside the true class after a wrong answer. `contrast`: "
        "images of the class that the participant chose and of the true class, those most like "
        "the image. `gap`: the same, but those about which the participant's answers so far and "
        "the features differ most. `grid`: the images that the column `grid` of the manifest lists "
        "for the image. `mask`: the region of the image that the file in the column `mask` leaves "
        "white.",
    )
    explanation_images: int = Field(
        9, ge=1, le=9, description="Largest number of images on each side of an explanation."
    )
    explanation_features: str | tuple[str, ...] | None = Field(
        None,
        description="Numeric columns of the manifest in which a contrast or gap measures how alike "
        "images are: a list of names, or what their names begin with. By default `features` of "
        "the policy.",
    )
    half_way: bool = Field(True, description="Whether a page announces the middle of the training.")
    show_score: bool = Field(True, description="Whether the debrief shows the score of the test.")


class CategoryLearningResponse(TaskResponse):
    """The answer: class names, the likeliest first."""

    ranking: tuple[str, ...] = Field(min_length=1, max_length=64)


class CategoryLearningShown(TaskShown):
    """One image and the classes that it may belong to."""

    image: str = Field(description="Address of the image.")
    classes: list[str] = Field(description="Names of the classes, in the order of their buttons.")
    rank: int = Field(description="Number of classes to rank; 1 is a single choice.")


class CategoryLearningExplanation(TaskFeedback):
    """Images that explain a wrong answer."""

    kind: Literal["contrast", "gap", "grid", "mask"]
    images: list[str] = Field(
        description="Addresses of the images of the true class, of the grid, or of the mask."
    )
    other_images: list[str] = Field(
        description="Addresses of the images of the chosen class, in a contrast or gap."
    )


class CategoryLearningFeedback(TaskFeedback):
    """The true class."""

    correct: bool = Field(description="Whether the first class is the true one.")
    label: str = Field(description="The true class.")
    duration_ms: int = Field(description="0: until the participant selects Continue.")
    explanation: CategoryLearningExplanation | None = Field(
        None, description="What explains a wrong answer, where the study has explanations."
    )
