"""People who stand in the middle of a session when the measurement begins.

A load with think times is at its usual mix of requests only when some have just come and others
are about to finish. Waiting for that takes a whole session, minutes. So a few sessions are brought
to different trials through the API, without thinking, and copied row for row; who joins in the
middle loads the page of such a copy anew, as after a reload, and goes on from there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from fill import as_after_a_while, copy_session
from flask import Flask
from flask.testing import FlaskClient
from knowledge import Knowledge
from sql_cost import answer_to, enter
from sqlalchemy import create_engine, text

from diptych.ground.keys import SessionTokens
from diptych.ground.settings import Settings

#: Sessions are copied from so many places, evenly apart.
PLACES = 9


@dataclass(frozen=True)
class Joining:
    """Somebody in the middle of a session.

    Attributes
    ----------
    token : str
        Names the session.
    session : str
        Its public id.
    answered : int
        How many of its trials were answered before.
    """

    token: str
    session: str
    answered: int


class Standing:
    """Sessions under way of one study, copied as they are asked for.

    Parameters
    ----------
    settings : Settings
        Of a migrated database with the study open.
    app : Flask
        A host of this process on it.
    study : str
        Its name.
    knowledge : Knowledge or None, optional
        With what its trials are answered; by default always alike.
    """

    def __init__(
        self, settings: Settings, app: Flask, study: str, knowledge: Knowledge | None = None
    ) -> None:
        self._settings, self._study = settings, study
        self._tokens = SessionTokens(settings.secret(), settings.token_days)
        client = app.test_client()
        first = _taken(client, study, 0, knowledge)
        of = first["progress"]["of"]
        answered = sorted({of * place // PLACES for place in range(1, PLACES)} - {0, of})
        taken = [_taken(client, study, each, knowledge) for each in answered]
        self._templates = [state["session"]["id"] for state in taken]

    def copies(self, n: int) -> list[Joining]:
        """Return that many sessions that nobody has been given yet, from every place in turn."""
        engine = create_engine(self._settings.sqlalchemy_url)
        found: list[Joining] = []
        each = -(-n // len(self._templates))
        with engine.begin() as connection:
            for template in self._templates:
                row = connection.execute(
                    text("SELECT id FROM sessions WHERE public_id = :it"), {"it": template}
                ).one()
                mark = copy_session(connection, row.id, each)
                rows = connection.execute(
                    text("SELECT public_id, n_responses FROM sessions WHERE public_id LIKE :m"),
                    {"m": f"{mark}-%"},
                )
                found += [Joining(self._tokens.make(p), p, answered) for p, answered in rows]
        if engine.dialect.name == "postgresql":
            as_after_a_while(engine)
        engine.dispose()
        # From every place in turn, whoever is left out.
        return [found[place * each + i] for i in range(each) for place in range(len(found) // each)]


def _taken(
    client: FlaskClient, study: str, answers: int, knowledge: Knowledge | None
) -> dict[str, Any]:
    """Return the State of a new session with that number of trials answered."""
    rng = random.Random(answers)
    state, token = enter(client, study)
    headers = {"Authorization": f"Bearer {token}"}
    while state["step"] != "trials" or state["progress"]["done"] < answers:
        if state["step"] == "trials":
            trial = state["content"]["trial"]
            path, body = f"/api/v1/trials/{trial['index']}/response", answer_to(trial)
            if knowledge is not None:
                body["response"] = {"ranking": knowledge.ranking(trial["show"], rng)}
            reply = client.post(path, json=body, headers=headers).get_json()
            state = reply["next"]
            continue
        path = f"/api/v1/session/steps/{state['step']}"
        body = {"consent": {"agreed": True}, "instructions": {"read_ms": 20_000.0}}
        state = client.post(path, json=body[state["step"]], headers=headers).get_json()
    return state
