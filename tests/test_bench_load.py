"""The benchmark with think times counts right: short runs, and its parts; nothing is timed."""

from __future__ import annotations

import importlib
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.ground.settings import Settings

TESTS = Path(__file__).parent
BENCHMARKS = TESTS.parent / "benchmarks"
SESSION = ("page", "bundle", "entry", "consent", "instructions", "picture list", "picture")


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks, as their scripts do."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def _run(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """What a quick run has found."""
    found = tmp_path / "found.json"
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- load -->\nold\n<!-- end of load -->\n\nafter\n")
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "bench_load.py", "--quick", "--json", found, "--docs", page,
         "--trials", "9", "--seconds", "10", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    text = page.read_text()
    assert text.startswith("before\n\n<!-- load -->\n")
    assert text.endswith("<!-- end of load -->\n\nafter\n")
    assert "old" not in text
    return json.loads(found.read_text())


def _is_whole(found: dict[str, Any], hosts: int) -> None:
    """A run in which everything was asked for, and nothing went wrong."""
    assert len(found["loads"]) == hosts
    for load in found["loads"]:
        asked = load["requests"]
        assert load["participants"] == 5
        assert load["errors"] == {}
        assert load["kept_once"] is True
        assert load["completed"] > 0
        # Whoever came in the window may have begun before it, and the other way round; but each
        # session has one of these, and many pictures and answers.
        assert set(SESSION) | {"answer", "last answer"} <= set(asked)
        assert load["answers"] == asked["answer"] + asked["last answer"]
        assert asked["picture"] > asked["entry"]
        assert load["cpu_s"]["server"] > 0
        assert load["peak_bytes"]["server"] > 10e6
        assert 0 < load["statements_a_request"] < 10
    assert found["wrong"] == []


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_quick_run_on_sqlite_with_its_yardstick(tmp_path: Path) -> None:
    found = _run(tmp_path, "--setups", "sqlite:1", "--parts", "load", "yardstick")
    _is_whole(found, 1)
    assert found["sql"]["SQLite"]["picture"][0] == 0, "a picture touches the database"
    assert [turn["what"] for turn in found["turns"]] == ["bare", "answer"]
    for turn in found["turns"]:
        assert turn["requests"] > 0
        assert turn["errors"] == {}
        assert turn["cpu_s"]["server"] > 0


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.exhaustive
def test_a_quick_run_on_three_hosts_behind_a_proxy(tmp_path: Path) -> None:
    found = _run(tmp_path, "--setups", "postgresql:3", "--parts", "load")
    _is_whole(found, 1)
    load = found["loads"][0]
    assert load["peak_bytes"]["database"] > 10e6
    assert {"server", "database", "proxy", "client"} == set(load["cpu_s"])
    # Counted on the wire: BEGIN and COMMIT are round trips too, but an answer sends neither.
    statements, trips = found["sql"]["PostgreSQL"]["answer"]
    assert statements <= trips <= 3


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_quick_run_of_both_policies(tmp_path: Path) -> None:
    found, page = tmp_path / "found.json", tmp_path / "page.md"
    mark = "policies quest_plus"
    page.write_text(f"before\n<!-- {mark} -->\nold\n<!-- end of {mark} -->\nafter\n")
    subprocess.run(
        [sys.executable, BENCHMARKS / "bench_policies.py", "--quick", "--trials", "9",
         "--seconds", "8", "--policy", "quest_plus", "--json", found, "--docs", page],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=True,
    )  # fmt: skip
    arms = json.loads(found.read_text())["arms"]
    assert [arm["policy"] for arm in arms] == ["planned_constant_stimuli", "adaptive_quest_plus"]
    for arm in arms:
        assert arm["answers"] > 0 and arm["errors"] == {}
        assert arm["answer_ms"]["0.5"] <= arm["answer_ms"]["0.99"]
    assert "| adaptive_quest_plus |" in page.read_text() and "old" not in page.read_text()


def test_think_times_have_the_mean_they_say(part: Any) -> None:
    think, rng = part("think"), random.Random(3)
    for pace in think.PACES.values():
        drawn = [pace.trial.draw(rng) for _ in range(20_000)]
        assert min(drawn) > pace.trial.least
        assert math.isclose(statistics.fmean(drawn), pace.trial.mean, rel_tol=0.03)
        whole = pace.whole(trials=2, told=1)
        by_hand = pace.consent.mean + pace.instructions.mean + pace.ready.mean
        by_hand += 2 * pace.trial.mean + pace.told.mean + pace.comment.mean + pace.debrief.mean
        assert math.isclose(whole, by_hand)


def test_cpu_time_of_children_counts_also_when_they_have_ended(part: Any) -> None:
    processes = part("processes")
    begun = processes.cpu_seconds(os.getpid())
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    child = subprocess.Popen([sys.executable, "-c", burn])
    assert child.pid in processes.tree(os.getpid())
    child.wait()
    assert processes.cpu_seconds(os.getpid()) - begun >= 0.45
    assert child.pid not in processes.tree(os.getpid())


def test_memory_is_what_a_process_has_taken(part: Any) -> None:
    processes = part("processes")
    hold = "import time\nx = bytearray(80_000_000)\nprint('ready', flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert 80e6 < processes.memory_bytes(child.pid) < 160e6
        child.kill()


@pytest.mark.parametrize("limit", [1, 40, 130, 999, 5000])
def test_the_largest_load_is_found_to_a_tenth(part: Any, limit: int) -> None:
    report, crowd = part("load_report"), part("crowd_load")

    def seen(n: int) -> Any:
        seconds = 0.05 if n <= limit else 0.5
        return crowd.Measured(n, 1.0, {"answer": [seconds]}, {}, 0)

    search = report.LargestLoad("any", [(50, seen(50))])
    while (n := search.next(200.0, 100_000)) is not None:
        search.tried.append((n, seen(n)))
    held, failed = search.bounds(200.0)
    assert held <= limit < failed
    assert failed - held <= max(1, failed // 10)


def test_copies_stand_where_they_say_and_go_on_to_the_end(
    part: Any, app: Flask, settings: Settings, studies_folder: Path
) -> None:
    open_study(app, studies_folder / "tiny")
    joining = part("standing").Standing(settings, app, "tiny").copies(7)
    assert len({each.session for each in joining}) == len(joining) >= 7
    assert {each.answered for each in joining} == {1, 2, 3, 4, 5}
    for each in joining[:3]:
        headers = {"Authorization": f"Bearer {each.token}"}
        state = app.test_client().get("/api/v1/session", headers=headers).get_json()
        assert state["progress"]["done"] == each.answered
        assert state["session"]["id"] == each.session
        walker = Walker(app.test_client(), "tiny")
        walker.token, walker.state = each.token, state
        assert walker.trials().step_name == "debrief"
    settled = [row for row in rows(app, models.Session) if row["result_at"] is not None]
    assert {row["public_id"] for row in settled} == {each.session for each in joining[:3]}


def test_answers_that_are_lost_or_never_given_are_noticed(
    part: Any, app: Flask, settings: Settings, studies_folder: Path
) -> None:
    open_study(app, studies_folder / "tiny")
    not_kept, books = part("hosts").not_kept, part("books").Books()
    walker = Walker(app.test_client(), "tiny").start()
    for _ in range(3):
        walker.answer()
    session = walker.public_id
    books.acknowledged[session], books.sent[session] = 3, 3
    assert not_kept(settings, books) == []
    books.sent[session] = 4  # one was under way: nobody knows what became of it
    assert not_kept(settings, books) == []
    books.acknowledged[session] = 4
    assert len(not_kept(settings, books)) == 1, "one is lost"
    books.acknowledged[session] = books.sent[session] = 2
    assert len(not_kept(settings, books)) == 1, "one was never given"


def test_the_end_of_a_window_is_noted_from_the_participants_side(part: Any) -> None:
    books = part("books").Books()
    books.took("answer", 0.1)
    books.error("before")
    books.begin()
    books.took("answer", 0.2)
    books.error("within")
    now = time.perf_counter()
    # Whoever began in a minute has not waited yet, however long this takes.
    books.under_way = {("a", 0): ("answer", now - 9), ("b", 0): ("answer", now + 60)}
    books.end()
    books.took("answer", 0.3)
    noted, *waiting = books.times["answer"]
    assert noted == 0.2
    assert [seconds >= 9 for seconds in waiting] == [True], "nobody is forgotten"
    assert books.errors == {"within": 1}
    assert books.errors_ever == {"before": 1, "within": 1}
