"""oTree 6: every trial is a page with a form, whose reply leads to the page of the next trial."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hosts import Hosts
from processes import postmaster
from support.servers import free_port

from peers.system import RANKING, RT_MS, Client, Place, serving

INSTALLS = (("otree>=6,<7", "psycopg2-binary"),)
_SETTINGS = """\
SESSION_CONFIGS = [dict(name="bench", app_sequence=["trials"], num_demo_participants=1)]
SESSION_CONFIG_DEFAULTS = dict(real_world_currency_per_point=1.0, participation_fee=0.0, doc="")
PARTICIPANT_FIELDS = []
SESSION_FIELDS = []
LANGUAGE_CODE = "en"
REAL_WORLD_CURRENCY_CODE = "USD"
USE_POINTS = True
ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = "bench"
SECRET_KEY = "bench"
"""
_APP = """\
from otree.api import *

class C(BaseConstants):
    NAME_IN_URL = "trials"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = {trials}

class Subsession(BaseSubsession):
    pass

class Group(BaseGroup):
    pass

class Player(BasePlayer):
    ranking = models.StringField()
    rt_ms = models.FloatField()

class Trial(Page):
    form_model = "player"
    form_fields = ["ranking", "rt_ms"]

page_sequence = [Trial]
"""
_PAGE = """\
{{ block content }}
{{ formfields }}
{{ next_button }}
{{ endblock }}
"""
_FORM = urlencode({"ranking": " ".join(RANKING), "rt_ms": RT_MS}).encode()


@dataclass
class _Session:
    """A participant, and the page that it sees (from 1)."""

    code: str
    page: int = 1

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/p/{self.code}/trials/Trial/{self.page}"


class OTree:
    """oTree, as `otree prodserver` serves it.

    Parameters
    ----------
    binaries : Path
        The `bin` folder of its environment.
    version : str
        For the tables.
    """

    fastest = 120
    one_answer = (
        "one form that is submitted, validated and stored, its redirect, and the page of the next "
        "trial: two requests. (Pages that send answers over a WebSocket are not measured.)"
    )

    def __init__(self, binaries: Path, version: str) -> None:
        self.name = f"oTree {version}"
        self._binaries = binaries
        self._place: Place
        self._folder: Path
        self._database = ""

    @contextmanager
    def running(self, place: Place) -> Iterator[Hosts]:
        """Serve a new database."""
        self._place, port = place, free_port()
        self._folder = place.folder / "otree"
        app = self._folder / "trials"
        app.mkdir(parents=True)
        (self._folder / "_static").mkdir()  # it does not start without this folder
        (self._folder / "settings.py").write_text(_SETTINGS, encoding="utf-8")
        (app / "__init__.py").write_text(_APP.format(trials=place.trials), encoding="utf-8")
        (app / "Trial.html").write_text(_PAGE, encoding="utf-8")
        if place.server is not None:
            self._database = place.server.new_database()
        self._otree("resetdb", "--noinput")
        command = [self._binaries / "otree", "prodserver", f"127.0.0.1:{port}"]
        with serving(command, port, self._folder, self._variables()) as pid:
            programs = {"server": [pid]}
            if place.server is not None:
                programs["database"] = [postmaster(place.server.socket_folder)]
            yield Hosts(port, programs)

    async def ready(self, port: int, wanted: int) -> list[_Session]:
        """Make a session of oTree with as many participants, and let them open its first page."""
        self._otree("create_session", "bench", str(wanted))
        codes = self._query("SELECT code FROM otree_participant WHERE time_started_utc IS NULL")
        client, sessions = Client(port), [_Session(code) for (code,) in codes]
        for session in sessions:
            await client.ask("GET", f"/InitializeParticipant/{session.code}", status=307)
            await client.ask("GET", session.path)
        client.close()
        return sessions

    async def answer(self, client: Client, session: _Session) -> bool:
        """Submit the page, and get the next one."""
        kind = "application/x-www-form-urlencoded"
        await client.ask("POST", session.path, _FORM, kind=kind, status=302)
        session.page += 1
        await client.ask("GET", session.path)
        return session.page < self._place.trials

    def stored(self) -> int:
        """Count the submitted trials."""
        asked = "SELECT count(*) FROM trials_player WHERE ranking IS NOT NULL"
        return int(self._query(asked)[0][0])

    def _variables(self) -> dict[str, str]:
        path = os.pathsep.join((str(self._binaries), os.environ.get("PATH", "")))
        own = {"PATH": path, "OTREE_PRODUCTION": "1"}
        if self._place.server is not None:
            own["DATABASE_URL"] = self._place.server.url(self._database)
        return own

    def _otree(self, *words: str) -> None:
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [self._binaries / "otree", *words], cwd=self._folder,
            env={**kept, **self._variables()}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"otree {' '.join(words)}\n{(done.stdout + done.stderr)[-2000:]}")

    def _query(self, asked: str) -> list[Any]:
        if self._place.server is not None:
            with self._place.server.connect(self._database) as connection:
                return list(connection.execute(asked).fetchall())
        with closing(sqlite3.connect(self._folder / "db.sqlite3")) as connection:
            return connection.execute(asked).fetchall()
