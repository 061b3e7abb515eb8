"""What must hold after every fault, whatever it was."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
from support.crowd import Books, Crowd
from support.rows import query
from support.told_counts import Dashboard, answers_of, as_asked_to_wait, dashboard, statuses_of

from diptych.ground.settings import Settings

ENDED = ("completed", "declined", "screened_out", "timed_out", "returned")
LIVE = ("entered", "consented", "practising", "running")


def stored(settings: Settings) -> dict[tuple[str, int], Any]:
    """Every stored answer by (public id of its session, trial index)."""
    rows = query(
        settings,
        "SELECT s.public_id, r.trial_index, r.answer FROM responses r "
        "JOIN sessions s ON s.id = r.session_id",
    )
    found = {(s, i): json.loads(a) if isinstance(a, str) else a for s, i, a in rows}
    assert len(found) == len(rows), "two answers to one trial"
    return found


def hold(settings: Settings, url: str, books: Books) -> None:
    """All that a fault must leave true."""
    assert not books.wrong, "\n".join([*books.wrong[:5], what_the_server_said(settings)])
    assert books.acknowledged, "nothing was answered: the test shows nothing"
    kept = stored(settings)
    books.stored = len(kept)
    lost = {place for place in books.acknowledged if place not in kept}
    assert not lost, f"{len(lost)} acknowledged answers are gone, e.g. {next(iter(lost))}"
    changed = [p for p, answer in books.acknowledged.items() if not alike(kept[p], answer)]
    assert not changed, f"{len(changed)} answers are not those that were acknowledged"
    strange = [p for p, answer in kept.items() if not alike(books.given[p], answer)]
    assert not strange, f"{len(strange)} stored answers were never given"
    _sessions_add_up(settings)
    _everybody_came_to_an_end(settings, books)
    asyncio.run(_host_tells_what_is_stored(settings, url, books))
    _dashboard_and_export_agree(settings, url, kept)


def what_the_server_said(settings: Settings) -> str:
    """The last unexpected error in the server's log, with what led to it."""
    log = settings.home.parent / "server.log"
    before, found, after = (log.read_text(errors="replace") if log.exists() else "").rpartition(
        "unexpected error"
    )
    return before[-200:] + found + after[:4000] if found else "The server's log names no error."


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The same answer, as far as the browser gave it."""
    return all(one.get(key) == value for key, value in other.items() if value is not None)


def _sessions_add_up(settings: Settings) -> None:
    off = query(
        settings,
        "SELECT s.public_id, s.n_responses, count(r.trial_index) FROM sessions s "
        "LEFT JOIN responses r ON r.session_id = s.id GROUP BY s.id, s.public_id, s.n_responses "
        "HAVING s.n_responses != count(r.trial_index)",
    )
    assert not off, f"sessions whose count is not that of their answers: {off[:3]}"
    orphans = query(
        settings,
        "SELECT count(*) FROM responses r LEFT JOIN trials t ON t.session_id = r.session_id "
        "AND t.trial_index = r.trial_index WHERE t.session_id IS NULL",
    )
    assert orphans[0][0] == 0


def _everybody_came_to_an_end(settings: Settings, books: Books) -> None:
    """Sessions have a named status; those that the crowd ended are ended in the tables too."""
    states = dict(tuple(row) for row in query(settings, "SELECT public_id, status FROM sessions"))
    assert set(states.values()) <= {*ENDED, *LIVE}
    differing = {s: (o, states.get(s)) for s, o in books.ended.items() if states.get(s) != o}
    assert not differing, f"ended for the participant, not in the table: {differing}"
    left = [s for s in books.tokens if states[s] in LIVE]
    assert not left, f"{len(left)} sessions could not be gone on with"


async def _host_tells_what_is_stored(settings: Settings, url: str, books: Books) -> None:
    """Nobody is shown an answer as stored that is not: progress is the stored count."""
    counts = dict(tuple(r) for r in query(settings, "SELECT public_id, n_responses FROM sessions"))
    async with httpx.AsyncClient(timeout=60) as client:
        for session, token in list(books.tokens.items())[:40]:
            for pause in as_asked_to_wait():
                reply = await client.get(
                    f"{url}/api/v1/session", headers={"Authorization": f"Bearer {token}"}
                )
                if reply.status_code != 503:
                    break
                await asyncio.sleep(pause)
            assert reply.status_code == 200, reply.text
            said = reply.json()
            assert said["session"]["id"] == session
            if said["progress"]["of"]:
                assert said["progress"]["done"] <= counts[session]


def _dashboard_and_export_agree(
    settings: Settings, url: str, kept: dict[tuple[str, int], Any]
) -> None:
    """The live page, the participants' page, the export and the database tell the same numbers."""
    rows = query(
        settings,
        "SELECT st.name, s.kind, s.status, count(*) FROM sessions s "
        "JOIN studies st ON st.id = s.study_id WHERE s.kind != 'preview' "
        "GROUP BY st.name, s.kind, s.status",
    )
    by_study: dict[str, dict[str, Counter[str]]] = {}
    for study, kind, status, count in rows:
        by_study.setdefault(study, {}).setdefault(kind, Counter())[status] = count
    exported: dict[tuple[str, int], Any] = {}
    with dashboard(settings, url) as told:
        for study, kinds in by_study.items():
            for kind, statuses in kinds.items():
                _pages_tell(told, study, kind, statuses)
            # Looking at the live page may have ended sessions that were silent for too long.
            here = sum(kinds.values(), Counter())
            sessions = told.table(study, "sessions")
            emptied = ("declined", "withdrawn", "expired")
            assert statuses_of(sessions) == Counter(
                {status: n for status, n in here.items() if status not in emptied}
            )
            answers = answers_of(told.table(study, "trials"))
            assert sum(int(row["n_responses"]) for row in sessions) == len(answers)
            exported |= answers
    assert exported.keys() == kept.keys(), "export and database differ in which answers they have"
    differing = [place for place, row in exported.items() if not _is_in(kept[place], row)]
    assert not differing, f"{len(differing)} answers are exported otherwise than they are stored"


def _pages_tell(told: Dashboard, study: str, kind: str, statuses: Counter[str]) -> None:
    page = told.live(study, kind)
    live = sum(statuses[status] for status in LIVE)
    others = {s: n for s, n in statuses.items() if s not in (*LIVE, "completed")}
    assert (page.entered, page.completed) == (statuses.total(), statuses["completed"]), page
    assert (page.under_way, page.ends) == (live, others), page
    listed = told.listed(study, kind)
    there = statuses.total() - statuses["declined"]
    assert listed == there or (listed is None and there > 1000), (listed, there)


def _is_in(answer: dict[str, Any], row: dict[str, str]) -> bool:
    """Whether a stored answer is that of an exported row."""
    if "ranking" in answer:
        return row["response_ranking"] == "|".join(map(str, answer["ranking"]))
    return row["response"] == str(answer["choice"])


def report(record_property: Callable[[str, object], None], crowd: Crowd, faults: int) -> None:
    """For the note and docs/reliability.md: what was sent, acknowledged, stored, broken."""
    books = crowd.books
    record_property("sent", books.sent)
    record_property("acknowledged", len(books.acknowledged))
    record_property("stored", books.stored)
    record_property("sessions", len(books.ended))
    record_property("faults", faults)
    print(
        f"sent {books.sent}, acknowledged {len(books.acknowledged)}, stored {books.stored}, "
        f"sessions {len(books.ended)}, faults {faults}, troubles {books.troubles}"
    )
