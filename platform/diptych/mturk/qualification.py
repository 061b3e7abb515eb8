"""A qualification against repeat participation: who took part no longer sees the study's HITs.

The host itself lets nobody in twice. The qualification spares workers the HIT that they would
accept in vain, and matters most where a study is offered as several HITs.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select

from diptych.domain.tables import IDENTITIES, PLACEMENTS, SESSIONS
from diptych.ground.database import reading
from diptych.host import Host
from diptych.recruiters.mturk_client import Clients, connect, expected, pages, trouble
from diptych.recruiters.platform import PlatformFault

log = logging.getLogger("diptych")


#: Sessions after which a worker has taken part.
_TOOK_PART = ("completed", "screened_out", "timed_out")
_TRIES = 3


def host_mark(host: Host) -> str:
    """Return the mark that tells this host's HITs from those of other hosts on the account."""
    return hashlib.sha256(host.settings.base_url.encode()).hexdigest()[:8]


def placements(host: Host, study_id: int) -> list[Row[Any]]:
    """List the HITs of a study in this host's books, of the sandbox or production, newest first."""
    with reading() as connection:
        rows = connection.execute(
            select(PLACEMENTS)
            .where(PLACEMENTS.c.study_id == study_id, PLACEMENTS.c.recruiter == "mturk")
            .order_by(PLACEMENTS.c.id.desc())
        ).all()
    return [row for row in rows if row.detail.get("sandbox") == host.settings.mturk_sandbox]


def known(host: Host, study_id: int) -> str | None:
    """Return the qualification of a study, as its HITs have it; None where none was made."""
    for row in placements(host, study_id):
        if row.detail.get("qualification"):
            return str(row.detail["qualification"])
    return None


def ensure(host: Host, clients: Clients, study: str) -> str:
    """Find the qualification of a study at MTurk, or make it.

    Its name is the study's, and MTurk allows each name once: a call that is repeated makes no
    second one.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, or refuses.
    """
    return _named(
        clients,
        f"Took part in {study} ({host_mark(host)})",
        "Given to each worker who took part, so that each takes part once.",
        study,
    )


def invited(host: Host, clients: Clients, study: str, part: int) -> str:
    """Find the qualification of those who are invited to a later part, or make it.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, or refuses.
    """
    return _named(
        clients,
        f"Invited to part {part} of {study} ({host_mark(host)})",
        "Given to workers who took an earlier part of a study, so that they can take this part.",
        study,
    )


def invite(host: Host, study: str, part: int, workers: Sequence[str]) -> str:
    """Give workers the qualification that a later part asks for; says what was done.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, or refuses.
    """
    clients = connect(host.settings)
    number = give(clients, invited(host, clients, study, part), workers)
    return f"{number} workers have the qualification for part {part} of {study} now."


def _named(clients: Clients, name: str, description: str, study: str) -> str:
    said = ""
    for _ in range(_TRIES):
        listed = pages(
            clients.asking,
            "list_qualification_types",
            "QualificationTypes",
            Query=name,
            MustBeRequestable=False,
            MustBeOwnedByCaller=True,
        )
        for found in listed:
            if found["Name"] == name:
                return str(found["QualificationTypeId"])
        try:
            made = clients.doing.create_qualification_type(
                Name=name,
                Description=description,
                QualificationTypeStatus="Active",
            )
            return str(made["QualificationType"]["QualificationTypeId"])
        except expected() as fault:
            said = trouble(fault).reason
    raise PlatformFault(f"Mechanical Turk did not create a qualification for {study}: {said}")


def give(clients: Clients, qualification: str, workers: Iterable[str]) -> int:
    """Give a qualification to workers, quietly; to give it again changes nothing.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, or refuses.
    """
    number = 0
    for worker in workers:
        said = ""
        for _ in range(_TRIES):
            try:
                clients.doing.associate_qualification_with_worker(
                    QualificationTypeId=qualification,
                    WorkerId=worker,
                    IntegerValue=1,
                    SendNotification=False,
                )
                break
            except expected() as fault:
                found = trouble(fault)
                said = found.reason
                if found.kind in ("refused", "shut"):
                    raise PlatformFault(
                        f"Mechanical Turk did not grant the qualification: {said}"
                    ) from fault
        else:
            raise PlatformFault(f"Mechanical Turk did not grant the qualification: {said}")
        number += 1
    return number


def catch_up(host: Host, study_id: int, clients: Clients | None = None) -> int:
    """Give the qualification to all who took part and lack it; returns to how many.

    Raises
    ------
    PlatformFault
        When MTurk can't be asked, or refuses.
    """
    qualification = known(host, study_id)
    if qualification is None:
        return 0
    clients = clients or connect(host.settings)
    listed = pages(
        clients.asking,
        "list_workers_with_qualification_type",
        "Qualifications",
        QualificationTypeId=qualification,
        Status="Granted",
    )
    have = {found["WorkerId"] for found in listed}
    with reading() as connection:
        took = set(
            connection.execute(
                select(IDENTITIES.c.external_id)
                .join(SESSIONS, SESSIONS.c.participant_id == IDENTITIES.c.participant_id)
                .where(
                    SESSIONS.c.study_id == study_id,
                    SESSIONS.c.kind == "person",
                    SESSIONS.c.recruiter == "mturk",
                    SESSIONS.c.status.in_(_TOOK_PART),
                    IDENTITIES.c.recruiter == "mturk",
                )
            ).scalars()
        )
    return give(clients, qualification, sorted(took - have))


def after_session(host: Host, session_id: int) -> threading.Thread | None:
    """Give the qualification to whoever has just taken part, beside the request.

    Never raises: what fails is noted, and made good by `catch_up`.

    Returns
    -------
    threading.Thread | None
        The thread that speaks to MTurk; None where there is nothing to say.
    """
    try:
        found = _to_qualify(host, session_id)
    except Exception:
        log.exception("session %d ended, but its qualification could not be looked up", session_id)
        return None
    if found is None:
        return None
    thread = threading.Thread(target=_give_quietly, args=(host, *found), daemon=True)
    thread.start()
    return thread


def _to_qualify(host: Host, session_id: int) -> tuple[str, str] | None:
    with reading() as connection:
        row = connection.execute(
            select(SESSIONS.c.study_id, IDENTITIES.c.external_id)
            .join(IDENTITIES, IDENTITIES.c.participant_id == SESSIONS.c.participant_id)
            .where(
                SESSIONS.c.id == session_id,
                SESSIONS.c.recruiter == "mturk",
                SESSIONS.c.kind == "person",
                SESSIONS.c.status.in_(_TOOK_PART),
                IDENTITIES.c.recruiter == "mturk",
            )
        ).one_or_none()
    if row is None:
        return None
    qualification = known(host, row.study_id)
    return None if qualification is None else (qualification, row.external_id)


def _give_quietly(host: Host, qualification: str, worker: str) -> None:
    try:
        give(connect(host.settings), qualification, [worker])
    except Exception:
        log.exception("the qualification could not be given to a worker who took part")
