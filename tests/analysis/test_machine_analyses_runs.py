"""Several runs beside one another: accuracy, training, convergence, controls (simulated scores)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.simulated_units import simulated_layers, simulated_run, simulated_scores

from diptych_analysis.mis.analyses.comparison import compare_runs, run_summary
from diptych_analysis.mis.analyses.convergence import first_tasks, pooled, recreated
from diptych_analysis.mis.analyses.findings import examine
from diptych_analysis.mis.analyses.performance import (
    against_accuracy,
    pareto_optimal,
    read_accuracy,
)
from diptych_analysis.mis.analyses.ranking import rank_models
from diptych_analysis.mis.analyses.training import (
    layer_changes,
    read_checkpoints,
    training_curve,
    unit_changes,
)
from diptych_analysis.mis.analyses.units import easiest_and_hardest, tasks_of
from diptych_analysis.networks.faults import MachineFault

SMALL = st.integers(0, 5)


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=25))
def test_pareto_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    slow = [not any(a >= x and b >= y and (a > x or b > y) for a, b in points) for x, y in points]
    x, y = zip(*points, strict=True)
    assert pareto_optimal(x, y).tolist() == slow


def test_accuracy_joins_by_name_and_percentages_are_understood(tmp_path: Path) -> None:
    ranked = rank_models(simulated_scores(3))
    file = tmp_path / "accuracy.csv"
    file.write_text("model,accuracy\ntimm:cnn0,70\ntimm:cnn1,80.5\nother,10\n")
    found = against_accuracy(ranked, read_accuracy(file))
    assert found["model"].tolist() == ["timm:cnn1", "timm:cnn0"]
    assert found["accuracy"].tolist() == pytest.approx([0.805, 0.7])
    mean = ranked.set_index("model")["mean"]
    assert found["mean"].tolist() == mean[["timm:cnn1", "timm:cnn0"]].tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,acc\na,1\n", "no column 'accuracy'"),
        ("model,accuracy\na,0.5\nb,high\n", "row 3: model 'b', accuracy 'high'"),
        ("model,accuracy\na,0.5\na,0.6\n", "row 3: model 'a' a second time"),
        ("model,accuracy\na,50\nb,101\n", "row 3: accuracy 101; allowed are 0 to 1, or 0 to 100"),
        ("model,accuracy\na,-0.1\n", "row 2: accuracy -0.1"),
        ("model,accuracy,accuracy\na,0.1,0.2\n", "column 'accuracy': appears twice"),
        ("model,accuracy\n,0.1\n", "row 2: model"),
        ("", "accuracy.csv"),
    ],
)
def test_faulty_accuracies_are_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "accuracy.csv"
    file.write_text(text)
    with pytest.raises(MachineFault, match=message):
        read_accuracy(file)


def test_accuracies_of_other_models_are_refused() -> None:
    accuracy = pd.DataFrame({"model": ["x"], "accuracy": [0.5]})
    with pytest.raises(MachineFault, match=r"none of its models \(x\) is scored"):
        against_accuracy(rank_models(simulated_scores(2)), accuracy)


def checkpoints() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of a simulated training that peaks early, and its checkpoints."""
    parts, rows = [], []
    for epoch, lift in ((0, 0.0), (1, 0.3), (90, 0.15)):
        name = f"timm:net@{epoch}.pth" if epoch else "timm:net+untrained"
        parts.append(simulated_run(simulated_layers(name), lift=lift, seed=epoch)[0])
        rows.append((name, epoch))
    return pd.concat(parts, ignore_index=True), pd.DataFrame(rows, columns=["model", "epoch"])


def test_training_curve_goes_by_epoch() -> None:
    scores, points = checkpoints()
    accuracy = pd.DataFrame({"model": points["model"][1:], "accuracy": [0.3, 0.7]})
    curve = training_curve(scores, points.iloc[::-1], accuracy)
    assert curve["epoch"].tolist() == [0, 1, 90]
    for row in curve.to_dict("records"):
        own = scores[(scores["model"] == row["model"]) & ~scores["constant"]]
        assert row["mean"] == pytest.approx(sum(own["mis"]) / len(own))
        assert row["units"] == len(own)
    assert curve["accuracy"].isna().tolist() == [True, False, False]


def test_checkpoints_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    scores, points = checkpoints()
    with pytest.raises(MachineFault, match="no scores of missing"):
        training_curve(scores, pd.DataFrame({"model": ["missing"], "epoch": [1.0]}))
    with pytest.raises(MachineFault, match="epoch 1 a second time"):
        training_curve(scores, points.assign(epoch=[1, 1, 2]))
    file = tmp_path / "checkpoints.csv"
    file.write_text("model,epoch\na,first\n")
    with pytest.raises(MachineFault, match="row 2: model 'a', epoch 'first'"):
        read_checkpoints(file)


def test_changes_are_unit_by_unit_and_reverse_with_their_sign() -> None:
    scores, points = checkpoints()
    _, before, after = points["model"]
    changes = unit_changes(scores, before, after)
    slow = {}
    for row in scores.to_dict("records"):
        slow[row["model"], row["layer"], row["unit"]] = None if row["constant"] else row["mis"]
    expected = {}
    for (model, layer, unit), mis in slow.items():
        other = slow[after, layer, unit]
        if model == before and mis is not None and other is not None:
            expected[f"{layer}:{unit}"] = other - mis
    assert dict(zip(changes["name"], changes["change"], strict=True)) == pytest.approx(expected)
    assert changes["change"].is_monotonic_increasing
    units = (scores["model"] == before).sum()
    assert changes.attrs["left_out"] == units - len(expected) > 0
    back = unit_changes(scores, after, before)
    assert back["change"].tolist() == pytest.approx([-c for c in changes["change"][::-1]])
    layers = layer_changes(changes)
    for row in layers.to_dict("records"):
        own = [c for name, c in expected.items() if name.rpartition(":")[0] == row["layer"]]
        assert row["change"] == pytest.approx(sum(own) / len(own))
        assert row["dropped"] == pytest.approx(sum(c < 0 for c in own) / len(own))


def test_convergence_of_the_first_tasks_by_hand() -> None:
    _, items = simulated_run(simulated_layers("a", blocks=2), n=5)
    found = first_tasks(items.sample(frac=1, random_state=1))
    assert found["n"].tolist() == [1, 2, 3, 4, 5]
    assert found["mean"].iloc[-1] == 0
    for i in range(1, 6):
        away = []
        for _, own in items.groupby(["layer", "unit"]):
            p = [own.loc[own["task"] == task, "probability"].item() for task in range(5)]
            away.append(abs(sum(p[:i]) / i - sum(p) / 5))
        assert found["mean"][i - 1] == pytest.approx(sum(away) / len(away), abs=1e-12)
        assert found["sd"][i - 1] == pytest.approx(float(np.std(away)), abs=1e-12)


def test_a_unit_that_lacks_a_task_is_named() -> None:
    _, items = simulated_run(simulated_layers("a", blocks=1), n=4, constant=0.0)
    lacking = items.drop(items.index[(items["layer"] == "blocks.0.conv") & (items["unit"] == 2)][1])
    with pytest.raises(MachineFault, match=r"blocks\.0\.conv:2 has 3"):
        first_tasks(lacking)


def test_convergence_of_recreated_tasks_by_hand() -> None:
    layers = simulated_layers("a", blocks=2)
    runs = [simulated_run(layers, n=n, seed=n)[0] for n in (2, 8)]
    found = recreated(runs).set_index("n")
    few, many = (run.set_index(["layer", "unit"]) for run in runs)
    away = [
        abs(few.loc[unit, "mis"] - many.loc[unit, "mis"])
        for unit in few.index
        if not few.loc[unit, "constant"] and not many.loc[unit, "constant"]
    ]
    assert found.loc[2, "mean"] == pytest.approx(np.mean(away))
    assert found.loc[2, "units"] == len(away)
    assert found.loc[8, "mean"] == 0
    with pytest.raises(MachineFault, match="two numbers of tasks"):
        recreated(runs[:1])


def test_pooled_convergence_is_that_of_all_units_at_once() -> None:
    items = [
        simulated_run(simulated_layers(m, blocks=b), seed=b)[1] for m, b in (("a", 2), ("b", 3))
    ]
    found = pooled(first_tasks(pd.concat(items)), "both")
    together = first_tasks(
        pd.concat([i.assign(model="one", layer=i["model"] + i["layer"]) for i in items])
    )
    assert found["mean"].tolist() == pytest.approx(together["mean"].tolist())
    assert found["sd"].tolist() == pytest.approx(together["sd"].tolist())


def test_controls_stand_beside_their_network() -> None:
    layers = simulated_layers("timm:net")
    trained = simulated_run(layers, lift=0.3)[0]
    untrained = simulated_run(layers.assign(model="timm:net+untrained"), lift=0.0, seed=1)[0]
    shuffled = simulated_run(layers, lift=0.0, seed=2, similarity="shuffled:efficientnet-lite2")[0]
    compared = compare_runs(pd.concat([trained, untrained, shuffled], ignore_index=True))
    assert set(compared["network"]) == {"timm:net"}
    summary = run_summary(compared).set_index("run")
    for name, run in (
        ("trained, efficientnet-lite2", trained),
        ("untrained, efficientnet-lite2", untrained),
        ("trained, shuffled efficientnet-lite2", shuffled),
    ):
        assert summary.loc[name, "mean"] == pytest.approx(run["accuracy"].mean())
        by_layer = run.groupby("layer")["accuracy"].mean()
        assert summary.loc[name, "lowest"] == pytest.approx(by_layer.min())


def test_untrained_networks_and_early_checkpoints_are_not_pooled() -> None:
    scores, points = checkpoints()
    found = examine(scores, checkpoints=points)
    assert set(found.pooled["model"]) == {"timm:net@90.pth"}
    assert len(found.ranked) == 3
    accuracy = points[["model"]].assign(accuracy=0.5)
    assert examine(scores, accuracy=accuracy, checkpoints=points).against is None
    assert examine(scores, accuracy=accuracy).against is not None
    assert list(found.changes) == [
        ("timm:net+untrained", "timm:net@1.pth"),
        ("timm:net@1.pth", "timm:net@90.pth"),
    ]
    with pytest.raises(MachineFault, match="every unit is constant"):
        examine(scores.assign(constant=True))


@pytest.mark.parametrize(("units", "easiest", "hardest"), [(20, 4, 4), (5, 2, 3), (1, 1, 0)])
def test_easiest_and_hardest_units_never_overlap(units: int, easiest: int, hardest: int) -> None:
    scores = simulated_run(simulated_layers("a", ("conv",), 1, units), constant=0.0)[0]
    found = easiest_and_hardest(scores, "a")
    groups = found.groupby("group").size().to_dict()
    assert groups == {k: v for k, v in {"easiest": easiest, "hardest": hardest}.items() if v}
    assert found["name"].is_unique
    ordered = sorted(scores["mis"])
    assert found["mis"][0] == ordered[-1]
    if hardest:
        assert found.loc[found["group"] == "hardest", "mis"].iloc[0] == ordered[0]


def test_the_tasks_of_a_unit_are_its_own() -> None:
    scores, items = simulated_run(simulated_layers("a"))
    unit = easiest_and_hardest(scores, "a").iloc[0]
    tasks = tasks_of(items, unit)
    assert tasks["task"].tolist() == list(range(6))
    assert tasks["probability"].mean() == pytest.approx(unit["mis"])
    with pytest.raises(MachineFault, match="no task of a "):
        tasks_of(items[items["layer"] == "nothing"], unit)
