"""A host to look at: users, and sessions in every state, with flags, decisions and payments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from diptych import models
from diptych.accounts import administration, audit
from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.payments import decisions
from support.dashboard import PASSWORD, study_id
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, rows

STUDIES = ("tiny", "tiny_2afc")
_PAYMENT = {"currency": "GBP", "reward": 1.80, "bonus": {"per_correct": 0.05, "max": 0.5}}


def studies(folder: Path) -> Path:
    """The two tiny studies, with quality rules and pay; returns their folder."""
    quality = {"min_median_rt_ms": 200, "min_instructions_s": 15, "max_same_response_run": 12}
    changes: dict[str, Any] = {"payment": _PAYMENT, "quality": quality, "minutes": 9}
    category_study(folder / "tiny", training=12, test=6, changes=changes)
    more = {"quality": {**quality, "min_catch_accuracy": 0.8, "auto": ["min_catch_accuracy"]}}
    two_afc_study(folder / "tiny_2afc", practice=2, test=12, catch=3, changes={**changes, **more})
    return folder


def populate(settings: Settings, people: int = 12, studies: Sequence[str] = STUDIES) -> Flask:
    """Fill the database of a host; returns the host."""
    app = create_app(settings)
    with app.app_context():
        root = administration.add("ada", by=None, is_admin=True, password=PASSWORD)
        grace = administration.add("grace.hopper@example.org", by=root, password=PASSWORD)
        administration.add("charles", by=root)
        for name in studies:
            administration.give_role(grace, study_id(name), "owner", by=root)
        closed = administration.add("someone-who-left", by=root, password=PASSWORD)
        administration.disable(closed, by=root)
        audit.note(root, "study.pause", study_id=study_id("tiny"), detail={"from": "open"})
    for study in studies:
        for number in range(people):
            _walk(Walker(app.test_client(), study), number, random.Random(f"{study}-{number}"))
        _decide(settings, study)
    return app


def _walk(person: Walker, number: int, rng: random.Random) -> None:
    """One participant: some stop early, some are hasty, some read nothing."""
    ids = (f"{number:024x}", "a" * 24, f"{rng.getrandbits(96):024x}")
    if number % 2:
        person.enter(**dict(zip(("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"), ids, strict=True)))
    else:
        person.enter(participant=f"visitor-{number}")
    if number == 0:
        return
    person.take("consent", agreed=number != 1)
    if number == 1:
        return
    person.take("instructions", read_ms=3_000 if number == 4 else 20_000)
    most = 3 if number in (2, 5) else 500
    while person.step_name == "trials" and most:
        hasty = number in (3, 7)
        rt_ms = rng.uniform(60, 150) if hasty else rng.lognormvariate(7, 0.5)
        _answer(person, rng, rt_ms)
        most -= 1
    if number not in (2, 5):
        person.finish()


def _answer(person: Walker, rng: random.Random, rt_ms: float) -> None:
    trial = person.trial
    if trial["task"] == "two_afc":
        chosen: dict[str, Any] = {"choice": rng.choice(["top", "bottom"])}
        chosen["confidence"] = rng.randint(1, 3)
    else:
        chosen = {"ranking": rng.sample(trial["show"]["classes"], trial["show"]["rank"])}
    timing = {"rt_ms": rt_ms, "onset_ms": 1000.0, "onset_uncertainty_ms": 8.3}
    body = {"timing": {**timing, "answered_ms": 1000.0 + rt_ms}}
    reply = person.post(trial["index"], chosen, **body)
    assert reply.status_code == 200, reply.text
    person.state = reply.json["next"]


def _decide(settings: Settings, study: str) -> None:
    """Approve two, exclude another, as a researcher would. Nothing is sent to anybody."""
    app = create_app(settings.model_copy(update={"prolific_token": "never used"}))
    host: Host = app.extensions["diptych"]
    with app.app_context():
        row, ada = study_id(study), administration.any_user("ada")
        done = rows(app, models.Session, study_id=row, status="completed")
        prolific = [one["id"] for one in done if one["recruiter"] == "prolific"]
        for action, some, message in (
            ("approve", prolific[:2], ""),
            ("bonus", prolific[:1], ""),
            ("exclude", [done[-1]["id"]], "Answered by chance."),
        ):
            plan = decisions.preview(host, row, some, action, message)
            decisions.carry_out(host, plan, ada)
