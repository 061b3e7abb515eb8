"""MTurk: an ExternalQuestion in an iframe, left by a form POST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from diptych.ground.settings import Settings
from diptych.recruiters import (
    ArrivalFault,
    Arriving,
    Recruiter,
    RecruiterParameters,
    identifier,
)
from diptych.recruiters.platform import Platform

if TYPE_CHECKING:
    from diptych.host import Host

NOT_ACCEPTED = "ASSIGNMENT_ID_NOT_AVAILABLE"
HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")


class MTurkParameters(RecruiterParameters):
    """`[recruitment.mturk]`: how the HIT is offered. Only new HITs follow a change."""

    keywords: tuple[str, ...] = Field(
        ("experiment", "images", "psychology"), description="Keywords for the worker's search."
    )
    minutes_allowed: float | None = Field(
        None,
        ge=0.5,
        le=525_600,
        description="Minutes from accepting to submitting the HIT. By default four times the "
        "expected minutes, at least an hour.",
    )
    open_hours: float = Field(
        72, ge=1 / 60, le=8_760, description="Hours for which workers can find and accept the HIT."
    )
    auto_approve_hours: float = Field(
        72,
        ge=0,
        le=720,
        description="Hours after which MTurk approves an undecided submission automatically.",
    )
    min_approved_percent: int | None = Field(
        None, ge=0, le=100, description="Smallest share of the worker's approved work, in percent."
    )
    min_approved_hits: int | None = Field(
        None, ge=0, description="Smallest number of the worker's approved HITs."
    )
    countries: tuple[str, ...] = Field(
        (), description="Countries of the workers (two letters, ISO 3166). Empty: all."
    )


class MTurk(Recruiter):
    """Participants from Amazon Mechanical Turk."""

    name = "mturk"
    title = "Mechanical Turk"
    Parameters = MTurkParameters
    parameters: MTurkParameters
    frame_origins = (*HOSTS, "https://worker.mturk.com")

    @classmethod
    def frames(cls, settings: Settings) -> tuple[str, ...]:
        """Add the origins of the host's settings to those of MTurk."""
        return (*cls.frame_origins, *settings.mturk_origins)

    @staticmethod
    def recognises(entry: Mapping[str, str], keys: Mapping[str, Any]) -> bool:
        """Recognise MTurk by its assignment; other platforms have that name, not the others."""
        theirs = {"hitId", "workerId", "turkSubmitTo"} & set(entry)
        return "assignmentId" in entry and (bool(theirs) or entry["assignmentId"] == NOT_ACCEPTED)

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        """Read MTurk's ids; before the HIT is accepted there is only a preview."""
        if entry["assignmentId"] == NOT_ACCEPTED:
            return Arriving(None, preview=True)
        # turkSubmitTo comes from the URL: answers must not be sent to whoever stands there.
        host = entry.get("turkSubmitTo", "").rstrip("/")
        if host not in (*HOSTS, *self.settings.mturk_origins):
            raise ArrivalFault(
                "The link that you followed does not lead back to MTurk. Please open the study "
                "from your HIT."
            )
        return Arriving(
            identifier(entry, "workerId"),
            {
                "assignmentId": identifier(entry, "assignmentId"),
                "hitId": identifier(entry, "hitId"),
                "turkSubmitTo": host,
            },
        )

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the form that submits the assignment; None for an outcome without one."""
        # A worker who declines returns the HIT in MTurk's own frame: nothing is submitted.
        if outcome not in ("completed", "screened_out") or "assignmentId" not in parameters:
            return None
        return {
            "kind": "form",
            "action": f"{parameters['turkSubmitTo']}/mturk/externalSubmit",
            "fields": {"assignmentId": parameters["assignmentId"], "outcome": outcome},
        }

    def way_back(self) -> dict[str, Any]:
        """Name Mechanical Turk, which has no address to return to."""
        # By the button of the frame around the study.
        return {"place": "Mechanical Turk", "url": None}

    def platform(self) -> Platform:
        """Make the platform that approves, rejects and pays on MTurk."""
        from diptych.recruiters.mturk_platform import MTurkPlatform

        return MTurkPlatform(self.settings)

    def invite(self, host: Host, study: str, part: int, group: str, people: Sequence[str]) -> str:
        """Give workers the qualification that the HITs of a later part ask for."""
        from diptych.mturk import qualification

        return qualification.invite(host, study, part, people)

    @staticmethod
    def after_session(host: Host, session_id: int) -> None:
        """Do what the qualification of the study needs after a session."""
        from diptych.mturk.qualification import after_session

        after_session(host, session_id)

    @staticmethod
    def order_ids(parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the HIT and the assignment."""
        if "assignmentId" not in parameters:
            return None
        return parameters["hitId"], parameters["assignmentId"]
