"""Sessions with something to count: people of every kind of skill, taken over the API."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from flask import Flask

from diptych.app import create_app
from diptych.export.tables import export_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.host import host
from diptych_analysis.tables import Tables, read_tables
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, link, open_study

TRAINING, TEST, CATCH = 14, 5, 3


@contextmanager
def running(folder: Path, migrated: Path) -> Iterator[Flask]:
    """A host on an SQLite file of its own: what is counted does not depend on the database."""
    shutil.copy(migrated, folder / "diptych.sqlite3")
    app = create_app(
        Settings(
            home=folder / "home",
            database_url=f"sqlite:///{folder / 'diptych.sqlite3'}",
            studies=folder / "studies",
            secret_key="a secret for the tests",
            base_url="http://127.0.0.1:8000",
        )
    )
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def open_category(app: Flask, folder: Path) -> None:
    """Open `tiny`: enough training for blocks of several trials, with a rule that flags."""
    changes = {"quality": {"min_median_rt_ms": 1340}}
    category_study(folder, per_class=12, training=TRAINING, test=TEST, changes=changes)
    open_study(app, folder)


def open_two_afc(app: Flask, folder: Path, **changes: Any) -> None:
    """Open `tiny_2afc`: three units of two models, of two difficulties, in two conditions."""
    conditions = [{"name": "plain"}, {"name": "other"}]
    two_afc_study(
        folder, practice=0, test=12, catch=CATCH, explanations=1,
        changes={"conditions": conditions, **changes},
    )  # fmt: skip
    file = folder / "items.csv"
    with file.open(newline="", encoding="utf-8") as source:
        items = list(csv.DictReader(source))
    for number, item in enumerate(items):
        item["unit"] = ("red", "bright", "=round")[number % 3]
        item["model"] = "a|b" if number % 3 else "c"
        item["difficulty"] = str(1 + number % 2)
        item["note"] = ""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(items[0]))
        writer.writeheader()
        writer.writerows(items)
    open_study(app, folder)


def take(app: Flask, study: str, number: int, *, simulated: bool = True) -> str:
    """One participant takes the study to its end; returns the public id of the session.

    Learns slowly, has a liking for `top`, and takes log-normal times: all drawn from its number.
    """
    rng = random.Random(f"{study} {number}")
    person = Walker(app.test_client(), study)
    entry = {"participant": f"p{number}"}
    person.enter(**entry, **(link(app, "simulate", study) if simulated else {}))
    person.take("consent", agreed=True).take("instructions", read_ms=20_000)
    liking = rng.choice((0.3, 0.5, 0.5, 0.9))
    favourite = ""
    while person.step_name == "trials":
        trial = person.trial
        show = trial["show"]
        if trial["task"] == "two_afc":
            choice = "top" if rng.random() < liking else "bottom"
            response: dict[str, Any] = {"choice": choice, "confidence": rng.randint(1, 3)}
        else:
            names = rng.sample(sorted(show["classes"]), show["rank"])
            if favourite in show["classes"] and favourite not in names:
                names[0] = favourite
            response = {"ranking": names}
        rt = rng.lognormvariate(7.2, 0.6)
        timing = {"rt_ms": rt, "onset_ms": 10.0, "onset_uncertainty_ms": 4.0,
                  "answered_ms": 10.0 + rt}  # fmt: skip
        reply = person.post(trial["index"], response, timing=timing)
        assert reply.status_code == 200, reply.text
        favourite = (reply.json["feedback"] or {}).get("label", favourite)
        person.state = reply.json["next"]
    while person.step_name in ("feedback", "debrief"):
        person.take(person.step_name, **({"text": ""} if person.step_name == "feedback" else {}))
    return person.public_id


def exported(app: Flask, study: str, to: Path) -> Tables:
    """The study's tidy tables, from files."""
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


def answers(tables: Tables, sessions: list[str]) -> pd.DataFrame:
    """The answered trials of some sessions, with their place in their phase, from 1."""
    trials = tables.trials[tables.trials["session_id"].isin(sessions)].copy()
    trials = trials.sort_values(["session_id", "trial_index"])
    trials["place"] = trials.groupby(["session_id", "phase"]).cumcount() + 1
    found = trials[trials["correct"].notna()]
    return found.assign(correct=found["correct"].astype(bool))
