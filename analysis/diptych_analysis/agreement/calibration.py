"""The scale of the MIS, fitted to a few people's answers.

"We optimize alpha over a randomly chosen subset of just 5% of the annotated units to approximately
match the value range of human interpretability scores" (MIS paper, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.agreement.his import unit_key

SHARE = 0.05


def calibration_units(units: int, share: float = SHARE, seed: int = 0) -> npt.NDArray[np.bool_]:
    """Choose which of `units` units to calibrate on (units,): `share` of them, at least one.

    Drawn at random by the seed. Raises `AgreementFault` where fewer than one or all would be.
    """
    if not 0 < share < 1:
        raise AgreementFault(
            f"{share:g} of the units for calibration: expected a share between 0 and 1"
        )
    count = max(1, round(share * units))
    if count >= units:
        raise AgreementFault(
            f"{units} units: too few to calibrate with some and test with the others"
        )
    chosen = np.zeros(units, dtype=bool)
    chosen[np.random.default_rng(seed).choice(units, count, replace=False)] = True
    return chosen


@dataclass(frozen=True)
class Calibrated:
    """`mis` of all units under the fitted scale, and which units it was fitted on."""

    mis: npt.NDArray[np.float64]
    fitted_on: npt.NDArray[np.bool_]
    value: float
    reading: str


def calibrated_scores(
    units: pd.DataFrame, margins: pd.DataFrame, share: float = SHARE, seed: int = 0
) -> Calibrated:
    """Score `units` (`units_of`) under a scale fitted on a few of them, weighted by their answers.

    `margins` has one row a task: the unit's names and margin (Delta+ - Delta-, Eq. 4). The fit is
    `diptych_analysis.mis.score.calibrate`. Raises `AgreementFault` where a unit has no margins,
    or the units differ in their number of tasks.
    """
    from diptych_analysis.mis.score import calibrate

    table = margin_table(units, margins)
    chosen = calibration_units(len(units), share, seed)
    his, answers = (units[name].to_numpy(float)[chosen] for name in ("his", "n"))
    scale = calibrate(table[chosen], his, weights=answers)
    mis = np.asarray(scale.probability(table), dtype=np.float64).mean(axis=1)
    return Calibrated(mis, chosen, float(scale.value), str(scale.reading))


def margin_table(units: pd.DataFrame, margins: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the margins as (U, N), in the order of `units`."""
    key = [name for name in unit_key(units) if name in margins.columns]
    found = {
        names: part.to_numpy(float) for names, part in margins.groupby(key, sort=False)["margin"]
    }
    rows = []
    for names in units[key].itertuples(index=False, name=None):
        if names not in found:
            raise AgreementFault(f"unit {names[-1]!r}: no tasks to calibrate on")
        rows.append(found[names])
    sizes = sorted({len(row) for row in rows})
    if len(sizes) > 1:
        raise AgreementFault(
            f"to calibrate, every unit needs the same number of tasks; found {sizes[0]} "
            f"to {sizes[-1]}"
        )
    return np.stack(rows)
