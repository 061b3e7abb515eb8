"""What each kind of request of a whole session costs, SQL and CPU, counted in this process.

The same kinds as `people.Person` makes, and `settling` a session alone: statements (without those
that only begin or end a transaction), and with a proxy the round trips on the wire to PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from load import is_last
from sql_cost import TRANSACTION_CONTROL, answer_to, listened
from support.databases import PostgreSQL
from support.round_trips import RoundTrips

from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.settling.settle import settle

#: Sessions that are taken, the first of them to warm up.
SESSIONS = 3


@dataclass
class Costs:
    """Statements, round trips and CPU time (ms, without the database's) of requests, by kind."""

    statements: dict[str, list[float]] = field(default_factory=dict)
    round_trips: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)

    def mean(self, kind: str, of: str = "statements") -> float:
        """Return the mean of a kind; NaN where it was not counted."""
        counted: list[float] = getattr(self, of).get(kind, [])
        return sum(counted) / len(counted) if counted else float("nan")

    def a_request(self, times: dict[str, list[float]]) -> float:
        """Return the statements per request of a mix of requests."""
        known = {kind: len(each) for kind, each in times.items() if kind in self.statements}
        n = sum(known.values())
        return sum(self.mean(kind) * many for kind, many in known.items()) / n if n else 0.0


class _Counting:
    """A client whose requests are counted by kind."""

    def __init__(self, client: FlaskClient, sent: list[str], proxy: RoundTrips | None) -> None:
        self.client, self.sent, self.proxy = client, sent, proxy
        self.costs = Costs()
        self.headers: dict[str, str] = {}

    def ask(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        with self.counted(kind):
            reply = self.client.open(path, method=method, json=body, headers=self.headers)
        if not 200 <= reply.status_code < 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.get_data(as_text=True)}")
        return reply.get_json(silent=True)

    @contextmanager
    def counted(self, kind: str) -> Iterator[None]:
        self.sent.clear()
        before = self.proxy.count if self.proxy else 0
        begun = time.process_time()
        yield
        spent = 1000 * (time.process_time() - begun)
        own = [sql for sql in self.sent if not sql.upper().startswith(TRANSACTION_CONTROL)]
        self.costs.statements.setdefault(kind, []).append(len(own))
        if self.proxy:
            trips = self.proxy.count - before
            self.costs.round_trips.setdefault(kind, []).append(trips)
        else:  # the proxy works in this process too
            self.costs.cpu_ms.setdefault(kind, []).append(spent)


def measure_session(settings: Settings, study: str, proxy: RoundTrips | None = None) -> Costs:
    """Take a few sessions in this process; what all but the first cost, when all is warm.

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
    host, ended = app.extensions["diptych"], list[int]()
    # A host that serves settles behind the requests: the last answer costs no more than another.
    host.when_ended = ended.append
    counting = _Counting(app.test_client(), sent, proxy)
    for turn in range(SESSIONS):
        counting.headers = {}
        _take(counting, study)
        with app.app_context(), counting.counted("settling"):
            settle(host, ended[-1])
        if turn == 0:
            counting.costs = Costs()
    with app.app_context():
        db.engine.dispose()
    return counting.costs


def _take(counting: _Counting, study: str) -> None:
    counting.ask("page", "GET", f"/s/{study}")
    browser = {"width": 1280, "height": 800, "user_agent": "diptych bench", "language": "en"}
    body = {"study": study, "entry": {}, "browser": browser}
    state = counting.ask("entry", "POST", "/api/v1/sessions", body)
    counting.headers = {"Authorization": f"Bearer {state['token']}"}
    looked = False
    while state["step"] != "end":
        step = state["step"]
        if step != "trials":
            given = {"consent": {"agreed": True}, "instructions": {"read_ms": 20_000.0},
                     "feedback": {"text": ""}}  # fmt: skip
            path = f"/api/v1/session/steps/{step}"
            state = counting.ask(step, "POST", path, given.get(step, {}))
            continue
        if not looked:
            looked = True
            counting.ask("reload", "GET", "/api/v1/session")
            urls = counting.ask("picture list", "GET", "/api/v1/session/images")["images"]
            for url in urls:  # the first time a picture comes from the database, then from disk
                counting.client.get(url)
                counting.ask("picture", "GET", url)
        trial, kind = state["content"]["trial"], "last answer" if is_last(state) else "answer"
        path = f"/api/v1/trials/{trial['index']}/response"
        state = counting.ask(kind, "POST", path, answer_to(trial))["next"]


def through_a_proxy(server: PostgreSQL, database: str, settings: Settings, study: str) -> Costs:
    """Run `measure_session`, and again with a proxy on the wire, for the round trips."""
    costs = measure_session(settings, study)
    with RoundTrips(Path(server.socket_folder) / ".s.PGSQL.5432") as proxy:
        url = f"postgresql://postgres@/{database}?host={proxy.folder}"
        again = settings.model_copy(update={"database_url": url})
        costs.round_trips = measure_session(again, study, proxy).round_trips
    return costs
