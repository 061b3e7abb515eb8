"""Asking a platform what became of orders that were sent."""

from __future__ import annotations

from collections.abc import Sequence

from diptych.accounts.users import User
from diptych.ground.database import reading
from diptych.payments import ledger
from diptych.payments.orders import orders
from diptych.payments.outcomes import Concluded, clean, conclude
from diptych.recruiters.platform import Platform


def look_up(
    study_id: int,
    platform: Platform,
    keys: Sequence[str],
    user: User | None,
    *,
    gone_before: float | None = None,
) -> Concluded:
    """Ask after orders in doubt, and write down what is certain.

    Parameters
    ----------
    study_id : int
        Their study.
    platform : Platform
        Where they were sent.
    keys : sequence of str
        Their keys. Those whose ids are no longer known are left out.
    user : User or None
        Who asks; None for the command line.
    gone_before : float, optional
        What was sent until then (ms) and is not in the books has failed. By default nothing has:
        a platform may carry out later what it has taken.

    Raises
    ------
    PlatformFault
        When the platform does not answer.
    """
    with reading() as connection:
        entries = ledger.entries(connection, keys)
        about = {entry.participation for entry in entries.values()}
        confirmed = ledger.in_state(connection, study_id, "confirmed")
        done = [entry for entry in confirmed if entry.participation in about]
        asked = list(orders(connection, list(entries.values())).values())
        others = list(orders(connection, done).values())
    old = {
        key
        for key, entry in entries.items()
        if gone_before is not None and entry.sent_at is not None and entry.sent_at <= gone_before
    }
    found = platform.look_up(asked, others)
    certain = [o for o in found if o.state == "confirmed" or o.key in old]
    return conclude(study_id, clean(certain, asked), user)
