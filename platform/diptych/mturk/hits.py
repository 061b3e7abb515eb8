"""Creation and list of a study's HITs.

`diptych.mturk.changes` extends and expires them.

Every HIT carries a mark in its annotation (which only the requester sees), made from this host, the
study and a token. By it a HIT is found again when the answer to its creation was lost.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import PLACEMENTS
from diptych.ground.database import now_ms, reading, writing
from diptych.host import Host
from diptych.mturk import qualification
from diptych.mturk.offer import HitFault, HitPlan, Offer, preview_hit
from diptych.recruiters.mturk_client import (
    Clients,
    Trouble,
    connect,
    expected,
    major,
    minor,
    pages,
    trouble,
)
from diptych.recruiters.platform import PlatformFault
from diptych.study.versions import UnknownStudy, current_version

GONE, NOT_ASKED = "Gone", "Not asked"
NOT_THERE = (GONE, NOT_ASKED)
PAUSES = (0.5, 1.0, 2.0, 4.0)
_WORKERS = {True: "https://workersandbox.mturk.com", False: "https://worker.mturk.com"}


@dataclass(frozen=True)
class Hit:
    """One HIT.

    Attributes
    ----------
    id : str
        MTurk's.
    status : str
        In MTurk's words; `Gone` when it no longer lists the HIT, `Not asked` when only
        the books of this host tell of it.
    sandbox : bool
        Whether money is play.
    reward : int
        US cents an assignment.
    assignments : int
        How many workers it was made for.
    available : int
        How many can still be accepted.
    pending : int
        Accepted and not yet submitted.
    decided : int
        Approved or rejected.
    expires_at : int
        Until when it can be accepted (ms since 1970).
    workers_url : str
        Where workers find it.
    """

    id: str
    status: str
    sandbox: bool
    reward: int
    assignments: int
    available: int
    pending: int
    decided: int
    expires_at: int
    workers_url: str


def create_hit(
    host: Host,
    study: str,
    assignments: int,
    *,
    split: bool = False,
    part: int = 1,
    user: User | None = None,
    token: str | None = None,
    pauses: Sequence[float] = PAUSES,
) -> list[Hit]:
    """Offer a study on MTurk.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of an open study.
    assignments : int
        How many workers.
    split : bool, optional
        Several HITs of 9 at most, instead of one at the higher fee.
    part : int, optional
        Part of the study; a later part is offered to those who were invited.
    user : User | None, optional
        Who does it; None for the command line.
    token : str | None, optional
        Names this request, 40 characters at most: made twice, it makes the HITs once.
    pauses : Sequence[float], optional
        Seconds between tries when MTurk is busy.

    Returns
    -------
    list[Hit]
        The HITs, of an earlier request with the same token too.

    Raises
    ------
    HitFault
        When the study can't be offered; the message says what to mend.
    UnknownStudy
        When no version of the study was ever opened.
    PlatformFault
        When MTurk can't be used or did not answer. HITs made before that stay, and
        the same token goes on where this stopped.
    """
    plan = preview_hit(host, study, assignments, split=split, part=part)
    clients = connect(host.settings)
    requirements, own = _requirements(host, clients, plan.offer)
    again, token = token is not None, (token or secrets.token_hex(12))[:40]
    made = []
    for number, workers in enumerate(plan.cost.hits):
        errand = _Creation(host, clients, plan, requirements, f"{token}-{number}", workers)
        found = errand.run(pauses, maybe_there=again)
        _book(host, plan.offer.study_id, found, own, user)
        made.append(_hit(found, host.settings.mturk_sandbox))
    return made


def _requirements(
    host: Host, clients: Clients, offer: Offer
) -> tuple[list[dict[str, Any]], str | None]:
    """Return all requirements of a HIT, and the study's own qualification among them."""
    found = list(offer.requirements)
    own = None
    if offer.part > 1:
        invited = {
            "QualificationTypeId": qualification.invited(host, clients, offer.study, offer.part),
            "Comparator": "Exists",
            "ActionsGuarded": "DiscoverPreviewAndAccept",
        }
        return [*found, invited], None
    if offer.once:
        own = qualification.ensure(host, clients, offer.study)
        qualification.catch_up(host, offer.study_id, clients)
    keep_out = [own, *(_of_other(host, name) for name in offer.exclude_studies)]
    for type_id in filter(None, keep_out):
        found.append(
            {
                "QualificationTypeId": type_id,
                "Comparator": "DoesNotExist",
                "ActionsGuarded": "DiscoverPreviewAndAccept",
            }
        )
    return found, own


def _of_other(host: Host, study: str) -> str | None:
    """Find another study's qualification; None where this host knows no such study, or none."""
    try:
        return qualification.known(host, current_version(study, preview=True)[0])
    except UnknownStudy:
        return None


class _Creation:
    """One HIT on its way; after every doubt it is looked for by its mark before another try."""

    def __init__(
        self,
        host: Host,
        clients: Clients,
        plan: HitPlan,
        requirements: list[dict[str, Any]],
        token: str,
        workers: int,
    ) -> None:
        self.clients, self.token = clients, token
        offer = plan.offer
        self.mark = f"{_mark(host, offer.study)}{token}"
        self.asked = {
            "MaxAssignments": workers,
            "AutoApprovalDelayInSeconds": offer.auto_approval,
            "LifetimeInSeconds": offer.lifetime,
            "AssignmentDurationInSeconds": offer.duration,
            "Reward": major(offer.reward),
            "Title": offer.title,
            "Keywords": offer.keywords,
            "Description": offer.description,
            "Question": offer.question,
            "RequesterAnnotation": self.mark,
            "QualificationRequirements": requirements,
            "UniqueRequestToken": token,
        }

    def run(self, pauses: Sequence[float], *, maybe_there: bool) -> dict[str, Any]:
        """Describe the HIT as MTurk does.

        Parameters
        ----------
        pauses : Sequence[float]
            Seconds between tries.
        maybe_there : bool
            Whether an earlier request may have made it. MTurk itself knows a token
            for 24 hours only.

        Raises
        ------
        HitFault
            When MTurk refuses it.
        PlatformFault
            When MTurk can't be used or did not answer.
        """
        found = self._find() if maybe_there else None
        for pause in (*pauses, None):
            if found is not None:
                return found
            said = self._ask()
            if isinstance(said, dict):
                return said
            found = self._find()
            if found is None and said.kind == "refused" and not said.says("already exists"):
                raise HitFault(f"Mechanical Turk rejects the HIT: {said.reason}")
            if found is None and pause is not None:
                time.sleep(pause)
        if found is not None:
            return found
        raise PlatformFault(
            "Mechanical Turk did not answer, and does not list the HIT: reload this page in a few "
            "minutes"
        )

    def _ask(self) -> dict[str, Any] | Trouble:
        try:
            made: dict[str, Any] = self.clients.doing.create_hit(**self.asked)["HIT"]
            return made
        except expected() as fault:
            said = trouble(fault)
            if said.kind == "shut":
                raise PlatformFault(
                    f"Mechanical Turk rejects this account: {said.reason}"
                ) from fault
            return said

    def _find(self) -> dict[str, Any] | None:
        for found in pages(self.clients.asking, "list_hits", "HITs"):
            if found.get("RequesterAnnotation") == self.mark:
                return found
        return None


def _mark(host: Host, study: str) -> str:
    return f"diptych {qualification.host_mark(host)} {study} "


def _book(
    host: Host, study_id: int, found: dict[str, Any], own: str | None, user: User | None
) -> None:
    """Write a HIT into the books of this host, once."""
    detail = {
        "sandbox": host.settings.mturk_sandbox,
        "assignments": found["MaxAssignments"],
        "reward": minor(found["Reward"]),
        "title": found["Title"],
        "group": found["HITGroupId"],
        "expires_at": in_ms(found["Expiration"]),
        "qualification": own,
    }
    with reading() as connection:
        known = connection.execute(
            select(PLACEMENTS.c.id).where(
                PLACEMENTS.c.recruiter == "mturk", PLACEMENTS.c.external_id == found["HITId"]
            )
        ).scalar()
    if known is not None:
        return
    with suppress(IntegrityError), writing() as connection:  # somebody else may be as quick
        connection.execute(
            insert(PLACEMENTS).values(
                study_id=study_id,
                recruiter="mturk",
                external_id=found["HITId"],
                detail=detail,
                created_at=now_ms(),
            )
        )
        note(connection, user, "hit.create", study_id, found["HITId"], detail)


def note(
    connection: Connection,
    user: User | None,
    action: str,
    study_id: int,
    hit_id: str,
    detail: dict[str, Any],
) -> None:
    """Write into the audit log what was done to a HIT."""
    audit.note(
        user, action, study_id=study_id, subject=hit_id, detail=detail, connection=connection
    )


def hits(host: Host, study: str) -> list[Hit]:
    """List the HITs of a study as MTurk has them now, the newest first.

    HITs that were made but never written down (the host was stopped in between) are written down.

    Raises
    ------
    UnknownStudy
        When there is no such study.
    PlatformFault
        When MTurk can't be used or did not answer.
    """
    study_id = current_version(study, preview=True)[0]
    clients, sandbox = connect(host.settings), host.settings.mturk_sandbox
    listed = {hit["HITId"]: hit for hit in pages(clients.asking, "list_hits", "HITs")}
    mark = _mark(host, study)
    for hit in reversed(listed.values()):
        if str(hit.get("RequesterAnnotation", "")).startswith(mark):
            _book(host, study_id, hit, _own(hit, host, clients, study), None)
    rows = qualification.placements(host, study_id)
    return [
        _hit(listed[row.external_id], sandbox) if row.external_id in listed else _known(row, GONE)
        for row in rows
    ]


def placed(host: Host, study_id: int) -> list[Hit]:
    """List the HITs of a study from this host's books, the newest first, without any request."""
    return [_known(row, NOT_ASKED) for row in qualification.placements(host, study_id)]


def _own(hit: dict[str, Any], host: Host, clients: Clients, study: str) -> str | None:
    """Return the study's own qualification, where a HIT asks that it be missing."""
    missing = [
        requirement["QualificationTypeId"]
        for requirement in hit.get("QualificationRequirements", ())
        if requirement["Comparator"] == "DoesNotExist"
    ]
    if not missing:
        return None
    own = qualification.ensure(host, clients, study)
    return own if own in missing else None


def _hit(found: dict[str, Any], sandbox: bool) -> Hit:
    return Hit(
        id=found["HITId"],
        status=found["HITStatus"],
        sandbox=sandbox,
        reward=minor(found["Reward"]),
        assignments=found["MaxAssignments"],
        available=found.get("NumberOfAssignmentsAvailable", found["MaxAssignments"]),
        pending=found.get("NumberOfAssignmentsPending", 0),
        decided=found.get("NumberOfAssignmentsCompleted", 0),
        expires_at=in_ms(found["Expiration"]),
        workers_url=workers_url(found["HITGroupId"], sandbox),
    )


def _known(row: Row[Any], status: str) -> Hit:
    """Describe a HIT that only the own books know."""
    detail = row.detail
    url = workers_url(detail["group"], detail["sandbox"])
    what = (row.external_id, status, detail["sandbox"], detail["reward"], detail["assignments"])
    return Hit(*what, 0, 0, 0, detail["expires_at"], url)


def workers_url(group: str, sandbox: bool) -> str:
    """Return where workers find the HITs of a group."""
    return f"{_WORKERS[sandbox]}/mturk/preview?groupId={group}"


def in_ms(at: datetime) -> int:
    """Return a time as this host stores it."""
    return round(at.timestamp() * 1000)
