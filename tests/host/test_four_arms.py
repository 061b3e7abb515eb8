"""Four ways to teach, over two days: taken by simulated learners, exported, compared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.four_arms import ARMS, NAME, host_of_arms, take_both_parts

from diptych_analysis.tables import read_tables
from diptych_analysis.teaching.arms import compare_arms

PEOPLE = 40
EACH = PEOPLE // len(ARMS)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="the host's clock can be set on Linux only")
def test_the_arms_of_two_days_are_taken_and_compared(tmp_path: Path) -> None:
    with host_of_arms(tmp_path) as (server, settings, folder):
        summary = take_both_parts(server, settings, folder, PEOPLE)
        server.diptych("export", NAME, "--to", str(tmp_path / "out"))
    assert summary.failed == {}
    assert summary.outcomes == {"completed": 2 * PEOPLE}
    tables = read_tables(tmp_path / "out")
    sessions, trials = tables.sessions, tables.trials
    assert set(sessions["participant_kind"]) == {"simulated"}
    assert (sessions.groupby("participant_id")["condition"].nunique() == 1).all()
    days = sessions.groupby("part")["days_since_first"]
    assert (days.max()[1], round(days.min()[2], 2)) == (0, 1.25)
    # Wrong answers in training are explained in one arm, and nowhere else.
    explained = trials[trials["explanation"].notna()]
    assert set(explained["condition"]) == {"expected_gain_contrast"}
    wrong = trials[trials["phase"].eq("training") & ~trials["correct"].astype(bool)]
    assert len(explained) == wrong["condition"].eq("expected_gain_contrast").sum() > 0
    # The choices of both arms that teach are stored; their tests are not chosen.
    chosen = tables.choices[["session_id", "trial_index"]].drop_duplicates()
    assert len(chosen) == 30 * 2 * EACH
    rows = {
        (row.arm, row.measure): row for row in compare_arms(tables, ["simulated"], resamples=200)
    }
    assert {arm for arm, _ in rows} == {arm["name"] for arm in ARMS}
    for arm in ARMS:
        own = {measure: row for (name, measure), row in rows.items() if name == arm["name"]}
        assert {row.learners for row in own.values()} == {EACH}
        assert {"test", "part 2 same", "part 2 new", "change"} < set(own)
        assert "part 2 tested before" not in own
        assert own["training 21-30"].mean > 1 / 3
