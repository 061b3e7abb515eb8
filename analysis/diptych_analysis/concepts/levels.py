"""Levels of abstraction: how the images of a word change while preferences move the generator.

At level 0 the generator is unchanged, and draws the word as anyone would. At each further level it
has learned more preferences, so its images are nearer to what the network calls the class. The
published figures show these levels as `zoo`, `ox`, `tiger` at steps 10, 20 and 30.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from diptych_analysis.concepts.evaluation import evaluation_seeds, shares_of_class
from diptych_analysis.concepts.saved import file_name
from diptych_analysis.concepts.sheets import Bytes, write_sheet
from diptych_analysis.networks.networks import Network

if TYPE_CHECKING:
    from diptych_analysis.concepts.search import Search

#: Words whose levels are drawn: the best ones.
WORDS = 3
#: Images of a level in a sheet: one row.
_SHOWN = 10


def write_levels(
    folder: Path,
    search: Search,
    images: Mapping[str, tuple[Bytes, Bytes]],
    judge: Network | None,
) -> None:
    """Write levels.csv and a sheet of levels for each of the best words.

    Nothing is written without preferences, or with one level.

    Parameters
    ----------
    folder : Path
        Folder of the search.
    search : Search
        After its steps.
    images : mapping of str to (ndarray, ndarray)
        From `evaluate`: images of every word before and after the search, the best word first.
    judge : Network, optional
        See `evaluate`.
    """
    if search.tuner is None or len(search.levels) < 2:
        return
    rows = []
    for word, (before, after) in list(images.items())[:WORDS]:
        seeds = evaluation_seeds(search, word)
        drawn = {0: before}
        for step, adapters in list(search.levels.items())[:-1]:
            with search.tuner.with_adapters(adapters):
                drawn[step] = search.draw(word, seeds)
        drawn[len(search.steps)] = after
        for level, (step, each) in enumerate(drawn.items()):
            shares = shares_of_class(search, judge, each)
            rows.append({"word": word, "level": level, "step": step, **shares})
        sheets = [each[:_SHOWN] for each in drawn.values()]
        write_sheet(folder / "levels" / f"{file_name(word)}.png", sheets)
    pd.DataFrame(rows).to_csv(folder / "levels.csv", index=False)
