"""Which studies need to know how large a degree of visual angle is on the screen."""

from __future__ import annotations

from diptych.study.content import StudyContent
from diptych.tasks import REGISTRY, timing_of


def needs_calibration(content: StudyContent) -> bool:
    """Whether a condition of the study has images of a size in degrees."""
    task = REGISTRY.get(content.spec.task.name)
    return any(
        timing_of(task, content.spec, condition).image_degrees is not None
        for condition in content.spec.conditions
    )
