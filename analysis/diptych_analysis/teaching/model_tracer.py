"""Tracing one learner with an exported model (`diptych trace export`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from diptych_analysis.steppers.model_file import ModelFileFault
from diptych_analysis.steppers.stepper import Answers, State, Stepper
from diptych_analysis.teaching.tracers import TracerBase
from diptych_analysis.teaching.worlds import Floats, Ints

RESPONSES = 3
"""Most responses to a candidate that are looked at: the likeliest ones."""
STEPS = 1200
"""Most steps of an LSTM for one choice. Of more images that are judged, only a part is."""
LEAST = 1e-6
"""Probability of a response that the model considers impossible."""


class ModelTracer(TracerBase):
    """What one learner knows, as an exported model sees it.

    Parameters
    ----------
    stepper : Stepper
        Of the model.
    stimuli : sequence of str
        Id of each image, in the order of the images' numbers.
    labels : ndarray of int of shape (n_images,)
        True class of each image, as a place in `classes`.
    classes : sequence of str
        Names of the classes.

    Raises
    ------
    ModelFileFault
        When the model has other classes, or lacks an image.
    """

    def __init__(
        self, stepper: Stepper[State], stimuli: Sequence[str], labels: Ints, classes: Sequence[str]
    ) -> None:
        super().__init__(len(classes))
        model = stepper.model
        if sorted(model.classes) != sorted(classes):
            raise ModelFileFault(
                f"{model.spec} knows the classes {', '.join(model.classes)}; "
                f"the study has {', '.join(classes)}"
            )
        self.stepper = stepper
        #: The model's place of each class.
        self.place = np.array([model.classes.index(name) for name in classes])
        self.labels = self.place[labels]
        self.rows = np.array(
            [model.row(name, int(c)) for name, c in zip(stimuli, self.labels, strict=True)]
        )
        self.state = stepper.start()

    def observe(
        self,
        image: int,
        label: int,
        response: int | None,
        *,
        feedback: bool,
        rt_ms: float | None = None,
    ) -> None:
        """Take in one trial, as `TracerBase` says."""
        if response is not None:
            p = float(self.probabilities(np.array([image]))[0, response])
            self._score(max(p, LEAST), is_right=label == response)
        answered = -1 if response is None else int(self.place[response])
        self.state = self.stepper.advance(
            self.state,
            Answers(
                self.rows[[image]],
                self.place[[label]],
                np.array([answered]),
                np.array([np.nan if rt_ms is None else rt_ms]),
                np.array([feedback]),
            ),
        )

    def wait(self, seconds: float) -> None:
        """Take in a pause before the next trial, if the model has `+lag`."""
        self.state = self.state.waited(np.array([seconds]))

    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_images, n_classes)."""
        p = self.stepper.probabilities(self.state, self.rows[images], self.labels[images])[0]
        return np.asarray(p[:, self.place])

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the expected mean P(true) on `images` after each candidate: (n_candidates,).

        The learner answers each candidate as the model predicts, and then sees its class. Of more
        than `RESPONSES` responses the likeliest ones are looked at; their probabilities are scaled
        to sum to 1.
        """
        rows, own = self.rows[candidates], self.labels[candidates]
        p = self.stepper.probabilities(self.state, rows, own)[0]
        likely = np.argsort(-p, axis=1, kind="stable")[:, :RESPONSES]
        weights = np.take_along_axis(p, likely, 1)
        count, each = likely.shape
        branches = self.stepper.advance(
            self.state.rows(np.zeros(count * each, int)),
            Answers(
                np.repeat(rows, each),
                np.repeat(own, each),
                likely.ravel(),
                np.full(count * each, np.nan),
                np.ones(count * each, bool),
            ),
        )
        judged = images[:: max(1, -(-len(images) * count * each // STEPS))]
        asked = self.labels[judged]
        after = self.stepper.probabilities(branches, self.rows[judged], asked)
        right = after[:, np.arange(len(judged)), asked].mean(1).reshape(count, each)
        return np.asarray((weights * right).sum(1) / weights.sum(1))

    def _state(self) -> tuple[Any, ...]:
        return (self.state,)

    def _restore(self, state: tuple[Any, ...]) -> None:
        (self.state,) = state
