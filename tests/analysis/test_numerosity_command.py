"""`diptych numerosity train`, `test` and `report`, from an empty folder to a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from diptych_analysis.numerosity import runs
from diptych_analysis.numerosity.cli import numerosity
from diptych_analysis.numerosity.findings import NETWORK, OBSERVERS, UNTRAINED, headline

NAME = "small-B-limit2-d2-48px-seed0"


def diptych(*arguments: object) -> Result:
    return CliRunner().invoke(numerosity, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny networks, trained and tested by the commands."""
    to = tmp_path_factory.mktemp("numbers")
    found = diptych("train", to, "--pixels", 48, "--steps", 2, "--limit", 2, "--seeds", 2)
    assert found.exit_code == 0, found.output
    assert found.output.count("Trained:") == 2
    found = diptych("test", to, "--images", 20, "--actions", 100)
    assert found.exit_code == 0, found.output
    assert "incongruent pairs of 16 and 20" in " ".join(found.output.split())
    return to


@pytest.mark.slow
def test_results_hold_settings_sizes_and_controls(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text())
    assert {"diptych", "torch", "scikit-learn", "python"} <= set(results["versions"])
    first = results["runs"][0]
    assert (first["name"], first["seed"]) == (NAME, 0)
    assert first["n"] == {"images": 31 * 20, "actions": 100}
    assert first["settings"]["limit"] == 2
    assert set(first["observers"]) == {NETWORK, UNTRAINED, *OBSERVERS.values()}
    for covariate, observer in OBSERVERS.items():
        own = headline(first, observer, covariate)
        assert own is not None and own["n"] > 0 and own["right"] == 0
    summary = pd.read_csv(folder / "results.csv")
    assert summary["run"].tolist() == [NAME, NAME.replace("seed0", "seed1")]
    losses = pd.read_csv(folder / NAME / "losses.csv")
    assert losses["step"].tolist() == [1, 2]
    assert not (folder / NAME / "checkpoint.pt").exists()
    tested = runs.read_tested(folder / NAME)
    assert np.array_equal(np.unique(tested.counts), np.arange(31))


@pytest.mark.slow
def test_the_report_loads_nothing_and_shows_every_figure(folder: Path) -> None:
    found = diptych("report", folder)
    assert found.exit_code == 0, found.output
    page = (folder / "report/index.html").read_text(encoding="utf-8")
    shown = {file.stem for file in (folder / "report/figures").glob("*.svg")}
    assert shown == {file.stem for file in (folder / "report/figures").glob("*.png")}
    assert shown == {
        *("incongruent", "covariates", "action-error", "embedding", "islands"),
        *("comparison", "perceived", "topology", "lines"),
    }
    assert page.count("<figure>") == len(shown) + 1  # and the images of a walk
    assert page.index("Number or covariate?") < page.index("The networks")
    markup = re.sub(r"(?s)<script>.*?</script>", "<script>", page)
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="(?!data:)', markup)
    table = pd.read_csv(folder / "report/tables/incongruent.csv")
    assert set(table["run"]) == {NAME, NAME.replace("seed0", "seed1")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--limit", 5), "small-B-limit5-d2-32px-seed0"),
        (("--limit", 8, "--objects", "A"), "small-A-limit8-d2-32px-seed0"),
        (("--jitter",), "small-B-limit3-d2-jitter-32px-seed0"),
        (("--imprecise",), "small-B-limit3-d2-actions1to3-32px-seed0"),
        (("--limit", 8, "--jitter", "--imprecise"),
         "small-B-limit8-d2-jitter-actions1to3-32px-seed0"),
    ],
)  # fmt: skip
def test_each_published_condition_is_trained_and_tested(
    options: tuple[object, ...], name: str, tmp_path: Path
) -> None:
    found = diptych("train", tmp_path, "--pixels", 32, "--steps", 3, *options)
    assert found.exit_code == 0, found.output
    settings = json.loads((tmp_path / name / "settings.json").read_text())
    assert settings["jitter"] == ("--jitter" in options)
    assert settings["action_size"] == (3 if "--imprecise" in options else 1)
    assert np.isfinite(pd.read_csv(tmp_path / name / "losses.csv")["loss"]).all()
    found = diptych("test", tmp_path, "--images", 20, "--actions", 100)
    assert found.exit_code == 0, found.output
    assert [run["name"] for run in runs.read_results(tmp_path)["runs"]] == [name]


@pytest.mark.slow
def test_a_finished_network_is_not_trained_again(folder: Path) -> None:
    file = folder / NAME / "network.pt"
    before = file.stat().st_mtime_ns
    again = ("train", folder, "--pixels", 48, "--limit", 2, "--steps")
    assert diptych(*again, 2).exit_code == 0
    assert file.stat().st_mtime_ns == before
    other = diptych(*again, 3)
    assert other.exit_code == 1 and "holds a network of other settings" in other.output


def test_folders_without_networks_say_what_to_run(tmp_path: Path) -> None:
    found = diptych("test", tmp_path)
    assert found.exit_code == 1 and "run `diptych numerosity train` first" in found.output
    found = diptych("report", tmp_path)
    assert found.exit_code == 1 and "run `diptych numerosity test` first" in found.output


def test_help_teaches_the_steps() -> None:
    text = diptych("--help").output
    assert text.index("train out") < text.index("test out") < text.index("report out")
    for command in ("train", "test", "report"):
        assert diptych(command, "--help").exit_code == 0


@pytest.mark.exhaustive
@pytest.mark.slow
def test_three_trained_networks_sense_number(tmp_path: Path) -> None:
    """The claims of the thesis that are robust; never the scale of the perceived numbers."""
    assert diptych("train", tmp_path, "--seeds", 3).exit_code == 0
    assert diptych("test", tmp_path).exit_code == 0
    assert diptych("report", tmp_path).exit_code == 0
    for run in runs.read_results(tmp_path)["runs"]:
        network, untrained = run["observers"][NETWORK], run["observers"][UNTRAINED]
        assert network["order"]["rising"] and not untrained["order"]["rising"]
        assert run["linear_error"] < 0.02
        assert 0.06 < network["weber"]["weber"] < 0.12
        assert run["last_island"]["50"] >= 3
        for covariate, observer in OBSERVERS.items():
            pair = headline(run, NETWORK, covariate)
            assert pair is not None and pair["right"] > 0.95
            control = headline(run, observer, covariate)
            assert control is not None and control["right"] == 0
        errors = {row["number"]: row["error_inside"] for row in run["action_error"]}
        assert errors[0] < 0.01 and errors[1] < 0.03 and errors[2] < 0.08
