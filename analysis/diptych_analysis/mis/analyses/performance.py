"""Interpretability of models against their accuracy (MIS paper, Fig. 4A and Table 2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.mis.analyses.correlation import Correlation, correlate
from diptych_analysis.mis.analyses.frames import require
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.tables import TableFault, read_cells


def read_accuracy(file: Path) -> pd.DataFrame:
    """Read model, accuracy (0 to 1) from a CSV with these columns, also as percentages.

    Where any accuracy is above 1, all are percentages. Raises `MachineFault` naming the row.
    """
    found = read_models(file, "accuracy")
    values = found["accuracy"]
    most = 100.0 if bool((values > 1).any()) else 1.0
    for row, value in zip(found.index, values, strict=True):
        if not 0 <= value <= most:
            raise MachineFault(
                f"{file}, row {row + 2}: accuracy {value:g}; allowed are 0 to 1, or 0 to 100"
            )
    return found.assign(accuracy=values / most)


def read_models(file: Path, column: str) -> pd.DataFrame:
    """Read a CSV of one number per model: model, `column`. `MachineFault` names the row."""
    try:
        table = read_cells(file)
    except TableFault as fault:
        raise MachineFault(str(fault)) from fault
    table = table.rename(columns=str.strip).astype("string").apply(lambda cells: cells.str.strip())
    table = table.mask(table == "")
    require(table, ("model", column), str(file))
    numbers = pd.to_numeric(table[column], errors="coerce")
    for row in table.index[numbers.isna() | table["model"].isna()]:
        what = f"model {table.at[row, 'model']!r}, {column} {table.at[row, column]!r}"
        raise MachineFault(f"{file}, row {row + 2}: {what}; a name and a number are needed")
    for row in table.index[table["model"].duplicated()]:
        raise MachineFault(f"{file}, row {row + 2}: model {table.at[row, 'model']!r} a second time")
    return pd.DataFrame({"model": table["model"], column: numbers.astype(float)})


def against_accuracy(ranked: pd.DataFrame, accuracy: pd.DataFrame) -> pd.DataFrame:
    """Return the ranked models whose accuracy is known, the most accurate first.

    Columns: model, accuracy (ImageNet top-1, 0 to 1), mean, low, high (of `rank_models`), pareto.
    Raises `MachineFault` where no name is in both.
    """
    require(accuracy, ("model", "accuracy"), "accuracy")
    found = ranked.merge(accuracy[["model", "accuracy"]], on="model", how="inner")
    if found.empty:
        raise MachineFault(
            f"accuracy: none of its models ({_some(accuracy['model'])}) is scored; "
            f"scored are {_some(ranked['model'])}"
        )
    found = found.sort_values(["accuracy", "model"], ascending=[False, True], ignore_index=True)
    found["pareto"] = pareto_optimal(found["accuracy"], found["mean"])
    return found[["model", "accuracy", "mean", "low", "high", "pareto"]]


def accuracy_correlation(against: pd.DataFrame) -> Correlation:
    """Correlate the models' mean MIS with their accuracy (Fig. 4A)."""
    return correlate(against["accuracy"], against["mean"])


def pareto_optimal(x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Mark points where no other is at least as high in both and higher in one (Table 2).

    Points that are the same in both are optimal together.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    found = np.zeros(len(a), dtype=bool)
    best, best_x = -np.inf, np.inf
    for i in np.lexsort((-b, -a)):  # from the highest x down, the highest y first among equals
        found[i] = b[i] > best or (b[i] == best and a[i] == best_x)
        if b[i] > best:
            best, best_x = b[i], a[i]
    return found


def _some(names: pd.Series, most: int = 4) -> str:
    shown = [str(name) for name in names[:most]]
    return ", ".join(shown) + (", …" if len(names) > most else "")
