"""`diptych trace` from tables to tables, figures and saved models; early warning; probing."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.tracing import results as shown
from diptych_analysis.tracing.cli import trace, trace_folder
from diptych_analysis.tracing.early_warning import (
    early_warning,
    final_scores,
    roc_by_trials,
    roc_curves,
)
from diptych_analysis.tracing.figures.accuracy import human_accuracy, phase_change
from diptych_analysis.tracing.figures.space import stimulus_embeddings
from diptych_analysis.tracing.figures.states import neighbourhoods
from diptych_analysis.tracing.models import make_model
from diptych_analysis.tracing.probing import probe, probes_of
from diptych_analysis.tracing.sequences import SequenceFault, Sequences, sequences_from


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(40, training=10, test=6, seed=3))


@pytest.fixture(scope="module")
def export(simulated: Callable[..., Tables], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "clouds"
    write_tables(simulated(24, training=8, test=4), folder, ("csv",))
    return folder


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(trace, [str(a) for a in arguments], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(trace, [str(a) for a in arguments], env={"COLUMNS": "120"})
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    return " ".join(done.output.split())


def test_the_table_is_printed_and_written(export: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("json", "csv", "latex")}
    options = [part for name, file in files.items() for part in (f"--{name}", file)]
    printed = invoke(export, "--models", "gt,static,bkt", "--splits", 2, "--more", *options)
    found = json.loads(files["json"].read_text())
    for model in ("gt", "static", "bkt"):
        mean = found["models"][model]["summary"]["test"]["micro"]["mean"]
        assert model in printed and f"{mean:.2f}" in printed
        each = [split["test"]["micro"] for split in found["models"][model]["splits"]]
        assert mean == pytest.approx(np.mean(each))
    assert found["learners"] == 24 and found["participant_kinds"] == ["simulated"]
    rows = list(csv.DictReader(files["csv"].read_text().splitlines()))
    assert {row["model"] for row in rows} == {"gt", "static", "bkt"}
    assert "class:Bari" in {row["measure"] for row in rows}
    latex = files["latex"].read_text()
    assert latex.count(r"\\") == 4 and r"\mathbf" in latex and "Agara" in latex


def test_the_best_of_a_column_is_bold_whatever_best_means() -> None:
    cells = {"a": [(0.5, 0.0), (1.2, 0.0)], "b": [(0.7, 0.0), (0.9, 0.0)]}
    columns = [("x", "test", "micro"), ("y", "test", "log_loss")]
    assert shown.best_of(cells, columns) == [0.7, 0.9]


def test_a_saved_model_predicts(export: Path, tmp_path: Path) -> None:
    invoke(export, "--models", "dkt", "--splits", 1, "--epochs", 2, "--save", tmp_path / "m")
    model = tmp_path / "m" / "dkt" / "split-0"
    printed = invoke("predict", model, export)
    assert printed.splitlines()[0] == "session_id,trial,label,response,p:Agara,p:Bari,p:Cooka"
    invoke("predict", model, export, "--to", tmp_path / "p.parquet")
    frame = pd.read_parquet(tmp_path / "p.parquet")
    assert len(frame) == 24 * 12
    assert frame.filter(like="p:").sum(axis=1).to_numpy() == pytest.approx(np.ones(len(frame)))


def test_bad_requests_are_one_line(export: Path, tmp_path: Path) -> None:
    assert "no model named 'lstm'" in refused(export, "--models", "lstm")
    assert "at least one model" in refused(export, "--models", ",")
    assert "needs the folder of the images" in refused(
        export, "--models", "static", "--encoder", "cnn", "--splits", 1
    )
    assert "none of 24 sessions is returned" in refused(export, "--status", "returned")
    assert "holds no model" in refused("predict", tmp_path, export)
    (tmp_path / "trials.csv").write_text("x")
    assert "holds no sessions" in refused(tmp_path)


def test_people_are_not_trained_on_together_with_simulated_ones(
    tmp_path: Path, simulated: Callable[..., Tables]
) -> None:
    tables = simulated(20)
    for table in (tables.sessions, tables.trials):
        late = table["session_id"] >= "s008"
        table["participant_kind"] = late.map({True: "person", False: "simulated"})
    write_tables(tables, tmp_path / "x", ("csv",))

    def taken(*kinds: str) -> tuple[int, list[str]]:
        found = trace_folder(tmp_path / "x", specs=["gt"], splits=1, kinds=kinds)
        return found["learners"], found["participant_kinds"]

    assert taken() == (12, ["person"])
    assert taken("simulated") == (8, ["simulated"])
    assert taken("person", "simulated") == (20, ["person", "simulated"])


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_report_has_every_figure(export: Path, tmp_path: Path) -> None:
    invoke(
        *(export, "--models", "static,dkt,cls_pred_y", "--encoder", "embedding"),
        *("--splits", 1, "--epochs", 3, "--report", tmp_path / "report"),
    )
    figures = {file.stem for file in (tmp_path / "report" / "figures").glob("*.png")}
    assert figures == {file.stem for file in (tmp_path / "report" / "figures").glob("*.svg")}
    assert figures >= {"accuracy", "reliability", "states", "paths", "feature_space", "subspaces"}
    page = (tmp_path / "report" / "index.html").read_text()
    assert page.count("<figure>") == len(figures)
    assert "Every participant on this page is <b>simulated</b>" in page


def test_every_stimulus_that_was_shown_has_an_embedding(sequences: Sequences) -> None:
    model = make_model("cls_pred_y", encoder="embedding", epochs=1).fit(sequences)
    z, label = stimulus_embeddings(model, sequences)
    shown = np.unique(sequences.stimulus[sequences.mask])
    assert len(z) == len(shown) and np.isfinite(z).all()
    assert (label == sequences.stimulus_label[shown]).all()


def test_a_probe_is_what_the_model_says_of_what_was_shown(sequences: Sequences) -> None:
    """Where the probe asks about the very trial that was, it gives the prediction of that trial."""
    model = make_model("dkt", epochs=2).fit(sequences)
    p = model.predict_proba(sequences)
    found = probe(model, sequences, [0, 5, 15], per_class=2)
    for place, time in enumerate([0, 5, 15]):
        for row in range(8):
            c = sequences.label[row, time]
            assert found[row, place, c] == pytest.approx(p[row, time, c], abs=1e-6)
    chosen = probes_of(sequences, 3)
    assert (sequences.stimulus_label[chosen] == np.arange(3)[:, None]).all()


def test_early_warning_gets_better_and_is_a_probability(sequences: Sequences) -> None:
    known, new = sequences.rows(slice(0, 25)), sequences.rows(slice(25, 40))
    model = make_model("dkt", epochs=3).fit(known)
    warning = early_warning(model, known, new, above=0.5, seen=(0, 4, 9))
    assert set(warning["seen"]) == {0, 4, 9} and len(warning) == 45
    assert warning["probability"].between(0, 1).all()
    scores = dict(zip(new.sessions, final_scores(new), strict=True))
    assert all(row.score == scores[row.session_id] for row in warning.itertuples())
    assert (warning["finished_above"] == (warning["score"] > 0.5)).all()
    aucs = roc_by_trials(warning).set_index(["seen", "by"])["auc"]
    part = warning[warning["seen"] == 9]
    expected = roc_auc_score(~part["finished_above"], 1 - part["by_count"])
    assert aucs[9, "by_count"] == pytest.approx(expected)
    # before anything was seen, nothing but the class probabilities tell learners apart
    assert warning[warning["seen"] == 0]["by_count"].nunique() == 1
    assert {"false_alarms", "found"} <= set(roc_curves(warning).columns)
    with pytest.raises(SequenceFault, match="nobody known finished above 100%"):
        early_warning(model, known, new, above=1.0)


def test_accuracy_over_time_counts_neighbours_of_the_same_phase(sequences: Sequences) -> None:
    found = human_accuracy(sequences, window=1)
    assert phase_change(sequences) == 10.5
    row = found[(found["class"] == "Bari") & (found["trial"] == 10)].iloc[0]
    c = sequences.classes.index("Bari")
    near = [(i, t) for i in range(40) for t in (8, 9) if sequences.label[i, t] == c]
    right = [sequences.response[i, t] == c for i, t in near]
    assert (row["n"], row["value"]) == (len(near), pytest.approx(np.mean(right)))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_states_are_laid_out_by_umap_where_it_is_and_by_pca_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    cluster = np.arange(90) % 3
    points = rng.normal(size=(90, 20)) + 9 * np.eye(20)[cluster]
    u, _, _ = np.linalg.svd(points - points.mean(0), full_matrices=False)

    def is_pca(at: np.ndarray) -> None:
        """Up to its sign, each direction is a left singular vector."""
        for k in range(2):
            assert abs(np.corrcoef(at[:, k], u[:, k])[0, 1]) == pytest.approx(1)

    pytest.importorskip("umap", reason="umap-learn, of the extra `models`, is missing")
    at, by = neighbourhoods(points)
    assert by == "UMAP" and np.array_equal(at, neighbourhoods(points)[0])
    distance = np.linalg.norm(at[:, None] - at[None], axis=-1) + np.diag(np.full(90, np.inf))
    assert (cluster[distance.argmin(1)] == cluster).all(), "nearest neighbours stay so"
    few = neighbourhoods(points[:6])
    assert few[1] == "PCA" and few[0].shape == (6, 2)
    monkeypatch.setitem(sys.modules, "umap", None)
    at, by = neighbourhoods(points)
    assert by == "PCA"
    is_pca(at)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_figures_of_the_real_learners(real: Path, tmp_path: Path) -> None:
    """DKT above static above the ground truth, near the figures computed elsewhere."""
    from diptych.importers import import_dataset

    import_dataset("explain-teach", real / "chinese_chars", tmp_path / "chars")
    file = tmp_path / "out.json"
    invoke(tmp_path / "chars", "--models", "gt,static,dkt", "--splits", 2, "--json", file)
    found = json.loads(file.read_text())["models"]
    for phase, expected in {"training": (0.41, 0.44, 0.48), "test": (0.44, 0.49, 0.55)}.items():
        means = [found[m]["summary"][phase]["micro"]["mean"] for m in ("gt", "static", "dkt")]
        assert means[0] < means[1] < means[2]
        assert means == pytest.approx(expected, abs=0.07)
