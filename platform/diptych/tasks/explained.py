"""What feedback on an answer shows beside the true class, for the pages of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diptych.tasks import PlannedTrial, Task


@dataclass(frozen=True)
class ExplainedAnswer:
    """An explanation, with places of the manifest instead of addresses.

    Attributes
    ----------
    kind : str
        contrast, gap, grid or mask.
    label : str
        The true class of the trial.
    answered : str
        What was answered.
    image : int
        Of the trial itself.
    own : tuple[int, ...]
        Images of the true class, of the grid, or the mask.
    other : tuple[int, ...]
        Images of what was answered; empty unless a contrast or gap.
    """

    kind: str
    label: str
    answered: str
    image: int
    own: tuple[int, ...]
    other: tuple[int, ...]


def explained_answer(task: Task, trial: PlannedTrial, response: Any) -> ExplainedAnswer | None:
    """Return what explained an answer; None where feedback shows nothing more, or nothing.

    Parameters
    ----------
    task : Task
        The task of the session.
    trial : PlannedTrial
        A trial that is planned.
    response : Any
        The response, as the task's model has read it.
    """
    if task.feedback(trial, response) is None:
        return None
    shown = task.explain(trial, response, str)  # a place as its own address
    if shown is None:
        return None
    return ExplainedAnswer(
        kind=shown["kind"],
        label=str(task.describe(trial).get("label") or ""),
        answered=task.answered(trial, response) or "",
        image=task.places(trial)[0],
        own=tuple(map(int, shown["images"])),
        other=tuple(map(int, shown["other_images"])),
    )
