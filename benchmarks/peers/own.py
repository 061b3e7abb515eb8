"""Diptych, and the bare Flask route that inserts one row: the yardstick of all systems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from hosts import Hosts, Prepared, environment, prepared, running
from processes import postmaster
from sql_cost import answer_to
from support.rows import count
from yardstick import BareServer, make_table

from peers.system import RANKING, RT_MS, Client, Place

TASK = "category_learning"
_ROW = json.dumps({"response": {"ranking": RANKING}, "timing": {"rt_ms": RT_MS}}).encode()
_BROWSER = {
    "width": 1280, "height": 800, "pixel_ratio": 1, "touch": False, "user_agent": "diptych bench",
    "language": "en",
}  # fmt: skip
_STEPS: dict[str, dict[str, Any]] = {
    "consent": {"agreed": True},
    "instructions": {"read_ms": 20_000},
}


class BareRoute:
    """A Flask route that inserts one row, with Diptych's server and database settings."""

    name = "a bare Flask route"
    one_answer = "one POST that inserts one row in one transaction and replies with its number."
    fastest = 0

    def __init__(self) -> None:
        self._on: Prepared

    @contextmanager
    def running(self, place: Place) -> Iterator[Hosts]:
        """Serve a new database."""
        with prepared(place.server, TASK, place.trials) as self._on:
            make_table(self._on.settings)
            bare = BareServer(
                environment(self._on.settings), self._on.folder / "bare.log", place.workers
            )
            bare.start()
            programs = {"server": [bare.pid]}
            if place.server is not None:
                programs["database"] = [postmaster(place.server.socket_folder)]
            try:
                yield Hosts(bare.port, programs)
            finally:
                bare.stop()

    async def ready(self, _port: int, wanted: int) -> list[None]:
        """Return as many sessions: it has none."""
        return [None] * wanted

    async def answer(self, client: Client, _session: None) -> bool:
        """Insert one row."""
        await client.ask("POST", "/rows", _ROW)
        return True

    def stored(self) -> int:
        """Count the rows."""
        return count(self._on.settings, "bare_rows")


@dataclass
class _Session:
    """A participant of Diptych: its token, and the trial it sees."""

    token: str
    state: dict[str, Any]


class Diptych:
    """Diptych, as `diptych serve` serves it."""

    name = "Diptych"
    one_answer = (
        "one POST that checks and stores the response and replies with the feedback and the next "
        "trial."
    )
    fastest = 900

    def __init__(self) -> None:
        self._on: Prepared

    @contextmanager
    def running(self, place: Place) -> Iterator[Hosts]:
        """Serve a new database with one study."""
        with (
            prepared(place.server, TASK, place.trials) as self._on,
            running(self._on, 1, place.workers) as hosts,
        ):
            yield hosts

    async def ready(self, port: int, wanted: int) -> list[_Session]:
        """Let as many people enter, agree and read the instructions."""
        client, sessions = Client(port), []
        for _ in range(wanted):
            entry = {
                "study": TASK, "entry": {"participant": uuid4().hex}, "browser": _BROWSER
            }  # fmt: skip
            body = json.dumps(entry).encode()
            state = json.loads(await client.ask("POST", "/api/v1/sessions", body, status=201))
            token = state["token"]
            while state["step"] != "trials":
                path = f"/api/v1/session/steps/{state['step']}"
                body = json.dumps(_STEPS[state["step"]]).encode()
                state = json.loads(await client.ask("POST", path, body, token=token))
            sessions.append(_Session(token, state))
        client.close()
        return sessions

    async def answer(self, client: Client, session: _Session) -> bool:
        """Answer the trial that is shown."""
        trial = session.state["content"]["trial"]
        reply = await client.ask(
            "POST", f"/api/v1/trials/{trial['index']}/response",
            json.dumps(answer_to(trial)).encode(), token=session.token,
        )  # fmt: skip
        session.state = json.loads(reply)["next"]
        progress = session.state["progress"]
        return bool(progress["done"] + 1 < progress["of"])

    def stored(self) -> int:
        """Count the responses."""
        return count(self._on.settings, "responses")
