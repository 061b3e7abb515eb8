"""A live session: one trial at a time, the same probabilities as the whole session at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych_analysis.tables import PHASES
from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.models import ModelFault, Tracer
from diptych_analysis.tracing.sequences import NOTHING, Sequences


@dataclass(frozen=True)
class Trial:
    """What a learner saw and did; `response` is empty while they have not answered.

    `lag_s` is the time since the answer before, in s.
    """

    label: str
    stimulus: str = ""
    response: str = ""
    ranking: tuple[str, ...] = ()
    rt_ms: float = float("nan")
    phase: str = "training"
    lag_s: float = float("nan")


def sequence_of(trials: Sequence[Trial], classes: tuple[str, ...]) -> Sequences:
    """Turn one session into sequences; `ModelFault` for a class or phase that is unknown."""
    number = {name: i for i, name in enumerate(classes)} | {"": NOTHING}
    for place, trial in enumerate(trials):
        for name in (trial.label, trial.response, *trial.ranking):
            if name not in number:
                raise ModelFault(f"trial {place}: {name!r} is none of {', '.join(classes)}")
        if trial.phase not in PHASES or not trial.label:
            what = f"phase {trial.phase!r}" if trial.label else "no label"
            raise ModelFault(f"trial {place}: {what}; phases are {', '.join(PHASES)}")
    stimuli = tuple(dict.fromkeys(trial.stimulus for trial in trials))
    truth = {trial.stimulus: number[trial.label] for trial in trials}
    width = max(1, *(len(trial.ranking) for trial in trials)) if trials else 1
    ranking = np.full((1, len(trials), width), NOTHING)
    for place, trial in enumerate(trials):
        ranked = trial.ranking or ((trial.response,) if trial.response else ())
        ranking[0, place, : len(ranked)] = [number[name] for name in ranked]
    return Sequences(
        sessions=("live",),
        learners=("live",),
        classes=classes,
        stimuli=stimuli,
        stimulus_label=np.array([truth[s] for s in stimuli], dtype=np.int64),
        stimulus_file=tuple("" for _ in stimuli),
        stimulus=np.array([[stimuli.index(trial.stimulus) for trial in trials]]),
        label=np.array([[number[trial.label] for trial in trials]]),
        response=np.array([[number[trial.response] for trial in trials]]),
        ranking=ranking,
        phase=np.array([[PHASES.index(trial.phase) for trial in trials]]),
        rt=np.array([[trial.rt_ms for trial in trials]], dtype=np.float32),
        lag=np.array([[trial.lag_s for trial in trials]], dtype=np.float32),
        mask=np.ones((1, len(trials)), dtype=bool),
    )


class Stepper:
    """Asks the model about the next trial of one session, as often as wanted, and tells it answers.

    This one looks at the whole past at every question; recurrent models have one that keeps the
    state of their network instead.
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.past: list[Trial] = []

    def predict(self, trial: Trial) -> Probabilities:
        """Return probabilities (C,) of the responses to `trial` now; the session stays as it is."""
        asked = sequence_of([*self.past, trial], self.tracer.classes)
        last: Probabilities = self.tracer.predict_proba(asked)[0, -1]
        return last

    def observe(self, trial: Trial) -> None:
        """Take in a trial with its response."""
        self.past.append(trial)
