"""Simulated participants who take a study of two parts over HTTP."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from support.exports import table_in
from support.servers import LiveServer
from support.tiny_studies import category_study

from diptych.ground.keys import study_key
from diptych.ground.settings import Settings
from diptych.simulation.run import Summary, simulate
from diptych.simulation.visitor import SimulationFault

PART = {
    "after_days": 1, "phases": {"test": 4}, "items": "both",
    "recruitment": {"prolific": {"completed": "DONE2"}},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_simulated_learners_come_back(
    studies_folder: Path, settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    arms = [{"name": "one"}, {"name": "other", "policy": {"name": "balanced"}}]
    folder = category_study(
        studies_folder / "days", training=6, changes={"part": [PART], "conditions": arms}
    )
    server: LiveServer = request.getfixturevalue("live_server")
    key = study_key(settings.secret(), "simulate", "days")

    def come(part: int | None, run: str, n: int = 6) -> Summary:
        return simulate(server.url, folder, n, key=key, part=part, run=run)

    assert [taken.part for taken in come(None, "all").taken] == [1, 2] * 6
    with pytest.raises(SimulationFault, match="part_unknown"):
        come(2, "later")
    with pytest.raises(SimulationFault, match=r"part 3: days has 2 part\(s\)"):
        come(3, "later")
    come(1, "later")
    assert come(2, "later").outcomes == {"completed": 6}
    server.diptych("export", "days", "--to", str(tmp_path / "out"))
    trials = pd.read_csv(table_in(tmp_path / "out", "trials"))
    learned = trials[trials["phase"] == "training"].groupby("participant_id")["item_id"].agg(set)
    shown = trials[trials["part"] == 1].groupby("participant_id")["item_id"].agg(set)
    second = trials[trials["part"] == 2]
    assert second["participant_id"].nunique() == 12
    for person, items in second.groupby("participant_id")["item_id"]:
        assert len(items) == 4
        assert sum(item in learned[person] for item in items) == 2
        assert sum(item not in shown[person] for item in items) == 2
    assert (trials.groupby("participant_id")["condition"].nunique() == 1).all()
    assert set(trials.groupby("part")["days_since_first"].max() >= 0) == {True}
