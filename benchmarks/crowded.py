"""A study with few sessions, and the same study with many: copies of those few, row for row.

The few take the study through the API and are settled as they end. Copies differ in when they
entered, how long they took and how well they did; what was counted of the few is multiplied, which
is exactly what counting the copies one by one would give.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fill import as_after_a_while
from flask import Flask
from sqlalchemy import Connection, bindparam, create_engine, inspect, select, text, update
from sqlalchemy import insert as insert_into
from support.tiny_studies import CLASSES, category_study
from support.walker import Walker

from diptych import models
from diptych.accounts import audit
from diptych.ground.database import now_ms, table, writing
from diptych.payments import ledger
from diptych.payments.ledger import NewOrder

STUDY = "greebles"
ANSWERS = 50
#: Sessions that are copied: with them 1,000 answers are stored.
COMPLETED, LEFT = 19, 5
#: Sessions that go on, in either study.
UNDER_WAY = 5
#: One session in so long, in ms.
EVERY = 90_000


@dataclass
class Taken:
    """What taking the study has shown: ms that settling each session took at its end."""

    settled_ms: list[float] = field(default_factory=list)


def write_study(folder: Path) -> Path:
    """Write a study as long as the published ones, with two conditions, rules and a reward."""
    return category_study(
        folder / STUDY,
        per_class=40,
        training=35,
        test=15,
        changes={
            "task": {"rank": 3},
            "recruitment": {"participants": 10_000_000, "dropout_minutes": 600,
                            "resume_within_minutes": 600},
            "payment": {"currency": "GBP", "reward": 1.8},
            "conditions": [{"name": "plain"}, {"name": "hints"}],
            "quality": {"min_total_rt_s": 60, "min_median_rt_ms": 500,
                        "max_same_response_run": 12, "max_repeats": 0,
                        "max_lookalikes": 3, "max_focus_losses": 1, "auto": ["min_median_rt_ms"]},
        },
    )  # fmt: skip


def take(app: Flask) -> Taken:
    """Let a few people take the study, some to its end; then decide about them and pay them."""
    taken = Taken()
    host = app.extensions["diptych"]
    settle = host.when_ended

    def timed(session_id: int) -> None:
        begin = time.perf_counter()
        settle(session_id)
        taken.settled_ms.append(1000 * (time.perf_counter() - begin))

    host.when_ended = timed
    client, rng = app.test_client(), Random(5)
    for number in range(COMPLETED + LEFT + UNDER_WAY):
        most = ANSWERS if number < COMPLETED else 10
        _take_once(Walker(client, STUDY), number, most, rng)
    with app.app_context():
        _leave_some()
        from diptych.overview.live import live_view

        live_view(host, 1)  # ends those that were left
        _decide()
    host.when_ended = settle
    return taken


def settle_one_more(app: Flask) -> float:
    """Measure the milliseconds that settling one more session takes."""
    host = app.extensions["diptych"]
    settle, spent = host.when_ended, []

    def timed(session_id: int) -> None:
        begin = time.perf_counter()
        settle(session_id)
        spent.append(1000 * (time.perf_counter() - begin))

    host.when_ended = timed
    _take_once(Walker(app.test_client(), STUDY), int(now_ms()), ANSWERS, Random(6))
    host.when_ended = settle
    return spent[0]


def _take_once(walker: Walker, number: int, most: int, rng: Random) -> None:
    name = f"{number:012x}" + "0" * 12
    ids = {"PROLIFIC_PID": name, "STUDY_ID": "5" * 24, "SESSION_ID": name}
    browser = {"width": 1280, "height": 800, "user_agent": f"bench {number % 7}"}
    walker.arrive(browser, **ids)
    walker.take("consent", agreed=True).take("instructions", read_ms=20_000)
    knows = rng.uniform(0.2, 0.9)
    for index in range(most):
        classes = list(walker.trial["show"]["classes"])
        rng.shuffle(classes)
        if rng.random() < knows:
            classes.sort(key=lambda name: CLASSES.index(name))
        took = rng.lognormvariate(7.3, 0.5)
        timing = {"rt_ms": took, "onset_ms": 1.0, "onset_uncertainty_ms": 8.0,
                  "answered_ms": 1.0 + took}  # fmt: skip
        events = [{"kind": kind, "at_ms": 1.0} for kind in ("blur", "focus") if index % 25 == 3]
        if number == 2 and index == 4:
            events.append({"kind": "image_error", "at_ms": 2.0})
        reply = walker.post(index, {"ranking": classes[:3]}, timing=timing, events=events)
        walker.state = reply.json["next"]


def _leave_some() -> None:
    sessions = table(models.Session)
    with writing() as connection:
        ids = list(connection.execute(select(sessions.c.id).order_by(sessions.c.id)).scalars())
        for place, session_id in enumerate(ids[: COMPLETED + LEFT]):
            entered = now_ms() - (COMPLETED + LEFT - place) * EVERY
            values: dict[str, Any] = {"entered_at": entered}
            if place >= COMPLETED:
                values["last_seen_at"] = now_ms() - 11 * 3_600_000
            connection.execute(
                update(sessions).where(sessions.c.id == session_id).values(values)
            )  # fmt: skip


def _decide() -> None:
    """Approve who has completed, pay bonuses, exclude some and include them again."""
    sessions = table(models.Session)
    with writing() as connection:
        done = connection.execute(
            select(sessions.c.id, sessions.c.study_id, sessions.c.public_id)
            .where(sessions.c.status == "completed")
            .order_by(sessions.c.id)
        ).all()
        for place, session in enumerate(done):
            orders = (("approve", 180), ("bonus", 50), ("bonus", 20))
            for action, amount in (*orders, *((("exclude", 0), ("include", 0)) * (place % 2))):
                shared = {"session_id": session.id, "study_id": session.study_id, "action": action}
                decided = {**shared, "at": now_ms(), "actor": "bench", "detail": {}}
                connection.execute(insert_into(models.Decision).values(decided))
                audit.note(
                    None, f"decision.{action}", study_id=session.study_id,
                    subject=session.public_id, connection=connection,
                )  # fmt: skip
                if amount:
                    order = NewOrder(
                        session.study_id, session.id, f"{session.id:032x}", 1 + (amount == 20),
                        "prolific", action, amount, "GBP",
                    )  # fmt: skip
                    for state in ("intended", "sent", "confirmed"):
                        ledger.write(connection, state, [order], None)


def multiply(url: str, copies: int) -> None:
    """Copy every session that has ended so many times, with all that hangs on it.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, with the driver named.
    copies : int
        How many of each.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        _Copier(connection, copies).copy()
    as_after_a_while(engine, analyzed=False)
    engine.dispose()


class _Copier:
    """Copies rows inside the database: number i of a session gets its id plus i strides."""

    def __init__(self, connection: Connection, copies: int) -> None:
        self.connection, self.copies = connection, copies
        most = [
            connection.exec_driver_sql(f"SELECT max(id) FROM {name}").scalar_one()
            for name in ("sessions", "participants")
        ]
        self.stride = int(max(most)) + 1
        self.postgresql = connection.dialect.name == "postgresql"

    def copy(self) -> None:
        later = f"- CAST(i AS BIGINT) * {EVERY * (COMPLETED + LEFT)}"
        again = f"+ i * {self.stride}"
        ended = "r.ended_at IS NOT NULL"
        of_ended = "r.session_id IN (SELECT id FROM sessions WHERE ended_at IS NOT NULL)"
        own = "substr(r.public_id, 1, 24) || substr(CAST(100000000 + i AS TEXT), 2)"
        name = "substr(r.external_id, 1, 16) || substr(CAST(100000000 + i AS TEXT), 2)"
        people = "IN (SELECT participant_id FROM sessions WHERE ended_at IS NOT NULL)"
        times = ("entered_at", "consented_at", "started_at", "ended_at", "last_seen_at")
        hung = {"session_id": f"r.session_id {again}"}
        unlike = "((i * 7919 + r.session_id * 31) % 1000) / 1000.0"
        self._rows("participants", {"id": f"r.id {again}", "public_id": own}, f"r.id {people}")
        self._rows(
            "identities",
            {"participant_id": f"r.participant_id {again}", "external_id": name},
            f"r.participant_id {people}",
        )
        self._rows(
            "sessions",
            {"id": f"r.id {again}", "public_id": own,
             "participant_id": f"r.participant_id {again}"}
            | {time: f"r.{time} {later}" for time in times},
            ended,
        )  # fmt: skip
        for which in ("arrivals", "trials", "responses", "events", "quality_results", "decisions"):
            self._rows(which, hung, of_ended)
        self._rows(
            "session_results",
            hung | {"score": f"0.6 * r.score + 0.4 * {unlike}",
                    "duration_ms": f"r.duration_ms * (0.8 + 0.4 * {unlike})",
                    "median_rt_ms": f"r.median_rt_ms * (0.8 + 0.4 * {unlike})"},
            of_ended,
        )  # fmt: skip
        for which in ("ledger", "payment_orders"):
            self._rows(which, hung | {"key": "r.key || '-' || CAST(i AS TEXT)"}, of_ended)
        self._rows("audit_log", {}, "r.action LIKE 'decision.%'")
        self._tallies()
        if self.postgresql:
            for which in ("sessions", "participants"):
                self.connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{which}', 'id'), "
                    f"(SELECT max(id) FROM {which}))"
                )

    def _rows(self, which: str, changes: dict[str, str], where: str) -> None:
        """Copy rows of a table in the order in which they would have come."""
        columns = inspect(self.connection).get_columns(which)
        names = [c["name"] for c in columns if c["name"] != "id" or "id" in changes]
        cells = [changes.get(name, f"r.{name}") for name in names]
        primary = inspect(self.connection).get_pk_constraint(which)["constrained_columns"]
        order = ", ".join(f"r.{name}" for name in primary)
        self.connection.execute(
            text(
                f"INSERT INTO {which} ({', '.join(names)}) "
                "WITH RECURSIVE n(i) AS "
                "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :copies) "
                f"SELECT {', '.join(cells)} FROM n CROSS JOIN {which} AS r "
                f"WHERE {where} ORDER BY i, {order}"
            ),
            {"copies": self.copies},
        )

    def _tallies(self) -> None:
        tallies = table(models.Tally)
        key = [tallies.c.study_id, tallies.c.kind, tallies.c.scope, tallies.c.figure]
        for row in self.connection.execute(select(tallies)).all():
            here = [column == bindparam(f"of_{column.name}") for column in key]
            whole = {k: [n * (self.copies + 1) for n in ns] for k, ns in row.counts.items()}
            self.connection.execute(
                update(tallies).where(*here).values(
                    sessions=row.sessions * (self.copies + 1), counts=whole
                ),
                {f"of_{column.name}": getattr(row, column.name) for column in key},
            )  # fmt: skip
