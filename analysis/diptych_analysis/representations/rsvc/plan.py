"""What a run of RSVC computes."""

from __future__ import annotations

from dataclasses import dataclass, field

from diptych_analysis.representations.rsvc.comparison import Settings
from diptych_analysis.representations.rsvc.importance import Target


@dataclass(frozen=True)
class Plan:
    """What to compute.

    Attributes
    ----------
    settings : Settings
        Concepts, penalty, folds, seed.
    classes : tuple of str
        As `ImageClass.parse` reads them; empty takes each class that both networks predict often
        enough.
    held_out : float
        Share of a class's images that only the evaluation sees.
    target : {"logit", "loss"}
        What importance explains.
    strength : float
        Share of the prediction in the replacement test.
    layers : tuple of str
        Shell patterns of layers to compare pair by pair; empty compares none.
    grid_size : int
        Patches per grid.
    """

    settings: Settings = field(default_factory=Settings)
    classes: tuple[str, ...] = ()
    held_out: float = 0.3
    target: Target = "logit"
    strength: float = 1.0
    layers: tuple[str, ...] = ()
    grid_size: int = 9
