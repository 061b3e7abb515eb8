"""How many sessions each rule of a study flags: read from counts, not from sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from diptych.counts import measures, tallies
from diptych.domain.tables import QUALITY, RESULTS, SESSIONS, VERSIONS
from diptych.domain.vocabulary import EMPTIED, KINDS
from diptych.quality.evaluation import thresholds
from diptych.quality.rules import RULES, Rule
from diptych.study.versions import frozen

PAGE = 25
#: A figure that every study counts, once a completed session: of all, and of those kept.
_EVERY = "durations"


@dataclass(frozen=True)
class RuleCount:
    """One rule of a study: its threshold in the newest version, and what it has found.

    Attributes
    ----------
    rule : Rule
        The rule.
    threshold : float | None
        None when only earlier versions have it.
    auto : bool
        Whether it decides alone, in the newest version.
    judged : int
        Sessions in which it measured something.
    flagged : int
        Those it speaks against.
    """

    rule: Rule
    threshold: float | None
    auto: bool
    judged: int
    flagged: int


@dataclass(frozen=True)
class Overview:
    """Quality of the sessions of one kind.

    Attributes
    ----------
    rules : list[RuleCount]
        Those of the newest version, and those that have judged any session.
    completed : int
        Sessions that completed and are counted.
    excluded : int
        Those of them that are excluded, by a rule or by a person.
    """

    rules: list[RuleCount]
    completed: int
    excluded: int


def overview(connection: Connection, study_id: int, kind: str) -> Overview:
    """Show what the rules of a study have found: a few rows, however many sessions there are."""
    newest = connection.execute(
        select(VERSIONS.c.id)
        .where(VERSIONS.c.study_id == study_id)
        .order_by(VERSIONS.c.opened_at.desc().nulls_last(), VERSIONS.c.id.desc())
        .limit(1)
    ).scalar()
    quality = None if newest is None else frozen(newest, connection).spec.quality
    limits = {} if quality is None else thresholds(quality)
    _, found = tallies.read(connection, study_id, kind, "all", measures.RULES)
    rules = []
    for name, rule in RULES.items():
        judged, flagged = (*found.get(name, ()), 0, 0)[:2]
        if rule in limits or judged:
            auto = quality is not None and name in quality.auto
            rules.append(RuleCount(rule, limits.get(rule), auto, int(judged), int(flagged)))
    completed, _ = tallies.read(connection, study_id, kind, "all", _EVERY)
    kept, _ = tallies.read(connection, study_id, kind, "kept", _EVERY)
    return Overview(rules, completed, completed - kept)


def flagged(
    connection: Connection, study_id: int, kind: str, rule: str, before: int | None = None
) -> tuple[list[Any], int | None]:
    """List the sessions that a rule speaks against, newest first, a page at a time.

    Parameters
    ----------
    connection : Connection
        What to read on.
    study_id : int
        The study.
    kind : str
        Of participant.
    rule : str
        Name of the rule.
    before : int | None, optional
        Where the page begins: what the page before gave back.

    Returns
    -------
    tuple[list[Any], int | None]
        Rows with the session's `public_id`, `status`, `entered_at`, `excluded` and the finding
        (`value`, `threshold`, `auto`, `evidence`), and where the next page begins; None at the end.
    """
    where = [
        QUALITY.c.study_id == study_id,
        QUALITY.c.kind == kind,
        QUALITY.c.rule == rule,
        QUALITY.c.flagged,
    ]
    if before is not None:
        where.append(QUALITY.c.session_id < before)
    rows = connection.execute(
        select(
            QUALITY,
            SESSIONS.c.public_id,
            SESSIONS.c.status,
            SESSIONS.c.entered_at,
            RESULTS.c.excluded,
        )
        .join(SESSIONS, SESSIONS.c.id == QUALITY.c.session_id)
        .outerjoin(RESULTS, RESULTS.c.session_id == QUALITY.c.session_id)
        .where(*where)
        .order_by(QUALITY.c.session_id.desc())
        .limit(PAGE + 1)
    ).all()
    more = rows[PAGE - 1].session_id if len(rows) > PAGE else None
    return list(rows[:PAGE]), more


def recorded(connection: Connection, study_id: int) -> dict[str, int]:
    """Return the sessions that have ended and are not emptied, by kind of participant."""
    found = {}
    for kind in KINDS:
        _, stages = tallies.read(connection, study_id, kind, "all", measures.FUNNEL)
        entered, *emptied = (int((stages.get(k) or [0])[0]) for k in ("entered", *EMPTIED))
        found[kind] = entered - sum(emptied)
    return found
