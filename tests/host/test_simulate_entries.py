"""A whole crowd at a platform's door: learners, guessers, bots, quitters, repeaters, and flags."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rows import query, wait_until_settled
from support.servers import LiveServer
from support.tiny_studies import category_study

from diptych.ground.keys import study_key
from diptych.ground.settings import Settings
from diptych.simulation import observer_class
from diptych.simulation.entries import check_loopback, entry_of, made_up, read_template
from diptych.simulation.run import Summary, simulate
from diptych.simulation.visitor import SimulationFault

PROLIFIC = {"PROLIFIC_PID": "{person}", "STUDY_ID": "try", "SESSION_ID": "{visit}"}
RULES = {
    "max_fast_share": 0.5,
    "min_input_events": 20,
    "max_repeats": 0,
    "max_lookalikes": 0,
    "max_chance_p": 0.05,
    "max_same_response_run": 12,
}
TASKS = ("category_learning", "two_afc")


@pytest.fixture
def day(studies_folder: Path, settings: Settings, request: pytest.FixtureRequest) -> LiveServer:
    """A host with `day` (once) and `again` (as often as one likes) open."""
    many = {"training": 12, "test": 12, "per_class": 20}
    category_study(studies_folder / "day", changes={"quality": RULES}, **many)  # type: ignore[arg-type]
    often = {"quality": RULES, "recruitment": {"once": False}}
    category_study(studies_folder / "again", changes=often)
    server: LiveServer = request.getfixturevalue("live_server")
    return server


def come(server: LiveServer, study: str, observer: str, n: int, **more: Any) -> Summary:
    folder = Path(server.environment["DIPTYCH_STUDIES"]) / study
    options = {"key": "", "entry": PROLIFIC, "run": f"{observer}s", **more}
    return simulate(server.url, folder, n, observer=observer, **options)


def flags(settings: Settings, study: str) -> dict[str, set[str]]:
    """Rules that flag each session of people, by public id."""
    wait_until_settled(settings)
    found: dict[str, set[str]] = {
        row.public_id: set()
        for row in query(
            settings,
            "SELECT s.public_id FROM sessions s JOIN studies t ON t.id = s.study_id "
            f"WHERE t.name = '{study}' AND s.kind = 'person'",
        )
    }
    for row in query(
        settings,
        "SELECT s.public_id, q.rule FROM quality_results q JOIN sessions s ON s.id = q.session_id "
        f"JOIN studies t ON t.id = s.study_id WHERE q.flagged AND t.name = '{study}'",
    ):
        found[row.public_id].add(row.rule)
    return found


def test_a_crowd_comes_as_people_and_each_kind_is_flagged_for_what_it_is(
    day: LiveServer, settings: Settings
) -> None:
    crowd = {
        name: come(day, "day", name, n)
        for name, n in (("learner", 6), ("bot", 3), ("quitter", 3), ("repeater", 2))
    }
    found = flags(settings, "day")
    assert len(found) == 6 + 3 + 3 + 2 * 2, "who comes again has two accounts"
    for bot in crowd["bot"].taken:
        assert {"min_input_events"} <= found[bot.session]
    learners = [found[taken.session] for taken in crowd["learner"].taken]
    assert not any(
        {"min_input_events", "max_fast_share", "max_repeats"} & each for each in learners
    )
    for taken in crowd["quitter"].taken:
        assert taken.outcome == "left" and 1 <= taken.answers < 24
    firsts, seconds = (
        [t for t in crowd["repeater"].taken if t.participant.endswith("-again") is again]
        for again in (False, True)
    )
    for second in seconds:
        assert "max_lookalikes" in found[second.session]
        assert "max_repeats" not in found[second.session], "the platform knows two people"
    assert len(firsts) == len(seconds) == 2
    kinds = Counter(r.recruiter for r in query(settings, "SELECT recruiter FROM sessions"))
    assert kinds == {"prolific": 16}
    statuses = Counter(r.status for r in query(settings, "SELECT status FROM sessions"))
    assert statuses == {"completed": 13, "running": 3}


def test_where_it_is_allowed_a_repeater_comes_under_the_same_id(
    day: LiveServer, settings: Settings
) -> None:
    summary = come(day, "again", "repeater", 2)
    found = flags(settings, "again")
    assert len(summary.taken) == len(found) == 4
    for taken in summary.taken:
        second = taken.participant.endswith("-again")
        assert ("max_repeats" in found[taken.session]) is second


def test_the_command_lets_them_come(day: LiveServer, settings: Settings) -> None:
    words = [f"--entry={key}={value}" for key, value in PROLIFIC.items()]
    told = day.diptych("simulate", "day", "-n", "2", "--base-url", day.url, *words)
    assert "2 completed" in told
    rows = query(settings, "SELECT kind, recruiter FROM sessions")
    assert [(r.kind, r.recruiter) for r in rows] == [("person", "prolific")] * 2


# Whoever is not at this machine's door ---------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["https://study.example.org", "http://10.0.0.5:8000", "http://127.0.0.1.example.org", "", "x"],
)
def test_made_up_people_come_to_no_other_host(address: str, studies_folder: Path) -> None:
    with pytest.raises(SimulationFault, match="loopback"):
        simulate(address, studies_folder / "tiny", 1, key="", entry=PROLIFIC)


@pytest.mark.parametrize("address", ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1"])
def test_loopback_addresses_are_this_machine(address: str) -> None:
    check_loopback(address)


def test_ids_are_made_up_anew_for_each_person_and_stay_the_same_for_a_run() -> None:
    entries = [entry_of(PROLIFIC, "run", n) for n in range(50)]
    assert (
        len({e["PROLIFIC_PID"] for e in entries}) == len({e["SESSION_ID"] for e in entries}) == 50
    )
    assert entries[7] == entry_of(PROLIFIC, "run", 7)
    assert entry_of(PROLIFIC, "run", 7, account=0, take=1) == {
        **entries[7],
        "SESSION_ID": made_up("visit run 7 1"),
    }
    assert {e["STUDY_ID"] for e in entries} == {"try"}


def test_a_word_that_is_no_entry_is_named() -> None:
    assert read_template(("A=b=c", "D=")) == {"A": "b=c", "D": ""}
    with pytest.raises(SimulationFault, match=r"'nonsense'.*KEY=VALUE"):
        read_template(("nonsense",))


# What they are -------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_each_kind_has_its_habit(task: str) -> None:
    def made(name: str) -> Any:
        return observer_class(task, name)(np.random.default_rng([1, 2]))

    assert made("bot").hands(600_000) == (0, 0, 0)
    moves, presses, _ = made("learner").hands(600_000)
    assert 4500 < moves < 6500 and presses > 50
    assert made("learner").leaves_at(45) is None
    left = {
        observer_class(task, "quitter")(np.random.default_rng(n)).leaves_at(45) for n in range(60)
    }
    assert left <= set(range(1, 45)) and len(left) > 20
    assert made("repeater").comes_again and not made("learner").comes_again
    assert made("guesser").browser() == made("guesser").browser()
    assert json.dumps(made("bot").browser()).count("diptych-simulate") == 1


def test_habits_do_not_change_answers() -> None:
    """A learner of a seed answers as ever: what it does beside is drawn apart."""
    plain, busy = (observer_class("two_afc", "learner")(np.random.default_rng(4)) for _ in range(2))
    for _ in range(10):
        busy.hands(5000)
    assert plain.rng.random() == busy.rng.random()


def test_simulated_people_still_come_by_their_link(day: LiveServer, settings: Settings) -> None:
    key = study_key(settings.secret_key.encode(), "simulate", "day")
    come(day, "day", "guesser", 2, entry=None, key=key)
    assert {r.kind for r in query(settings, "SELECT kind FROM sessions")} == {"simulated"}
