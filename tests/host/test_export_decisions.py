"""Flags, exclusions and decisions in the tables: what rules find, and what people make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.export.judgements import judged
from diptych.export.tables import export_study
from diptych.ground.database import now_ms, writing
from diptych.host import host
from diptych.quality import RuleResult
from diptych_analysis.tables import read_tables

RULES = {"min_instructions_s": 15, "max_clock_conflicts": 0, "auto": ["min_instructions_s"]}


@pytest.fixture
def tiny(app: Flask, tmp_path: Path) -> Flask:
    open_study(app, category_study(tmp_path / "tiny", changes={"quality": RULES}))
    return app


def take(client: FlaskClient, read_ms: float) -> str:
    walker = Walker(client).enter().take("consent", agreed=True)
    walker.take("instructions", read_ms=read_ms).finish()
    return walker.public_id


def decide(app: Flask, public_id: str, *actions: str) -> None:
    (session,) = rows(app, models.Session, public_id=public_id)
    with app.app_context(), writing() as connection:
        for action in actions:
            connection.execute(
                insert(models.Decision).values(
                    session_id=session["id"],
                    study_id=session["study_id"],
                    action=action,
                    at=now_ms(),
                    actor="ada",
                    detail={},
                )
            )


def sessions(app: Flask, to: Path) -> Any:
    with app.app_context():
        export_study(host(), "tiny", to, ("csv", "parquet"))
    return read_tables(to).sessions.set_index("session_id")


def test_every_session_carries_its_flags_and_what_was_decided(
    tiny: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    hasty, kept, pardoned, thrown_out, paid = (
        take(client, read_ms) for read_ms in (3000, 20_000, 3000, 20_000, 20_000)
    )
    decide(tiny, pardoned, "exclude", "include", "approve")
    decide(tiny, thrown_out, "include", "exclude", "request_return", "reject")
    decide(tiny, paid, "approve", "bonus")
    table = sessions(tiny, tmp_path / "out")

    def cells(public_id: str) -> tuple[Any, ...]:
        row = table.loc[public_id]
        names = ("excluded", "exclusion_reasons", "exclusion_decision", "decision")
        there = row.notna()
        return tuple(row[name] if there[name] else None for name in names)

    assert cells(hasty) == (True, "min_instructions_s", None, None)
    assert cells(kept) == (False, None, None, None)
    assert cells(pardoned) == (False, None, "include", "approve")
    assert cells(thrown_out) == (True, "decision", "exclude", "reject")
    assert cells(paid) == (False, None, None, "approve")
    assert table.loc[hasty, "flags"] == "max_clock_conflicts|min_instructions_s"
    assert table.loc[pardoned, "flags"] == "max_clock_conflicts|min_instructions_s"
    assert set(table["flags"].dropna()) >= {"max_clock_conflicts"}
    assert table["decided_at"].notna().sum() == 3


def test_a_session_that_is_not_settled_yet_has_its_flags_all_the_same(
    tiny: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    made = [take(client, 3000), take(client, 20_000)]
    before = sessions(tiny, tmp_path / "settled")
    change(tiny, models.Session, {"result_at": None})
    change(tiny, models.QualityResult, {"flagged": False})
    after = sessions(tiny, tmp_path / "unsettled")
    columns = ["excluded", "exclusion_reasons", "flags"]
    assert after.loc[made, columns].equals(before.loc[made, columns])
    assert all(row["result_at"] is None for row in rows(tiny, models.Session)), "it only reads"


class _Decided:
    def __init__(self, action: str) -> None:
        self.action, self.at = action, 1_700_000_000_000


actions = st.lists(
    st.sampled_from(["exclude", "include", "approve", "reject", "bonus", "screen_out"]), max_size=8
)
found = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), unique_by=lambda f: f[0])


@given(found, actions)
def test_the_latest_of_its_sort_holds(flags: list[tuple[str, bool]], taken: list[str]) -> None:
    results = [RuleResult(name, True, auto, 1, 0, "") for name, auto in flags]
    cells = judged(results, [_Decided(action) for action in taken])
    out: bool | None = None
    platform = None
    for action in taken:
        if action == "exclude":
            out = True
        elif action == "include":
            out = False
        elif action != "bonus":
            platform = action
    by_rule = any(auto for _, auto in flags)
    assert cells["excluded"] == (by_rule if out is None else out)
    assert bool(cells["exclusion_reasons"]) == cells["excluded"]
    assert ("decision" in cells["exclusion_reasons"]) == (out is True)
    assert cells["decision"] == platform
    assert cells["flags"] == [name for name, _ in flags]
