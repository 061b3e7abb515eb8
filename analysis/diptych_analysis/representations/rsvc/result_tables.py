"""Results of RSVC for two networks, as tables and files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis.networks.images import ImageSet
from diptych_analysis.representations.rsvc.classes import ImageClass
from diptych_analysis.representations.rsvc.comparison import SIDES, Comparison, Side
from diptych_analysis.representations.rsvc.grids import Grids
from diptych_analysis.representations.rsvc.patches import PatchGrid
from diptych_analysis.representations.rsvc.plan import Plan
from diptych_analysis.summary_display import Summarised, Table, number


@dataclass(frozen=True)
class ClassResult:
    """What was found for one class.

    Attributes
    ----------
    wanted : ImageClass
        The class.
    comparison : Comparison
        Concepts, coefficients and predictions.
    concepts : pd.DataFrame
        One row per concept; see `concept_columns` in the documentation.
    grids : dict
        Grids of each (network, concept), as rows of the evaluation patches.
    patches : pd.DataFrame
        `image` and `patch` number of each evaluation patch.
    """

    wanted: ImageClass
    comparison: Comparison
    concepts: pd.DataFrame
    grids: dict[tuple[Side, int], Grids]
    patches: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Result(Summarised):
    """Two networks, compared over a folder of images.

    Attributes
    ----------
    names : tuple of str
        Network A and network B.
    images : ImageSet
        The images.
    plan : Plan
        What was asked for.
    about : dict
        Networks, layers, image set, counts and settings.
    classes : list of ClassResult
        One per class.
    layers : pd.DataFrame
        Similarity of pairs of layers, one row per class and pair; empty without `Plan.layers`.
    """

    names: tuple[str, str]
    images: ImageSet
    plan: Plan
    about: dict[str, Any]
    classes: list[ClassResult]
    layers: pd.DataFrame

    def summary(self) -> Table:
        """Return concepts and mean similarities, one row per class and network."""
        table = self.class_table()[["class", "model", "concepts", "cmcs", "smcs"]]
        rows = [
            [number(cell) if isinstance(cell, float) else str(cell) for cell in row]
            for row in table.itertuples(index=False)
        ]
        return f"Concepts of {self.names[0]} and {self.names[1]}", list(table.columns), rows

    @property
    def concepts(self) -> pd.DataFrame:
        """All concepts of all classes, one row each."""
        return pd.concat([found.concepts for found in self.classes], ignore_index=True)

    def class_table(self) -> pd.DataFrame:
        """Make one row per class and network: mean similarities, dictionary, counts."""
        rows = []
        for found in self.classes:
            for side in SIDES:
                own = found.concepts[found.concepts["network"] == side]
                dictionary = found.comparison.side(side).dictionary
                rows.append(
                    {
                        "class": found.wanted.name,
                        "network": side,
                        "model": self.names[SIDES.index(side)],
                        "concepts": len(dictionary),
                        "dead_concepts": dictionary.dead,
                        "cmcs": own["cmcs"].mean(),
                        "smcs": own["smcs"].mean(),
                        "dictionary": dictionary.kind,
                        "reconstruction_error": dictionary.error,
                        "iterations": dictionary.iterations,
                        "converged": dictionary.converged,
                        **found.comparison.counts,
                    }
                )
        return pd.DataFrame(rows)


def file_name(text: str) -> str:
    """Turn the name of a class into part of a file name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)


def summary(result: Result) -> dict[str, Any]:
    """Return what `--json` writes: settings, classes, concepts and layers."""
    return {
        **result.about,
        "classes": _records(result.class_table()),
        "concepts": _records(result.concepts),
        "layer_pairs": _records(result.layers),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, which knows no NaN."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def write_results(result: Result, to: Path) -> None:
    """Write concepts.csv, classes.csv, grids.csv, layers.csv and results.json."""
    from diptych_analysis.tables import write_json

    to.mkdir(parents=True, exist_ok=True)
    result.concepts.to_csv(to / "concepts.csv", index=False)
    result.class_table().to_csv(to / "classes.csv", index=False)
    grid_table(result).to_csv(to / "grids.csv", index=False)
    if len(result.layers):
        result.layers.to_csv(to / "layers.csv", index=False)
    write_json(to / "results.json", summary(result))


def grid_table(result: Result) -> pd.DataFrame:
    """Make one row per patch of a grid, with its file, corner and coefficients."""
    rows = []
    corners = PatchGrid(**result.about["patches"]).corners
    for found in result.classes:
        for (side, concept), grids in found.grids.items():
            concepts = found.comparison.side(side)
            for grid in ("top", "under", "over"):
                for place, row in enumerate(getattr(grids, grid)):
                    image, patch = found.patches.iloc[row]
                    left, top = corners[int(patch)]
                    rows.append(
                        {
                            "class": found.wanted.name,
                            "network": side,
                            "concept": concept,
                            "grid": grid,
                            "place": place,
                            "file": result.images.files[image],
                            "left": left,
                            "top": top,
                            "coefficient": concepts.coefficients[row, concept],
                            "predicted": concepts.cross[row, concept],
                        }
                    )
    return pd.DataFrame(rows)
