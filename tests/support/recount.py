"""Tallies counted anew, slowly: session by session from the database, without any tally."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flask import Flask
from sqlalchemy import select

from diptych import figures, models
from diptych.counts import measures
from diptych.ground.database import reading, table
from diptych.sessions.facts import facts
from diptych.study.versions import current_version

Tallied = dict[tuple[str, str, str], tuple[int, dict[str, tuple[Fraction, ...]]]]
MILLIONTH = 1_000_000


def tallied(app: Flask, study: str) -> Tallied:
    """The tallies of a study that count anything, by (kind, scope, figure)."""
    tallies = table(models.Tally)
    with app.app_context(), reading() as connection:
        found = connection.execute(
            select(tallies).where(tallies.c.study_id == current_version(study)[0])
        ).all()
    return {
        (row.kind, row.scope, row.figure): (
            row.sessions,
            {key: tuple(Fraction(n, MILLIONTH) for n in ns) for key, ns in row.counts.items()},
        )
        for row in found
        if row.sessions
    }


def recount(app: Flask, study: str) -> Tallied:
    """What the tallies of a study must be, from all that is stored beside them."""
    sums: dict[Any, dict[str, list[Fraction]]] = defaultdict(dict)
    sessions: dict[Any, int] = defaultdict(int)
    for kind, scopes, name, counts in _contributions(app, study):
        for scope in scopes:
            sessions[kind, scope, name] += 1
            total = sums[kind, scope, name]
            for key, numbers in counts.items():
                exact = [Fraction(round(n * MILLIONTH), MILLIONTH) for n in numbers]
                before = total.get(key, [Fraction(0)] * len(exact))
                total[key] = [a + b for a, b in zip(before, exact, strict=True)]
    return {
        key: (n, {k: tuple(ns) for k, ns in sums[key].items() if any(ns)})
        for key, n in sessions.items()
    }


def _contributions(app: Flask, study: str) -> list[tuple[str, tuple[str, ...], str, Any]]:
    """(kind, scopes, figure, counts) of every ended session and figure."""
    host = app.extensions["diptych"]
    table_of = {m: table(m) for m in (models.Session, models.SessionResult, models.QualityResult)}
    found: list[Any] = []
    with app.app_context(), reading() as connection:
        every = connection.execute(
            select(table_of[models.Session]).where(
                table_of[models.Session].c.study_id == current_version(study)[0]
            )
        ).all()
        for session in every:
            if session.ended_at is None or session.kind == "preview":
                continue
            if session.status in ("declined", "withdrawn", "expired"):
                course: dict[str, Any] = {
                    measures.FUNNEL: {"entered": [1], session.status: [1]},
                    measures.VERSIONS: {str(session.version_id): [1]},
                }
                found += [(session.kind, ("all",), name, c) for name, c in course.items()]
                continue
            known = facts(host, connection, session.id)
            rules = connection.execute(
                select(table_of[models.QualityResult])
                .filter_by(session_id=session.id)
                .order_by(table_of[models.QualityResult].c.rule)
            ).all()
            events = [event for event in known.events if event.at <= session.ended_at]
            known = replace(known, events=events, findings=rules)
            course = measures.course(known) | {measures.RULES: measures.findings(known)}
            found += [(session.kind, ("all",), name, c) for name, c in course.items()]
            if session.status == "completed":
                excluded = connection.execute(
                    select(table_of[models.SessionResult].c.excluded).filter_by(
                        session_id=session.id
                    )
                ).scalar_one()
                scopes = ("all",) if excluded else ("all", "kept")
                for figure in figures.figures_of(known.content):
                    found.append((session.kind, scopes, figure.name, figure.count(known)))
    return found
