"""The shipped studies: their generators, and what these build, kept between runs."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from support.checkout import ROOT
from support.kept import hash_of_sources, kept, versions

STUDIES = ROOT / "studies"
#: What generators draw and choose with, beside their own functions.
SOURCES = (
    ROOT / "analysis/diptych_analysis/numerosity/displays.py",
    ROOT / "analysis/diptych_analysis/behaviour",
    ROOT / "platform/diptych/authoring/from_contrastive.py",
)


@cache
def generator(name: str) -> ModuleType:
    """Return the module `generate.py` of a shipped study."""
    spec = importlib.util.spec_from_file_location(f"shipped_{name}", STUDIES / name / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def built(name: str, seed: int, **arguments: Any) -> Path:
    """Return a folder with all that a generator builds; nobody may change it.

    Parameters
    ----------
    name : str
        A shipped study that needs nothing but its generator.
    seed : int
        Seed of the generator.
    **arguments : Any
        Its other arguments.
    """
    return kept(
        lambda folder: generator(name).build(folder, seed, **arguments),
        hash_of_sources(STUDIES / name / "generate.py", *SOURCES),
        versions("pillow", "numpy", "scikit-learn"),
        seed,
        json.dumps(arguments, sort_keys=True),
    )
