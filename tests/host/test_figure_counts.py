"""Every figure against a slow computation from the exported tables, for both tiny studies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from support.dashboard import study_id
from support.figure_sessions import (
    CATCH,
    TEST,
    TRAINING,
    answers,
    exported,
    open_category,
    open_two_afc,
    running,
    take,
)

from diptych import figures
from diptych.counts import tallies
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.figures import content_of
from diptych.settling import corrections, settle
from diptych_analysis.tables import Tables

PEOPLE = 14


class Study:
    """A study that was taken, its tables, and the frames of its figures."""

    def __init__(self, app: Flask, name: str, folder: Path, sessions: list[str]) -> None:
        self.app, self.name, self.sessions = app, name, sessions
        self.tables: Tables = exported(app, name, folder)
        self.answers = answers(self.tables, sessions)

    def frame(self, figure: str) -> pd.DataFrame:
        with self.app.app_context():
            content = content_of(study_id(self.name))
            found = next(f for f in figures.figures_of(content) if f.name == figure)
            with reading() as connection:
                sessions, counts = tallies.read(
                    connection, study_id(self.name), "simulated", "all", figure
                )
        assert sessions == len(self.sessions)
        return found.frame(counts, content)


@pytest.fixture(scope="module")
def learned(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """`tiny`, taken by simulated learners; one for all tests, which only read."""
    folder = tmp_path_factory.mktemp("learned")
    with running(folder, migrated_sqlite) as app:
        open_category(app, folder / "studies" / "tiny")
        sessions = [take(app, "tiny", number) for number in range(PEOPLE)]
        yield Study(app, "tiny", folder / "out", sessions)


@pytest.fixture(scope="module")
def chosen(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """`tiny_2afc`, taken by simulated people."""
    folder = tmp_path_factory.mktemp("chosen")
    with running(folder, migrated_sqlite) as app:
        open_two_afc(app, folder / "studies" / "tiny_2afc")
        sessions = [take(app, "tiny_2afc", number) for number in range(PEOPLE)]
        yield Study(app, "tiny_2afc", folder / "out", sessions)


def wilson_by_roots(p: float, n: float) -> tuple[float, float]:
    """Where |p - x| is z standard errors of x: the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    z2 = 1.959963984540054**2
    roots = np.roots([1 + z2 / n, -(2 * p + z2 / n), p * p])
    return float(min(roots)), float(max(roots))


def slow_share(groups: Sequence[Sequence[bool]]) -> tuple[int, int, int, float, float]:
    """sessions, answers, right, low, high, from the answers of each session."""
    k = np.array([sum(group) for group in groups], dtype=float)
    n = np.array([len(group) for group in groups], dtype=float)
    p, sessions = k.sum() / n.sum(), len(groups)
    effective = n.sum()
    if sessions > 1 and 0 < p < 1:
        residuals = k - p * n
        among = residuals.var(ddof=1) * sessions / n.sum() ** 2
        alone = p * (1 - p) / (n.sum() - 1)
        effective = n.sum() / max(1.0, among / alone)
    return (sessions, int(n.sum()), int(k.sum()), *wilson_by_roots(p, effective))


def by_session(rows: pd.DataFrame) -> list[list[bool]]:
    return [list(part["correct"]) for _, part in rows.groupby("session_id")]


def assert_same(frame: pd.DataFrame, expected: list[tuple[object, ...]], key: int) -> None:
    """The rows of a frame, in any order; the first `key` cells name a row."""
    got = {row[:key]: row[key:] for row in frame.itertuples(index=False, name=None)}
    want = {row[:key]: row[key:] for row in expected}
    assert got.keys() == want.keys()
    for name, cells in want.items():
        assert got[name] == pytest.approx(cells, abs=1e-9), name


def test_learning_curves_of_single_trials(learned: Study) -> None:
    frame = learned.frame("learning-curves")
    rows = learned.answers
    expected: list[tuple[object, ...]] = []
    for (phase, place), part in rows.groupby(["phase", "place"]):
        trial = int(place) + (TRAINING if phase == "test" else 0)
        for name, own in [("(all classes)", part), *part.groupby("label")]:
            n, k = len(own), int(own["correct"].sum())
            low, high = wilson_by_roots(k / n, n)
            expected.append((phase, str(name), trial, trial, n, n, k, k / n, low, high))
    trials = frame[frame["resolution"] == "trial"].drop(columns="resolution")
    assert_same(trials, expected, 4)
    assert trials["last"].max() == TRAINING + TEST


def test_learning_curves_of_blocks(learned: Study) -> None:
    frame = learned.frame("learning-curves")
    spans = {"training": [(1, 3), (4, 6), (7, 9), (10, 12), (13, 14)],
             "test": [(i, i) for i in range(1, TEST + 1)]}  # fmt: skip
    expected: list[tuple[object, ...]] = []
    for phase, of_phase in spans.items():
        after = TRAINING if phase == "test" else 0
        for first, last in of_phase:
            part = learned.answers[
                (learned.answers["phase"] == phase) & learned.answers["place"].between(first, last)
            ]
            for name, own in [("(all classes)", part), *part.groupby("label")]:
                sessions, n, k, low, high = slow_share(by_session(own))
                span = (first + after, last + after)
                expected.append((phase, str(name), *span, sessions, n, k, k / n, low, high))
    blocks = frame[frame["resolution"] == "block"].drop(columns="resolution")
    assert_same(blocks, expected, 4)


def test_the_confusion_matrix(learned: Study) -> None:
    expected: list[tuple[object, ...]] = []
    for (phase, label), part in learned.answers.groupby(["phase", "label"]):
        for response, n in part["response"].value_counts().items():
            share = n / len(part)
            row = (phase, label, response, n, share, *wilson_by_roots(share, len(part)))
            expected.append(row)
    assert_same(learned.frame("confusion"), expected, 3)


def test_the_scores_of_the_test(learned: Study) -> None:
    test = learned.answers[learned.answers["phase"] == "test"]
    scores = test.groupby("session_id")["correct"].sum().value_counts()
    expected = [
        (right, TEST, right / TEST, int(scores.get(right, 0)),
         PEOPLE * math.comb(TEST, right) * (1 / 3) ** right * (2 / 3) ** (TEST - right))
        for right in range(TEST + 1)
    ]  # fmt: skip
    assert_same(learned.frame("test-scores"), expected, 2)


@pytest.mark.parametrize("study", ["learned", "chosen"])
def test_response_times(study: str, request: pytest.FixtureRequest) -> None:
    taken: Study = request.getfixturevalue(study)
    edges = 10 ** (np.arange(0, 120) / 16)
    expected: list[tuple[object, ...]] = []
    for phase, part in taken.answers.groupby("phase"):
        counts, _ = np.histogram(part["rt_ms"].astype(float), edges)
        assert counts.sum() == len(part)
        expected += [
            (phase, round(edges[b], 6), edges[b + 1], n, n / len(part))
            for b, n in enumerate(counts)
            if n
        ]
    frame = taken.frame("response-times").round({"from_ms": 6})
    assert_same(frame, expected, 2)


def test_durations(learned: Study) -> None:
    sessions = learned.tables.sessions.set_index("session_id").loc[learned.sessions]
    minutes = (sessions["ended_at"] - sessions["consented_at"]).dt.total_seconds() / 60
    frame = learned.frame("durations")
    assert frame["sessions"].sum() == PEOPLE
    for low, high, n in frame.itertuples(index=False, name=None):
        assert n == minutes.between(low, high, inclusive="left").sum()


def test_quality_rules_flag_as_often_as_they_found(learned: Study) -> None:
    with learned.app.app_context(), reading() as connection:
        stored = pd.DataFrame(connection.execute(settle.QUALITY.select()).mappings().all())
    expected = []
    for rule, part in stored.groupby("rule"):
        n, flagged = len(part), int(part["flagged"].sum())
        decides = "excludes alone" if bool(part["auto"].all()) else "asks for a look"
        share = flagged / n
        expected.append((rule, decides, n, flagged, share, *wilson_by_roots(share, n)))
    assert 0 < sum(row[3] for row in expected) < PEOPLE * len(expected)
    assert_same(learned.frame("quality"), expected, 2)


def test_his_of_units(chosen: Study) -> None:
    rows = with_items(chosen)
    expected: list[tuple[object, ...]] = []
    for (model, unit), part in rows[rows["phase"] == "test"].groupby(["model", "unit"]):
        sessions, n, k, low, high = slow_share(by_session(part))
        expected.append((model, unit, sessions, n, k, k / n, low, high))
    frame = chosen.frame("his-units")
    assert_same(frame, expected, 2)
    assert list(frame["his"]) == sorted(frame["his"], reverse=True)


def test_his_of_groups(chosen: Study) -> None:
    rows = with_items(chosen)
    test = rows[rows["phase"] == "test"].assign(all="all")
    test["difficulty"] = test["difficulty"].astype(int).astype(str)
    margins = test.drop_duplicates("item_id").set_index("item_id")["margin"].astype(float)
    ordered = sorted(margins)
    quarters = [ordered[i : i + 3] for i in range(0, 12, 3)]  # twelve test items, none alike
    names = {m: f"{q[0]:.3g} to {q[-1]:.3g}" for q in quarters for m in q}
    test["margin"] = test["margin"].astype(float).map(names)
    expected: list[tuple[object, ...]] = []
    catch = rows[rows["phase"] == "catch"].assign(kind="catch")
    parts = [("kind", catch), *((by, test) for by in
             ("all", "condition", "model", "difficulty", "margin"))]  # fmt: skip
    for by, part in parts:
        for group, own in part.groupby(by):
            sessions, n, k, low, high = slow_share(by_session(own))
            expected.append((by, group, sessions, n, k, k / n, low, high))
    assert_same(chosen.frame("his-groups"), expected, 2)


def with_items(study: Study) -> pd.DataFrame:
    items = study.tables.items.drop_duplicates("item_id")
    own = items[["item_id", "model", "difficulty", "margin"]]
    return study.answers.merge(own, on="item_id", how="left")


def test_catch_trials(chosen: Study) -> None:
    catch = chosen.answers[chosen.answers["phase"] == "catch"]
    counts = catch.groupby("session_id")["correct"].sum().value_counts()
    expected = [
        (right, CATCH, right / CATCH, int(n), right / CATCH >= 0.8) for right, n in counts.items()
    ]
    assert_same(chosen.frame("catch-trials"), expected, 2)


def test_position_bias(chosen: Study) -> None:
    frame = chosen.frame("position-bias")
    top = chosen.answers.assign(correct=chosen.answers["response"] == "top")
    each = top.groupby("session_id")["correct"].mean()
    histogram = frame[frame["measure"] == "sessions"]
    assert histogram["sessions"].sum() == PEOPLE
    for low, high, n in histogram[["from", "to", "sessions"]].itertuples(index=False, name=None):
        # half way between two bins either may have it
        inside = ((each > low + 1e-9) & (each < high - 1e-9)).sum()
        edge = ((each - low).abs() <= 1e-9).sum() + ((each - high).abs() <= 1e-9).sum()
        assert inside <= n <= inside + edge
    parts = {"top chosen": top}
    for side in ("top", "bottom"):
        own = chosen.answers[chosen.answers["label"] == side]
        parts[f"right where the {side} was right"] = own
    expected: list[tuple[object, ...]] = []
    for measure, part in parts.items():
        sessions, n, k, low, high = slow_share(by_session(part))
        expected.append((measure, sessions, n, k / n, low, high))
    rest = frame[frame["measure"] != "sessions"].drop(columns=["from", "to"])
    assert_same(rest, expected, 1)


def test_excluded_sessions_leave_the_kept_ones(learned: Study) -> None:
    """Taking sessions out leaves the counts of the others, and putting them back restores all."""
    app, name = learned.app, learned.name

    def scores(scope: str) -> dict[str, list[float]]:
        with reading() as connection:
            counted = tallies.read(connection, study_id(name), "simulated", scope, "test-scores")
        return counted[1]

    with app.app_context():
        before = scores("kept")
        with reading() as connection:
            ids = connection.execute(settle.RESULTS.select()).mappings().all()
        kept = [row["session_id"] for row in ids if not row["excluded"]]
        for session_id in kept[:3]:
            corrections.set_excluded(host(), session_id, True)
        assert sum(n for (n,) in scores("kept").values()) == len(kept) - 3
        assert sum(n for (n,) in scores("all").values()) == PEOPLE
        for session_id in kept[:3]:
            corrections.set_excluded(host(), session_id, False)
        assert scores("kept") == before
