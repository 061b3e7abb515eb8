"""A study on the local Mechanical Turk, and workers who take it over the participant's API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from diptych.ground.settings import Settings
from support.local_mturk import LocalMTurk
from support.local_mturk_api import Assignment
from support.tiny_studies import category_study, merged
from support.walker import Walker, open_study

REWARD = 120  # cents
ON_MTURK = {
    "payment": {"currency": "USD", "reward": REWARD / 100},
    "recruitment": {"recruiters": ["direct", "mturk"], "prolific": None},
}


def mturk_settings(database_url: str, folder: Path, mturk: LocalMTurk, **more: Any) -> Settings:
    """Settings of a host in a folder, with HTTPS and the local Mechanical Turk."""
    return Settings(
        home=folder / "home",
        database_url=database_url,
        studies=folder / "studies",
        secret_key="a secret for the tests, long enough for HTTPS",
        mturk_endpoint=mturk.url,
        mturk_extra_origins=mturk.url,
        **more,
    )


def write_study(folder: Path, **changes: Any) -> Path:
    """A study of two trials that pays in dollars; `changes` are laid over study.toml."""
    return category_study(folder, training=1, test=1, changes=merged(ON_MTURK, changes))


def open_on_mturk(app: Flask, folder: Path, **changes: Any) -> int:
    """Write and open such a study; returns the id of its version."""
    return open_study(app, write_study(folder, **changes))


def take(app: Flask, mturk: LocalMTurk, worker: str, hit: str, study: str = "tiny") -> Assignment:
    """A worker accepts the HIT, takes the study, and submits."""
    assignment = mturk.site.accept(worker, hit)
    walker = Walker(app.test_client(), study).start(**mturk.site.entry(assignment)).finish()
    assert walker.step_name == "end", walker.step_name
    mturk.site.submit(assignment, walker.state["content"]["exit"]["fields"])
    return assignment
