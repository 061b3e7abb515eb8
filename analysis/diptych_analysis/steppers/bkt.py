"""Bayesian knowledge tracing, trial by trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych_analysis.steppers.model_file import Array, ModelFile
from diptych_analysis.steppers.stepper import Answers, State, Stepper


@dataclass(frozen=True)
class Known(State):
    """P(known) of each class, (B, C)."""

    known: Array


class BKTStepper(Stepper[Known]):
    """One two-state Markov model per class.

    References
    ----------
    .. [1] Corbett, A. T. and Anderson, J. R. (1995). Knowledge tracing: modeling the acquisition of
       procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278, eq. 1-2.
    """

    def __init__(self, model: ModelFile) -> None:
        super().__init__(model)
        self.parameters = self.weight("parameters", self.n_classes, 4)
        self.wrong = self.weight("wrong", self.n_classes, self.n_classes)

    def start(self) -> Known:
        """Return the state of one learner before the first trial."""
        return Known(self.parameters[None, :, 0].copy())

    def logits(self, state: Known, rows: Array, labels: Array) -> Array:
        """Return the logits (B, M, C) of the response to each of M images."""
        _, _, slip, guess = self.parameters[labels].T
        known = state.known[:, labels]
        correct = known * (1 - slip) + (1 - known) * guess
        p = self.wrong[labels] * (1 - correct)[..., None]
        p[:, np.arange(len(labels)), labels] = correct
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(p))

    def advance(self, state: Known, trial: Answers) -> Known:
        """Return the states after one more trial of each learner."""
        each = np.arange(len(trial.labels))
        before = state.known[each, trial.labels]
        _, learn, slip, guess = self.parameters[trial.labels].T
        right = trial.responses == trial.labels
        if_known, if_not = np.where(right, 1 - slip, slip), np.where(right, guess, 1 - guess)
        posterior = before * if_known / (before * if_known + (1 - before) * if_not)
        after = posterior + (1 - posterior) * learn
        known = state.known.copy()
        known[each, trial.labels] = np.where(trial.responses >= 0, after, before)
        return Known(known)
