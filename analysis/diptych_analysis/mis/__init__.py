"""Machine interpretability: how well a machine can tell what units respond to from examples.

For the units of vision networks, after Zimmermann, Klindt and Brendel, NeurIPS 2024.

    import diptych_analysis as da

    scores = da.mis.score_network("efficientnet-lite0", images="photographs", to="out")

The road: `networks` and `layers` say what is looked at, `activations` runs the images through and
`extremes` keeps the most telling ones, `items` makes 2-AFC items of them, `similarity` compares
images and `mis` scores. `store` keeps what was computed; `runs` puts it all together.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diptych_analysis.mis.items import Plan
    from diptych_analysis.mis.runs import score_network
    from diptych_analysis.mis.score import Scale, calibrate, margins, score_activations

__all__ = ["Plan", "Scale", "calibrate", "margins", "score_activations", "score_network"]

_PLACES = {"Plan": "items", "score_network": "runs"}


def __getattr__(name: str) -> object:
    """Load a public name from its module, when it is first used (PEP 562)."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'score')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
