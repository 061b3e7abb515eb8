"""What the faults of browsers need: a host for many visits, people who are watched, what must hold.

`hold` says what must be true after each fault; it asks the tables and the export, not the host.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route
from sqlalchemy import create_engine, text

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.study.versions import freeze
from support.exports import table_in
from support.rows import query
from support.servers import LiveServer, free_port
from support.tiny_studies import category_study, two_afc_study
from support.visitor import Visitor
from support.wire import Wire

#: study -> number of trials
STUDIES = {"learn": 6, "choose": 5}
#: A break of so many seconds in this study ends it, as others end after hours. A browser on a busy
#: machine must not take as long from one page to the next.
HASTY_S = 20.0
NAMED = {"entered", "consented", "practising", "running", "completed", "declined", "screened_out"}
NAMED |= {"timed_out", "returned"}

_QUESTIONS = [{"question": "How many?", "options": ["Two", "Three"], "answer": 1}]
_TEXTS = {"feedback.md": "# Your thoughts\n\nWhat was it like?\n"}


def write_studies(folder: Path) -> None:
    """`learn` and `choose`: every step that a journey can have, for either task."""
    steps: dict[str, Any] = {"comprehension": _QUESTIONS}
    learn = {"phases": {"practice": 1}, "task": {"feedback": ["practice", "training"]}, **steps}
    category_study(folder / "learn", training=3, changes=learn, texts=_TEXTS)
    two_afc_study(folder / "choose", practice=1, test=3, changes=steps, texts=_TEXTS)
    limits = {"resume_within_minutes": HASTY_S / 60, "dropout_minutes": HASTY_S / 60}
    category_study(folder / "hasty", changes={"recruitment": limits})


@dataclass(frozen=True)
class Hosted:
    """A running host, and how to look past it."""

    settings: Settings
    server: LiveServer
    wire: Wire

    @property
    def url(self) -> str:
        """Where browsers find it: at the other end of the wire."""
        return self.server.environment["DIPTYCH_BASE_URL"]

    @contextmanager
    def offline(self, context: BrowserContext) -> Iterator[None]:
        """Take the network from a browser, which is told so, and give it back.

        The wire is cut too: Chromium's own offline lets requests slip through, of a page that is
        just being left for one.
        """
        context.set_offline(True)
        self.wire.cut()
        try:
            yield
        finally:
            self.wire.mend()
            context.set_offline(False)

    def sessions(self) -> int:
        """How many sessions there are."""
        return int(query(self.settings, "SELECT count(*) FROM sessions")[0][0])

    def newest(self) -> int:
        """Key of the session that began last."""
        return int(query(self.settings, "SELECT max(id) FROM sessions")[0][0])

    def status(self, session: int) -> str:
        """A session's status."""
        found: str = query(self.settings, f"SELECT status FROM sessions WHERE id = {session:d}")[0][
            0
        ]
        return found

    def answers(self, session: int) -> list[tuple[int, Any]]:
        """(trial index, answer) of every stored response of a session."""
        rows = query(
            self.settings,
            f"SELECT trial_index, answer FROM responses WHERE session_id = {session:d} ORDER BY 1",
        )
        return [(i, json.loads(a) if isinstance(a, str) else a) for i, a in rows]

    def leave_alone(self, session: int, hours: float) -> None:
        """As if nothing had been heard of a session for so many hours."""
        engine = create_engine(self.settings.sqlalchemy_url)
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE sessions SET last_seen_at = last_seen_at - :ms WHERE id = :id"),
                {"ms": int(hours * 3_600_000), "id": session},
            )
        engine.dispose()


@contextmanager
def hosted(
    database_url: str, folder: Path, write: Callable[[Path], None] = write_studies
) -> Iterator[Hosted]:
    """A gunicorn on a database with tables, with the studies that `write` writes open."""
    settings = Settings(
        home=folder / "home",
        database_url=database_url,
        studies=folder / "studies",
        secret_key="a secret for the tests",
    )
    write(settings.studies)
    port = free_port()
    server = LiveServer(
        {
            "DIPTYCH_BASE_URL": f"http://127.0.0.1:{port}",
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        folder / "server.log",
    )
    app = create_app(settings)
    with app.app_context():
        for path in sorted(settings.studies.iterdir()):
            freeze(load_study(path), opening=True)
        db.session.remove()
        db.engine.dispose()
    server.start()
    try:
        with Wire(port, [server.port]) as wire:
            yield Hosted(settings, server, wire)
    finally:
        server.stop()


class Person(Visitor):
    """A visitor of one of the studies, to whom nothing may be told that is not so."""

    def __init__(self, page: Page, host: Hosted, study: str, name: str) -> None:
        super().__init__(page)
        self.host = host
        self.study = study
        self.address = f"{host.url}/s/{study}?participant={name}"
        self.session = 0

    def come(self) -> Person:
        """Open the link."""
        self.page.goto(self.address)
        self.look()
        self.session = self.host.newest()
        return self

    def at(self, other: Person) -> Person:
        """Open the same link as somebody who is there already: one more window of one session."""
        self.page.set_default_timeout(60_000)
        self.address, self.session = other.address, other.session
        self.page.goto(self.address)
        self.look()
        assert self.host.newest() == self.session, "the second window began a session of its own"
        return self

    def press(self, name: str) -> None:
        """Press what is called so; of the questions, tick the right answer first."""
        if name == "comprehension-submit":
            self.page.get_by_test_id("answer-0-1").check()
        super().press(name)

    def step(self, number: int = 0) -> str:
        """As `Visitor.step`; afterwards, nothing may be shown as stored that is not."""
        what = super().step(number)
        self.honest()
        return what

    def progress(self) -> int | None:
        """How many answers the page says are stored, where it says it."""
        shown = self.said("progress")
        return None if shown is None else int(shown.split("/")[0])

    def honest(self) -> None:
        """What the page shows, and what it was told, is stored: the page is read first."""
        shown, told = self.progress() or 0, set(self.acknowledged)
        stored = {index for index, _ in self.host.answers(self.session)}
        assert shown <= len(stored), f"{shown} shown as stored, {len(stored)} are"
        assert told <= stored, f"told to be stored, but not: {told - stored}"

    def to(self, wanted: str, most: int = 60) -> None:
        """Go on until the page offers `wanted` (`trial` for either task)."""
        self.until(wanted, most)

    def banner(self) -> str | None:
        """What the page says about the network, if anything."""
        return self.said("banner-network")

    def said(self, testid: str) -> str | None:
        """Words of an element, or None while it is not there."""
        # In one go: it may come or go at any moment.
        found: list[str] = self.page.get_by_test_id(testid).evaluate_all(
            "all => all.filter(e => e.getClientRects().length).map(e => e.innerText)"
        )
        return found[0] if found else None


def hold(
    host: Hosted, *people: Person, status: str = "completed", answers: int | None = None
) -> None:
    """What every fault must leave true of one session, seen in one window or several.

    Parameters
    ----------
    host : Hosted
        Where it is stored.
    *people : Person
        The windows in which the session was open.
    status : str, optional
        How it must have ended.
    answers : int | None, optional
        How many answers must be stored; all trials of the study when None.
    """
    first = people[0]
    assert {person.session for person in people} == {first.session}, "two sessions of one person"
    stored = host.answers(first.session)
    told: set[int] = set().union(*(person.acknowledged for person in people))
    assert Counter(index for index, _ in stored) == Counter(told), "stored, and said to be stored"
    for person in people:
        for index, answer in person.answers.items():
            assert dict(stored)[index] == answer, f"trial {index} is stored as another answer"
        person.honest()
    assert len(stored) == (STUDIES[first.study] if answers is None else answers)
    assert host.status(first.session) == status
    counts_agree(host)


def counts_agree(host: Hosted) -> None:
    """Each session's own count is that of its rows, and its status has a name."""
    rows = query(
        host.settings,
        "SELECT s.id, s.status, s.n_responses, s.position, count(r.trial_index), "
        "count(DISTINCT r.trial_index) FROM sessions s LEFT JOIN responses r "
        "ON r.session_id = s.id GROUP BY s.id, s.status, s.n_responses, s.position",
    )
    for session, status, said, position, there, distinct in rows:
        assert status in NAMED
        assert said == position == there == distinct, f"session {session}: {said}, {there} rows"


def export_agrees(host: Hosted, studies: Sequence[str], folder: Path) -> None:
    """The tables that a researcher gets have the answers of the database, each once."""
    for study in studies:
        to = folder / study
        host.server.diptych("export", study, "--to", str(to), "--format", "csv")
        with table_in(to, "trials").open(newline="", encoding="utf-8") as file:
            answered = [row for row in csv.DictReader(file) if row["response"]]
        with table_in(to, "sessions").open(newline="", encoding="utf-8") as file:
            sessions = list(csv.DictReader(file))
        kept = query(
            host.settings,
            "SELECT s.status, count(r.trial_index) FROM sessions s JOIN studies t "
            "ON t.id = s.study_id LEFT JOIN responses r ON r.session_id = s.id "
            f"WHERE t.name = '{study}' GROUP BY s.id, s.status",
        )
        places = Counter((row["session_id"], row["trial_index"]) for row in answered)
        assert set(places.values()) <= {1}
        assert sum(places.values()) == sum(n for _, n in kept)
        assert Counter(row["status"] for row in sessions) == Counter(s for s, _ in kept)
        assert sum(int(row["n_responses"]) for row in sessions) == len(answered)
        shutil.rmtree(to)


class Gate:
    """Holds the answers of pages back, once it is shut."""

    def __init__(self, *people: Person) -> None:
        self.shut = False
        self.held: list[Route] = []
        for person in people:
            person.page.route("**/response", self._pass)

    def _pass(self, route: Route) -> None:
        if self.shut:
            self.held.append(route)
        else:
            route.continue_()

    def open(self) -> None:
        """Let all that are held go at once."""
        self.shut = False
        held, self.held = self.held, []
        for route in held:
            route.continue_()


#: Paths of the requests that change something.
CHANGES = re.compile(r"/api/v1/(session/steps/|trials/\d+/response)")
