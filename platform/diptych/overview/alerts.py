"""The alerts of a study as the dashboard shows them: which are on, and what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from diptych.domain.tables import ALERTS
from diptych.ground.database import reading
from diptych.ground.settings import Settings

#: Each kind as a reader calls it, and when it is raised, for the settings of the host.
KINDS = {
    "full": ("Study full", "an open study has no free place"),
    "quiet": ("Nobody came", "an open study with free places had no new participant for {quiet} h"),
    "dropout": ("Drop-out", "{dropout} % or more of the last 20 participants left before the end"),
    "errors": ("Errors in browsers", "browsers of 3 or more participants reported errors in a day"),
    "stopped": ("Study stopped", "a date or a limit paused or closed the study"),
    "budget": ("Budget", "80 % of the budget is spent"),
    "payments": ("Payments in doubt", "a payment is in doubt for more than an hour"),
}


@dataclass(frozen=True)
class AlertState:
    """One kind of alert of a study.

    Attributes
    ----------
    title, when : str
        Its name, and when it is raised.
    is_on : bool
        Whether the settings of the host let it be raised.
    message : str
        What was said last; empty if it was never raised.
    since, ended_at : int or None
        When it began and when its reason was gone, ms.
    mailed_at, posted_at : int or None
        When it was sent by each channel, ms.
    fault : str or None
        What went wrong with the last message that was not sent.
    failed_at, next_try_at : int or None
        When that was, and when the host tries again, ms.
    """

    title: str
    when: str
    is_on: bool
    message: str = ""
    since: int | None = None
    ended_at: int | None = None
    mailed_at: int | None = None
    posted_at: int | None = None
    fault: str | None = None
    failed_at: int | None = None
    next_try_at: int | None = None

    @property
    def is_raised(self) -> bool:
        """Whether its reason lasts."""
        return self.since is not None and self.ended_at is None


def ways(settings: Settings) -> list[str]:
    """Say how researchers are told: e-mail with the number of addresses, and the webhook."""
    found = []
    if settings.smtp_host and settings.alert_recipients:
        many = len(settings.alert_recipients)
        found.append(f"e-mail to {many} address{'' if many == 1 else 'es'}")
    if settings.alert_webhook:
        found.append(f"a webhook ({settings.alert_webhook_format})")
    return found


def alert_states(settings: Settings, study_id: int) -> Sequence[AlertState]:
    """Return the state of each kind of alert of a study.

    Parameters
    ----------
    settings : Settings
        Of the host.
    study_id : int
        The study.
    """
    with reading() as connection:
        rows = connection.execute(select(ALERTS).where(ALERTS.c.study_id == study_id)).all()
    known = {row.kind: row for row in rows}
    off = {
        "quiet": settings.alert_quiet_hours <= 0,
        "dropout": settings.alert_dropout_percent >= 100,
    }
    quiet, dropout = f"{settings.alert_quiet_hours:g}", f"{settings.alert_dropout_percent:g}"
    states = []
    for kind, (title, when) in KINDS.items():
        when = when.format(quiet=quiet, dropout=dropout)
        is_on, row = not off.get(kind), known.get(kind)
        if row is None:
            states.append(AlertState(title, when, is_on))
            continue
        names = ("message", "since", "ended_at", "mailed_at", "posted_at", "fault", "failed_at")
        stored = {name: getattr(row, name) for name in names}
        states.append(AlertState(title, when, is_on, **stored, next_try_at=row.next_try_at))
    return states
