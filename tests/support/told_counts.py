"""What a running host tells a researcher: the numbers of its pages, and the rows of its exports."""

from __future__ import annotations

import csv
import io
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from diptych.accounts import logins, users
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.web.dashboard.access import COOKIE

NAME, PASSWORD = "counts", "correct horse battery"
_STAGE = re.compile(r'funnel-name">(\w+)<.*?funnel-count">([\d,]+) ', re.DOTALL)
_END = re.compile(r"([\d,]+) (screened out|left and timed out|returned|declined|withdrawn)<")
_STAT = re.compile(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>")
_MATCH = re.compile(r"All (more than )?([\d,]+) that match")
_BADGES = {"left and timed out": "timed_out", "screened out": "screened_out"}
Row = dict[str, str]


@dataclass(frozen=True)
class LivePage:
    """The numbers of a study's live page.

    Attributes
    ----------
    entered, completed : int
        Of the funnel.
    under_way : int
        Sessions that have not ended.
    ends : dict[str, int]
        Sessions that ended otherwise, by status.
    """

    entered: int
    completed: int
    under_way: int
    ends: dict[str, int]


@dataclass(frozen=True)
class Dashboard:
    """A researcher's view of a running host, over HTTP."""

    client: httpx.Client

    def live(self, study: str, kind: str) -> LivePage:
        """The live page, looked at again until the host has counted every session that ended."""
        for _ in range(200):
            page = self._get(f"/studies/{study}/live", who=kind)
            if "still being counted" not in page:
                break
        else:
            raise AssertionError("the host never came to an end with counting")
        if "No simulated participants" in page or "No participants yet" in page:
            return LivePage(0, 0, 0, {})
        stages = {name: _number(n) for name, n in _STAGE.findall(page)}
        ends = {_BADGES.get(name, name): _number(n) for n, name in _END.findall(page)}
        stats = dict(_STAT.findall(page))
        return LivePage(stages["Entered"], stages["Completed"], _number(stats["Under way"]), ends)

    def listed(self, study: str, kind: str) -> int | None:
        """How many sessions the participants' page says there are; None: more than it counts."""
        found = _MATCH.search(self._get(f"/studies/{study}/participants", who=kind))
        if found is None:
            return 0
        return None if found[1] else _number(found[2])

    def table(self, study: str, name: str) -> list[Row]:
        """The rows of a table as it is exported."""
        return list(csv.DictReader(io.StringIO(self._get(f"/studies/{study}/export/{name}.csv"))))

    def _get(self, path: str, **query: str) -> str:
        for pause in as_asked_to_wait():
            reply = self.client.get(f"/dashboard{path}", params=query)
            if reply.status_code != 503:
                break
            time.sleep(pause)
        assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text[:300]}"
        return reply.text


@contextmanager
def dashboard(settings: Settings, url: str) -> Iterator[Dashboard]:
    """An administrator logged in at a running host."""
    app = create_app(settings)
    with app.app_context():
        user = users.find_user(NAME) or users.add_user(NAME, PASSWORD, is_admin=True)
        token = logins.begin(user, "the tests")
        db.session.remove()
        db.engine.dispose()
    with httpx.Client(base_url=url, cookies={COOKIE: token}, timeout=60) as client:
        yield Dashboard(client)


def as_asked_to_wait() -> Iterator[float]:
    """How long (s) to wait before each further try of a request that was answered with 503.

    After its database has been away, a worker finds the connections that broke when it next uses
    one: it says so to whoever asked, and that they may ask again. A host that has found that out
    and says so still, is at fault.
    """
    yield from [1.0] * 20


def answers_of(rows: list[Row]) -> dict[tuple[str, int], Row]:
    """The answered trials of an exported table `trials`, by session and trial."""
    answered = [row for row in rows if row["responded_at"]]
    found = {(row["session_id"], int(row["trial_index"])): row for row in answered}
    assert len(found) == len(answered), "a trial stands in the export twice"
    return found


def statuses_of(rows: list[Row]) -> Counter[str]:
    """How many sessions of an exported table `sessions` have each status."""
    return Counter(row["status"] for row in rows)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
