"""Conditions: balanced over completed and live sessions, also when people consent at once."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, given
from hypothesis import strategies as st
from support.properties import costly
from support.tiny_studies import category_study, merged
from support.walker import Walker, at_once, change, error_code, link, open_study, rows

from diptych.models import Session, SessionResult, Trial

pytestmark = pytest.mark.both_databases

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
MINUTE = 60_000


def make(
    app: Flask, tmp_path: Path, weights: dict[str, float], name: str = "tiny", **recruitment: Any
) -> None:
    """Open a study with conditions of these weights."""
    changes = {
        "conditions": [{"name": name, "weight": weight} for name, weight in weights.items()],
        "recruitment": recruitment,
    }
    folder = tmp_path / "studies" / name
    open_study(app, category_study(folder, per_class=2, training=1, test=1, changes=changes))


def someone(app: Flask, **entry: str) -> Walker:
    return Walker(app.test_client()).enter(**entry)


def condition_of(app: Flask, walker: Walker) -> str | None:
    found: str | None = rows(app, Session, public_id=walker.public_id)[0]["condition"]
    return found


def conditions(app: Flask, **where: Any) -> Counter[str]:
    return Counter(row["condition"] for row in rows(app, Session, **where) if row["condition"])


def test_a_full_study_is_balanced_exactly_though_all_consent_at_once(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path, {"a": 1, "b": 1, "c": 1}, participants=9)
    walkers = [someone(app) for _ in range(14)]
    replies = at_once([lambda w=w: w.step("consent", agreed=True) for w in walkers])  # type: ignore[misc]
    assert Counter(reply.status_code for reply in replies) == {200: 9, 409: 5}
    assert {error_code(reply) for reply in replies if reply.status_code == 409} == {"study_full"}
    assert conditions(app) == {"a": 3, "b": 3, "c": 3}
    turned_away = [row for row in rows(app, Session) if row["condition"] is None]
    assert {row["status"] for row in turned_away} == {"entered"}
    assert len(rows(app, Trial)) == 9 * 2


def test_two_versions_share_the_places_of_a_study(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, {"a": 1, "b": 1}, participants=6)
    old = [someone(app) for _ in range(6)]
    (tmp_path / "studies/tiny/debrief.md").write_text("# Another end\n")
    open_study(app, tmp_path / "studies/tiny")
    new = [someone(app) for _ in range(6)]
    replies = at_once([lambda w=w: w.step("consent", agreed=True) for w in (*old, *new)])  # type: ignore[misc]
    assert Counter(reply.status_code for reply in replies) == {200: 6, 409: 6}


def change_study(app: Flask, tmp_path: Path, **changes: Any) -> None:
    """Open another version of `tiny`, which `make` has made with conditions a and b."""
    spec = {"conditions": [{"name": "a"}, {"name": "b"}], "recruitment": {"participants": 100}}
    folder = tmp_path / "studies" / "tiny"
    shutil.rmtree(folder)
    changed = merged(spec, changes)
    open_study(app, category_study(folder, per_class=2, training=1, test=1, changes=changed))


def test_conditions_stay_balanced_over_versions(app: Flask, tmp_path: Path) -> None:
    """Four in a, four who dropped out of b, a comma in a text: now b's turn."""
    make(app, tmp_path, {"a": 1, "b": 1})
    for _ in range(8):
        walker = someone(app).take("consent", agreed=True)
        if condition_of(app, walker) == "b":
            change(app, Session, {"status": "returned"}, public_id=walker.public_id)
        else:
            change(app, Session, {"status": "completed"}, public_id=walker.public_id)
    done = conditions(app, status="completed")
    change_study(app, tmp_path, minutes=2)
    for _ in range(done["a"]):
        someone(app).take("consent", agreed=True)
    assert conditions(app, status="completed") == done
    assert conditions(app, status="consented") == {"b": done["a"]}


@SQLITE
@pytest.mark.parametrize(
    "changes",
    [
        {"task": {"rank": 1}},
        {"phases": {"test": 2}},
        {"policy": {"name": "balanced"}},
        {"conditions": [{"name": "a", "task": {"rank": 1}}, {"name": "b", "task": {"rank": 1}}]},
    ],
    ids=["task", "phases", "policy", "own task"],
)
def test_a_condition_of_another_content_is_another_one(
    app: Flask, tmp_path: Path, changes: dict[str, Any]
) -> None:
    make(app, tmp_path, {"a": 1, "b": 0})
    for _ in range(3):
        someone(app).take("consent", agreed=True)
    change_study(app, tmp_path, **changes)
    for _ in range(4):
        someone(app).take("consent", agreed=True)
    assert conditions(app) == {"a": 3 + 2, "b": 2}


def test_who_is_excluded_gives_the_place_back_where_the_study_says_so(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path, {"a": 1, "b": 1}, participants=2, replace_excluded=True)
    for _ in range(2):
        Walker(app.test_client()).start().finish()
    assert error_code(Walker(app.test_client()).arrive()) == "study_full"
    change(app, SessionResult, {"excluded": True})
    for _ in range(2):
        someone(app).take("consent", agreed=True)
    assert conditions(app) == {"a": 2, "b": 2}
    assert error_code(Walker(app.test_client()).arrive()) == "study_full"
    make(app, tmp_path, {"a": 1, "b": 1}, "usual", participants=1)
    Walker(app.test_client(), "usual").start().finish()
    change(app, SessionResult, {"excluded": True})
    assert error_code(Walker(app.test_client(), "usual").arrive()) == "study_full"


@SQLITE
def test_the_places_of_another_study_are_its_own(app: Flask, tmp_path: Path) -> None:
    for name in ("tiny", "other"):
        make(app, tmp_path, {"a": 1, "b": 1}, name, participants=2)
        for _ in range(2):
            Walker(app.test_client(), name).enter().take("consent", agreed=True)
        assert error_code(Walker(app.test_client(), name).arrive()) == "study_full"
    assert conditions(app) == {"a": 2, "b": 2}


@SQLITE
def test_weights_are_shares_and_zero_closes_a_condition(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, {"a": 2, "b": 1, "closed": 0, "half": 0.5})
    for _ in range(14):
        someone(app).take("consent", agreed=True)
    assert conditions(app) == {"a": 8, "b": 4, "half": 2}


@SQLITE
def test_dropouts_give_their_place_back_after_a_while(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, {"a": 1, "b": 1}, participants=2, dropout_minutes=30)
    first, second = (someone(app).take("consent", agreed=True) for _ in range(2))
    gone = condition_of(app, second)
    now = rows(app, Session)[0]["last_seen_at"]
    change(app, Session, {"last_seen_at": now - 29 * MINUTE}, public_id=second.public_id)
    assert error_code(Walker(app.test_client()).arrive()) == "study_full"
    change(app, Session, {"last_seen_at": now - 31 * MINUTE}, public_id=second.public_id)
    third = someone(app).take("consent", agreed=True)
    assert condition_of(app, third) == gone
    first.take("instructions", read_ms=1).finish()
    change(app, Session, {"last_seen_at": 0}, public_id=first.public_id)
    assert error_code(Walker(app.test_client()).arrive()) == "study_full"  # completed stays


@SQLITE
@pytest.mark.parametrize("status", ["declined", "screened_out", "timed_out", "returned"])
def test_ended_early_takes_no_place(app: Flask, tmp_path: Path, status: str) -> None:
    make(app, tmp_path, {"a": 1, "b": 1}, participants=1)
    walker = someone(app).take("consent", agreed=True)
    change(app, Session, {"status": status, "step": "end"}, public_id=walker.public_id)
    assert Walker(app.test_client()).arrive().status_code == 201


@SQLITE
def test_simulated_and_previews_never_count_for_people(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, {"a": 1, "b": 1}, participants=4)
    for purpose in ("simulate", "preview", "machine"):
        for _ in range(3):
            someone(app, **link(app, purpose, "tiny")).take("consent", agreed=True)
    for _ in range(4):
        someone(app).take("consent", agreed=True)
    assert conditions(app, kind="person") == {"a": 2, "b": 2}
    for kind in ("simulated", "preview", "machine"):
        assert sorted(conditions(app, kind=kind).values()) == [1, 2]
    assert error_code(Walker(app.test_client()).arrive()) == "study_full"


def least_loaded(sessions: list[dict[str, Any]], weights: dict[str, float], now: int) -> set[str]:
    """The rule by hand: who would be relatively fullest with one more is left out."""
    loads = {}
    for name, weight in weights.items():
        taken = 0
        for session in sessions:
            live = session["status"] in ("entered", "consented", "practising", "running")
            fresh = now - session["last_seen_at"] < 30 * MINUTE
            if session["condition"] == name and (
                session["status"] == "completed" or (live and fresh)
            ):
                taken += 1
        if weight:
            loads[name] = (taken + 1) / weight
    return {name for name, load in loads.items() if load == min(loads.values())}


FATES = st.lists(
    st.sampled_from(["live", "completed", "silent", "screened_out", "timed_out"]), max_size=9
)


@SQLITE
@pytest.mark.slow
def test_each_consent_gets_the_condition_that_the_rule_names(app: Flask, tmp_path: Path) -> None:
    weights: dict[str, float] = {"a": 1, "b": 2, "c": 0.5, "closed": 0}
    counter = iter(range(1000))

    @costly(phases=(Phase.generate,))
    @given(fates=FATES)
    def check(fates: list[str]) -> None:
        name = f"study{next(counter)}"
        make(app, tmp_path, weights, name)
        for fate in fates:
            before = [r for r in rows(app, Session) if r["condition"]]
            walker = Walker(app.test_client(), name).enter()
            version = rows(app, Session, public_id=walker.public_id)[0]["version_id"]
            before = [r for r in before if r["version_id"] == version]
            walker.take("consent", agreed=True)
            row = rows(app, Session, public_id=walker.public_id)[0]
            assert row["condition"] in least_loaded(before, weights, row["consented_at"])
            if fate == "silent":
                values: dict[str, Any] = {"last_seen_at": row["last_seen_at"] - 31 * MINUTE}
            else:
                values = {"status": "running" if fate == "live" else fate}
            change(app, Session, values, public_id=walker.public_id)

    check()


@SQLITE
def test_ties_are_broken_by_lot(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path, {"a": 1, "b": 1})
    firsts = Counter[str | None]()
    for _ in range(24):
        walker = someone(app).take("consent", agreed=True)
        firsts[condition_of(app, walker)] += 1
        change(app, Session, {"status": "screened_out"}, public_id=walker.public_id)
    # All of one kind happens once in eight million runs.
    assert set(firsts) == {"a", "b"}
