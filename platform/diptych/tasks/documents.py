"""What a task's page reads and sends, as models: the task's part of the API's contract."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class TaskParameters(BaseModel):
    """Parameters of a task in `[task]` of study.toml, beside its name."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaskResponse(BaseModel):
    """What the browser sends as the answer to one trial: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaskShown(BaseModel):
    """What the browser is shown in one trial: nothing in it may tell the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaskFeedback(BaseModel):
    """What the browser gets after an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OpenShown(TaskShown):
    """What a task shows that declares no model: any fields."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]


class OpenFeedback(TaskFeedback):
    """Feedback of a task that declares no model: any fields."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]
