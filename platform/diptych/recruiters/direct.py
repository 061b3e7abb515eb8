"""Direct: a link, handed out by the researcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.recruiters import Arriving, Recruiter, identifier


class Direct(Recruiter):
    """Anybody with the link; `?participant=ID` names somebody the lab already knows."""

    name = "direct"

    @staticmethod
    def recognises(entry: Mapping[str, str]) -> bool:
        return True

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        if "participant" in entry:
            return Arriving(identifier(entry, "participant"))
        return Arriving(None)

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        return None
