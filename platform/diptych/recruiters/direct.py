"""Direct: a link, handed out by the researcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from diptych.recruiters import (
    Arriving,
    NextPerson,
    Recruiter,
    RecruiterParameters,
    identifier,
)


class DirectParameters(RecruiterParameters):
    """`[recruitment.direct]`: who sits at the computer."""

    kiosk: bool = Field(
        False,
        description="One computer, one person after the other: the plain link asks who is there, "
        "and the last page leads on to the next person.",
    )


class Direct(Recruiter):
    """Anybody with the link; `?participant=ID` names somebody the lab already knows."""

    name = "direct"
    Parameters = DirectParameters
    parameters: DirectParameters

    @staticmethod
    def recognises(entry: Mapping[str, str]) -> bool:
        return True

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        if "participant" in entry:
            return Arriving(identifier(entry, "participant"))
        return Arriving(None)

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        return None

    def next_person(self, *, known: bool) -> NextPerson:
        if known:
            return "no"
        return "kiosk" if self.parameters.kiosk else "ask"
