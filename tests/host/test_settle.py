"""Settling: every ended session is measured, judged and counted once, whatever happens."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from support.dashboard import study_id
from support.properties import costly
from support.recount import recount, tallied
from support.tiny_studies import category_study
from support.walker import Walker, at_once, change, link, open_study, rows

from diptych import models
from diptych.counts import tallies
from diptych.counts.tallies import Changes, Key
from diptych.ground.database import now_ms, reading, table, writing
from diptych.settling import corrections, settle
from diptych.tasks.category_learning.task import CategoryLearning

pytestmark = pytest.mark.both_databases

HOUR = 3_600_000
KEPT = ("person", "kept", "fractions")


@pytest.fixture
def tiny(app: Flask, studies_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """`tiny`, whose rule on response times decides alone, with a figure that counts fractions."""
    own = (*CategoryLearning.figures, "support.own_figures:Fractions")
    monkeypatch.setattr(CategoryLearning, "figures", own)
    category_study(
        studies_folder / "tiny",
        changes={"quality": {"min_median_rt_ms": 300, "auto": ["min_median_rt_ms"]}},
    )
    open_study(app, studies_folder / "tiny")
    open_study(app, studies_folder / "tiny_2afc")
    return app


def one(app: Flask, model: Any = models.Session, **where: Any) -> dict[str, Any]:
    (found,) = rows(app, model, **where)
    return found


def assert_counted(app: Flask, study: str = "tiny") -> None:
    """The tallies are what a slow recount of all that is stored comes to."""
    assert tallied(app, study) == recount(app, study)


def kept(app: Flask) -> int:
    """How many sessions stand in the counts of those kept."""
    return tallied(app, "tiny").get(KEPT, (0, {}))[0]


def forgetful(app: Flask) -> None:
    """From now on nothing is settled at its end, as after a crash."""
    app.extensions["diptych"].when_ended = lambda session_id: None


def decide(app: Flask, session_id: int, action: str) -> None:
    """Exclude or include a session, as the pages do."""
    decided = {
        "session_id": session_id, "study_id": study_id("tiny"), "action": action,
        "at": now_ms(), "actor": "somebody", "detail": {},
    }  # fmt: skip
    with writing() as connection:
        connection.execute(insert(models.Decision).values(decided))
    corrections.set_excluded(app.extensions["diptych"], session_id, action == "exclude")


def quick(walker: Walker) -> Walker:
    """Answer everything faster than anybody can."""
    while walker.step_name == "trials":
        timing = {"rt_ms": 50, "onset_ms": 1, "onset_uncertainty_ms": 8, "answered_ms": 51}
        answer = {"ranking": walker.trial["show"]["classes"][: walker.trial["show"]["rank"]]}
        reply = walker.post(walker.trial["index"], answer, timing=timing)
        walker.state = reply.json["next"]
    return walker


def test_a_completed_session_is_settled_with_its_last_answer(
    tiny: Flask, client: FlaskClient
) -> None:
    walker = Walker(client).start()
    walker.trials()
    session, result = one(tiny), one(tiny, models.SessionResult)
    assert session["status"] == "completed" and session["result_at"] is not None
    assert result["score"] == session["n_correct"] / session["n_counted"]
    assert result["duration_ms"] == session["ended_at"] - session["consented_at"]
    assert result["median_rt_ms"] == 640.5
    assert (result["status"], result["counted"], result["excluded"]) == ("completed", "kept", False)
    assert_counted(tiny)
    walker.finish()
    assert_counted(tiny)


def test_every_way_to_end_is_settled(tiny: Flask, client: FlaskClient) -> None:
    Walker(client).start().finish()
    Walker(client).enter().take("consent", agreed=False)
    wrong = Walker(client, "tiny_2afc").start()
    while wrong.step_name == "trials":  # practice is repeated until it is right, to an end
        wrong.answer({"choice": "top", "confidence": 1})
    late = Walker(client).start()
    late.answer()
    change(tiny, models.Session, {"last_seen_at": now_ms() - 3 * HOUR}, public_id=late.public_id)
    late.load()
    statuses = Counter(s["status"] for s in rows(tiny, models.Session))
    assert statuses["completed"] >= 1 and statuses["declined"] == statuses["timed_out"] == 1
    assert all(s["result_at"] is not None for s in rows(tiny, models.Session))
    assert len(rows(tiny, models.SessionResult)) == 3  # of who declined, only the count
    assert_counted(tiny)
    assert_counted(tiny, "tiny_2afc")


def test_a_preview_is_counted_nowhere(tiny: Flask, client: FlaskClient) -> None:
    Walker(client).start(**link(tiny, "preview", "tiny")).finish()
    assert one(tiny)["result_at"] is not None
    assert rows(tiny, models.SessionResult) == rows(tiny, models.Tally) == []


def test_a_rule_marked_auto_decides_and_a_person_decides_otherwise(
    tiny: Flask, client: FlaskClient
) -> None:
    quick(Walker(client).start())
    session = one(tiny)["id"]
    assert (one(tiny, models.SessionResult)["excluded"], kept(tiny)) == (True, 0)
    assert one(tiny, models.SessionResult)["n_flags"] == 1
    assert_counted(tiny)
    with tiny.app_context():
        decide(tiny, session, "include")
        assert (one(tiny, models.SessionResult)["excluded"], kept(tiny)) == (False, 1)
        settle.resettle(tiny.extensions["diptych"], study_id("tiny"))
    assert (one(tiny, models.SessionResult)["excluded"], kept(tiny)) == (False, 1)
    assert_counted(tiny)


def test_what_could_not_be_settled_is_caught_up_with(tiny: Flask, client: FlaskClient) -> None:
    host = tiny.extensions["diptych"]
    forgetful(tiny)
    for _ in range(3):
        Walker(client).start().finish()
    assert rows(tiny, models.Tally) == []
    with tiny.app_context():
        this = study_id("tiny")
        assert settle.catch_up(host, this, limit=2) == 1
        assert settle.catch_up(host, this) == settle.catch_up(host, this) == 0
        assert not settle.settle(host, one_of(tiny))
    assert kept(tiny) == 3
    assert_counted(tiny)


def test_only_a_session_that_has_ended_can_be_settled(
    tiny: Flask, client: FlaskClient, caplog: Any
) -> None:
    host = tiny.extensions["diptych"]
    Walker(client).start()
    running = one_of(tiny)
    with tiny.app_context():
        for session_id in (running, running + 1):
            with pytest.raises(LookupError, match=f"no ended session {session_id}"):
                settle.settle(host, session_id)
            settle.settle_quietly(host, session_id)
            assert f"session {session_id} ended, but could not be settled" in caplog.text
    assert rows(tiny, models.SessionResult) == rows(tiny, models.Tally) == []


def test_a_session_ended_from_outside_is_settled_at_once(tiny: Flask, client: FlaskClient) -> None:
    host = tiny.extensions["diptych"]
    Walker(client).start()
    with tiny.app_context():
        assert settle.end_session(host, one_of(tiny), "returned")
        assert not settle.end_session(host, one_of(tiny), "timed_out")
    assert (one(tiny)["status"], one(tiny, models.SessionResult)["status"]) == ("returned",) * 2
    assert one(tiny)["result_at"] is not None
    assert_counted(tiny)


def test_who_is_excluded_stays_so_when_all_is_settled_anew(
    tiny: Flask, client: FlaskClient
) -> None:
    host = tiny.extensions["diptych"]
    for _ in range(2):
        Walker(client).start().finish()
    told: list[tuple[int, int]] = []
    with tiny.app_context():
        decide(tiny, one_of(tiny), "exclude")
        excluded = one(tiny, models.SessionResult, session_id=one_of(tiny))
        assert (excluded["excluded"], excluded["counted"]) == (True, "all")
        settle.resettle(host, study_id("tiny"), lambda done, of: told.append((done, of)))
    again = one(tiny, models.SessionResult, session_id=one_of(tiny))
    assert (again["excluded"], again["counted"], kept(tiny)) == (True, "all", 1)
    assert told == [(2, 2)]
    assert_counted(tiny)


def test_a_tally_gives_back_the_numbers_of_its_own_kind(tiny: Flask) -> None:
    """Whole numbers as such, and broken ones as they were."""
    with tiny.app_context():
        this = study_id("tiny")
        changes = Changes()
        changes.add(Key(this, "person", "all", "own"), {"a": [3, 0.25, -2.5, 0]})
        changes.add(Key(this, "simulated", "all", "own"), {"a": [7, 7, 7, 7]})
        with writing() as connection:
            tallies.add(connection, changes)
        with reading() as connection:
            found = tallies.read_several(connection, this, "person", "all", ["own", "another"])
    assert found == {"own": (1, {"a": [3, 0.25, -2.5, 0]}), "another": (0, {})}
    assert [type(number) for number in found["own"][1]["a"]] == [int, float, float, int]


def one_of(app: Flask) -> int:
    return int(rows(app, models.Session)[0]["id"])


def test_a_fault_never_reaches_the_participant(
    tiny: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """A figure that fails is left out where it fails; all else is counted."""
    own = (*CategoryLearning.figures, "support.own_figures:Failing")
    monkeypatch.setattr(CategoryLearning, "figures", own)
    for _ in range(6):
        Walker(client).start().finish()
    trials = {(r["session_id"], r["trial_index"]): r for r in rows(tiny, models.Response)}
    wrong = sum(not trials[s["id"], 5]["correct"] for s in rows(tiny, models.Session))
    counted = tallied(tiny, "tiny")
    assert counted[KEPT][0] == 6
    assert counted.get(("person", "kept", "failing"), (0, {}))[0] == wrong
    assert ("failing" in caplog.text) == (wrong < 6)


def test_the_same_sessions_settled_at_once_are_counted_once(
    tiny: Flask, client: FlaskClient
) -> None:
    host = tiny.extensions["diptych"]
    forgetful(tiny)
    for _ in range(4):
        Walker(client).start().finish()
    ids = [row["id"] for row in rows(tiny, models.Session)]
    with tiny.app_context():
        this = study_id("tiny")

    def call(what: Any, *arguments: Any) -> Any:
        def inside() -> Any:
            with tiny.app_context():
                return what(*arguments)

        return inside

    calls = [call(settle.settle, host, session_id) for session_id in ids * 2]
    calls += [call(settle.catch_up, host, this) for _ in range(2)]
    calls += [call(decide, tiny, session_id, "exclude") for session_id in ids[:2]]
    at_once(calls)
    assert kept(tiny) == 2
    assert_counted(tiny)
    again = [call(decide, tiny, session_id, "include") for session_id in ids]
    at_once([*again, call(settle.resettle, host, this), call(settle.resettle, host, this)])
    assert kept(tiny) == 4
    assert_counted(tiny)


OPERATIONS = ("complete", "quick", "time out", "decline", "exclude", "include", "forget",
              "catch up", "resettle", "simulated")  # fmt: skip


@costly()
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99)), max_size=8))
def test_whatever_happens_the_counts_are_those_of_a_recount(
    tiny: Flask, client: FlaskClient, operations: list[tuple[str, int]]
) -> None:
    host = tiny.extensions["diptych"]
    usual = host.when_ended
    for operation, which in operations:
        happen(tiny, client, operation, which)
    host.when_ended = usual
    with tiny.app_context():
        assert settle.catch_up(host, study_id("tiny")) == 0
    assert_counted(tiny)


def happen(app: Flask, client: FlaskClient, operation: str, which: int) -> None:
    host = app.extensions["diptych"]
    ended = [
        row["id"]
        for row in rows(app, models.Session)
        if row["ended_at"] is not None and row["status"] != "declined"
    ]
    match operation:
        case "complete":
            Walker(client).start().trials()
        case "simulated":
            Walker(client).start(**link(app, "simulate", "tiny")).trials()
        case "quick":
            quick(Walker(client).start())
        case "decline":
            Walker(client).enter().take("consent", agreed=False)
        case "time out":
            late = Walker(client).enter()
            if which % 3:
                late.take("consent", agreed=True)
            long_ago = {"last_seen_at": now_ms() - 3 * HOUR}
            change(app, models.Session, long_ago, public_id=late.public_id)
            late.load()
        case "forget":
            forgetful(app)
        case "exclude" | "include" if ended:
            with app.app_context():
                decide(app, ended[which % len(ended)], operation)
        case "catch up":
            with app.app_context():
                settle.catch_up(host, study_id("tiny"), limit=1 + which % 3)
        case "resettle":
            with app.app_context():
                settle.resettle(host, study_id("tiny"))


counts = st.dictionaries(
    st.sampled_from("abc"), st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2), max_size=3
)


@costly()
@given(st.lists(counts, max_size=6), st.randoms())
def test_sums_do_not_depend_on_order_and_what_is_taken_out_leaves_no_trace(
    tiny: Flask, several: list[dict[str, list[float]]], random: Any
) -> None:
    with tiny.app_context():
        this = study_id("tiny")
        results = []
        for _ in range(2):
            steps = [(each, 1) for each in several] + [({"x": [1 / 3, 2], "a": [0.1, 7]}, 1)]
            random.shuffle(steps)
            steps.append(({"x": [1 / 3, 2], "a": [0.1, 7]}, -1))
            with writing() as connection:
                tallies.clear(connection, this)
                for each, sign in steps:
                    changes = Changes()
                    changes.add(Key(this, "person", "all", "own"), each, sign)
                    tallies.add(connection, changes)
            with reading() as connection:
                results.append(tallies.read(connection, this, "person", "all", "own"))
        with writing() as connection:
            connection.execute(table(models.Tally).delete())
    assert results[0] == results[1]
    sessions, found = results[0]
    assert sessions == len(several) and "x" not in found
    for name, numbers in found.items():
        for place, number in enumerate(numbers):
            slow = sum(each[name][place] for each in several if name in each)
            assert number == pytest.approx(slow, abs=1e-5)
