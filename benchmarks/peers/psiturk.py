"""psiTurk 3.3.1: an experiment in the browser saves all its data so far with `PUT /sync/ID`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from hosts import Hosts
from processes import postmaster
from support.servers import free_port

from peers.system import RANKING, RT_MS, Client, Place, serving

#: psiTurk pins pyOpenSSL 22, which no current `cryptography` works with: the second call of pip
#: replaces it.
INSTALLS = (("psiturk==3.3.1", "psycopg2-binary"), ("pyOpenSSL>=24",))
_CONFIG = """\
[Database Parameters]
database_url = {url}
table_name = assignments

[Server Parameters]
host = 127.0.0.1
port = {port}
threads = {workers}
secret_key = bench
"""
#: Two pages must exist; `/exp` shows the third one, which tells the browser its number.
_TEMPLATES = {
    "thanks-mturksubmit.html": "<p>Thanks</p>",
    "closepopup.html": "<p>Done</p>",
    "exp.html": "{{ uniqueId }}",
}


@dataclass
class _Session:
    """A participant and all its data so far."""

    unique_id: str
    body: dict[str, Any] = field(default_factory=dict)


class PsiTurk:
    """psiTurk, as `psiturk.experiment_server` serves it.

    Parameters
    ----------
    binaries : Path
        The `bin` folder of its environment.
    version : str
        For the tables.
    """

    fastest = 500
    one_answer = (
        "`saveData()` after every trial: `PUT /sync/ID` with all trials of the session so far, "
        "which replaces the text stored before. Feedback and the next trial come from the page."
    )

    def __init__(self, binaries: Path, version: str) -> None:
        self.name = f"psiTurk {version}"
        self._binaries = binaries
        self._place: Place
        self._database = ""

    @contextmanager
    def running(self, place: Place) -> Iterator[Hosts]:
        """Serve a new database."""
        self._place, port = place, free_port()
        folder = place.folder / "psiturk"
        (folder / "templates").mkdir(parents=True)
        for name, text in _TEMPLATES.items():
            (folder / "templates" / name).write_text(text, encoding="utf-8")
        if place.server is None:
            self._database = str(folder / "participants.db")
            url = f"sqlite:///{self._database}"
        else:
            self._database = place.server.new_database()
            # It gives its text column the type of MySQL unless the URL begins with this word.
            url = place.server.url(self._database).replace("postgresql://", "postgres://")
        config = _CONFIG.format(url=url.replace("%", "%%"), port=port, workers=place.workers)
        (folder / "config.txt").write_text(config, encoding="utf-8")
        command = [self._binaries / "python", "-m", "psiturk.experiment_server"]
        with serving(command, port, folder, {}) as pid:
            programs = {"server": [pid]}
            if place.server is not None:
                programs["database"] = [postmaster(place.server.socket_folder)]
            yield Hosts(port, programs)

    async def ready(self, port: int, wanted: int) -> list[_Session]:
        """Let as many people open the experiment, and leave its instructions."""
        client, sessions = Client(port), []
        for _ in range(wanted):
            worker, assignment, hit = uuid4().hex, uuid4().hex, "bench"
            names = f"hitId={hit}&assignmentId={assignment}&workerId={worker}&mode=live"
            unique_id = (await client.ask("GET", f"/exp?{names}")).decode().strip()
            await client.ask(
                "POST", "/inexp", f"uniqueId={unique_id}".encode(),
                kind="application/x-www-form-urlencoded",
            )  # fmt: skip
            body = {
                "condition": 0, "counterbalance": 0, "assignmentId": assignment,
                "workerId": worker, "hitId": hit, "currenttrial": 0, "bonus": 0, "data": [],
                "questiondata": {}, "eventdata": [], "useragent": "diptych bench", "mode": "live",
                "status": 1,
            }  # fmt: skip
            sessions.append(_Session(unique_id, body))
        client.close()
        return sessions

    async def answer(self, client: Client, session: _Session) -> bool:
        """Save one more trial, and all before it."""
        body = session.body
        number = body["currenttrial"]
        body["data"].append({
            "uniqueid": session.unique_id, "current_trial": number, "dateTime": 1_700_000_000_000,
            "trialdata": {"ranking": RANKING, "rt": RT_MS, "phase": "TEST"},
        })  # fmt: skip
        body["currenttrial"] = number + 1
        await client.ask("PUT", f"/sync/{session.unique_id}", json.dumps(body).encode())
        return bool(number + 2 < self._place.trials)

    def stored(self) -> int:
        """Count the trials in the stored texts."""
        asked = "SELECT datastring FROM assignments WHERE datastring IS NOT NULL"
        if self._place.server is None:
            with closing(sqlite3.connect(self._database)) as connection:
                rows = connection.execute(asked).fetchall()
        else:
            with self._place.server.connect(self._database) as connection:
                rows = connection.execute(asked).fetchall()
        return sum(len(json.loads(text)["data"]) for (text,) in rows)
