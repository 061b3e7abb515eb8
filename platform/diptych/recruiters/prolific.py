"""Prolific: ids in the query, completion codes in a redirect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from pydantic import Field

from diptych.recruiters import (
    ArrivalFault,
    Arriving,
    PlatformAway,
    Recruiter,
    RecruiterParameters,
    identifier,
)
from diptych.recruiters.platform import Platform, PlatformFault
from diptych.recruiters.prolific_platform import ProlificPlatform

if TYPE_CHECKING:
    from diptych.host import Host

COMPLETE = "https://app.prolific.com/submissions/complete"
#: Where a participant returns a submission.
SUBMISSIONS = "https://app.prolific.com/submissions"
PID = "PROLIFIC_PID"
_LIVE = {"RESERVED", "ACTIVE", "AWAITING REVIEW", "APPROVED", "PARTIALLY APPROVED"}


class ProlificParameters(RecruiterParameters):
    """`[recruitment.prolific]`: the completion codes, which carry Prolific's actions."""

    completed: str = Field(description="Completion code of a completed session.", min_length=1)
    screened_out: str = Field(
        description="Completion code after failed comprehension questions or practice.",
        min_length=1,
    )
    declined: str = Field(
        description="Completion code when the participant declined consent.", min_length=1
    )
    timed_out: str | None = Field(
        None,
        description="Completion code of a session that came back too late. Empty: no link back to "
        "Prolific.",
    )


class Prolific(Recruiter):
    """Participants from Prolific. With a token, the host checks each arrival with its API."""

    name = "prolific"
    title = "Prolific"
    Parameters = ProlificParameters
    parameters: ProlificParameters
    frame_origins = ("https://app.prolific.com",)
    own_in_each_part = ("completed",)

    @staticmethod
    def recognises(entry: Mapping[str, str], keys: Mapping[str, Any]) -> bool:
        """Recognise Prolific by its participant id."""
        return PID in entry

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        """Read Prolific's ids; with a token, ask Prolific whether they are real."""
        participant = identifier(entry, PID)
        parameters = {key: identifier(entry, key) for key in ("STUDY_ID", "SESSION_ID")}
        token = self.settings.prolific_secret()
        if token:
            self._verify(token, participant, parameters["STUDY_ID"], parameters["SESSION_ID"])
        return Arriving(participant, parameters, vouched=bool(token))

    def _verify(self, token: str, participant: str, study: str, submission: str) -> None:
        """Ask Prolific whether the submission is this person's: anyone can type such a URL."""
        url = f"{self.settings.prolific_api}/submissions/{submission}/"
        headers = {"Authorization": f"Token {token}"}
        try:
            reply = httpx.get(url, headers=headers, timeout=10)
        except httpx.HTTPError:
            raise PlatformAway(
                "We could not reach Prolific to check your link. Please try again in a minute."
            ) from None
        if reply.status_code >= 500 or reply.status_code == 429:
            raise PlatformAway("Prolific is busy at the moment. Please try again in a minute.")
        body = _json(reply) if reply.status_code == 200 else {}
        owner = body.get("participant") or body.get("participant_id")
        # The detail of a submission need not name its study; where it does, it must be this one.
        elsewhere = (body.get("study_id") or study) != study
        if owner != participant or elsewhere or str(body.get("status")) not in _LIVE:
            raise ArrivalFault(
                "Prolific does not list this submission as yours. Please open the study again "
                "from Prolific."
            )

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the redirect with the completion code of an outcome; None without a code."""
        code = {
            "completed": self.parameters.completed,
            "screened_out": self.parameters.screened_out,
            "declined": self.parameters.declined,
            "timed_out": self.parameters.timed_out,
        }.get(outcome)
        if code is None:
            return None
        return {
            "kind": "redirect",
            "url": f"{COMPLETE}?{urlencode({'cc': code})}",
            "place": "Prolific",
            "code": code,
        }

    def way_back(self) -> dict[str, Any]:
        """Lead back to the participant's submissions on Prolific."""
        return {"place": "Prolific", "url": SUBMISSIONS}

    def platform(self) -> Platform:
        """Make the platform that decides and pays on Prolific."""
        return ProlificPlatform(self.settings)

    @staticmethod
    def order_ids(parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the study and the submission at Prolific."""
        if "SESSION_ID" not in parameters:
            return None
        return parameters["STUDY_ID"], parameters["SESSION_ID"]

    def invite(self, host: Host, study: str, part: int, group: str, people: Sequence[str]) -> str:
        """Add people to a participant group, which the Prolific study of the part allows."""
        if not group:
            raise PlatformFault(
                "name the participant group on Prolific with --group; the Prolific study of this "
                "part must have it as its allowlist"
            )
        ProlificPlatform(self.settings).add_to_group(group, people)
        return f"The participant group {group} on Prolific has these {len(people)} participants."

    def invitation(self, study: str, part: int = 1) -> str:
        """Return the address with Prolific's placeholders for its ids."""
        ids = "&".join(f"{key}={{{{%{key}%}}}}" for key in (PID, "STUDY_ID", "SESSION_ID"))
        link = super().invitation(study, part)
        return f"{link}{'&' if '?' in link else '?'}{ids}"


def _json(reply: httpx.Response) -> dict[str, Any]:
    """Return the object in a reply; an empty one where it holds something else."""
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
