"""What narrows the table of sessions, as conditions on `sessions`.

Each condition that speaks of another table is a set of sessions which that table's own index
gives, or the absence of a row: never a join, so that any of them go together.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, select, union

from diptych import recruiters
from diptych.domain.tables import (
    DECISIONS,
    IDENTITIES,
    ORDERS,
    PARTICIPANTS,
    QUALITY,
    RESULTS,
    SESSIONS,
    VERSIONS,
)
from diptych.domain.vocabulary import EMPTIED, KINDS
from diptych.overview.sessions.query import LEAST_SEARCH, VERDICTS, Wanted, WantedFault

# Results once more, for conditions within a query that is sorted by results.
ITS = RESULTS.alias("its")
_HEX = re.compile(r"[0-9a-f]+")
Condition = ColumnElement[bool]


def narrowed(study_id: int, wanted: Wanted, *, see_ids: bool) -> list[Condition]:
    """Return the conditions that select the wanted sessions of a study.

    Raises
    ------
    WantedFault
        When the search is too short.
    """
    where: list[Condition] = [
        # What a search has found is few. The sum keeps SQLite from going through all sessions of
        # the study, in order, to look for them: it fetches them by their key.
        (SESSIONS.c.study_id + 0 if wanted.search else SESSIONS.c.study_id) == study_id,
        SESSIONS.c.kind == wanted.who,
        # Of refusals and withdrawals only the count is kept. (Asked so, and not by
        # `participant_id`, which would lead SQLite to an index that knows nothing of the kind.)
        SESSIONS.c.status.not_in(EMPTIED),
    ]
    for name in ("status", "condition", "recruiter"):
        if getattr(wanted, name):
            where.append(SESSIONS.c[name] == getattr(wanted, name))
    if wanted.version:
        where.append(SESSIONS.c.version_id.in_(_versions(study_id, wanted.version)))
    for value, column in (
        (wanted.flagged, ITS.c.n_flags > 0),
        (wanted.excluded, ITS.c.excluded.is_(True)),
    ):
        if value:
            where.append(_by_result(study_id, wanted.who, column, is_so=value == "yes"))
    if wanted.rule:
        where.append(_by_rule(study_id, wanted))
    if wanted.decision:
        where.append(_by_decision(study_id, wanted.decision))
    if wanted.payment:
        where.append(_by_payment(study_id, wanted.payment))
    if wanted.search:
        where.append(_found(wanted, see_ids=see_ids))
    return where


def _versions(study_id: int, beginning: str) -> Select[Any]:
    return select(VERSIONS.c.id).where(
        VERSIONS.c.study_id == study_id,
        func.substr(VERSIONS.c.content_hash, 1, len(beginning)) == beginning,
    )


def _by_result(study_id: int, kind: str, column: Condition, *, is_so: bool) -> Condition:
    if is_so:
        ours = (ITS.c.study_id == study_id, ITS.c.kind == kind)
        return SESSIONS.c.id.in_(select(ITS.c.session_id).where(*ours, column))
    return not_(exists().where(ITS.c.session_id == SESSIONS.c.id, column))


def _by_rule(study_id: int, wanted: Wanted) -> Condition:
    flagged = select(QUALITY.c.session_id).where(
        QUALITY.c.study_id == study_id,
        QUALITY.c.kind == wanted.who,
        QUALITY.c.rule == wanted.rule,
        QUALITY.c.flagged,
    )
    return SESSIONS.c.id.in_(flagged)


def _by_decision(study_id: int, decision: str) -> Condition:
    if decision == "none":
        decided = DECISIONS.c.session_id == SESSIONS.c.id, DECISIONS.c.action.in_(VERDICTS)
        return not_(exists().where(*decided))
    if decision == "bonus":
        # Where bonuses are paid, most sessions have one, and a page soon is full.
        return exists().where(
            DECISIONS.c.session_id == SESSIONS.c.id, DECISIONS.c.action == decision
        )
    stands = select(DECISIONS.c.session_id).where(
        DECISIONS.c.study_id == study_id, DECISIONS.c.action == decision
    )
    if decision in VERDICTS:
        later = DECISIONS.alias("later")
        stands = stands.where(
            not_(
                exists().where(
                    later.c.session_id == DECISIONS.c.session_id,
                    later.c.id > DECISIONS.c.id,
                    later.c.action.in_(VERDICTS),
                )
            )
        )
    return SESSIONS.c.id.in_(stands)


def _by_payment(study_id: int, state: str) -> Condition:
    of_session = ORDERS.c.session_id == SESSIONS.c.id
    if state == "none":
        return not_(exists().where(of_session))
    if state == "confirmed":
        # Where most orders come to stand: most sessions have one, and a page soon is full.
        return exists().where(of_session, ORDERS.c.state == state)
    return SESSIONS.c.id.in_(
        select(ORDERS.c.session_id).where(ORDERS.c.study_id == study_id, ORDERS.c.state == state)
    )


def _found(wanted: Wanted, *, see_ids: bool) -> Condition:
    """Select sessions whose id or pseudonym begins so, or whose platform's id is this, whole.

    Raises
    ------
    WantedFault
        When it is too short to find anything in particular.
    """
    search = wanted.search
    if len(search) < LEAST_SEARCH:
        raise WantedFault(f"search: at least {LEAST_SEARCH} characters, not {search!r}")
    sessions = SESSIONS.alias("found")
    named = (
        select(sessions.c.id)
        .join(PARTICIPANTS, PARTICIPANTS.c.id == sessions.c.participant_id)
        .where(_begins(PARTICIPANTS.c.public_id, search, is_name=wanted.who == "machine"))
    )
    by_itself = select(sessions.c.id).where(_begins(sessions.c.public_id, search, is_name=False))
    if not see_ids:
        return SESSIONS.c.id.in_(union(by_itself, named))
    namespaces = [*recruiters.REGISTRY.all(), *KINDS]
    known = (
        select(sessions.c.id)
        .join(IDENTITIES, IDENTITIES.c.participant_id == sessions.c.participant_id)
        .where(IDENTITIES.c.recruiter.in_(namespaces), IDENTITIES.c.external_id == search)
    )
    return SESSIONS.c.id.in_(union(by_itself, named, known))


def _begins(column: Any, text: str, *, is_name: bool) -> Condition:
    lower = text.lower()
    if not is_name and _HEX.fullmatch(lower):
        # Ids are hexadecimal: a range of them, which an index leads to. "g" follows "f".
        return and_(column >= lower, column < lower + "g")
    return and_(func.substr(column, 1, len(text)) == text)
