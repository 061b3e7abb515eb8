"""What every table of study.toml has in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Phase = Literal["practice", "training", "test", "catch"]


class Section(BaseModel):
    """A table of study.toml: unknown keys are faults, and so are inf and nan."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Plugged(BaseModel):
    """A table that names a plug-in; its other keys are the plug-in's own parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(description="Name of the installed plug-in.")

    @property
    def parameters(self) -> dict[str, Any]:
        """The keys beside the name."""
        return dict(self.model_extra or {})
