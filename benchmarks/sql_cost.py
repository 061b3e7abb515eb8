"""What one answer costs in SQL: statements, and round trips counted on the wire to PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from support.databases import PostgreSQL
from support.round_trips import RoundTrips

from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings

# Counted on the wire, where there is one; in SQLite, which has none, they reach nobody.
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA")


@dataclass(frozen=True)
class Cost:
    """Mean cost of an answer: statements, and round trips with BEGIN and COMMIT (NaN: unknown)."""

    statements: float
    round_trips: float
    answers: int
    example: tuple[str, ...]  # the statements of one answer


def listened(settings: Settings) -> tuple[Flask, list[str]]:
    """Start a host in this process, and list every statement that it sends."""
    app = create_app(settings)
    sent: list[str] = []
    with app.app_context():
        event.listen(
            db.engine, "before_cursor_execute", lambda _c, _k, sql, *_rest: sent.append(sql)
        )
    return app, sent


def measure(settings: Settings, study: str, proxy: RoundTrips | None = None) -> Cost:
    """Take one session in this process and count what its answers send to the database.

    Parameters
    ----------
    settings : Settings
        Of a migrated database with the study open.
    study : str
        Name of the study.
    proxy : RoundTrips | None, optional
        The proxy that `settings` connects through, to count round trips.
    """
    app, sent = listened(settings)
    client = app.test_client()
    state, token = enter(client, study)
    headers = {"Authorization": f"Bearer {token}"}
    statements, trips, answers = 0, 0, 0
    example: tuple[str, ...] = ()
    while state["step"] != "end":
        if state["step"] != "trials":
            body = {"consent": {"agreed": True}, "instructions": {"read_ms": 1000.0}}
            path = f"/api/v1/session/steps/{state['step']}"
            reply = client.post(path, json=body.get(state["step"], {}), headers=headers)
            state = reply.get_json()
            continue
        trial = state["content"]["trial"]
        sent.clear()
        before = proxy.count if proxy else 0
        reply = client.post(
            f"/api/v1/trials/{trial['index']}/response", json=answer_to(trial), headers=headers
        )
        if reply.status_code != 200:
            raise RuntimeError(f"the answer was refused: {reply.get_data(as_text=True)}")
        own = [sql for sql in sent if not sql.upper().startswith(TRANSACTION_CONTROL)]
        statements += len(own)
        trips += (proxy.count if proxy else 0) - before
        answers += 1
        example = tuple(" ".join(sql.split()) for sql in own)
        state = reply.get_json()["next"]
    with app.app_context():
        db.engine.dispose()
    return Cost(statements / answers, trips / answers if proxy else float("nan"), answers, example)


def answer_to(trial: dict[str, Any]) -> dict[str, Any]:
    """Make a well-formed answer to a trial of either task."""
    show = trial["show"]
    if trial["task"] == "category_learning":
        response: dict[str, Any] = {"ranking": show["classes"][: show["rank"]]}
    else:
        response = {"choice": "top", "confidence": 2}
    timing = {"rt_ms": 900, "onset_ms": 100, "onset_uncertainty_ms": 16.7, "answered_ms": 1000}
    return {"response": response, "timing": timing, "events": []}


def enter(client: FlaskClient, study: str) -> tuple[dict[str, Any], str]:
    """Begin a session: its first State, and its token."""
    browser: dict[str, Any] = {"width": 1280, "height": 800, "pixel_ratio": 1, "touch": False}
    browser |= {"user_agent": "diptych bench", "language": "en"}
    body = {"study": study, "entry": {}, "browser": browser}
    reply = client.post("/api/v1/sessions", json=body)
    if reply.status_code != 201:
        raise RuntimeError(f"entry was refused: {reply.get_data(as_text=True)}")
    state: dict[str, Any] = reply.get_json()
    return state, state["token"]


def through_proxy(server: PostgreSQL, database: str, settings: Settings, study: str) -> Cost:
    """Run `measure` with a counting proxy between host and PostgreSQL."""
    with RoundTrips(Path(server.socket_folder) / ".s.PGSQL.5432") as proxy:
        url = f"postgresql://postgres@/{database}?host={proxy.folder}"
        return measure(settings.model_copy(update={"database_url": url}), study, proxy)
