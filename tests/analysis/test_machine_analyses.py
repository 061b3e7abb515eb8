"""What the scores of many units say, against slow and obvious computations (simulated scores)."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from support.simulated_units import (
    CNN,
    TRANSFORMER,
    simulated_layers,
    simulated_run,
    simulated_scores,
)

from diptych_analysis.mis.analyses.correlation import correlate
from diptych_analysis.mis.analyses.frames import by_setting, one_setting
from diptych_analysis.mis.analyses.layer_types import conover, type_means
from diptych_analysis.mis.analyses.layers import layer_table
from diptych_analysis.mis.analyses.ranking import (
    by_variability,
    constant_units,
    rank_models,
    unit_distribution,
)
from diptych_analysis.mis.analyses.trends import by_depth, by_width, equal_count_bins
from diptych_analysis.networks.faults import MachineFault

FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


def percentile(values: list[float], p: float) -> float:
    """Linear between the two nearest of the sorted values."""
    ordered = sorted(values)
    place = p * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def pearson(x: list[float], y: list[float]) -> float:
    mx, my = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return top / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


def ranks(values: list[float]) -> list[float]:
    """1 for the smallest; equal values share the mean of their places."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]


def of_model(scores: pd.DataFrame, model: str) -> list[float]:
    rows = scores.to_dict("records")
    return [r["mis"] for r in rows if r["model"] == model and not r["constant"]]


def test_ranking_is_that_of_a_slow_loop_and_leaves_constant_units_out() -> None:
    scores = simulated_scores(6)
    ranked = rank_models(scores)
    assert list(ranked["rank"]) == [1, 2, 3, 4, 5, 6]
    assert ranked["mean"].is_monotonic_increasing
    assert ranked["left_out"].sum() == scores["constant"].sum() > 0
    for row in ranked.to_dict("records"):
        values = of_model(scores, row["model"])
        assert row["units"] == len(values)
        assert row["mean"] == pytest.approx(sum(values) / len(values))
        for name, p in (("low", 0.05), ("median", 0.5), ("high", 0.95)):
            assert row[name] == pytest.approx(percentile(values, p))
    worst = rank_models(scores, by="low")
    assert worst["low"].is_monotonic_increasing


def test_ranking_does_not_depend_on_the_order_of_rows() -> None:
    scores = simulated_scores(5)
    shuffled = scores.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(rank_models(scores), rank_models(shuffled))
    pd.testing.assert_frame_equal(layer_table(scores), layer_table(shuffled))
    pd.testing.assert_frame_equal(by_depth(scores).bins, by_depth(shuffled).bins)


def test_constant_ratio_counts_units() -> None:
    scores = simulated_scores(4)
    for row in constant_units(scores).to_dict("records"):
        own = scores[scores["model"] == row["model"]]
        assert row["constant"] == sum(own["constant"])
        assert row["ratio"] == row["constant"] / len(own)


def test_distributions_add_up_and_groups_never_overlap() -> None:
    scores = simulated_scores(10)
    ranked = rank_models(scores)
    chosen = by_variability(ranked, each=5)
    assert list(chosen["group"].value_counts()[["lowest", "medium", "highest"]]) == [3, 3, 3]
    assert chosen["model"].is_unique
    spread = chosen.groupby("group")["spread"]
    assert spread.max()["lowest"] <= spread.min()["medium"]
    assert spread.max()["medium"] <= spread.min()["highest"]
    shares = unit_distribution(scores, chosen["model"].tolist()).groupby("model")["share"].sum()
    assert np.allclose(shares, 1)


def test_layers_stand_in_execution_order_with_their_means() -> None:
    scores = simulated_scores(3)
    table = layer_table(scores)
    for row in table.to_dict("records"):
        own = scores[(scores["model"] == row["model"]) & (scores["layer"] == row["layer"])]
        values = [v for v, still in zip(own["mis"], own["constant"], strict=True) if not still]
        assert row["units"] + row["left_out"] == row["width"] == len(own)
        assert row["mean"] == pytest.approx(sum(values) / len(values))
        assert row["high"] == pytest.approx(percentile(values, 0.95))
    for _, part in table.groupby("model"):
        assert part["layer_index"].is_monotonic_increasing
        assert part.groupby("layer_type")["type_width"].max().eq(1).all()


def conover_by_hand(groups: dict[str, list[float]]) -> dict[tuple[str, str], float]:
    """Conover and Iman (1979) from the ranks, then Holm's correction, step by step."""
    flat = [value for values in groups.values() for value in values]
    n, k, all_ranks = len(flat), len(groups), iter(ranks(flat))
    ranked = {name: [next(all_ranks) for _ in values] for name, values in groups.items()}
    squares = sum(r * r for values in ranked.values() for r in values)
    s2 = (squares - n * (n + 1) ** 2 / 4) / (n - 1)
    sums = sum(sum(values) ** 2 / len(values) for values in ranked.values())
    h = (sums - n * (n + 1) ** 2 / 4) / s2
    raw = {}
    for a, b in itertools.combinations(groups, 2):
        mean_a, mean_b = (sum(ranked[g]) / len(ranked[g]) for g in (a, b))
        spread = s2 * (n - 1 - h) / (n - k) * (1 / len(ranked[a]) + 1 / len(ranked[b]))
        raw[a, b] = 2 * float(student.sf(abs(mean_a - mean_b) / math.sqrt(spread), n - k))
    found, floor = {}, 0.0
    for place, pair in enumerate(sorted(raw, key=lambda pair: raw[pair])):
        floor = max(floor, min(1.0, raw[pair] * (len(raw) - place)))
        found[pair] = floor
    return found


def test_layer_types_are_compared_as_conover_and_holm_say() -> None:
    scores = simulated_scores(12, units=6)
    means = type_means(scores)
    groups = {str(kind): part["mean"].tolist() for kind, part in means.groupby("layer_type")}
    found = conover(means)
    assert np.allclose(found, found.T)
    assert np.allclose(np.diag(found), 1)
    for (a, b), p in conover_by_hand(groups).items():
        assert found.loc[a, b] == pytest.approx(p, abs=1e-9)


def test_layer_types_that_cannot_be_compared_say_why() -> None:
    scores = simulated_scores(1)
    with pytest.raises(MachineFault, match="more means than types, here are 2 of 2"):
        conover(type_means(scores))
    with pytest.raises(MachineFault, match="at least two are needed, here is conv"):
        conover(type_means(scores[scores["layer_type"] == "conv"]))


def test_types_without_spread_differ_or_do_not() -> None:
    means = pd.DataFrame(
        {
            "model": list("abab"),
            "layer_type": ["conv", "conv", "linear", "linear"],
            "mean": [0.6, 0.6, 0.7, 0.7],
        }
    )
    assert conover(means).loc["conv", "linear"] == 0


@given(st.lists(FLOATS, min_size=1, max_size=80), st.integers(1, 40))
def test_bins_keep_order_and_ties_and_share_out_evenly(values: list[float], bins: int) -> None:
    found = equal_count_bins(values, bins)
    assert set(found) == set(range(found.max() + 1))
    assert len(set(found)) <= min(bins, len(values))
    for a, b in itertools.combinations(range(len(values)), 2):
        if values[a] == values[b]:
            assert found[a] == found[b]
        elif values[a] < values[b]:
            assert found[a] <= found[b]
    if len(set(values)) == len(values):
        counts = np.bincount(found)
        assert len(counts) == min(bins, len(values))
        assert counts.max() - counts.min() <= 1


def test_no_bins_are_refused() -> None:
    with pytest.raises(MachineFault, match="0 bins: at least one is needed"):
        equal_count_bins([1.0], 0)


def test_depth_and_width_by_hand() -> None:
    scores = simulated_scores(6)
    scores = scores[scores["layer_type"] == "conv"]
    layers = []
    for (_, _), part in scores.groupby(["model", "layer"]):
        known = part[~part["constant"]]
        first = part.iloc[0]
        layers.append((first["depth"], first["relative_width"], known["mis"].mean()))
    depths = sorted({depth for depth, _, _ in layers})
    trend = by_depth(scores, bins=1000)
    binned = [[m for d, _, m in layers if d == depth] for depth in depths]
    assert trend.bins["x"].tolist() == pytest.approx(depths)
    assert trend.bins["value"].tolist() == pytest.approx([sum(m) / len(m) for m in binned])
    assert trend.bins["sd"].tolist() == pytest.approx([float(np.std(m)) for m in binned])
    told = trend.correlations.iloc[0]
    means = trend.bins["value"].tolist()
    assert told["pearson"] == pytest.approx(pearson(depths, means))
    assert told["spearman"] == pytest.approx(pearson(ranks(depths), ranks(means)))
    width = by_width(scores).correlations.iloc[0]
    x, y = [w for _, w, _ in layers], [m for _, _, m in layers]
    assert width["pearson_layers"] == pytest.approx(pearson(x, y))
    assert width["spearman_layers"] == pytest.approx(pearson(ranks(x), ranks(y)))


def test_depth_has_thirty_bins_and_width_five() -> None:
    layers = simulated_layers("deep", ("conv",), blocks=90, units=1)
    layers["width"] = 2
    layers["relative_width"] = np.linspace(0.1, 1, len(layers))
    scores = simulated_run(layers, constant=0.0)[0]
    assert by_depth(scores).bins["layers"].tolist() == [3] * 30
    assert by_width(scores).bins["layers"].tolist() == [18] * 5


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=30))
def test_correlations_are_symmetric_and_those_of_the_definition(
    pairs: list[tuple[int, int]],
) -> None:
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found, other = correlate(x, y), correlate(y, x)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(found.pearson)
        assert math.isnan(found.spearman)
        return
    assert found.pearson == pytest.approx(pearson(x, y), abs=1e-9)
    assert found.spearman == pytest.approx(pearson(ranks(x), ranks(y)), abs=1e-9)
    assert other.pearson == pytest.approx(found.pearson, abs=1e-12)


def test_scores_of_different_settings_are_not_mixed() -> None:
    layers = simulated_layers("a")
    one, other = simulated_run(layers)[0], simulated_run(layers, n=3)[0]
    both = pd.concat([one, other], ignore_index=True)
    with pytest.raises(MachineFault, match="mix settings, n is 3, 6"):
        rank_models(both)
    with pytest.raises(MachineFault, match="appears twice"):
        one_setting(pd.concat([one, one]))
    with pytest.raises(MachineFault, match="no column 'mis'"):
        rank_models(one.drop(columns="mis"))
    control = simulated_run(layers, n=20, similarity="shuffled:efficientnet-lite2")[0]
    order = [setting for setting, _ in by_setting(pd.concat([control, other, one]))]
    assert [(s.n, s.control) for s in order] == [(6, False), (3, False), (20, True)]
    assert order[1].beside(order[0]) == "N = 3"


def test_families_pool_what_weighs_inputs() -> None:
    cnn = simulated_run(simulated_layers("a", CNN))[0]
    vit = simulated_run(simulated_layers("b", TRANSFORMER))[0]
    table = layer_table(pd.concat([cnn, vit]))
    pooled = table[table["family"] == "conv/linear"]
    assert set(pooled["layer_type"]) == {"conv", "linear", "attention"}
