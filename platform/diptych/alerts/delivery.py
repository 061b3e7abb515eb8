"""Raise, send and end alerts: each is sent once per channel for as long as its reason lasts.

Several processes may look at the same moment: the row of an alert is claimed before it is sent, by
moving the time of its next try. A process that dies in between costs one try.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from diptych.alerts import study_numbers
from diptych.alerts.channels import Channel, Message, NotSent, channels
from diptych.alerts.reasons import Limits, reasons
from diptych.domain.tables import ALERTS, STUDIES
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.settings import Settings

log = logging.getLogger("diptych")
MINUTE_MS = 60_000
#: An alert whose reason comes back sooner than this is not sent again: numbers go to and fro.
AGAIN_MS = 24 * 60 * MINUTE_MS
#: The longest pause between two tries.
MOST_PAUSE_MS = 6 * 60 * MINUTE_MS
_SENT = {"mail": "mailed_at", "webhook": "posted_at"}
#: Pages of the dashboard, by kind of alert.
_PAGES = {"budget": "/payments", "payments": "/payments", "quiet": "", "full": ""}


def watch(settings: Settings) -> int:
    """Look at every study, and send what was not sent yet.

    Parameters
    ----------
    settings : Settings
        Of the host.

    Returns
    -------
    int
        How many messages were sent. Never raises for a server that is away.
    """
    if not channels(settings):
        return 0
    at = now_ms()
    limits = Limits(settings.alert_quiet_hours, settings.alert_dropout_percent)
    with reading() as connection:
        numbers = list(study_numbers.of_studies(connection, at))
    for study_id, _, each in numbers:
        _note(study_id, dict(reasons(each, limits)), at)
    return _send_due(settings, at)


def _note(study_id: int, found: dict[str, str], at: int) -> None:
    """Store the alerts of a study that begin now, and end those whose reason is gone."""
    with reading() as connection:
        known = {
            row.kind: row
            for row in connection.execute(select(ALERTS).where(ALERTS.c.study_id == study_id))
        }
    for kind, message in found.items():
        if kind not in known:
            _raise_alert(study_id, kind, message, at)
        elif known[kind].ended_at is not None:
            _renew(known[kind], message, at)
    gone = [kind for kind, row in known.items() if kind not in found and row.ended_at is None]
    if gone:
        with writing() as connection:
            connection.execute(
                update(ALERTS)
                .where(ALERTS.c.study_id == study_id, ALERTS.c.kind.in_(gone))
                .values(ended_at=at)
            )


def _raise_alert(study_id: int, kind: str, message: str, at: int) -> None:
    row = {"study_id": study_id, "kind": kind, "message": message, "since": at, "tries": 0}
    try:
        with writing() as connection:
            connection.execute(insert(ALERTS).values(**row, next_try_at=at))
    except IntegrityError:
        return  # another process has found it at the same moment


def _renew(row: Any, message: str, at: int) -> None:
    """Let an ended alert begin again; it is sent only if the last one is long ago."""
    values: dict[str, Any] = {"ended_at": None}
    if at - row.since >= AGAIN_MS:
        values |= {"message": message, "since": at, "tries": 0, "next_try_at": at,
                   "mailed_at": None, "posted_at": None}  # fmt: skip
    with writing() as connection:
        connection.execute(
            update(ALERTS)
            .where(
                ALERTS.c.study_id == row.study_id,
                ALERTS.c.kind == row.kind,
                ALERTS.c.ended_at.is_not(None),
            )
            .values(values)
        )


def _send_due(settings: Settings, at: int) -> int:
    ways = channels(settings)
    missing = [ALERTS.c[_SENT[channel]].is_(None) for channel in ways]
    due = missing[0] if len(missing) == 1 else missing[0] | missing[1]
    with reading() as connection:
        rows = connection.execute(
            select(ALERTS, STUDIES.c.name)
            .join(STUDIES, STUDIES.c.id == ALERTS.c.study_id)
            .where(due, ALERTS.c.next_try_at <= at, ALERTS.c.ended_at.is_(None))
        ).all()
    return sum(_send(settings, row, at) for row in rows)


def _send(settings: Settings, row: Any, at: int) -> int:
    """Send one alert by every channel that has not sent it; count the messages."""
    this = (ALERTS.c.study_id == row.study_id, ALERTS.c.kind == row.kind)
    pause = min(MOST_PAUSE_MS, MINUTE_MS * 2 ** min(row.tries, 20))
    with writing() as connection:
        claimed = connection.execute(
            update(ALERTS)
            .where(*this, ALERTS.c.tries == row.tries, ALERTS.c.next_try_at <= at)
            .values(tries=row.tries + 1, next_try_at=at + pause)
        ).rowcount
    if not claimed:
        return 0
    page = f"{settings.base_url}/dashboard/studies/{row.name}{_PAGES.get(row.kind, '/live')}"
    message = Message(row.name, row.kind, row.message, page, row.since, _host(settings))
    sent = 0
    for channel, send in channels(settings).items():
        if getattr(row, _SENT[channel]) is not None:
            continue
        try:
            send(message)
        except NotSent as fault:
            log.warning("the alert %s of %s was not sent: %s", row.kind, row.name, fault)
            continue
        except Exception:
            log.exception("the alert %s of %s was not sent", row.kind, row.name)
            continue
        with writing() as connection:
            connection.execute(update(ALERTS).where(*this).values({_SENT[channel]: now_ms()}))
        sent += 1
    return sent


def _host(settings: Settings) -> str:
    return settings.name or "Diptych"


def send_test(settings: Settings) -> Iterable[tuple[Channel, str]]:
    """Send a test by every channel; yield the channel, and what went wrong (empty: nothing)."""
    text = "This is a test: alerts of this host arrive here."
    message = Message("test", "test", text, f"{settings.base_url}/dashboard", now_ms(),
                      _host(settings))  # fmt: skip
    for channel, send in channels(settings).items():
        try:
            send(message)
        except NotSent as fault:
            yield channel, str(fault)
        else:
            yield channel, ""
