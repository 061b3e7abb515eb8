"""HITs of a study: what they offer and cost, made once whatever goes wrong, and kept in books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.local_mturk import LocalMTurk
from support.local_mturk_api import XML, fee
from support.mturk_study import mturk_settings
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.mturk import qualification
from diptych.mturk.changes import expire_hit, extend_hit
from diptych.mturk.fees import cost
from diptych.mturk.hits import create_hit, hits
from diptych.mturk.offer import HitFault, preview_hit
from diptych.recruiters.platform import PlatformFault
from diptych.study.versions import current_version, frozen

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
ON_MTURK = {
    "payment": {"currency": "USD", "reward": 1.20},
    "recruitment": {"recruiters": ["direct", "mturk"], "prolific": None},
}
QUICK = (0.0, 0.0, 0.0)


@pytest.fixture
def settings(database_url: str, tmp_path: Path, mturk: LocalMTurk) -> Settings:
    return mturk_settings(database_url, tmp_path, mturk, base_url="https://study.example.org/")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    category_study(settings.studies / "tiny", changes=ON_MTURK)
    open_study(made, settings.studies / "tiny")
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def host(app: Flask) -> Host:
    found: Host = app.extensions["diptych"]
    return found


def open_changed(app: Flask, settings: Settings, name: str = "tiny", **changes: Any) -> None:
    merged = {table: {**ON_MTURK.get(table, {}), **changes.get(table, {})} for table in ON_MTURK}
    others = {k: v for k, v in changes.items() if k not in merged}
    category_study(settings.studies / name, changes=merged | others)
    open_study(app, settings.studies / name)


def make(host: Host, assignments: int = 3, **options: Any) -> list[Any]:
    return create_hit(host, "tiny", assignments, pauses=QUICK, **options)


def done_to_hits(app: Flask) -> list[str]:
    """What the audit log says was done to HITs."""
    actions = [entry["action"] for entry in rows(app, models.AuditEntry)]
    return [action for action in actions if action.startswith("hit.")]


# What is offered


def test_a_hit_shows_the_study_and_pays_its_reward(mturk: LocalMTurk, host: Host) -> None:
    (made,) = make(host)
    (shown,) = mturk.api.hits.values()
    question = ElementTree.fromstring(shown["Question"])
    assert question.findtext(f"{XML}ExternalURL") == "https://study.example.org/s/tiny"
    assert question.findtext(f"{XML}FrameHeight") == "0"
    assert (shown["Reward"], shown["MaxAssignments"]) == ("1.20", 3)
    assert shown["Title"] == "Tiny creatures"
    assert shown["AssignmentDurationInSeconds"] == 3600, "a study of a minute: an hour at least"
    assert (made.id, made.reward, made.available) == (shown["HITId"], 120, 3)
    assert made.workers_url.startswith("https://workersandbox.mturk.com/")


def test_the_study_says_how_it_is_offered(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host
) -> None:
    wanted = {
        "keywords": ["greebles"],
        "minutes_allowed": 20,
        "open_hours": 2,
        "auto_approve_hours": 24,
        "min_approved_percent": 97,
        "min_approved_hits": 500,
        "countries": ["GB", "US"],
    }
    open_changed(app, settings, recruitment={"mturk": wanted, "once": False}, title="A & B <C>")
    make(host)
    (shown,) = mturk.api.hits.values()
    assert (shown["Title"], shown["Keywords"]) == ("A & B <C>", "greebles")
    assert shown["AssignmentDurationInSeconds"] == 1200
    assert shown["AutoApprovalDelayInSeconds"] == 86_400
    assert shown["Expiration"] - shown["CreationTime"] == 7200
    found = {r["QualificationTypeId"]: r for r in shown["QualificationRequirements"]}
    assert len(found) == 3, "no qualification against repetition where it is allowed"
    assert found["000000000000000000L0"]["IntegerValues"] == [97]
    assert found["00000000000000000040"]["IntegerValues"] == [500]
    countries = found["00000000000000000071"]["LocaleValues"]
    assert [place["Country"] for place in countries] == ["GB", "US"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payment": {"currency": "GBP"}}, "USD"),
        ({"payment": {"reward": 0}}, "reward is 0"),
        ({"recruitment": {"recruiters": ["direct"]}}, "recruitment.recruiters"),
    ],
)
def test_a_study_that_can_not_be_offered_says_why(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host, changes: Any, words: str
) -> None:
    open_changed(app, settings, **changes)
    with pytest.raises(HitFault, match=words):
        make(host)
    assert mturk.calls == [] and rows(app, models.Placement) == []


def test_a_page_without_https_is_not_offered(app: Flask, settings: Settings) -> None:
    plain = Host(settings.model_copy(update={"mturk_endpoint": "", "base_url": "http://a.b"}))
    with pytest.raises(HitFault, match="HTTPS"):
        preview_hit(plain, "tiny", 3)


def test_a_paused_study_is_not_offered(app: Flask, host: Host) -> None:
    from diptych.study.versions import set_state

    set_state("tiny", "paused")
    with pytest.raises(HitFault, match="paused"):
        make(host)


# What it costs


@given(reward=st.integers(1, 5000), assignments=st.integers(1, 300), split=st.booleans())
def test_the_cost_is_what_the_books_of_mturk_say(
    database_kind: str, reward: int, assignments: int, split: bool
) -> None:
    made = cost(reward, assignments, split=split)
    assert made.assignments == assignments
    slow = sum(
        reward + fee(reward, 40 if in_hit >= 10 else 20)
        for in_hit in made.hits
        for _ in range(in_hit)
    )
    assert made.total == slow
    if split:
        assert max(made.hits) < 10 and max(made.hits) - min(made.hits) <= 1
    else:
        assert len(made.hits) == 1
    assert cost(reward, assignments, split=True).total <= made.total


def test_the_higher_fee_is_warned_of_and_can_be_avoided(mturk: LocalMTurk, host: Host) -> None:
    plan = preview_hit(host, "tiny", 20)
    assert any("higher fee" in w and "4.80 USD less" in w for w in plan.warnings)
    assert (plan.cost.rewards, plan.cost.fees) == (2400, 960)
    plan = preview_hit(host, "tiny", 20, split=True)
    assert plan.cost.hits == (7, 7, 6) and plan.cost.fees == 480
    assert not any("higher fee" in w for w in plan.warnings)
    made = make(host, 20, split=True)
    assert [hit.assignments for hit in made] == [7, 7, 6]
    assert len({hit["HITGroupId"] for hit in mturk.api.hits.values()}) == 1
    assert any("places for 500" in w for w in preview_hit(host, "tiny", 501).warnings)
    with pytest.raises(HitFault, match="too many at once"):
        preview_hit(host, "tiny", 451, split=True)


# Once, whatever goes wrong


@pytest.mark.parametrize("operation", ["CreateHIT", "CreateQualificationType"])
@pytest.mark.parametrize("kind", ["throttle", "503", "503-after", "drop", "drop-after"])
def test_a_fault_makes_no_second_hit(
    mturk: LocalMTurk, app: Flask, host: Host, operation: str, kind: str
) -> None:
    mturk.trouble(kind, operation)
    (made,) = make(host)
    assert list(mturk.api.hits) == [made.id]
    assert len(mturk.api.qualifications) == 1
    (placed,) = rows(app, models.Placement)
    assert (placed["recruiter"], placed["external_id"]) == ("mturk", made.id)
    assert placed["detail"]["qualification"] in mturk.api.qualifications
    assert done_to_hits(app) == ["hit.create"]


def test_a_form_sent_twice_makes_the_hits_once(mturk: LocalMTurk, app: Flask, host: Host) -> None:
    first = make(host, 12, split=True, token="form-1")
    mturk.api.tokens.clear()  # a day later
    assert [hit.id for hit in make(host, 12, split=True, token="form-1")] == [h.id for h in first]
    assert len(mturk.api.hits) == 2 == len(rows(app, models.Placement))
    make(host, 12, split=True, token="form-2")
    assert len(mturk.api.hits) == 4


def test_an_mturk_that_stays_away_is_told_and_the_request_can_go_on(
    mturk: LocalMTurk, app: Flask, host: Host
) -> None:
    mturk.trouble("500", "CreateHIT", times=99)
    with pytest.raises(PlatformFault, match="did not answer"):
        make(host, token="form-1")
    assert rows(app, models.Placement) == []
    mturk.troubles.clear()
    make(host, token="form-1")
    assert len(mturk.api.hits) == 1


def test_a_hit_that_was_made_but_not_written_down_is_found(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host
) -> None:
    """The host was stopped between MTurk's answer and its own books."""
    (made,) = make(host)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(models.Placement.__table__.delete())
    assert [hit.id for hit in hits(host, "tiny")] == [made.id]
    assert rows(app, models.Placement)[0]["detail"]["qualification"] in mturk.api.qualifications
    open_changed(app, settings, "tiny_too")
    assert hits(host, "tiny_too") == [], "the other study has none"
    elsewhere = Host(settings.model_copy(update={"base_url": "https://other.example.org"}))
    assert qualification.host_mark(elsewhere) != qualification.host_mark(host)


def test_what_mturk_refuses_is_told_in_its_words(mturk: LocalMTurk, host: Host) -> None:
    mturk.password = "AKIAOTHER"
    with pytest.raises(PlatformFault, match="No"):
        make(host)


# Later


def test_a_hit_expires_and_nobody_gets_it_any_more(
    mturk: LocalMTurk, app: Flask, host: Host
) -> None:
    (made,) = make(host)
    mturk.trouble("drop-after", "UpdateExpirationForHIT")
    expire_hit(host, "tiny", made.id, pauses=QUICK)
    assert not mturk.site.may_have("AWORKER", made.id)
    (found,) = hits(host, "tiny")
    assert (found.status, found.available) == ("Reviewable", 0)


def test_a_hit_is_extended_once(mturk: LocalMTurk, app: Flask, host: Host) -> None:
    (made,) = make(host)
    mturk.trouble("drop-after", "CreateAdditionalAssignmentsForHIT")
    before = mturk.api.hits[made.id]["Expiration"]
    extend_hit(host, "tiny", made.id, assignments=4, hours=100, pauses=QUICK)
    (found,) = hits(host, "tiny")
    assert found.assignments == 7 == rows(app, models.Placement)[0]["detail"]["assignments"]
    assert mturk.api.hits[made.id]["Expiration"] > before + 20 * 3600
    with pytest.raises(HitFault, match="can't grow to 10"):
        extend_hit(host, "tiny", made.id, assignments=3, pauses=QUICK)
    assert done_to_hits(app) == ["hit.create", "hit.extend"]


def test_a_hit_of_another_study_is_not_touched(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host
) -> None:
    open_changed(app, settings, "other")
    (made,) = make(host)
    for change in (expire_hit, lambda *a, **k: extend_hit(*a, hours=1, **k)):
        with pytest.raises(HitFault, match="no HIT"):
            change(host, "other", made.id, pauses=QUICK)
    assert mturk.site.may_have("AWORKER", made.id)


# Nobody twice


def take(app: Flask, mturk: LocalMTurk, worker: str, hit_id: str) -> None:
    assignment = mturk.site.accept(worker, hit_id)
    walker = Walker(app.test_client()).start(**mturk.site.entry(assignment)).finish()
    assert walker.step_name == "end"
    mturk.site.submit(assignment, walker.state["content"]["exit"]["fields"])


def wait(until: Callable[[], bool]) -> None:
    """Wait for the calls that are made beside the requests."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if until():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def test_who_took_part_no_longer_sees_any_hit_of_the_study(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host
) -> None:
    first, second = make(host, 12, split=True)
    open_changed(app, settings, "next", recruitment={"exclude_studies": ["tiny", "unknown"]})
    (later,) = create_hit(host, "next", 2, pauses=QUICK)
    take(app, mturk, "AWORKER1", first.id)
    wait(lambda: len(mturk.api.holders) == 1)
    for hit in (first, second, later):
        assert not mturk.site.may_have("AWORKER1", hit.id)
        assert mturk.site.may_have("AWORKER2", hit.id)


def test_a_qualification_that_failed_is_made_good(
    mturk: LocalMTurk, app: Flask, host: Host
) -> None:
    (made,) = make(host)
    mturk.trouble("500", "AssociateQualificationWithWorker", times=3)
    take(app, mturk, "AWORKER1", made.id)
    wait(lambda: mturk.count("AssociateQualificationWithWorker") == 3)
    assert mturk.api.holders == set()
    study_id = rows(app, models.Study)[0]["id"]
    assert qualification.catch_up(host, study_id) == 1
    assert qualification.catch_up(host, study_id) == 0
    assert not mturk.site.may_have("AWORKER1", made.id)


def test_sessions_from_elsewhere_are_not_told_to_mturk(
    mturk: LocalMTurk, app: Flask, host: Host
) -> None:
    make(host)
    before = len(mturk.calls)
    Walker(app.test_client()).start(participant="anna").finish()
    study_id = rows(app, models.Study)[0]["id"]
    assert qualification.catch_up(host, study_id) == 0
    assert all("Associate" not in name for name, _ in mturk.calls[before:])


# Later parts of a study


def test_a_later_part_is_a_hit_for_those_who_were_invited(
    mturk: LocalMTurk, app: Flask, settings: Settings, host: Host
) -> None:
    part = {"after_days": 1, "phases": {"test": 2}, "reward": 0.7}
    open_changed(app, settings, part=[part])
    make(host)
    with pytest.raises(HitFault, match="no part 3"):
        preview_hit(host, "tiny", 2, part=3)
    plan = preview_hit(host, "tiny", 2, part=2)
    assert plan.offer.url == "https://study.example.org/s/tiny?part=2"
    assert "parts invite tiny --part 2" in " ".join(plan.warnings)
    (made,) = make(host, 2, part=2)
    shown = mturk.api.hits[made.id]
    assert (shown["Reward"], shown["Title"]) == ("0.70", "Tiny creatures (part 2)")
    assert not mturk.site.may_have("AWORKER", made.id)
    recruiter = host.recruiter(frozen(current_version("tiny")[1]), "mturk")
    for _ in range(2):  # again changes nothing
        said = recruiter.invite(host, "tiny", 2, "", ["AWORKER"])
        assert "1 workers have the qualification" in said
    assert mturk.site.may_have("AWORKER", made.id)
    assert not mturk.site.may_have("ANOTHER", made.id)
    # The qualification against taking part twice is that of the first part.
    took = qualification.known(host, rows(app, models.Study)[0]["id"])
    assert took is not None
    assert mturk.api.qualifications[took]["Name"].startswith("Took part in tiny")
