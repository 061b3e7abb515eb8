"""The earlier trials of a session, as an adaptive policy sees them: each is read once.

What a trial shows and how it was answered never changes once the answer is stored. A host therefore
keeps the trials of sessions under way, and reads only those that it does not know: all after a
restart, and those that another host stored. The database stays the one truth: nothing is kept that
can still be rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from diptych.domain.rows import SessionRow
from diptych.host import Host
from diptych.policies import Past
from diptych.sessions.answered_trials import answered_trials, past_of
from diptych.tasks import PlannedTrial


@dataclass(frozen=True)
class JustAnswered:
    """A trial with its answer, which need not be stored yet.

    Attributes
    ----------
    trial : PlannedTrial
        The trial.
    values : Mapping[str, Any]
        The row of `responses`.
    """

    trial: PlannedTrial
    values: Mapping[str, Any]


def history_of(
    host: Host, connection: Connection, session: SessionRow, last: JustAnswered
) -> list[Past]:
    """Return the answered trials of a session, in order.

    Parameters
    ----------
    host : Host
        The host, which keeps what it reads.
    connection : Connection
        What the earlier trials are read with.
    session : SessionRow
        The session as it is before the last answer.
    last : JustAnswered
        Trial `session.position` and its answer.
    """
    assert session.condition is not None, "a session with trials has a condition"
    task = host.task(session.version_id, session.condition, session.part)
    kind, end = session.kind, session.position
    found = list(host.histories.known(session.public_id)[:end])
    # Not the last one: its transaction can still fail, and then another answer may take its place.
    # All others were committed before their participant saw the next trial.
    if len(found) < end:
        found += answered_trials(connection, task, kind, session.id, len(found), end)
        host.histories.keep(session.public_id, found)
    answer, correct, ms = (last.values[name] for name in ("answer", "correct", "rt_ms"))
    return [*found, past_of(task, kind, last.trial, answer, correct, ms)]
