"""The stepper of each kind of exported model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych_analysis.steppers.bkt import BKTStepper
from diptych_analysis.steppers.memories import ExemplarStepper, PrototypeStepper
from diptych_analysis.steppers.model_file import ModelFile
from diptych_analysis.steppers.recurrent import RecurrentStepper
from diptych_analysis.steppers.stepper import State, Stepper


def make_stepper(model: ModelFile) -> Stepper[State]:
    """Make the stepper of an exported model.

    Raises
    ------
    ModelFileFault
        When arrays are missing, or do not fit each other.
    """
    own: dict[str, Callable[[ModelFile], Any]] = {
        "bkt": BKTStepper,
        "exemplar": ExemplarStepper,
        "prototype": PrototypeStepper,
    }
    made: Stepper[State] = own.get(model.kind, RecurrentStepper)(model)
    return made
