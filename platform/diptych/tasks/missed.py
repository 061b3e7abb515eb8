"""A trial whose deadline has passed without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from diptych.tasks.documents import TaskResponse


class MissedResponse(TaskResponse):
    """No answer came before the deadline of the trial (`deadline_ms`), in any task."""

    missed: Literal[True]


def is_missed(answer: Mapping[str, Any] | None) -> bool:
    """Whether what the browser sent, or the host stores, says that there was no answer in time.

    Parameters
    ----------
    answer : Mapping[str, Any] or None
        The answer as JSON; None where there is none yet.
    """
    return answer is not None and len(answer) == 1 and answer.get("missed") is True
