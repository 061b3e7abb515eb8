"""Which number sense is trained: objects, actions, network, and how long."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch

from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.networks import NumberSense, published_network, small_network
from diptych_analysis.numerosity.scenes import PUBLISHED_PIXELS, Look

#: An imprecise action moves up to so many objects (authors' code; thesis 7.7.6 says 0 to 3).
IMPRECISE = 3
#: Pixels, learning rate and steps of each network; those of `published` are the thesis's.
RECIPES = {"small": (64, 1e-3, 300), "published": (PUBLISHED_PIXELS, 1e-4, 900)}


@dataclass(frozen=True)
class Settings:
    """One training run. `Settings.of` fills in what belongs to a network.

    Parameters
    ----------
    objects : {"A", "B"}
        Statistics of the objects: A equal, B varied in size and grey level.
    limit : int
        Greatest number of objects in training.
    jitter : bool
        Objects stay the same and change slightly (thesis 7.7.5).
    action_size : int
        Most objects that one action moves (thesis 7.7.6).
    network : {"small", "published"}
        From scratch, or on AlexNet's first two convolutions.
    weights : str
        File of AlexNet's weights; "" downloads them. Only for `published`.
    pixels : int
        Width and height of the images.
    dimensions : int
        d, dimensions of the embedding.
    rate : float
        Learning rate of Adam.
    steps : int
        Updates of the network, one walk each.
    actions : int
        Actions of a walk: pairs per update.
    seed : int
        Seeds the network's start and the walks.
    """

    objects: str = "B"
    limit: int = 3
    jitter: bool = False
    action_size: int = 1
    network: str = "small"
    weights: str = ""
    pixels: int = 64
    dimensions: int = 2
    rate: float = 1e-3
    steps: int = 300
    actions: int = 180
    seed: int = 0

    @classmethod
    def of(cls, network: str = "small", **given: Any) -> Self:
        """Make settings whose pixels, rate and steps default to the recipe of the network."""
        if network not in RECIPES:
            raise NumerosityFault(f"network {network!r}: allowed are {', '.join(RECIPES)}")
        recipe = dict(zip(("pixels", "rate", "steps"), RECIPES[network], strict=True))
        known = {name: value for name, value in given.items() if value is not None}
        return cls(network=network, **(recipe | known))

    @classmethod
    def imprecise(cls, network: str = "small", **given: Any) -> Self:
        """Make settings of imprecise actions: 1 to 3 objects each, half the updates (7.7.6)."""
        known = {name: value for name, value in given.items() if value is not None}
        usual = cls.of(network)
        return cls.of(network, **({"action_size": IMPRECISE, "steps": usual.steps // 2} | known))

    def __post_init__(self) -> None:
        """Check the sizes, the steps and the rate."""
        for name in ("limit", "action_size", "dimensions", "actions"):
            if getattr(self, name) < 1:
                raise NumerosityFault(f"{name} {getattr(self, name)}: at least 1 is needed")
        if self.steps < 0 or self.rate <= 0:
            raise NumerosityFault(f"steps {self.steps}, rate {self.rate}: not below or at 0")

    @property
    def look(self) -> Look:
        """How the objects look."""
        return Look.of(self.objects, self.pixels)

    @property
    def group(self) -> str:
        """Name of the run without its seed, also part of its folder's name."""
        parts = [self.network, self.objects, f"limit{self.limit}", f"d{self.dimensions}"]
        parts += ["jitter"] if self.jitter else []
        parts += [f"actions1to{self.action_size}"] if self.action_size > 1 else []
        parts += [f"{self.pixels}px"] if self.pixels != RECIPES[self.network][0] else []
        return "-".join(parts)

    @property
    def name(self) -> str:
        """Name of the run and of its folder."""
        return f"{self.group}-seed{self.seed}"

    def built(self) -> NumberSense:
        """Build the untrained network; the seed fixes its weights."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            if self.network == "small":
                return small_network(self.pixels, self.dimensions)
            file = Path(self.weights) if self.weights else None
            return published_network(self.pixels, self.dimensions, file)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON stores them."""
        return asdict(self)
