"""Bayesian knowledge tracing, one hidden skill a class: the classical baseline.

Corbett and Anderson (1995): a learner knows a class or not; a trial of the class may teach it; who
knows it slips sometimes, who does not guesses right sometimes. The four numbers a class are fitted
by expectation maximisation over all training learners. BKT says how likely a right answer is; the
rest is shared out among the other classes as the wrong answers of training were.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.models.closed import ClosedTracer, confusion, uniform_padding
from diptych_analysis.tracing.sequences import Sequences

F = npt.NDArray[np.float64]
START = (0.3, 0.1, 0.1, 0.3)
ROUNDS, TOLERANCE = 200, 1e-6
LOW, HIGH = 1e-3, 1 - 1e-3


def opportunities(sequences: Sequences, c: int) -> tuple[F, npt.NDArray[np.bool_]]:
    """Move right or wrong at scored trials of class `c` to the left: (N, L), and a mask."""
    chosen = sequences.scored & (sequences.label == c)
    order = np.argsort(~chosen, axis=1, kind="stable")
    longest = max(1, int(chosen.sum(1).max(initial=0)))
    there = np.take_along_axis(chosen, order, 1)[:, :longest]
    right = np.take_along_axis(sequences.response == c, order, 1)[:, :longest]
    return right.astype(float) * there, there


def update(known: F, right: F, parameters: F) -> F:
    """Update P(known) (N,) by one more opportunity, given whether it was right."""
    _, learn, slip, guess = parameters
    if_known = np.where(right > 0, 1 - slip, slip)
    if_not = np.where(right > 0, guess, 1 - guess)
    posterior = known * if_known / (known * if_known + (1 - known) * if_not)
    after: F = posterior + (1 - posterior) * learn
    return after


def forward(right: F, there: npt.NDArray[np.bool_], parameters: F) -> F:
    """Compute P(known) (N, L) before each opportunity.

    `parameters`: known first, learn, slip, guess.
    """
    known = np.full(len(right), parameters[0])
    before = np.empty(right.shape)
    for step in range(right.shape[1]):
        before[:, step] = known
        known = np.where(there[:, step], update(known, right[:, step], parameters), known)
    return before


def maximise(right: F, there: npt.NDArray[np.bool_], parameters: F) -> F:
    """Do one round of Baum and Welch: better parameters."""
    start, learn, slip, guess = parameters
    known_before = forward(right, there, parameters)
    if_known = np.where(right > 0, 1 - slip, slip)
    if_not = np.where(right > 0, guess, 1 - guess)
    filtered = known_before * if_known
    filtered = filtered / (filtered + (1 - known_before) * if_not)
    n, length = right.shape
    smoothed = np.empty((n, length))
    moved = np.zeros((n, length))  # P(not known here, known next)
    after = filtered[:, -1]
    for step in range(length - 1, -1, -1):
        if step < length - 1:
            here, following = filtered[:, step], known_before[:, step + 1]
            stay = here * after / following
            move = (1 - here) * learn * after / following
            goes_on = there[:, step + 1]
            moved[:, step] = np.where(goes_on, move, 0)
            after = np.where(goes_on, stay, filtered[:, step])
        smoothed[:, step] = after
    has_next = np.zeros_like(there)
    has_next[:, :-1] = there[:, 1:]
    some = there[:, 0]
    unknown = (1 - smoothed) * there
    known = smoothed * there
    found = np.array(
        [
            smoothed[some, 0].mean() if some.any() else start,
            _share(moved.sum(), (unknown * has_next).sum(), learn),
            _share((known * (1 - right)).sum(), known.sum(), slip),
            _share((unknown * right).sum(), unknown.sum(), guess),
        ]
    )
    # slip and guess below one half: else "known" could come to mean the opposite
    better: F = np.clip(found, LOW, [HIGH, HIGH, 0.5, HIGH])
    return better


def _share(part: float, whole: float, otherwise: float) -> float:
    return float(part / whole) if whole > 1e-9 else otherwise


class BKT(ClosedTracer):
    """One two-state Markov model a class."""

    def _learn(self, train: Sequences) -> None:
        parameters = []
        for c in range(train.n_classes):
            right, there = opportunities(train, c)
            found = np.array(START)
            for _ in range(ROUNDS):
                better = maximise(right, there, found)
                close = np.abs(better - found).max() < TOLERANCE
                found = better
                if close:
                    break
            parameters.append(found)
        wrong = confusion(train, 1.0) * (1 - np.eye(train.n_classes))
        self.arrays = {
            "parameters": np.stack(parameters),
            "wrong": wrong / wrong.sum(1, keepdims=True),
        }

    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Return (N, T, C)."""
        self._check(sequences)
        n, t = sequences.shape
        known = np.zeros((n, t))
        for c, parameters in enumerate(self.arrays["parameters"]):
            state = np.full(n, parameters[0])
            for time in range(t):
                here = sequences.mask[:, time] & (sequences.label[:, time] == c)
                known[here, time] = state[here]
                seen = here & (sequences.response[:, time] >= 0)
                right = (sequences.response[:, time] == c).astype(float)
                state = np.where(seen, update(state, right, parameters), state)
        slip, guess = (self.arrays["parameters"][sequences.label, i] for i in (2, 3))
        correct = known * (1 - slip) + (1 - known) * guess
        p = self.arrays["wrong"][sequences.label] * (1 - correct)[..., None]
        np.put_along_axis(p, np.maximum(sequences.label, 0)[..., None], correct[..., None], -1)
        return uniform_padding(p, sequences)
