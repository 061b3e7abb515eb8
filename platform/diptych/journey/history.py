"""The earlier trials of a session, as an adaptive policy sees them: each is read once.

What a trial shows and how it was answered never changes once the answer is stored. A host therefore
keeps the trials of sessions under way, and reads only those that it does not know: two per answer,
or all after a restart and for a session that another host served. The database stays the one
truth: nothing is kept that can still be rolled back.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import OF_TRIAL, RESPONSES, TRIALS
from diptych.host import Host
from diptych.policies import Past
from diptych.tasks import Answered, PlannedTrial
from diptych.tasks.missed import is_missed

# Built once: this is asked at every adaptive answer.
_ANSWERED = (
    select(
        *(TRIALS.c[name] for name in ("phase", "item", "block", "notice")),
        *(RESPONSES.c[name] for name in ("answer", "correct", "rt_ms")),
    )
    .join(RESPONSES, OF_TRIAL)
    .where(TRIALS.c.session_id == bindparam("session"), TRIALS.c.trial_index >= bindparam("first"))
    .order_by(TRIALS.c.trial_index)
)


def history_of(host: Host, connection: Connection, session: SessionRow) -> list[Past]:
    """Return the answered trials of a session, in order, the one just stored included.

    Parameters
    ----------
    host : Host
        The host, which keeps what it reads.
    connection : Connection
        The transaction that has stored the answer to trial `session.position`.
    session : SessionRow
        The session, locked, as it was before that answer.
    """
    assert session.condition is not None, "a session with trials has a condition"
    task = host.task(session.version_id, session.condition, session.part)
    known = host.histories.known(session.public_id)[: session.position]
    read = task.response_of(session.kind).model_validate
    rows = connection.execute(_ANSWERED, {"session": session.id, "first": len(known)})
    found = [
        *known,
        *(
            task.past(
                PlannedTrial(phase, item, block, notice),
                Answered(correct=correct, missed=True)
                if is_missed(answer)
                else Answered(read(answer), correct, ms),
            )
            for phase, item, block, notice, answer, correct, ms in rows
        ),
    ]
    # Not the last one: its transaction can still fail, and then another answer may take its place.
    # All others were committed before their participant saw the next trial.
    host.histories.keep(session.public_id, found[: session.position])
    return found
