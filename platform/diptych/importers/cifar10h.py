"""Responses of people to the 10,000 test images of CIFAR-10 (CIFAR-10H).

Peterson et al., *Human uncertainty makes classification more robust*, ICCV 2019; CC BY-NC-SA 4.0,
so the data stay where the user has them. Stimuli are named by their index in CIFAR-10's test set.

`cifar10h-raw.csv` knows who responded. `cifar10h-counts.npy` knows only how many people chose each
class. Its responses are dealt to made-up raters at random, with a fixed seed. That changes nothing
that depends on counts: kappa, agreement per stimulus, distributions. It makes pairs of raters
meaningless.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from diptych.importers import Importer, ImportFault, Progress, content_version, no_progress
from diptych.importers.response_tables import Source, response_tables
from diptych_analysis.tables import TableFault, Tables, read_cells

COUNTS, RAW = "cifar10h-counts.npy", "cifar10h-raw.csv"
#: In the order of CIFAR-10's labels.
CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_RAW_COLUMNS = (
    *("annotator_id", "trial_index", "true_category", "chosen_category"),
    *("cifar10_test_test_idx", "is_attn_check", "reaction_time"),
)
_ABOUT = (
    "Responses of MTurk workers to the 10,000 test images of CIFAR-10 (Peterson et al., CIFAR-10H, "
    "ICCV 2019; CC BY-NC-SA 4.0). Stimuli are named by their index in the test set."
)
_DEALT = (
    " Only counts were known: the raters are made up, and each response belongs to a random one. "
    "Do not compare pairs of raters."
)


class Cifar10H(Importer):
    """The raw responses of CIFAR-10H, or its counts."""

    name: ClassVar[str] = "cifar10h"
    help: ClassVar[str] = f"{RAW} or {COUNTS}, or a folder with one of them"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the data set as tidy tables; `ImportFault` names the file and row."""
        file = _file(path)
        table = _raw(file) if file.suffix == ".csv" else _dealt(file)
        about = _ABOUT if file.suffix == ".csv" else _ABOUT + _DEALT
        progress(1, 1)
        source = Source("cifar10h", content_version(file), about, "mturk")
        return response_tables(table, source)


def _file(path: Path) -> Path:
    candidates = [path] if path.is_file() else [path / RAW, path / COUNTS]
    for file in candidates:
        if file.is_file() and file.suffix in (".csv", ".npy"):
            return file
    raise ImportFault(path, f"expected {RAW} or {COUNTS}, or a folder with one of them")


def _raw(file: Path) -> pd.DataFrame:
    try:
        table = read_cells(file)
    except TableFault as fault:
        raise ImportFault(file, fault.within) from fault
    missing = [name for name in _RAW_COLUMNS if name not in table]
    if missing:
        raise ImportFault(file, f"missing columns: {', '.join(missing)}")
    if table.empty:
        raise ImportFault(file, "has no rows")
    numbers = {
        name: _numbers(file, table[name], name)
        for name in ("annotator_id", "trial_index", "cifar10_test_test_idx", "reaction_time")
    }
    check = _numbers(file, table["is_attn_check"], "is_attn_check") != 0
    for name in ("true_category", "chosen_category"):
        _refuse(file, ~table[name].isin(CLASSES), table[name], f"{name}: allowed are {CLASSES}")
    index = numbers["cifar10_test_test_idx"]
    _refuse(file, ~check & (index < 0), table["cifar10_test_test_idx"], "allowed is 0 or more")
    order = np.lexsort([numbers["trial_index"], numbers["annotator_id"]])
    rater = "a" + numbers["annotator_id"].astype(int).astype(str).str.zfill(4)
    found = pd.DataFrame(
        {
            "session": rater,
            "rater": rater,
            "kind": "person",
            # Attention checks show images of the training set, which have no index.
            "stimulus": np.where(check, "check", index.astype(int).astype(str).str.zfill(5)),
            "response": table["chosen_category"],
            "label": table["true_category"].mask(check),
            "rt_ms": numbers["reaction_time"].where(numbers["reaction_time"] >= 0),
            "phase": np.where(check, "catch", "test"),
        }
    )
    return found.iloc[order]


def _numbers(file: Path, cells: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    _refuse(file, ~numbers.between(-1e300, 1e300), cells, f"{name}: allowed are numbers")
    if name != "reaction_time":
        _refuse(file, numbers != numbers.round(), cells, f"{name}: allowed are whole numbers")
        _refuse(file, numbers.abs() >= 2**53, cells, f"{name}: too large")
    return numbers


def _refuse(file: Path, wrong: pd.Series, cells: pd.Series, allowed: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy(dtype=bool).argmax())
        raise ImportFault(file, f"found {str(cells.iloc[row])[:80]!r}; {allowed}", row + 1)


def _dealt(file: Path, seed: int = 0) -> pd.DataFrame:
    """Deal the responses that counts stand for to made-up raters, at most one per image each."""
    try:
        counts = np.load(file, allow_pickle=False)
    # numpy raises many kinds of errors at damaged files.
    except Exception as error:
        raise ImportFault(file, f"is no array: {str(error).splitlines()[0][:200]}") from error
    if getattr(counts, "ndim", 0) != 2 or counts.shape[1] != len(CLASSES) or not len(counts):
        shape = getattr(counts, "shape", "no shape")
        raise ImportFault(file, f"has the shape {shape}; expected (images, {len(CLASSES)})")
    if counts.dtype.kind not in "iuf" or not np.isfinite(counts).all():
        raise ImportFault(file, "holds no numbers")
    if (counts < 0).any() or (counts != np.round(counts)).any() or counts.sum() > 10**8:
        raise ImportFault(file, "holds numbers that are not counts of people")
    rng = np.random.default_rng(seed)
    raters = int(counts.sum(axis=1).max())
    images, classes, who = [], [], []
    for image, row in enumerate(counts.astype(np.int64)):
        chosen = rng.permutation(np.repeat(np.arange(len(CLASSES)), row))
        images.append(np.full(len(chosen), image))
        classes.append(chosen)
        who.append(rng.permutation(raters)[: len(chosen)])
    found = pd.DataFrame(
        {
            "rater": [f"made-up-{number:03d}" for number in np.concatenate(who)],
            "kind": "person",
            "stimulus": [f"{number:05d}" for number in np.concatenate(images)],
            "response": np.array(CLASSES)[np.concatenate(classes)],
            "label": None,
            "rt_ms": None,
        }
    )
    return found.assign(session=found["rater"]).sort_values(["rater", "stimulus"])
