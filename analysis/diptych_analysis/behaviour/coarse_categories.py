"""Coarse categories for fine ones, such as 16 for the 1,000 classes of ImageNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import MISSING, Codes, Responses, code_type

#: Name of the mapping that ships.
GEIRHOS16 = "geirhos16"


def read_mapping(name: str) -> dict[str, str]:
    """Read a mapping: fine category -> coarse category.

    Parameters
    ----------
    name : str
        `geirhos16`, or a CSV file with the columns `fine` and `coarse`.

    Raises
    ------
    BehaviourFault
        If there is no such file, or a fine category has two coarse ones.

    References
    ----------
    Geirhos et al., *Generalisation in humans and deep neural networks*, NeurIPS 2018: 16 categories
    of 207 ImageNet classes. `geirhos16.csv` lists their WordNet ids as published with
    *Partial success in closing the gap between human and machine vision*, NeurIPS 2021
    (github.com/bethgelab/model-vs-human, human_categories.py).
    """
    from diptych_analysis.behaviour.response_files import read_table

    if name == GEIRHOS16:
        file = Path(str(files("diptych_analysis.behaviour") / f"{GEIRHOS16}.csv"))
    else:
        file = Path(name)
    try:
        table = read_table(file)
    except BehaviourFault as fault:
        raise BehaviourFault(f"mapping {name!r}: {fault} (or {GEIRHOS16}, which ships)") from None
    missing = [column for column in ("fine", "coarse") if column not in table]
    if missing:
        raise BehaviourFault(
            f"mapping {name!r}: missing columns: {', '.join(missing)}; expected fine and coarse"
        )
    table = table.dropna(subset=["fine", "coarse"])[["fine", "coarse"]].drop_duplicates()
    twice = table["fine"][table["fine"].duplicated()]
    if not twice.empty:
        raise BehaviourFault(f"mapping {name!r}: {twice.iloc[0]!r} has two coarse categories")
    return dict(zip(table["fine"], table["coarse"], strict=True))


def coarser(responses: Responses, mapping: Mapping[str, str]) -> Responses:
    """Replace responses and labels by their coarse categories; others stay as they are.

    Labels that are in no coarse category keep their name, so such stimuli remain.

    Raises
    ------
    BehaviourFault
        If no category of the responses is in the mapping.
    """
    names = [mapping.get(name, name) for name in responses.categories]
    if names == list(responses.categories) and not set(names) & set(mapping.values()):
        some = ", ".join(sorted(mapping)[:3])
        raise BehaviourFault(
            f"no category is in the mapping; it has {some}, ..., and the responses have "
            f"{', '.join(responses.categories[:3])}, ..."
        )
    categories = sorted(set(names))
    places = {name: place for place, name in enumerate(categories)}
    renumber: Codes = np.array(
        [*(places[name] for name in names), MISSING], code_type(len(categories))
    )
    labels = renumber[responses.labels]
    given = [categories[code] if code >= 0 else None for code in labels.tolist()]
    stimuli = responses.stimuli.assign(label=pd.Series(given, dtype="object"))
    return replace(
        responses,
        stimuli=stimuli,
        categories=tuple(categories),
        codes=renumber[responses.codes],
        labels=labels,
    )
