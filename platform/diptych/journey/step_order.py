"""List the steps of a study, in the order in which every session takes them."""

from __future__ import annotations

from diptych.study.content import StudyContent
from diptych.tasks.calibration import needs_calibration


def steps_of(content: StudyContent) -> list[str]:
    """List the steps of a study, in order."""
    steps = ["consent"]
    if content.spec.questions_before:
        steps.append("questions_before")
    steps.append("instructions")
    if content.spec.comprehension:
        steps.append("comprehension")
    if needs_calibration(content):
        steps.append("calibration")
    steps.append("trials")
    if content.spec.questions_after:
        steps.append("questions_after")
    if "feedback" in content.texts:
        steps.append("feedback")
    return [*steps, "debrief", "end"]


def step_after(content: StudyContent, step: str) -> str:
    """Return the step that follows another."""
    steps = steps_of(content)
    return steps[steps.index(step) + 1]
