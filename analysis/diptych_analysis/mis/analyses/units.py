"""Single units: the easiest and the hardest of a model, and the tasks that show what they see."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.mis.analyses.frames import one_setting, require, unit_name, usable
from diptych_analysis.networks.faults import MachineFault

ITEM_SETTING = ("image_set", "similarity", "n", "k", "queries")
EASIEST, HARDEST = "easiest", "hardest"


def easiest_and_hardest(scores: pd.DataFrame, model: str, each: int = 4) -> pd.DataFrame:
    """Find the `each` units of highest and lowest MIS of a model (Fig. 2C), best first in each.

    The rows of scores with `group` (easiest, hardest), `place` (from 0) and `name`. Ties go by
    layer and unit. With fewer than 2 * each units each group is smaller, never overlapping; a
    single unit is the easiest. Raises `MachineFault` where the model has no scored unit.
    """
    known = usable(one_setting(scores))
    known = known[known["model"] == model]
    if known.empty:
        raise MachineFault(f"model {model!r}: no scored unit")
    ordered = known.sort_values(
        ["mis", "layer_index", "layer", "unit"], ascending=[False, True, True, True]
    )
    most = min(each, max(1, len(ordered) // 2))
    low = min(each, len(ordered) - most)
    groups = [ordered.head(most).assign(group=EASIEST, place=range(most))]
    if low:
        groups.append(ordered.tail(low)[::-1].assign(group=HARDEST, place=range(low)))
    found = pd.concat(groups, ignore_index=True)
    names = zip(found["layer"], found["unit"], strict=True)
    return found.assign(name=[unit_name(layer, unit) for layer, unit in names])


def tasks_of(items: pd.DataFrame, unit: pd.Series) -> pd.DataFrame:
    """Return the rows of items.parquet that belong to a row of scores, in the tasks' order."""
    require(items, ("model", "layer", "unit", "task", *ITEM_SETTING), "items")
    keys = ("model", "layer", "unit", *(key for key in ITEM_SETTING if key in unit.index))
    own = pd.Series(True, index=items.index)
    for key in keys:
        own &= items[key] == unit[key]
    found = items[own].sort_values("task", ignore_index=True)
    if found.empty:
        name = unit_name(str(unit["layer"]), int(unit["unit"]))
        raise MachineFault(f"items: no task of {unit['model']} {name}")
    return found
