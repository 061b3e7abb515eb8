"""A folder of training runs: train, test, and read what is there.

FOLDER/
  results.json                  all results, with settings and versions
  results.csv                   one row per run
  small-B-limit3-d2-seed0/      one folder per run
    settings.json
    checkpoint.pt               only while training is not finished
    network.pt
    losses.csv
    test.npz                    what the network makes of the test images
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.numerosity import probes, training
from diptych_analysis.numerosity.analyses.covariates import COVARIATES, covariates
from diptych_analysis.numerosity.analyses.islands import SHOWN_SIZE
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.findings import (
    NETWORK,
    UNTRAINED,
    Tested,
    examine,
    headline,
)
from diptych_analysis.numerosity.probes import ProbeSettings
from diptych_analysis.numerosity.settings import Settings
from diptych_analysis.tables.metadata import write_json

PACKAGES = ("diptych", "torch", "scikit-learn", "scipy", "numpy")


def train_run(
    folder: Path,
    settings: Settings,
    *,
    watch: training.Watch | None = None,
    device: str = "cpu",
) -> Path:
    """Train one network into `folder`/NAME, or continue, or find it finished; return that folder.

    Raises
    ------
    NumerosityFault
        If the run's folder holds a network of other settings.
    """
    to = Path(folder) / settings.name
    if (to / "network.pt").exists():
        known = read_settings(to)
        if known != settings:
            raise NumerosityFault(
                f"{str(to)!r} holds a network of other settings ({known}): remove it to train "
                "again, or use another folder"
            )
        return to
    checkpoint = to / "checkpoint.pt"
    net, losses = training.train(settings, checkpoint=checkpoint, watch=watch, device=device)
    to.mkdir(parents=True, exist_ok=True)
    write_json(to / "settings.json", settings.as_dict())
    table = pd.DataFrame({"step": range(1, len(losses) + 1), "loss": losses})
    table.to_csv(to / "losses.csv", index=False)
    training.save_network(to / "network.pt", net.cpu())
    checkpoint.unlink(missing_ok=True)
    return to


def read_settings(run: Path) -> Settings:
    """Read the settings of a run's folder."""
    file = run / "settings.json"
    try:
        return Settings(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise NumerosityFault(f"{str(file)!r} can't be read: {error}") from error


def finished_runs(folder: Path) -> list[Path]:
    """List the folders of all trained networks, by name.

    Raises
    ------
    NumerosityFault
        If there is none.
    """
    found = sorted(file.parent for file in Path(folder).glob("*/network.pt"))
    if not found:
        raise NumerosityFault(
            f"{str(folder)!r} holds no trained network: run `diptych numerosity train` first"
        )
    return found


def test_runs(
    folder: Path,
    probe: ProbeSettings,
    *,
    watch: Callable[[str, int, int], None] | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """Test all trained networks of a folder; write test.npz, results.json and results.csv.

    Parameters
    ----------
    folder : Path
        Folder of trained networks.
    probe : ProbeSettings
        Sizes of the test sets.
    device : str
        Device of torch.
    watch : callable, optional
        Gets the name of a run, how many runs are finished, and of how many.

    Returns
    -------
    dict
        As results.json has it.
    """
    runs = finished_runs(folder)
    found = []
    for place, run in enumerate(runs):
        if watch is not None:
            watch(run.name, place, len(runs))
        tested = tested_run(run, probe, device=device)
        _write_tested(run / "test.npz", tested)
        found.append(
            {
                "name": run.name,
                "group": tested.settings.group,
                "seed": tested.settings.seed,
                "settings": tested.settings.as_dict(),
                "n": {"images": len(tested.counts), "actions": len(tested.walk_actions)},
                **examine(tested),
            }
        )
    results = {"versions": _versions(), "probe": asdict(probe), "runs": found}
    write_json(Path(folder) / "results.json", results)
    summary(found).to_csv(Path(folder) / "results.csv", index=False)
    return results


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def tested_run(run: Path, probe: ProbeSettings, *, device: str = "cpu") -> Tested:
    """Show the test images to the network of a run, and to the same network before training."""
    settings = read_settings(run)
    with training.flushing_denormals():
        net = training.load_network(run / "network.pt", settings)
        scenes = probes.number_scenes(settings.look, probe)
        walk = probes.walk_beyond(settings, probe)
        walk_z = probes.embedded(net, walk.scenes, device)
        return Tested(
            settings=settings,
            counts=scenes.counts,
            covariates=covariates(scenes),
            z=probes.embedded(net, scenes, device),
            z_untrained=probes.embedded(settings.built().eval(), scenes, device),
            walk_counts=walk.scenes.counts,
            walk_actions=walk.actions,
            walk_predicted=probes.predicted_actions(net, walk_z),
            walk_z=walk_z,
        )


_ARRAYS = (
    *("counts", "z", "z_untrained"),
    *("walk_counts", "walk_actions", "walk_predicted", "walk_z"),
)


def _write_tested(file: Path, tested: Tested) -> None:
    arrays: dict[str, Any] = {name: getattr(tested, name) for name in _ARRAYS}
    np.savez_compressed(file, **arrays | tested.covariates)


def read_tested(run: Path) -> Tested:
    """Read test.npz of a run.

    Raises
    ------
    NumerosityFault
        If the run is not tested.
    """
    file = run / "test.npz"
    try:
        with np.load(file) as saved:
            arrays: dict[str, Any] = {name: saved[name] for name in _ARRAYS}
            values = {name: saved[name] for name in COVARIATES}
    except (OSError, KeyError, ValueError) as error:
        raise NumerosityFault(
            f"{str(file)!r} can't be read ({error}): run `diptych numerosity test` first"
        ) from error
    return Tested(settings=read_settings(run), covariates=values, **arrays)


def read_results(folder: Path) -> dict[str, Any]:
    """Read results.json of a folder.

    Raises
    ------
    NumerosityFault
        If it is missing or no JSON.
    """
    file = Path(folder) / "results.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NumerosityFault(
            f"{str(file)!r} can't be read ({error}): run `diptych numerosity test` first"
        ) from error
    return found


def summary(runs: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per run: the figures that docs and report compare with the published ones."""
    return pd.DataFrame([_summary_row(run) for run in runs])


def _summary_row(run: dict[str, Any]) -> dict[str, Any]:
    network = run["observers"][NETWORK]
    inside = [row for row in run["action_error"] if row["number"] <= run["settings"]["limit"]]
    row: dict[str, Any] = {"run": run["name"], "group": run["group"], "seed": run["seed"]}
    for covariate in COVARIATES:
        pair = headline(run, NETWORK, covariate)
        row[f"incongruent_{covariate}"] = pair["right"] if pair else None
    row["rising"] = network["order"]["rising"]
    row["untrained_rising"] = run["observers"][UNTRAINED]["order"]["rising"]
    row["linear_error"] = run["linear_error"]
    row["last_island"] = run["last_island"][str(SHOWN_SIZE)]
    weber = network.get("weber", {})
    row["pse"], row["weber"] = weber.get("pse"), weber.get("weber")
    row |= {"gain": run["power"]["gain"], "exponent": run["power"]["exponent"]}
    for error in inside:
        row[f"error_{error['number']}"] = error["error_inside"]
    return row


def seeds(settings: Settings, count: int, first: int = 0) -> list[Settings]:
    """Give the same settings `count` seeds, from `first` on."""
    return [replace(settings, seed=first + i) for i in range(count)]
