"""The table `trials`, made column by column, has the cells of a row made alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study
from support.walker import TIMING, Walker, open_study, rows

from diptych.domain.tables import SESSIONS
from diptych.export.tables import open_tables
from diptych.ground.database import reading
from diptych.host import host
from diptych.models import Session
from diptych.sessions.facts import facts

pytestmark = pytest.mark.both_databases

_IN_ORDER = select(SESSIONS.c.id, SESSIONS.c.public_id).order_by(SESSIONS.c.id)
LATE = {**TIMING, "rt_ms": 2003.5, "answered_ms": 3003.5}
COUNTED = {"fixation_onset_ms": 500.5, "display_frames": 15, "timing_fault": False}


def answer(walker: Walker, rng: random.Random) -> None:
    """Answer the current trial in one of the ways in which people do, or miss it."""
    trial = walker.trial
    if rng.random() < 0.3:
        response, timing = {"missed": True}, LATE
    else:
        timing = {**TIMING, **(COUNTED if rng.random() < 0.5 else {})}
        if trial["task"] == "two_afc":
            response = {"choice": rng.choice(["top", "bottom"]), "confidence": rng.randint(1, 3)}
        elif trial["task"] == "odd_one_out":
            response = {"choice": rng.randrange(3)}
        else:
            response = {"ranking": rng.sample(trial["show"]["classes"], trial["show"]["rank"])}
    reply = walker.post(trial["index"], response, timing=timing)
    assert reply.status_code == 200, reply.text
    walker.state = reply.json["next"]


@pytest.mark.parametrize("study", [category_study, two_afc_study, odd_one_out_study])
def test_a_column_holds_the_cells_of_every_row(
    app: Flask, tmp_path: Path, study: Callable[..., Path]
) -> None:
    open_study(app, study(tmp_path / "studies/tiny", changes={"timing": {"deadline_ms": 2000}}))
    for number in range(4):
        walker, rng = Walker(app.test_client(), "tiny"), random.Random(number)
        walker.start(participant=f"p{number}")
        for _ in range(3 + 10 * (number % 2)):
            if walker.step_name == "trials":
                answer(walker, rng)
    kinds = {row["public_id"]: row["status"] for row in rows(app, Session)}
    assert len(kinds) == 4
    with app.app_context(), open_tables(host(), "tiny") as tables:
        names = [column.name for column in tables.columns["trials"]]
        made = [
            dict(zip(names, row, strict=True))
            for batch in tables.batches("trials")
            for row in batch.rows(*names)
        ]
        with reading() as connection:
            ids = connection.execute(_IN_ORDER).all()
            alone = [
                {"session_id": public_id, **trial}
                for id_, public_id in ids
                for trial in facts(host(), connection, id_).trials
            ]
    assert len(made) == len(alone) > 0
    assert {row["missed"] for row in made} == {True, False, None}
    of_session = {"participant_id", "participant_kind", "study", "study_version", "condition"}
    for row, cells in zip(made, alone, strict=True):
        for name in set(names) - of_session - {"part", "days_since_first"} - {"block"}:
            assert _cell(row[name]) == _cell(cells.get(name)), name


def _cell(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
