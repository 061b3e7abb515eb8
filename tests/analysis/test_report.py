"""The report: one page, nothing loaded, figures that say what the tables say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import skew

from diptych_analysis.intervals import wilson
from diptych_analysis.report.figures import proportions, skewness, smoothed_accuracy
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.tracing.cli import trace_folder


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_bounds_solve_the_score_equation(n: int, share: float) -> None:
    k = round(share * n)
    low, high = wilson(k, n)
    z = NormalDist().inv_cdf(0.975)
    for bound in (float(low), float(high)):
        # where a bound is no end of the scale, |p - bound| is z standard errors at the bound
        if 1e-9 < bound < 1 - 1e-9:
            assert abs(k / n - bound) == pytest.approx(
                z * np.sqrt(bound * (1 - bound) / n), rel=1e-6
            )
    assert -1e-12 <= low <= k / n + 1e-12 and k / n - 1e-12 <= high <= 1 + 1e-12


def test_nothing_counted_is_no_knowledge() -> None:
    assert [float(x) for x in wilson(0, 0)] == [0.0, 1.0]


@pytest.mark.slow
def test_the_page_stands_alone(tmp_path: Path, simulated: Callable[..., Tables]) -> None:
    write_tables(simulated(12), tmp_path / "x", ("csv",))
    results = trace_folder(tmp_path / "x", specs=["gt", "static"], splits=2)
    file = write_report(tmp_path / "x", results, tmp_path / "report")
    page = file.read_text()
    assert {p.name for p in (tmp_path / "report").iterdir()} == {"index.html", "figures"}
    head = page.split("<script>")[0]
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)\s*=", markup)
    assert "@import" not in head and "url(http" not in head
    assert "Every participant on this page is <b>simulated</b>" in page
    drawn = markup.count("<figure>")
    assert markup.count("<svg") == drawn > 8
    written = {p.name for p in (tmp_path / "report" / "figures").iterdir()}
    assert written == {f"figure-{n + 1}.{kind}" for n in range(drawn) for kind in ("svg", "pdf")}
    linked = set(re.findall(r'href="figures/([^"]+)"', markup))
    assert linked == written
    anchors = re.findall(r'<a href="#([^"]+)"', markup)
    assert anchors == re.findall(r'<h[23] id="([^"]+)"', markup) and len(set(anchors)) > 8
    micro = results["models"]["static"]["summary"]["test"]["micro"]["mean"]
    assert f"{micro:.2f}" in head and json.dumps("clouds")[1:-1] in head


@pytest.mark.slow
def test_people_are_never_pooled_with_simulated_ones(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(9)
    people = {f"s{number:03d}" for number in range(2)}
    for name in ("sessions", "trials"):
        table = getattr(tables, name)
        kind = table["session_id"].isin(people).map({True: "person", False: "simulated"})
        table["participant_kind"] = kind
    write_tables(tables, tmp_path / "x", ("csv",))
    page = write_report(tmp_path / "x", None, tmp_path / "report").read_text()
    assert page.count("2 people completed 2 sessions of the study") == 1
    told = "Completed sessions in the figures: 2 people; 7 simulated participants are left out"
    assert told in page
    assert "Every participant on this page" not in page
    assert page.count("2 sessions") >= 1 and "9 sessions" not in page


def test_the_curves_pool_neighbours_but_not_phases(simulated: Callable[..., Tables]) -> None:
    trials = simulated(20).trials
    curve = smoothed_accuracy(trials, 2)
    row = curve[(curve["label"] == "Bari") & (curve["trial"] == 20)].iloc[0]
    near = trials[(trials["label"] == "Bari") & trials["trial_index"].between(17, 19)]
    assert row["n"] == len(near)
    assert row["accuracy"] == pytest.approx(near["correct"].astype(float).mean())


def test_proportions_and_skewness(simulated: Callable[..., Tables]) -> None:
    trials = simulated(10).trials
    table = proportions(trials, "label").set_index("label")
    for label, part in trials.groupby("label"):
        assert table.loc[label, "accuracy"] == pytest.approx(part["correct"].astype(float).mean())
    scores = trials.groupby("session_id")["correct"].sum().astype(int)
    assert skewness(scores) == pytest.approx(skew(scores))
