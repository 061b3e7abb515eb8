"""Machines take a comparison: pixels, a trained network, and the report of all observers."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.servers import LiveServer
from support.shipped import STUDIES, built

from diptych.ground.keys import study_key
from diptych.simulation import SeenTrial, observer_class
from diptych.simulation.run import simulate
from diptych.simulation.visitor import SimulationFault
from diptych.tasks.comparison.observers_section import compared
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.machines import PIXEL_MACHINES, machine
from diptych_analysis.numerosity.runs import seeds, train_run
from diptych_analysis.numerosity.settings import Settings
from diptych_analysis.pictures import read_picture
from diptych_analysis.psychometric.side_by_side import congruence
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import read_tables

TINY = Settings.of(pixels=48, steps=2, actions=20, limit=2)
#: Fewer numbers than the study has, and 12 pairs of each with 16.
LEVELS = (10, 13, 20, 24)
PAIRS = 48
COLUMNS = ["number", "area", "hull", "intensity"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny network."""
    folder = tmp_path_factory.mktemp("network")
    train_run(folder, TINY)
    return folder


def test_the_greater_score_wins() -> None:
    one = observer_class("comparison", "machine")(np.random.default_rng(0))
    shown = {"layout": "in_turn", "images": ["a", "b"], "confidence": True, "enable_after_ms": 9}
    for first, second, choice, level in ((2, 1, "first", 3), (1, 1.3, "second", 2),
                                         (1, 1.1, "second", 1), (0, 0, "first", 1)):  # fmt: skip
        features = {"a": np.array([float(first)]), "b": np.array([float(second)])}
        answer = one.answer(SeenTrial("test", shown, features))
        assert answer.response == {"choice": choice, "confidence": level}
        assert answer.rt_ms == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PIXEL_MACHINES)
def test_pixel_machines_see_what_the_manifest_says(name: str) -> None:
    folder = built("numerosity", 16)
    stimuli = rows(folder / "stimuli.csv")[::10]
    pictures = [read_picture((folder / row["file"]).read_bytes()) for row in stimuli]
    expected = [float(row[name.removeprefix("pixels-")]) for row in stimuli]
    assert machine(name).scores(pictures) == pytest.approx(expected)


@pytest.mark.slow
def test_a_network_is_found_in_its_folder_and_scores_the_same_each_time(network: Path) -> None:
    (run,) = network.iterdir()
    one, same = machine(str(network)), machine(str(run))
    assert one.name == same.name and one.name.startswith(run.name[:25]) and len(one.name) <= 32
    black, white = (Image.new("RGB", (96, 96), colour) for colour in ("black", "white"))
    scores = one.scores([black, white, black])
    assert scores == pytest.approx(same.scores([black, white, black]))
    assert scores[0] == pytest.approx(0, abs=1e-4) and scores[1] > 0
    with pytest.raises(NumerosityFault, match="96 x 48 pixels"):
        one.scores([Image.new("RGB", (96, 48))])


def test_a_machine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NumerosityFault, match=r"allowed are .*pixels-area"):
        machine("pixels-colour")
    with pytest.raises(NumerosityFault, match="train` first"):
        machine(str(tmp_path))
    for each in seeds(Settings.of(pixels=48, steps=0), 2):
        train_run(tmp_path, each)
    with pytest.raises(NumerosityFault, match="holds 2 networks"):
        machine(str(tmp_path))


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "studies/numerosity"
    shutil.copytree(built("numerosity", 16, levels=LEVELS), folder)
    shutil.copytree(STUDIES / "numerosity", folder, dirs_exist_ok=True)
    spec = folder / "study.toml"
    spec.write_text(spec.read_text("utf-8").replace("test = 168", f"test = {PAIRS}"), "utf-8")
    return folder.parent


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_people_network_and_pixels_stand_side_by_side(
    live_server: LiveServer, studies_folder: Path, network: Path, tmp_path: Path
) -> None:
    study = studies_folder / "numerosity"
    secret = live_server.environment["DIPTYCH_SECRET_KEY"].encode()
    people, machines = (study_key(secret, each, "numerosity") for each in ("simulate", "machine"))

    def take(run: str, n: int, key: str, observer: str, model: str | None = None) -> None:
        # A named run sees the same trials each time, so nobody fails the catch trials by chance.
        done = simulate(live_server.url, study, n, key=key, observer=observer, model=model, run=run)
        assert done.outcomes == {"completed": n}

    take("people", 4, people, "hull-bias")
    for run, model in (("network", str(network)), ("area", "pixels-area")):
        take(run, 1, machines, "machine", model)
    for wrong, fault in ((None, SimulationFault), ("nothing", MachineFault)):
        with pytest.raises(fault):
            take("wrong", 1, machines, "machine", wrong)
    out = tmp_path / "out"
    live_server.diptych("export", "numerosity", "--to", str(out), "--format", "csv")
    tables = read_tables(out)
    found = {each.observer: each for each in compared(tables.trials, tables, COLUMNS)}
    name = machine(str(network)).name
    assert list(found) == ["simulated participants", "pixels-area", name]
    area = found["pixels-area"]
    assert (area.chosen == (area.ratios[:, 1] > 0)).all() and len(area.chosen) == PAIRS
    # The study's own column says the same of each pair.
    pairs = tables.items[tables.items["kind"] == "test"].drop_duplicates("item_id")["pair"]
    assert sorted(congruence(area.ratios)) == sorted(pairs)
    page = write_report(out, None, tmp_path / "report").read_text(encoding="utf-8")
    table = page[page.index("Observers side by side</h3>") :].split("</table>")[0]
    assert re.findall("<th[^>]*>(.*?)</th>", table)[1:4] == list(found)
    cells = {row[0]: row[1:] for line in re.findall("<tr>(.*?)</tr>", table)
             if (row := re.findall("<t[hd]>(.*?)(?:<br>.*?)?</t[hd]>", line))}  # fmt: skip
    assert cells["answers"] == ["192", "48", "48"]
    assert float(cells["weight of area"][1]) > 0.98
    assert (cells["right, congruent"][1], cells["right, incongruent"][1]) == ("100.0 %", "0.0 %")
    # People weigh the hull a third as much as the number: 0.32 of a length of 1.
    assert float(cells["weight of hull"][0]) == pytest.approx(0.316, abs=0.3)
