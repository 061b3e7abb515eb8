"""HITs that are there already: offer one to more workers, or for longer, or to nobody any more."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, update

from diptych.accounts.users import User
from diptych.domain.tables import PLACEMENTS
from diptych.ground.database import writing
from diptych.host import Host
from diptych.mturk import qualification
from diptych.mturk.fees import MANY
from diptych.mturk.hits import PAUSES, in_ms, note
from diptych.mturk.offer import HitFault
from diptych.recruiters.mturk_client import Clients, connect, expected, trouble
from diptych.recruiters.platform import PlatformFault
from diptych.study.versions import current_version


def expire_hit(
    host: Host,
    study: str,
    hit_id: str,
    *,
    user: User | None = None,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Let nobody accept a HIT any more; who has accepted it may finish.

    Raises
    ------
    HitFault
        When this is no HIT of the study.
    UnknownStudy
        When there is no such study.
    PlatformFault
        When MTurk can't be used or did not answer.
    """
    row, clients = _placed(host, study, hit_id), connect(host.settings)
    at = datetime.now(UTC) - timedelta(minutes=1)
    _do(lambda: clients.doing.update_expiration_for_hit(HITId=hit_id, ExpireAt=at), pauses)
    _rebook(clients, row, "hit.expire", user)


def extend_hit(
    host: Host,
    study: str,
    hit_id: str,
    *,
    assignments: int = 0,
    hours: float = 0,
    user: User | None = None,
    token: str | None = None,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Offer a HIT to more workers, or for longer.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of the study.
    hit_id : str
        MTurk's id of the HIT.
    assignments : int, optional
        How many more workers.
    hours : float, optional
        From now on.
    user : User | None, optional
        Who does it; None for the command line.
    token : str | None, optional
        Names this request, 40 characters at most: made twice, it adds workers once.
    pauses : Sequence[float], optional
        Seconds between tries when MTurk is busy.

    Raises
    ------
    HitFault
        When this is no HIT of the study, or MTurk allows no such extension.
    UnknownStudy
        When there is no such study.
    PlatformFault
        When MTurk can't be used or did not answer.
    """
    if assignments < 0 or hours < 0 or not (assignments or hours):
        raise HitFault("enter the number of assignments to add, or the new end in hours from now")
    row, clients = _placed(host, study, hit_id), connect(host.settings)
    before = int(row.detail["assignments"])
    if before < MANY <= before + assignments:
        raise HitFault(
            f"a HIT of {before} assignments can't grow to {MANY} or more: create another one"
        )
    if hours:
        until = datetime.now(UTC) + timedelta(hours=hours)
        _do(lambda: clients.doing.update_expiration_for_hit(HITId=hit_id, ExpireAt=until), pauses)
    if assignments:
        name = f"{(token or secrets.token_hex(12))[:40]}-more"
        _do(
            lambda: clients.doing.create_additional_assignments_for_hit(
                HITId=hit_id, NumberOfAdditionalAssignments=assignments, UniqueRequestToken=name
            ),
            pauses,
        )
    _rebook(clients, row, "hit.extend", user)


def _placed(host: Host, study: str, hit_id: str) -> Row[Any]:
    study_id = current_version(study, preview=True)[0]
    for row in qualification.placements(host, study_id):
        if row.external_id == hit_id:
            return row
    where = "sandbox" if host.settings.mturk_sandbox else "production"
    raise HitFault(f"{study} has no HIT {hit_id} on MTurk's {where}")


def _do(call: Callable[[], Any], pauses: Sequence[float]) -> None:
    """Make a call that MTurk carries out once, however often it is made.

    Raises
    ------
    HitFault
        When MTurk refuses.
    PlatformFault
        When MTurk can't be used or did not answer.
    """
    said = None
    for pause in (*pauses, None):
        try:
            call()
            return
        except expected() as fault:
            said = trouble(fault)
        if said.says("already been processed"):
            return
        if said.kind == "refused":
            raise HitFault(f"Mechanical Turk refuses: {said.reason}")
        if said.kind == "shut" or pause is None:
            break
        time.sleep(pause)
    raise PlatformFault(f"Mechanical Turk rejected the change: {said.reason if said else ''}")


def _rebook(clients: Clients, row: Row[Any], action: str, user: User | None) -> None:
    """Write down what the HIT has become, in MTurk's own numbers.

    Raises
    ------
    PlatformFault
        When MTurk did not answer.
    """
    try:
        now = clients.asking.get_hit(HITId=row.external_id)["HIT"]
    except expected() as fault:
        said = trouble(fault).reason
        raise PlatformFault(
            f"Mechanical Turk accepted the change, but did not return the new state: {said}"
        ) from fault
    changes = {"assignments": now["MaxAssignments"], "expires_at": in_ms(now["Expiration"])}
    with writing() as connection:
        connection.execute(
            update(PLACEMENTS)
            .where(PLACEMENTS.c.id == row.id)
            .values(detail={**row.detail, **changes})
        )
        note(connection, user, action, row.study_id, row.external_id, changes)
