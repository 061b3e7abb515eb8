"""Do people find the units easy that the machine finds easy? Chosen groups, compared.

MIS paper, section 4.1.2 and Fig. 2C: the units of the lowest MIS, random ones, and those of the
highest, asked of new participants. The paper tells no test for this figure; here units are compared
by Mann and Whitney's U, as a unit and not an answer is what was drawn, corrected after Holm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import mannwhitneyu

from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.agreement.his import over_units
from diptych_analysis.intervals import wilson

ORDER = ("hardest", "random", "easiest")


@dataclass(frozen=True)
class Groups:
    """Groups of units, and the tests between them.

    Attributes
    ----------
    table : pd.DataFrame
        One row per group (`over_units`; right of the n responses, pooled proportion, Wilson).
    tests : pd.DataFrame
        One row per pair: first, second, difference of means, better = P(a unit of second has the
        higher HIS) + half of ties, u, p, p_holm.
    """

    table: pd.DataFrame
    tests: pd.DataFrame


def ordered(names: Sequence[str]) -> list[str]:
    """Return the groups in order: hardest, random, easiest, then others by name."""
    known = [name for name in ORDER if name in names]
    return known + sorted(set(names) - set(known))


def holm(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the p-values (T,) corrected by Holm's step-down procedure (1979)."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(len(values), 0, -1)
    found = np.empty_like(values)
    found[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return found


def compare_groups(units: pd.DataFrame, score: str = "his") -> Groups:
    """Compare the groups of `units` (columns `group`, `score`, n, right) and test every pair.

    Two-sided Mann-Whitney, exact for small groups without ties, Holm-corrected over the pairs.
    Raises `AgreementFault` where there are fewer than two groups.
    """
    known = units[units["group"].notna()] if "group" in units.columns else units.iloc[:0]
    names = ordered([str(name) for name in known["group"].unique()]) if len(known) else []
    if len(names) < 2:
        raise AgreementFault(
            f"{len(names)} group of units; a comparison needs at least two "
            "(attribute 'group' of the items: easiest, random, hardest)"
        )
    known = known.assign(group=known["group"].astype(str))
    table = over_units(known, "group", score).set_index("group").loc[names].reset_index()
    table["right"] = known.groupby("group")["right"].sum().loc[names].to_numpy()
    table["pooled"] = table["right"] / table["n"]
    table["pooled_low"], table["pooled_high"] = wilson(table["right"], table["n"])
    values = {name: part[score].to_numpy(float) for name, part in known.groupby("group")}
    rows = []
    for first, second in combinations(names, 2):
        a, b = values[first], values[second]
        found = mannwhitneyu(b, a, alternative="two-sided")
        u = float(found.statistic)
        rows.append((first, second, b.mean() - a.mean(), u / (len(a) * len(b)), u, found.pvalue))
    tests = pd.DataFrame(rows, columns=["first", "second", "difference", "better", "u", "p"])
    tests["p_holm"] = holm(tests["p"])
    return Groups(table, tests)
