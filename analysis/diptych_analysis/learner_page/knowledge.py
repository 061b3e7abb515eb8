"""What a learner knows, trial by trial, as a tracer infers it from the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from diptych_analysis.learner_page.lessons import Lesson, Lessons
from diptych_analysis.teaching.diagnosis import Diagnosis, Gap, diagnose, even_tracer, without
from diptych_analysis.teaching.live import SEED, scaled
from diptych_analysis.teaching.tracers import MIXED, Tracer
from diptych_analysis.teaching.worlds import Floats, Ints

SIDE = 9
"""Images per group of a concept."""


@dataclass(frozen=True)
class Knowledge:
    """What one learner knows.

    Attributes
    ----------
    lesson : Lesson
        What they saw and answered.
    right : ndarray of shape (n_trials + 1, n_classes)
        Mean P(true) of the images of each class before the first trial and after each.
    predicted : ndarray of shape (n_images, n_classes)
        Probability of each response to each image at the end.
    diagnosis : Diagnosis
        What they do not see.
    distrust : str or None
        Why the tracer describes this learner badly; None where it does not.
    """

    lesson: Lesson
    right: Floats
    predicted: Floats
    diagnosis: Diagnosis
    distrust: str | None

    @property
    def gap(self) -> str:
        """The gap that is named, in words; empty where none is."""
        found = self.diagnosis.found
        return "" if found is None else " or ".join(found.names)

    def confusions(self, lessons: Lessons) -> Floats:
        """Return the mean probability of each response by true class, (n_classes, n_classes)."""
        classes = range(len(lessons.classes))
        return np.array([self.predicted[lessons.labels == each].mean(0) for each in classes])


@dataclass(frozen=True)
class Group:
    """Images that a learner should tell from those of the other groups.

    Attributes
    ----------
    name : str
        A class, or a value of an attribute.
    images : ndarray of int
        Numbers of up to nine images, the most uncertain first.
    """

    name: str
    images: Ints


def trace_lesson(lessons: Lessons, lesson: Lesson, family: str = MIXED) -> Knowledge:
    """Weigh what a learner does not see, and trace them.

    The tracer has the gap that is named. One that sees everything would take a learner who is blind
    to an attribute for one who makes mistakes at random.

    Parameters
    ----------
    lessons : Lessons
        The images.
    lesson : Lesson
        What the learner saw and answered.
    family : str
        Of the tracer's particles, one of `tracers.TRACERS`.
    """
    diagnosis = diagnose(
        lessons.features, lessons.classes, lesson.trials, lessons.attributes, family=family
    )
    tracer = _tracer(lessons, diagnosis.found, family)
    images = np.arange(len(lessons.labels))
    alike: list[int] = []
    if diagnosis.found is not None and diagnosis.found.kind == "pair":
        alike = [lessons.classes.index(name) for name in diagnosis.found.names]
    right = []

    def look() -> Floats:
        p = tracer.probabilities(images)
        if alike:
            p[:, alike] = p[:, alike].mean(1, keepdims=True)
        own = p[images, lessons.labels]
        right.append([own[lessons.labels == each].mean() for each in range(len(lessons.classes))])
        return p

    predicted = look()
    for trial in lesson.trials:
        tracer.observe(trial.image, trial.label, trial.response, feedback=trial.feedback)
        predicted = look()
    # The scores of the tracer are those of one that tells the pair apart.
    distrust = None if alike else tracer.distrust
    return Knowledge(lesson, np.array(right), predicted, diagnosis, distrust)


def _tracer(lessons: Lessons, gap: Gap | None, family: str) -> Tracer:
    """Return a tracer of a learner with a gap; the host's own where there is none."""
    whole, n_classes = scaled(lessons.features), len(lessons.classes)
    if gap is None:
        return Tracer.draw(family, np.random.default_rng(SEED), whole, n_classes)
    seen = without(whole, lessons.attributes[gap.names[0]]) if gap.kind == "attribute" else whole
    return even_tracer(seen, n_classes, family)


def concept(lessons: Lessons, knowledge: Knowledge) -> Iterator[Group]:
    """Yield the groups of images whose difference the learner does not see.

    For an attribute of names one group per value; for numbers the lower and the upper third; for a
    pair of classes one per class. Within a group, images with the smallest P(true) come first.
    Nothing where no gap is named.
    """
    found = knowledge.diagnosis.found
    if found is None:
        return
    images = np.arange(len(lessons.labels))
    p = knowledge.predicted[images, lessons.labels]
    if found.kind == "pair":
        groups = {n: lessons.labels == lessons.classes.index(n) for n in found.names}
    else:
        values = lessons.attributes[found.names[0]]
        groups = {f"{found.names[0]} {level}": values == level for level in np.unique(values)}
        if values.dtype.kind == "f":
            numbers = values.astype(float)
            low, high = np.quantile(numbers, [1 / 3, 2 / 3])
            groups = {
                f"small {found.names[0]}": numbers <= low,
                f"large {found.names[0]}": numbers >= high,
            }
    for name, members in groups.items():
        own = images[members]
        yield Group(name, own[np.argsort(p[own], kind="stable")][:SIDE])
