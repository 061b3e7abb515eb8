"""Studies over several days: who can start a later part, when, and what it shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from icalendar import Calendar
from support.figure_sessions import exported
from support.tiny_studies import category_study, to_toml, two_afc_study
from support.walker import Walker, at_once, change, error_code, link, open_study, rows

from diptych import models
from diptych.study.versions import set_state
from diptych.study.windows import DAY_MS

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
PART = {"after_days": 1, "window_days": 2, "phases": {"test": 3}, "items": "same", "reward": 0.5}
CODES = {"recruitment": {"prolific": {"completed": "DONE2"}}}
CHANGES: dict[str, Any] = {
    "part": [{**PART, **CODES}],
    "conditions": [{"name": "one"}, {"name": "other"}],
}


def open_parts(app: Flask, tmp_path: Path, **changes: Any) -> Path:
    folder = category_study(tmp_path / "studies/tiny", changes={**CHANGES, **changes})
    open_study(app, folder)
    return folder


def pass_days(app: Flask, days: float) -> None:
    """Let days pass since the first parts ended."""
    for row in rows(app, models.Session, part=1):
        ended_at = row["ended_at"] - round(days * DAY_MS)
        change(app, models.Session, {"ended_at": ended_at}, id=row["id"])


@pytest.mark.both_databases
def test_a_person_takes_two_parts_on_two_days(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    first = Walker(app.test_client()).start(participant="ada").finish()
    assert first.step_name == "end"
    pass_days(app, 1.5)
    second = Walker(app.test_client()).start(participant="ada", part="2")
    assert second.state["progress"] == {"done": 0, "of": 3}
    second.finish()
    assert second.step_name == "end"
    tables = exported(app, "tiny", tmp_path / "out")
    sessions = tables.sessions.set_index("part")
    assert list(sessions.index) == [1, 2]
    assert sessions["condition"].nunique() == 1
    assert sessions["participant_id"].nunique() == 1
    assert sessions.loc[1, "days_since_first"] == 0
    assert sessions.loc[2, "days_since_first"] == pytest.approx(1.5, abs=0.01)
    trials = tables.trials
    assert list(trials.groupby("part").size()) == [6, 3]
    taught = trials[(trials["part"] == 1) & (trials["phase"] == "training")]
    asked = trials[trials["part"] == 2]
    assert set(asked["stimulus_id"]) <= set(taught["stimulus_id"])
    assert set(asked["phase"]) == {"test"}


@pytest.mark.parametrize(("days", "code"), [(0.9, "part_early"), (3.01, "part_late")])
@SQLITE
def test_a_part_is_started_in_its_window_alone(
    app: Flask, tmp_path: Path, days: float, code: str
) -> None:
    open_parts(app, tmp_path)
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, days)
    reply = Walker(app.test_client()).arrive(participant="ada", part="2")
    assert (reply.status_code, error_code(reply)) == (409, code)
    assert reply.json["error"]["said"]["key"] == code
    assert len(rows(app, models.Session)) == 1


@SQLITE
def test_nobody_starts_a_later_part_without_the_first(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    for entry in ({"participant": "eve"}, {}):
        reply = Walker(app.test_client()).arrive(part="2", **entry)
        assert (reply.status_code, error_code(reply)) == (403, "part_unknown")
    begun = Walker(app.test_client()).start(participant="ada")
    assert error_code(Walker(app.test_client()).arrive(participant="ada", part="2")) == (
        "part_unknown"
    )
    assert begun.load().step_name == "trials"
    for wrong in ("0", "3", "two", "", "-1", "99999999999"):
        reply = Walker(app.test_client()).arrive(participant="ada", part=wrong)
        assert error_code(reply) == "not_eligible"


@pytest.mark.both_databases
def test_a_part_is_taken_once(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path, recruitment={"once": False})
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    second = Walker(app.test_client()).start(participant="ada", part="2")
    second.answer()
    again = Walker(app.test_client()).enter(participant="ada", part="2")
    assert again.public_id == second.public_id
    assert again.trial["index"] == 1
    again.finish()
    pass_days(app, 9)  # what has begun is not closed
    assert Walker(app.test_client()).enter(participant="ada", part="2").step_name == "end"
    # The first part can be taken again where the study says so; the second cannot.
    assert Walker(app.test_client()).start(participant="ada").step_name == "trials"
    parts = [(row["part"], row["take"]) for row in rows(app, models.Session)]
    assert parts == [(1, 1), (2, 2), (1, 3)]


@SQLITE
def test_later_parts_take_no_places(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path, recruitment={"participants": 2})
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    Walker(app.test_client()).start(participant="ada", part="2").finish()
    Walker(app.test_client()).start(participant="bob").finish()
    reply = Walker(app.test_client()).arrive(participant="cleo")
    assert error_code(reply) == "study_full"
    pass_days(app, 1)  # a full study still sees its people again
    assert Walker(app.test_client()).start(participant="bob", part="2").step_name == "trials"


@SQLITE
def test_simulated_people_do_not_wait(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    key = link(app, "simulate", "tiny")
    Walker(app.test_client()).start(participant="s1", **key).finish()
    second = Walker(app.test_client()).start(participant="s1", part="2", **key).finish()
    assert second.step_name == "end"
    reply = Walker(app.test_client()).arrive(participant="s2", part="2", **key)
    assert error_code(reply) == "part_unknown"


@SQLITE
def test_a_preview_shows_a_later_part(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    shown = Walker(app.test_client()).start(part="2", **link(app, "preview", "tiny"))
    assert shown.state["progress"]["of"] == 3
    assert shown.finish().step_name == "end"


def next_part(walker: Walker) -> dict[str, Any]:
    told: dict[str, Any] = walker.state["content"]["next_part"]
    return told


@pytest.mark.both_databases
def test_somebody_without_an_id_comes_back_by_a_personal_link(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path, recruitment={"direct": {"kiosk": True}})
    first = Walker(app.test_client()).start().finish()
    told = next_part(first)
    (session,) = rows(app, models.Session)
    assert told["part"] == 2
    assert told["opens_at"] == session["ended_at"] + DAY_MS
    assert told["closes_at"] == session["ended_at"] + 3 * DAY_MS
    entry = dict(parse_qsl(urlsplit(told["link"]).query))
    pass_days(app, 1)
    second = Walker(app.test_client()).start(**entry).finish()
    assert "next_part" not in second.state["content"]  # there is none
    assert len(rows(app, models.Participant)) == 1
    for person in (entry["person"][:-1] + "!", entry["person"].partition(".")[0], "x.y", "\x00"):
        reply = Walker(app.test_client()).arrive(part="2", person=person)
        assert (reply.status_code, error_code(reply)) == (403, "not_eligible")
        assert reply.json["error"]["said"]["key"] == "invalid_key"


@SQLITE
def test_a_platform_invites_to_the_next_part(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    ids = {"PROLIFIC_PID": "ada", "STUDY_ID": "p1", "SESSION_ID": "s1"}
    first = Walker(app.test_client()).start(**ids).finish()
    assert next_part(first)["link"] is next_part(first)["calendar"] is None
    assert first.state["content"]["exit"]["code"] == "DONE"
    pass_days(app, 1)
    # The submission of the first part is paid for the first part.
    reply = Walker(app.test_client()).arrive(part="2", **ids)
    assert (reply.status_code, error_code(reply)) == (403, "not_eligible")
    # Nor does a typed id of the person lead into their second part from elsewhere.
    assert error_code(Walker(app.test_client()).arrive(part="2", participant="ada")) == (
        "part_unknown"
    )
    second = {**ids, "STUDY_ID": "p2", "SESSION_ID": "s2"}
    back = Walker(app.test_client()).start(part="2", **second).finish()
    assert back.state["content"]["exit"]["code"] == "DONE2"
    # And the submission of the second leads nowhere in the first.
    reply = Walker(app.test_client()).arrive(**second)
    assert error_code(reply) == "not_eligible"


@SQLITE
def test_a_calendar_file_holds_the_window(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    told = next_part(Walker(app.test_client()).start(participant="ada").finish())
    path = told["calendar"].removeprefix("http://127.0.0.1:8000")
    reply = app.test_client().get(path)
    assert (reply.status_code, reply.mimetype) == (200, "text/calendar")
    (event,) = Calendar.from_ical(reply.data).walk("VEVENT")
    assert event.start.timestamp() == told["opens_at"] // 1000
    assert event.end.timestamp() == told["closes_at"] // 1000
    assert str(event["url"]) == told["link"]
    for wrong in (path.replace("person=", "person=x"), path.replace("part=2", "part=1")):
        assert app.test_client().get(wrong).status_code == 403
    assert app.test_client().get("/s/nothing/calendar.ics").status_code == 404


@pytest.mark.parametrize(
    "policy", [{"name": "largest_error", "features": ["size"]}, {"name": "leitner"}]
)
@SQLITE
def test_policies_that_teach_choose_among_the_items_of_a_part(
    app: Flask, tmp_path: Path, policy: dict[str, Any]
) -> None:
    part = {**PART, **CODES, "phases": {"training": 2, "test": 2}}
    open_parts(app, tmp_path, part=[part], policy=policy)
    for name in ("ada", "bob"):
        Walker(app.test_client()).start(participant=name).finish()
    pass_days(app, 1)
    for name in ("ada", "bob"):
        second = Walker(app.test_client()).start(participant=name, part="2").finish()
        assert second.step_name == "end"
    trials = exported(app, "tiny", tmp_path / "out").trials
    for _, theirs in trials.groupby("participant_id"):
        taught = theirs[(theirs["part"] == 1) & (theirs["phase"] == "training")]
        asked = theirs[theirs["part"] == 2]
        assert len(asked) == 4
        assert set(asked["stimulus_id"]) <= set(taught["stimulus_id"])


@SQLITE
def test_images_that_explained_an_answer_are_not_new(app: Flask, tmp_path: Path) -> None:
    part = {**PART, **CODES, "phases": {"test": 6}, "items": "new"}
    task = {"explanation": "contrast", "explanation_features": "size", "explanation_images": 1}
    open_parts(app, tmp_path, part=[part], task=task)
    for name in ("ada", "bob", "eve"):
        Walker(app.test_client()).start(participant=name).finish()
    pass_days(app, 1)
    for name in ("ada", "bob", "eve"):
        Walker(app.test_client()).start(participant=name, part="2").finish()
    trials = exported(app, "tiny", tmp_path / "out").trials
    explained = 0
    for _, theirs in trials.groupby("participant_id"):
        first, second = (theirs[theirs["part"] == part] for part in (1, 2))
        sides = first["explanation_images"].dropna(), first["explanation_other_images"].dropna()
        shown = {one for side in sides for cell in side for one in str(cell).split("|")}
        assert len(second) == 6
        assert not set(second["stimulus_id"]) & (shown | set(first["stimulus_id"]))
        explained += len(shown)
    assert explained > 0


@SQLITE
def test_tasks_with_items_ask_for_new_ones(app: Flask, tmp_path: Path) -> None:
    part = {**PART, **CODES, "phases": {"test": 2, "catch": 1}, "items": "new"}
    folder = two_afc_study(tmp_path / "studies/tiny", practice=0, test=4, catch=1)
    spec = (folder / "study.toml").read_text().replace("test = 4", "test = 2")
    (folder / "study.toml").write_text(spec + to_toml({"part": [part]}))
    open_study(app, folder)
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    Walker(app.test_client()).start(participant="ada", part="2").finish()
    trials = exported(app, "tiny", tmp_path / "out").trials
    tests = trials[trials["phase"] == "test"].groupby("part")["item_id"].agg(list)
    assert len(tests[1]) == len(tests[2]) == 2
    assert not set(tests[1]) & set(tests[2])
    catches = trials[trials["phase"] == "catch"]
    assert list(catches["part"]) == [1, 2]
    assert catches["item_id"].nunique() == 1  # not what `items` is about


@SQLITE
def test_a_new_version_is_for_new_people(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    Walker(app.test_client()).start(participant="ada").finish()
    changed = {"part": [{**PART, **CODES, "phases": {"test": 1}}], "conditions": [{"name": "new"}]}
    open_parts(app, tmp_path, **changed)
    Walker(app.test_client()).start(participant="bob").finish()
    pass_days(app, 1)
    for name, trials in (("ada", 3), ("bob", 1)):
        second = Walker(app.test_client()).start(participant=name, part="2")
        assert second.state["progress"]["of"] == trials
    by_person: dict[int, set[tuple[int, str]]] = {}
    for row in rows(app, models.Session):
        pair = (row["version_id"], row["condition"])
        by_person.setdefault(row["participant_id"], set()).add(pair)
    assert [len(pairs) for pairs in by_person.values()] == [1, 1]


@pytest.mark.parametrize(
    ("state", "code"), [("paused", "study_paused"), ("closed", "study_closed")]
)
@SQLITE
def test_a_study_that_is_not_open_starts_no_part(
    app: Flask, tmp_path: Path, state: str, code: str
) -> None:
    open_parts(app, tmp_path)
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    with app.app_context():
        set_state("tiny", state)
    assert error_code(Walker(app.test_client()).arrive(participant="ada", part="2")) == code


@pytest.mark.both_databases
def test_two_arrivals_at_once_share_one_session(app: Flask, tmp_path: Path) -> None:
    open_parts(app, tmp_path)
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    visits = [Walker(app.test_client()) for _ in range(4)]
    at_once([partial(visit.enter, participant="ada", part="2") for visit in visits])
    assert len({visit.public_id for visit in visits}) == 1
    assert [row["part"] for row in rows(app, models.Session)] == [1, 2]


@SQLITE
def test_who_declines_a_part_leaves_nothing_of_it_and_may_come_again(
    app: Flask, tmp_path: Path
) -> None:
    open_parts(app, tmp_path)
    Walker(app.test_client()).start(participant="ada").finish()
    pass_days(app, 1)
    declined = Walker(app.test_client()).enter(participant="ada", part="2")
    declined.take("consent", agreed=False)
    shell = rows(app, models.Session)[-1]
    assert (shell["status"], shell["part"]) == ("declined", 2)
    assert shell["participant_id"] is shell["first_ended_at"] is shell["condition"] is None
    second = Walker(app.test_client()).start(participant="ada", part="2").finish()
    assert second.step_name == "end"
