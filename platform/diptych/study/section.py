"""What every table of study.toml has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of study.toml: unknown keys are faults, and so are inf and nan."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
