"""The report's section about odd one out: agreement and similarity as in slow computations."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.tiny_studies import odd_one_out_study
from support.walker import Walker, open_study

from diptych.export.tables import export_study
from diptych.host import host
from diptych.tasks.odd_one_out.choice_agreement import (
    choice_counts,
    kept_together,
    pair_agreement,
    similar_order,
)
from diptych_analysis.report.write import write_report

ANSWERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from("012")), max_size=14
)


def choices(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Return trials of (session, item, image)."""
    trials = pd.DataFrame(rows, columns=["session_id", "item_id", "chosen"])
    trials["choices"] = "0|1|2"
    return trials


@given(rows=ANSWERS)
def test_agreement_is_that_of_all_pairs_of_sessions(rows: list[tuple[str, str, str]]) -> None:
    by_item = {}
    for item in sorted({row[1] for row in rows}):
        own = [row for row in rows if row[1] == item]
        pairs = [(a, b) for a, b in combinations(own, 2) if a[0] != b[0]]
        if pairs:
            by_item[item] = np.mean([a[2] == b[2] for a, b in pairs])
    found = pair_agreement(choices(rows), resamples=2)
    if not by_item:
        assert found is None
    else:
        assert found is not None and found.n == len(by_item)
        assert found.mean == pytest.approx(np.mean(list(by_item.values())))


def test_the_interval_of_agreement_covers_what_was_simulated() -> None:
    """Sessions choose image 0 with probability 0.6 and each other one with 0.2: P = 0.44."""
    covered, rounds = 0, 25
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        rows = [
            (f"s{session}", f"i{item}", str(rng.choice(3, p=[0.6, 0.2, 0.2])))
            for session in range(12)
            for item in range(10)
        ]
        found = pair_agreement(choices(rows), seed)
        assert found is not None and found.low < found.mean < found.high
        covered += found.low <= 0.44 <= found.high
    assert covered >= 17  # 6 s.d. below 95 % of 25


@given(rows=ANSWERS)
def test_choices_are_counted_most_agreed_first(rows: list[tuple[str, str, str]]) -> None:
    counts = choice_counts(choices(rows))
    for row in counts.itertuples():
        own = [image for _, item, image in rows if item == row.item]
        assert (row.n, row.total) == (own.count(str(row.image)), len(own))
        assert row.agreed == max(own.count(image) for image in own) / len(own)
    assert list(counts["agreed"]) == sorted(counts["agreed"], reverse=True)
    assert counts["n"].sum() == len(rows)


@given(
    shown=st.lists(
        st.tuples(st.permutations("abcdef").map(lambda order: order[:4]), st.integers(0, 3)),
        max_size=12,
    )
)
def test_what_stays_together_is_counted_pair_by_pair(shown: list[tuple[list[str], int]]) -> None:
    groups = {"a": "A", "b": "A", "c": "C", "d": "D", "e": "E"}  # f has no name
    trials = pd.DataFrame(
        [("|".join(images), images[place]) for images, place in shown],
        columns=["choices", "chosen"],
    )
    found = kept_together(trials, groups)
    for first, second in combinations(sorted(set(groups.values())), 2):
        hits = [
            images[place] not in (one, other)
            for images, place in shown
            for one, other in combinations(images, 2)
            if {groups.get(one), groups.get(other)} == {first, second}
        ]
        row = found[(found["first"] == first) & (found["second"] == second)]
        assert [int(n) for n in row["n"]] == ([len(hits)] if hits else [])
        assert list(row["share"]) == ([pytest.approx(np.mean(hits))] if hits else [])


def test_similar_names_are_beside_each_other() -> None:
    pairs = pd.DataFrame(
        [("a", "b", 0.1), ("a", "c", 0.9), ("a", "d", 0.1), ("b", "c", 0.1), ("b", "d", 0.8),
         ("c", "d", 0.1)],
        columns=["first", "second", "share"],
    )  # fmt: skip
    order = similar_order(pairs)
    assert sorted(order) == ["a", "b", "c", "d"]
    for one, other in (("a", "c"), ("b", "d")):
        assert abs(order.index(one) - order.index(other)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("judged", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
def test_the_report_has_the_section(app: Flask, tmp_path: Path, judged: bool) -> None:
    folder = odd_one_out_study(tmp_path / "studies/odd", judged=judged)
    open_study(app, folder)
    for number in range(3):
        walker = Walker(app.test_client(), "odd").start(participant=f"p{number}")
        walker.finish(lambda _: {"choice": 0})
    with app.app_context():
        export_study(host(), "odd", tmp_path / "out", ("csv",))
    page = write_report(tmp_path / "out", to=tmp_path / "report", images=[folder]).read_text()
    head = page.split("<script>")[0]
    assert "Choosing the odd one out" in head and "choose the same image" in head
    assert "attention checks" in head and ("Hardest items" in head) == judged
    assert "the most agreement" in head and "data:image/webp" in head
    assert f"{6 if judged else 2} of them have a right answer" in head
