"""People who come from an address, through a proxy, to a study that marks addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from diptych import models
from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.settling import settle
from diptych.study.versions import study_id_of
from support.moments import DAY, well_within
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

CAMPUS, HOME, HOUSEHOLD = "203.0.113.77", "198.51.100.4", "2001:db8:7:7:a:b:c:d"
RULE = {"quality": {"max_same_address": 0}}


def behind_a_proxy(settings: Settings, studies: Path, **more: Any) -> Flask:
    """A host behind one proxy: `tiny` has the rule, `tiny_2afc` has not.

    Marks tell people of one day apart: there is time for a test before midnight (UTC).
    """
    well_within(DAY, room_s=120)
    category_study(studies / "tiny", changes=RULE)
    app = create_app(settings.model_copy(update={"proxy_hops": 1, **more}))
    for name in ("tiny", "tiny_2afc"):
        open_study(app, studies / name)
    return app


def prolific(name: str) -> dict[str, str]:
    """What Prolific says of somebody."""
    return {"PROLIFIC_PID": name, "STUDY_ID": "a" * 24, "SESSION_ID": f"sub-{name}"}


def at(app: Flask, address: str, study: str = "tiny") -> Walker:
    """Somebody at an address, before they enter."""
    client = app.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = address
    return Walker(client, study)


def comes(app: Flask, address: str, study: str = "tiny", **entry: str) -> Walker:
    """Somebody from an address, at the first trial."""
    return at(app, address, study).start(**entry)


def session_of(app: Flask, walker: Walker) -> dict[str, Any]:
    """The row of a session."""
    (found,) = rows(app, models.Session, public_id=walker.public_id)
    return found


def marked(app: Flask, walker: Walker) -> str | None:
    """The mark of a session."""
    mark: str | None = session_of(app, walker)["address_hash"]
    return mark


def found(app: Flask, walker: Walker) -> dict[str, dict[str, Any]]:
    """Stored findings of a session of `tiny`, by rule."""
    with app.app_context():
        settle.catch_up(app.extensions["diptych"], study_id_of("tiny"))
    number = session_of(app, walker)["id"]
    return {row["rule"]: row for row in rows(app, models.QualityResult, session_id=number)}
