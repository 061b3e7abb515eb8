"""Invitations of a platform to a later part: sent when a researcher asks for it, never before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import reading
from diptych.host import Host
from diptych.overview.parts import Turn, due, platform_ids
from diptych.recruiters.platform import PlatformFault
from diptych.study.versions import current_version, frozen


@dataclass(frozen=True)
class Invitation:
    """Who is invited to a part over one platform.

    Attributes
    ----------
    part : int
        2 or more.
    recruiter : str
        The platform.
    turns : tuple[Turn, ...]
        Of the participants who are invited.
    unpaid : int
        Participants who are due but are left out: their first part is not approved.
    """

    part: int
    recruiter: str
    turns: tuple[Turn, ...]
    unpaid: int

    @classmethod
    def of(
        cls, turns: Sequence[Turn], part: int, recruiter: str, *, unpaid: bool = False
    ) -> Invitation:
        """Choose from all turns of a study; `unpaid` invites those not approved, too."""
        listed = [turn for turn in due(turns, part) if turn.recruiter == recruiter]
        invited = [turn for turn in listed if unpaid or turn.approved]
        return cls(part, recruiter, tuple(invited), len(listed) - len(invited))


def send(
    host: Host, study: str, invitation: Invitation, group: str, user: User | None = None
) -> str:
    """Let the platform offer the part to those invited; the audit log records how many.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of an open study.
    invitation : Invitation
        Who is invited.
    group : str
        The platform's id of a group of participants, where it has groups.
    user : User | None, optional
        Who does it; None for the command line.

    Returns
    -------
    str
        What was done, in one sentence.

    Raises
    ------
    PlatformFault
        When the platform does not invite, refuses, or does not answer.
    """
    study_id, version_id, _ = current_version(study)
    recruiter = host.recruiter(frozen(version_id), invitation.recruiter)
    with reading() as connection:
        ids = platform_ids(connection, invitation.turns)
    people = sorted(ids.values())
    if not people:
        raise PlatformFault("the host no longer stores the platform's ids of these participants")
    said = recruiter.invite(host, study, invitation.part, group, people)
    audit.note(
        user,
        "parts.invite",
        study_id=study_id,
        detail={"part": invitation.part, "recruiter": invitation.recruiter, "people": len(people)},
    )
    return said
