"""The analysis from Python: one import, names that load when used, results that show tables."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import diptych
import diptych_analysis as da
from diptych_analysis.behaviour.responses import from_long
from diptych_analysis.charts import sized
from diptych_analysis.summary_display import as_html, as_text
from diptych_analysis.tracing.models import ModelFault
from diptych_analysis.tracing.sequences import Sequences

ROOT = Path(__file__).resolve().parents[2]
SPECS = [*da.MODELS, *(f"{name}+acc+rt" for name in ("static", "prototype", "dkt", "cls_pred_yz"))]


def test_the_import_loads_neither_pandas_nor_torch() -> None:
    heavy = "{'torch', 'pandas', 'numpy', 'altair', 'sklearn', 'scipy', 'flask'}"
    code = f"import sys, diptych_analysis as da; dir(da); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("module", [da, da.mis, da.plot], ids=lambda module: module.__name__)
def test_every_name_is_there_with_a_docstring(module: object) -> None:
    assert dir(module) == sorted(module.__all__) or module is da.plot
    for name in module.__all__:
        assert getattr(module, name).__doc__, name


def test_type_checkers_see_the_names_that_are_loaded() -> None:
    tree = ast.parse(Path(da.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}".removeprefix("diptych_analysis.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("diptych_analysis.")
        for alias in node.names
    }
    loaded = {
        name: place if ":" in place else f"{place}:{name}" for name, place in da._PLACES.items()
    }
    assert seen == loaded
    assert set(da.__all__) == {*loaded, *da._MODULES, "__version__"}


def test_the_version_is_that_of_the_host() -> None:
    assert da.__version__ == diptych.__version__
    with pytest.raises(AttributeError, match="no attribute 'reed_tables'"):
        _ = da.reed_tables


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., da.Tables]) -> Sequences:
    return da.sequences(simulated(16, training=8, test=4))


@pytest.mark.parametrize("spec", SPECS)
def test_models_have_the_manners_of_scikit_learn(spec: str, sequences: Sequences) -> None:
    model = da.make_model(spec)
    parameters = model.get_params()
    assert parameters["spec"] == spec
    assert clone(model).get_params() == parameters and clone(model) is not model
    made_again = eval(repr(model), {"make_model": da.make_model})
    assert made_again.get_params() == parameters
    assert model.set_params(**parameters) is model
    with pytest.raises(ModelFault, match="no parameter 'epoks'; there are spec, encoder"):
        model.set_params(epoks=3)
    with pytest.raises(ModelFault, match="not fitted yet"):
        model.predict_proba(sequences)


def test_parameters_reach_the_fit_and_undo_it(sequences: Sequences) -> None:
    model = da.make_model("dkt", epochs=1, seed=3).fit(sequences)
    same = clone(model).fit(sequences)
    assert np.array_equal(model.predict_proba(sequences), same.predict_proba(sequences))
    model.set_params(seed=3)
    assert model.classes == sequences.classes  # nothing changed
    other = model.set_params(seed=4).get_params()
    assert other["seed"] == 4 and other["epochs"] == 1
    with pytest.raises(ModelFault, match="not fitted yet"):
        model.predict_proba(sequences)
    with pytest.raises(ModelFault, match="can't become make_model"):
        da.make_model("static").set_params(encoder="embedding")
    with pytest.raises(ModelFault, match="no parameter 'epoks'; there are epochs"):
        da.make_model("dkt", epoks=3)


def test_results_show_the_numbers_that_they_hold(
    sequences: Sequences, simulated: Callable[..., da.Tables]
) -> None:
    tables = simulated(4)
    assert f"{len(tables.trials):,}" in repr(tables) and "<table>" in tables._repr_html_()
    scores = da.score(da.make_model("bkt").fit(sequences), sequences)
    assert f"{scores['test'].micro:.2f}" in repr(scores)
    found = da.correlate([1, 2, 3, 5], [1, 3, 2, 5], resamples=50)
    assert f"{found.pearson.value:.2f}" in repr(found) and "95 % interval" in found._repr_html_()
    shown = repr(sequences)
    assert str(int(sequences.scored.sum())) in shown and len(shown) < 400


def test_results_about_raters_and_representations_show_tables() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"rater": f"r{rater}", "stimulus": f"s{place}", "label": "ab"[place % 2],
         "kind": "simulated", "response": "ab"[int(rng.random() < 0.3) ^ place % 2]}
        for rater in range(6) for place in range(20)
    ]  # fmt: skip
    raters = da.rater_agreement(from_long(pd.DataFrame(rows)), da.RaterOptions(resamples=20))
    assert f"{raters.overall.kappa:.3f}" in repr(raters) and "6 raters" in repr(raters)
    a, b = rng.normal(size=(2, 60, 4))
    grids = da.compare_representations(a, b)
    assert f"{grids.forward.success_rate:.2f}" in repr(grids) and "60 items" in repr(grids)


CELLS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS).map(list), max_size=5))
def test_tables_keep_their_columns_and_escape_their_cells(rows: list[list[str]]) -> None:
    lines = as_text(("title", ["name", "a", "b"], rows)).split("\n")
    assert len(lines) == len(rows) + 2
    columns = zip(["name", "a", "b"], *rows, strict=True)
    assert max(map(len, lines[1:])) <= sum(max(map(len, column)) for column in columns) + 4
    page = as_html(("<b>", ["", "<i>", "&"], rows))
    assert page.count("<tr>") == len(rows) + 1
    assert "<b>" not in page and "<i>" not in page


def test_figures_have_the_width_that_a_journal_asks_for(
    tmp_path: Path, simulated: Callable[..., da.Tables]
) -> None:
    figure = da.plot.confusions(simulated(6))
    text = figure.save(tmp_path / "a.svg", width_mm=85).read_text(encoding="utf-8")
    assert text.startswith("<svg") and 'width="321.26"' in text.split(">")[0]
    page = figure.save(tmp_path / "a.pdf", width_mm=180).read_bytes()
    assert page.startswith(b"%PDF")
    with pytest.raises(ValueError, match="width of 85 mm; allowed"):
        figure.save(tmp_path / "a.png", width_mm=85)
    assert not (tmp_path / "a.png").exists()
    assert sized(text, None) == text and figure._repr_svg_().startswith("<svg")


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, simulated: Callable[..., da.Tables]) -> None:
    from nbclient import NotebookClient
    from nbformat import read

    notebook = read(ROOT / "examples" / "learners.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(line != "" for cell in code for line in cell.source.splitlines()) <= 15
    da.write_tables(simulated(12), tmp_path / "OUT" / "greebles", ("csv",))
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = json.dumps([output.get("data", {}) for cell in code for output in cell.outputs])
    assert shown.count("<table>") == 3 and shown.count("image/svg+xml") == 2
