"""MTurk: an ExternalQuestion in an iframe, left by a form POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diptych.recruiters import ArrivalFault, Arriving, Recruiter, identifier

NOT_ACCEPTED = "ASSIGNMENT_ID_NOT_AVAILABLE"
HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")


class MTurk(Recruiter):
    """Participants from Amazon Mechanical Turk."""

    name = "mturk"
    frame_origins = (*HOSTS, "https://worker.mturk.com")

    @staticmethod
    def recognises(entry: Mapping[str, str]) -> bool:
        return "assignmentId" in entry

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        if entry["assignmentId"] == NOT_ACCEPTED:
            return Arriving(None, preview=True)
        # turkSubmitTo comes from the URL: answers must not be sent to whoever stands there.
        host = entry.get("turkSubmitTo", "").rstrip("/")
        if host not in HOSTS:
            raise ArrivalFault(
                "The link you followed does not lead back to MTurk. Please start from your HIT."
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
        # A worker who declines returns the HIT in MTurk's own frame: nothing is submitted.
        if outcome not in ("completed", "screened_out") or "assignmentId" not in parameters:
            return None
        return {
            "kind": "form",
            "action": f"{parameters['turkSubmitTo']}/mturk/externalSubmit",
            "fields": {"assignmentId": parameters["assignmentId"], "outcome": outcome},
        }

    @staticmethod
    def order_ids(parameters: Mapping[str, str]) -> tuple[str, str] | None:
        if "assignmentId" not in parameters:
            return None
        return parameters["hitId"], parameters["assignmentId"]
