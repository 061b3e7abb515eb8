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
    printable_id,
)


class DirectParameters(RecruiterParameters):
    """`[recruitment.direct]`: who sits at the computer."""

    kiosk: bool = Field(
        False,
        description="For one computer with several participants in turn: the plain link asks who "
        "is using the computer, and the last page continues with the next "
        "participant.",
    )


class Direct(Recruiter):
    """Anyone with the link. `?participant=ID` gives the id of a participant whom the lab knows."""

    name = "direct"
    title = "By a link"
    comes_back_by_link = True
    Parameters = DirectParameters
    parameters: DirectParameters

    @staticmethod
    def recognises(entry: Mapping[str, str], keys: Mapping[str, Any]) -> bool:
        """Accept any query: a direct link needs none."""
        return True

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        """Read the participant's own id, if the link has one."""
        if "participant" in entry:
            return Arriving(printable_id(entry, "participant"))
        return Arriving(None)

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """Send the participant nowhere: the page's last text is the end."""
        return None

    def next_person(self, *, known: bool) -> NextPerson:
        """Let a next person begin: never after a known id, at once at a kiosk, else on request."""
        if known:
            return "no"
        return "kiosk" if self.parameters.kiosk else "ask"
