"""What was found and decided about sessions, beside the sessions of an export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import Connection, Select, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import DECISIONS, QUALITY, SESSIONS
from diptych.host import Host
from diptych.quality import RuleResult, asked, evaluate, others
from diptych.sessions.facts import facts
from diptych.sessions.tidy_rows import moment

BATCH = 2000
#: The reason that stands in `exclusion_reasons` when somebody has excluded a session.
BY_DECISION = "decision"
_EXCLUSIONS = ("exclude", "include")


class Judgements:
    """Flags and decisions, session by session, read along with the sessions in their order.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        The export's own, so that all of it is of one moment.
    versions : Sequence[int]
        Ids of the study versions that are exported.
    only : Sequence[int] | None, optional
        Ids of the sessions, where not all of them are exported.
    """

    def __init__(
        self,
        host: Host,
        connection: Connection,
        versions: Sequence[int],
        only: Sequence[int] | None = None,
    ) -> None:
        self._host, self._connection = host, connection
        mine = SESSIONS.c.version_id.in_(versions) if only is None else SESSIONS.c.id.in_(only)
        self._found = _Beside(
            connection,
            select(QUALITY)
            .join(SESSIONS, SESSIONS.c.id == QUALITY.c.session_id)
            .where(mine, QUALITY.c.flagged)
            .order_by(QUALITY.c.session_id, QUALITY.c.rule),
        )
        self._decided = _Beside(
            connection,
            select(DECISIONS)
            .join(SESSIONS, SESSIONS.c.id == DECISIONS.c.session_id)
            .where(mine)
            .order_by(DECISIONS.c.session_id, DECISIONS.c.id),
        )

    def of(self, session: SessionRow) -> dict[str, Any]:
        """Return the cells of the table `sessions`: ask in the order of the sessions' ids."""
        found: Sequence[FoundRule] = self._found.take(session.id)
        if session.ended_at is not None and session.result_at is None:
            found = self._now(session.id)
        return judged(found, self._decided.take(session.id))

    def _now(self, session_id: int) -> list[RuleResult]:
        """Compute the flags of a session that ended a moment ago and is not settled yet."""
        seen = facts(self._host, self._connection, session_id)
        results = evaluate(seen, others(self._connection, seen.session, asked(seen.content)))
        return sorted((r for r in results if r.flagged), key=lambda result: result.rule)


class FoundRule(Protocol):
    """What `judged` reads of a rule that speaks against a session."""

    @property
    def rule(self) -> str:
        """Its name."""

    @property
    def auto(self) -> bool:
        """Whether it excludes by itself."""


class TakenDecision(Protocol):
    """What `judged` reads of a decision."""

    @property
    def action(self) -> str:
        """Its sort."""

    @property
    def at(self) -> int:
        """When it was taken, ms since 1970-01-01 UTC."""


def judged(found: Sequence[FoundRule], decisions: Sequence[TakenDecision]) -> dict[str, Any]:
    """Return what rules and people say of one session, as cells of the table `sessions`.

    Parameters
    ----------
    found : Sequence[FoundRule]
        Results of the rules that speak against it (`rule`, `auto`).
    decisions : Sequence[TakenDecision]
        Its rows of `decisions`, oldest first; the latest of its sort holds.
    """
    kept = [d for d in decisions if d.action in _EXCLUSIONS]
    others_ = [d for d in decisions if d.action not in (*_EXCLUSIONS, "bonus")]
    reasons = [result.rule for result in found if result.auto]
    if kept:
        reasons = [*reasons, BY_DECISION] if kept[-1].action == "exclude" else []
    return {
        "excluded": bool(reasons),
        "exclusion_reasons": reasons,
        "flags": [result.rule for result in found],
        "exclusion_decision": kept[-1].action if kept else None,
        "decision": others_[-1].action if others_ else None,
        "decided_at": moment(others_[-1].at) if others_ else None,
    }


class _Beside:
    """Rows in the order of their sessions, given out session by session: flat in memory."""

    def __init__(self, connection: Connection, statement: Select[Any]) -> None:
        self._open: Callable[[], Any] = lambda: connection.execute(
            statement, execution_options={"stream_results": True, "yield_per": BATCH}
        )
        self._groups: Iterator[Any] | None = None
        self._next: tuple[int, list[Any]] | None = None

    def take(self, session_id: int) -> list[Any]:
        """Take the rows of a session; skip those of sessions before it."""
        if self._groups is None:
            self._groups = groupby(self._open(), key=lambda row: row.session_id)
            self._step()
        while self._next is not None and self._next[0] < session_id:
            self._step()
        if self._next is not None and self._next[0] == session_id:
            return self._next[1]
        return []

    def _step(self) -> None:
        assert self._groups is not None
        found = next(self._groups, None)
        self._next = None if found is None else (found[0], list(found[1]))
