"""Quality beyond one session, on both databases: repeats, lookalikes, counts, recomputing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.domain.tables import SESSIONS, VERSIONS
from diptych.ground.database import insert_row, reading, table, writing
from diptych.host import host
from diptych.overview.quality import PAGE, flagged, overview
from diptych.quality import Others, others
from diptych.settling import settle
from diptych.study.versions import frozen, study_id_of

HALF_AN_HOUR = 30 * 60_000
BROWSER = {
    "width": 1000,
    "height": 700,
    "pixel_ratio": 1,
    "user_agent": "Firefox",
    "language": "en",
}


def prolific(person: str) -> dict[str, str]:
    return {"PROLIFIC_PID": person, "STUDY_ID": "study1", "SESSION_ID": f"sub-{person}"}


def study(app: Flask, folder: Path, name: str = "tiny", **changes: Any) -> None:
    """Open a tiny study with changes."""
    open_study(app, category_study(folder / name, changes=changes))


def found(app: Flask, public_id: str) -> dict[str, dict[str, Any]]:
    """Stored findings of a session, by rule."""
    (session,) = rows(app, models.Session, public_id=public_id)
    return {r["rule"]: r for r in rows(app, models.QualityResult, session_id=session["id"])}


def result(app: Flask, public_id: str) -> dict[str, Any]:
    (session,) = rows(app, models.Session, public_id=public_id)
    (row,) = rows(app, models.SessionResult, session_id=session["id"])
    return row


# Who came ------------------------------------------------------------------------------------


def test_a_second_session_under_the_same_id_is_flagged_and_the_first_is_not(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    study(app, tmp_path, recruitment={"once": False}, quality={"max_repeats": 0})
    first = Walker(client).start(**prolific("ada")).finish()
    second = Walker(client).start(**prolific("ada")).finish()
    other = Walker(client).start(**prolific("bob")).finish()
    assert not found(app, first.public_id)["max_repeats"]["flagged"]
    assert not found(app, other.public_id)["max_repeats"]["flagged"]
    row = found(app, second.public_id)["max_repeats"]
    assert (row["flagged"], row["auto"], row["value"]) == (True, False, 1)
    assert first.public_id in row["evidence"]
    assert "ada" not in row["evidence"].replace(first.public_id, "")
    assert result(app, second.public_id)["excluded"] is False, "a flag is for a person to decide by"
    with app.app_context():
        settle.resettle(host(), study_id_of("tiny"))
    assert not found(app, first.public_id)["max_repeats"]["flagged"], "nor when worked out later"


def test_a_session_in_an_excluded_study_counts_as_a_repeat(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    study(app, tmp_path, "before")
    study(app, tmp_path, "unrelated")
    Walker(client, "before").start(**prolific("ada")).finish()
    Walker(client, "unrelated").start(**prolific("ada")).finish()
    Walker(client, "before").enter(**prolific("eve"))  # has seen no trial
    # The study rules `before` out only in a later version than the one these people took.
    study(app, tmp_path, quality={"max_repeats": 0, "auto": ["max_repeats"]})
    ada = Walker(client, "tiny").start(**prolific("ada"))
    eve = Walker(client, "tiny").start(**prolific("eve"))
    version = rows(app, models.StudyVersion)[-1]
    spec = {**version["spec"], "recruitment": {**version["spec"]["recruitment"]}}
    spec["recruitment"]["exclude_studies"] = ["before"]
    change(app, models.StudyVersion, {"spec": spec}, id=version["id"])
    with app.app_context():
        from diptych.study import versions

        versions._memory.clear()
        assert frozen(version["id"]).spec.recruitment.exclude_studies == ("before",)
    ada.finish()
    eve.finish()
    row = found(app, ada.public_id)["max_repeats"]
    assert (row["value"], row["flagged"]) == (1, True)
    assert "before: " in row["evidence"]
    assert result(app, ada.public_id)["excluded"] is True, "the study says that this decides alone"
    assert not found(app, eve.public_id)["max_repeats"]["flagged"]


@pytest.mark.both_databases
def test_lookalikes_are_what_a_search_through_all_sessions_finds(
    app: Flask, studies_folder: Path
) -> None:
    version = open_study(app, studies_folder / "tiny")
    rng = random.Random(5)
    made: list[dict[str, Any]] = []
    with app.app_context(), writing() as connection:
        people = [
            insert_row(
                connection,
                insert(models.Participant).values(public_id=f"p{n}", kind="person", created_at=1),
            )
            for n in range(12)
        ]
        for n in range(60):
            browser = {**BROWSER, "width": rng.choice([1000, 1200])}
            if rng.random() < 0.2:
                browser = {}
            values = {
                "public_id": f"s{n}",
                "study_id": 1,
                "version_id": version,
                "participant_id": rng.choice(people),
                "take": n + 1,
                "kind": rng.choice(["person", "person", "simulated"]),
                "recruiter": "direct",
                "seed": 1,
                "status": "completed",
                "step": "end",
                "browser": browser,
                "entered_at": 10**12 + rng.randrange(4 * HALF_AN_HOUR),
                "last_seen_at": 10**12,
                "started_at": rng.choice([None, 10**12]),
            }
            made.append({**values, "id": insert_row(connection, insert(SESSIONS).values(values))})
    with app.app_context(), reading() as connection:
        for mine in made:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == mine["id"])).one()
            known: Others = others(connection, row)
            alike = {
                s["public_id"]
                for s in made
                if s["id"] < mine["id"]
                and s["kind"] == mine["kind"]
                and s["participant_id"] != mine["participant_id"]
                and 0 <= mine["entered_at"] - s["entered_at"] <= HALF_AN_HOUR
                and mine["browser"]
                and s["browser"] == mine["browser"]
            }
            assert set(known.lookalikes) == alike
            again = [
                s["public_id"]
                for s in made
                if s["id"] < mine["id"]
                and s["participant_id"] == mine["participant_id"]
                and s["started_at"] is not None
            ]
            assert list(known.same_person) == again


def test_lookalikes_are_a_hint(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    study(app, tmp_path, quality={"max_lookalikes": 0})
    walkers = []
    for person in ("ada", "bob"):
        walker = Walker(client)
        assert walker.arrive(BROWSER, **prolific(person)).status_code == 201
        walker.take("consent", agreed=True).take("instructions", read_ms=9000).finish()
        walkers.append(walker)
    row = found(app, walkers[1].public_id)["max_lookalikes"]
    assert (row["flagged"], row["auto"]) == (True, False)
    assert walkers[0].public_id in row["evidence"]


# What the page told with the last answer ------------------------------------------------------


def test_what_rides_with_the_last_answer_is_judged(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    study(app, tmp_path, quality={"min_input_events": 5})
    walker = Walker(client).start()
    event = {"kind": "input", "at_ms": 5, "trial_index": 5, "detail": "moves=4 presses=1 keys=0"}
    while walker.step_name == "trials":
        last = walker.trial["index"] == 5
        ranking = walker.trial["show"]["classes"][:2]
        reply = walker.post(
            walker.trial["index"], {"ranking": ranking}, events=[event] if last else []
        )
        assert reply.status_code == 200, reply.text
        walker.state = reply.json["next"]
    row = found(app, walker.public_id)["min_input_events"]
    assert (row["value"], row["flagged"]) == (5, False)


# Counts and lists -----------------------------------------------------------------------------


def test_the_overview_counts_what_stands_in_the_rows(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    study(
        app,
        tmp_path,
        quality={
            "min_instructions_s": 15,
            "max_clock_conflicts": 2,
            "max_practice_attempts": 1,
            "auto": ["min_instructions_s"],
        },
    )
    for n in range(PAGE + 5):
        walker = Walker(client).enter().take("consent", agreed=True)
        walker.take("instructions", read_ms=9000 if n % 3 == 0 else 20_000)
        walker.finish()
    with app.app_context(), reading() as connection:
        seen = overview(connection, study_id_of("tiny"), "person")
        stored = rows(app, models.QualityResult)
        for each in seen.rules:
            own = [row for row in stored if row["rule"] == each.rule.name]
            assert each.judged == len(own) == PAGE + 5
            assert each.flagged == sum(row["flagged"] for row in own)
            listed, before = flagged(connection, study_id_of("tiny"), "person", each.rule.name)
            while before is not None:
                more, before = flagged(
                    connection, study_id_of("tiny"), "person", each.rule.name, before
                )
                listed += more
            assert [row.session_id for row in listed] == sorted(
                (row["session_id"] for row in own if row["flagged"]), reverse=True
            )
        assert [each.rule.name for each in seen.rules if each.auto] == ["min_instructions_s"]
        assert (seen.completed, seen.excluded) == (PAGE + 5, 10)
        assert overview(connection, study_id_of("tiny"), "simulated").completed == 0


# Old versions and new thresholds ---------------------------------------------------------------


def test_versions_from_before_auto_exclude_as_they_did(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    study(app, tmp_path, quality={"min_instructions_s": 25})
    with app.app_context(), writing() as connection:
        from diptych.study import versions

        spec = connection.execute(select(VERSIONS.c.spec)).scalar_one()
        assert spec["quality"].pop("auto") == []
        connection.execute(update(VERSIONS).values(spec=spec))
        versions._memory.clear()
    walker = Walker(client).start().finish()
    assert found(app, walker.public_id)["min_instructions_s"]["auto"] is True
    assert result(app, walker.public_id)["excluded"] is True


@pytest.mark.parametrize("auto", [True, False])
def test_working_out_anew_changes_nothing_but_what_was_wrong(
    app: Flask, client: FlaskClient, tmp_path: Path, auto: bool
) -> None:
    rules = {"min_instructions_s": 25, "auto": ["min_instructions_s"] if auto else []}
    study(app, tmp_path, quality=rules)
    walkers = [Walker(client).start().finish() for _ in range(3)]
    before = rows(app, models.QualityResult), rows(app, models.Tally)
    with app.app_context(), writing() as connection:
        wrong = table(models.QualityResult)
        connection.execute(update(wrong).values(flagged=False, value=99.0))
    with app.app_context():
        assert settle.resettle(host(), study_id_of("tiny")) == 0
    assert (rows(app, models.QualityResult), rows(app, models.Tally)) == before
    assert [result(app, w.public_id)["excluded"] for w in walkers] == [auto] * 3
