"""The arms of a study beside each other: held to a slow computation, and taken by learners."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.teaching.arms import ArmsFault, arms_table, compare_arms
from diptych_analysis.teaching.cli import teach

ARMS = ("random", "balanced", "gain")


def study(learners: int = 6, seed: int = 0, kind: str = "simulated") -> Tables:
    """Two parts: 7 training and 3 test trials, then 4 test trials; one learner stays away."""
    rng = np.random.default_rng(seed)
    sessions: list[dict[str, Any]] = []
    trials: list[dict[str, Any]] = []
    for number in range(learners * len(ARMS)):
        items = rng.permutation(40)
        parts = {1: [("training", n) for n in items[:7]] + [("test", n) for n in items[7:10]]}
        # Of the second part: two taught, one tested before, one that is new.
        parts[2] = [("test", items[n]) for n in (0, 3, 8, 20)]
        for part, planned in parts.items():
            if number == 0 and part == 2:
                continue
            who = {
                "session_id": f"s{number:02d}-{part}", "participant_id": f"p{number:02d}",
                "participant_kind": kind, "study": "arms", "part": part,
                "condition": ARMS[number % 3],
            }  # fmt: skip
            sessions.append({**who, "status": "completed"})
            for index, (phase, item) in enumerate(planned):
                trials.append(
                    {**who, "trial_index": index, "phase": phase, "item_id": f"i{item}",
                     "task": "category_learning", "correct": bool(rng.random() < 0.6)}
                )  # fmt: skip
    sessions_table = pd.DataFrame(sessions)
    sessions_table["excluded"] = False
    return Tables(sessions_table, pd.DataFrame(trials))


def slow_share(tables: Tables, arm: str, part: int, keep: Any) -> float:
    """Mean over learners of their shares, trial by trial."""
    shares = []
    for person in sorted(set(tables.sessions["participant_id"])):
        theirs = [
            row for row in tables.trials.to_dict("records") if row["participant_id"] == person
        ]
        own = [row for row in theirs if row["part"] == part and row["condition"] == arm]
        right = [row["correct"] for row in own if keep(row, theirs)]
        if right:
            shares.append(sum(right) / len(right))
    return math.fsum(shares) / len(shares)


def seen(row: dict[str, Any], theirs: list[dict[str, Any]], *phases: str) -> bool:
    return any(
        one["item_id"] == row["item_id"] and one["part"] < row["part"] and one["phase"] in phases
        for one in theirs
    )


def test_shares_as_computed_trial_by_trial() -> None:
    tables = study()
    rows = {
        (row.arm, row.measure): row
        for row in compare_arms(tables, ["simulated"], block=4, resamples=50)
    }
    measures = {
        "training 1-4": (1, lambda row, _: row["phase"] == "training" and row["trial_index"] < 4),
        "training 5-8": (1, lambda row, _: row["phase"] == "training" and row["trial_index"] >= 4),
        "test": (1, lambda row, _: row["phase"] == "test"),
        "part 2 same": (2, lambda row, theirs: seen(row, theirs, "training")),
        "part 2 tested before": (2, lambda row, theirs: seen(row, theirs, "test")),
        "part 2 new": (2, lambda row, theirs: not seen(row, theirs, "training", "test")),
    }
    assert {measure for _, measure in rows} == {*measures, "change"}
    for arm in ARMS:
        for measure, (part, keep) in measures.items():
            row = rows[arm, measure]
            assert row.mean == pytest.approx(slow_share(tables, arm, part, keep))
            assert row.difference == pytest.approx(row.mean - rows["random", measure].mean)
            assert row.interval[0] <= row.mean <= row.interval[1]
    assert [rows[arm, "part 2 new"].learners for arm in ARMS] == [5, 6, 6]
    assert rows["random", "test"].difference_interval == (0, 0)
    full = rows["gain", "change"]
    assert full.mean == pytest.approx(rows["gain", "part 2 new"].mean - rows["gain", "test"].mean)


def test_intervals_are_about_two_standard_errors_wide() -> None:
    tables = study(learners=60, seed=3)
    rows = compare_arms(tables, ["simulated"], resamples=2000)
    row = next(each for each in rows if (each.arm, each.measure) == ("gain", "test"))
    tested = tables.trials.query("part == 1 and phase == 'test' and condition == 'gain'")
    shares = tested.groupby("participant_id")["correct"].mean()
    error = shares.std(ddof=0) / math.sqrt(60)
    assert row.interval[1] - row.interval[0] == pytest.approx(2 * 1.96 * error, rel=0.1)
    low, high = row.difference_interval
    assert (high - low) / (row.interval[1] - row.interval[0]) == pytest.approx(2**0.5, rel=0.2)


def test_what_cannot_be_compared_is_named() -> None:
    tables = study()
    with pytest.raises(ArmsFault, match="no condition 'none'; allowed are balanced, gain, random"):
        compare_arms(tables, ["simulated"], control="none")
    with pytest.raises(ArmsFault, match="no answers of completed sessions"):
        compare_arms(tables, ["person"])
    with pytest.raises(ArmsFault, match="'random' has one learner"):
        few = tables.sessions[
            tables.sessions["participant_id"].isin(["p00", "p01", "p02", "p04", "p05"])
        ]
        compare_arms(Tables(few, tables.trials), ["simulated"])


def test_the_command_says_whose_answers_these_are(tmp_path: Path) -> None:
    write_tables(study(), tmp_path / "out", ("csv",), dataset="arms")
    given = ["arms", str(tmp_path / "out"), "--to", str(tmp_path / "arms"), "--block", "5"]
    done = CliRunner().invoke(teach, given)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Simulated learners; 95 % intervals.")
    results = json.loads((tmp_path / "arms/arms.json").read_text())
    assert results["participants"] == ["simulated"]
    table = arms_table(compare_arms(study(), ["simulated"], block=5))
    assert table in (tmp_path / "arms/arms.md").read_text()
    assert "Simulated learners" in (tmp_path / "arms/arms.svg").read_text()
    wrong = CliRunner().invoke(teach, [*given[:2], "--control", "plain"])
    assert wrong.exit_code == 1 and "no condition 'plain'" in wrong.output
