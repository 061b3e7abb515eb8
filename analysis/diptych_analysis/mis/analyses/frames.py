"""What every analysis asks of the scores: sound columns, one setting, units that can be scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import pandas as pd

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import UNTRAINED

#: The order in which layer types are named and coloured everywhere.
LAYER_TYPES = (
    "conv",
    "linear",
    "attention",
    "batchnorm",
    "layernorm",
    "groupnorm",
    "norm",
    "direction",
)
#: The paper pools these (Fig. 6): what weighs inputs, beside what only rescales them.
FAMILY = {"conv": "conv/linear", "linear": "conv/linear", "attention": "conv/linear"}
FAMILIES = ("conv/linear", "batchnorm", "layernorm", "groupnorm", "norm", "direction")
SHUFFLED = "shuffled:"
MEASURES = {"mis": "MIS", "accuracy": "machine accuracy"}
CHANCE = 0.5
NEEDED = ("model", "layer", "layer_type", "layer_index", "unit", "constant", "mis", "accuracy")


@dataclass(frozen=True)
class Setting:
    """How units were scored: scores compare only where all of this is the same."""

    image_set: str
    similarity: str
    n: int
    k: int
    queries: str
    scale: float
    scale_reading: str
    calibrated: bool

    @property
    def words(self) -> str:
        """The setting in one line."""
        return ", ".join(self._parts())

    def _parts(self) -> list[str]:
        fitted = "calibrated on people's answers" if self.calibrated else "not calibrated"
        return [
            f"similarity {self.similarity}",
            f"N = {self.n}",
            f"K = {self.k}",
            f"queries {self.queries}",
            f"scale {self.scale:.3g} read as a {self.scale_reading} ({fitted})",
            f"image set {self.image_set}",
        ]

    def beside(self, leading: Setting) -> str:
        """Return only what differs from another setting."""
        own, other = self._parts(), leading._parts()
        return ", ".join(a for a, b in zip(own, other, strict=True) if a != b)

    @property
    def control(self) -> bool:
        """Whether its similarity is a control that knows nothing of the images."""
        return self.similarity.startswith(SHUFFLED)


SETTING = tuple(field.name for field in fields(Setting))


def require(frame: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `MachineFault` naming the columns that `frame` lacks."""
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise MachineFault(f"{what}: no column {', '.join(map(repr, lacking))}")


def by_setting(scores: pd.DataFrame) -> list[tuple[Setting, pd.DataFrame]]:
    """Split the scores by setting, the leading one first.

    Real similarities lead controls; then more units lead fewer, more tasks fewer.
    """
    require(scores, (*NEEDED, *SETTING), "scores")
    groups = scores.groupby(list(SETTING), sort=True, dropna=False)
    found = [(Setting(*part[list(SETTING)].iloc[0]), part) for _, part in groups]
    return sorted(found, key=lambda pair: (pair[0].control, -len(pair[1]), -pair[0].n))


def one_setting(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores if all were made in one setting and no unit appears twice.

    Columns of the setting that are missing altogether are taken as being the same.
    Raises `MachineFault` naming what differs.
    """
    require(scores, NEEDED, "scores")
    if scores.empty:
        raise MachineFault("scores: no rows")
    for name in SETTING:
        if name in scores.columns and scores[name].nunique(dropna=False) > 1:
            values = ", ".join(sorted({str(value) for value in scores[name]}))
            raise MachineFault(
                f"scores mix settings, {name} is {values}: choose one, they do not compare"
            )
    twice = scores.duplicated(["model", "layer", "unit"])
    if twice.any():
        row = scores.loc[twice, ["model", "layer", "unit"]].iloc[0]
        raise MachineFault(f"scores: {row['model']} {row['layer']}:{row['unit']} appears twice")
    return scores


def usable(scores: pd.DataFrame, measure: str = "mis") -> pd.DataFrame:
    """Return the rows of units that are not constant and have a score.

    Raises `MachineFault` where `measure` is neither "mis" nor "accuracy" (machine accuracy).
    """
    if measure not in MEASURES:
        raise MachineFault(f"measure {measure!r}: allowed are {', '.join(MEASURES)}")
    require(scores, NEEDED, "scores")
    return scores[~scores["constant"].astype(bool) & scores[measure].notna()]


def is_control(model: str) -> bool:
    """Say whether the model never learned anything."""
    return UNTRAINED in model


def trained(scores: pd.DataFrame) -> pd.DataFrame:
    """Drop untrained networks, unless there are no others."""
    keep = ~scores["model"].astype(str).str.contains(UNTRAINED, regex=False)
    return scores[keep] if bool(keep.any()) else scores


def in_order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Return the distinct names in the house order; other names come last, sorted."""
    known = set(names)
    return [n for n in order if n in known] + sorted(known - set(order))


def unit_name(layer: str, unit: int) -> str:
    """Return a unit's full name in items, trials and pages."""
    return f"{layer}:{unit}"
