"""Which units of a scored network people are shown, and in which items (MIS paper, sec. 4.1.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from diptych_analysis.mis.score import Scale

_ITEM_RUN = ("image_set", "similarity", "n", "k", "queries")
RUN = (*_ITEM_RUN, "scale", "scale_reading")
MOST_EXPLANATIONS = 16  # a side, that the task can show
_SCORES = ("model", "layer", "unit", "constant", "mis", *RUN)
_ITEMS = (
    "model", "layer", "unit", *_ITEM_RUN, "task",
    "query_positive", "query_negative", "positives", "negatives", "margin",
)  # fmt: skip
_IMAGES = ("image_set", "image", "file", "sha256")


class UnitsFault(ValueError):
    """No study can be made of a scored network; says what was found, where, and what is needed."""


@dataclass(frozen=True)
class Wanted:
    """How many units and items a study is made of.

    Attributes
    ----------
    easiest, random, hardest : int
        Units of each group.
    tasks : int
        Test items a unit.
    practice, practice_hard, catch : int
        Items of these kinds, each of a unit of its own.
    """

    easiest: int = 10
    random: int = 10
    hardest: int = 10
    tasks: int = 2
    practice: int = 6
    practice_hard: int = 3
    catch: int = 5

    @property
    def tested(self) -> int:
        """Units that test items ask about."""
        return self.easiest + self.random + self.hardest

    @property
    def spare(self) -> int:
        """Further units: for practice, catch trials, and the pictures of the instructions."""
        return self.practice + self.practice_hard + self.catch + 1


@dataclass(frozen=True)
class Scored:
    """One scored network, as `diptych mis` has left it.

    Attributes
    ----------
    model : str
        Its name.
    units : pd.DataFrame
        A row a unit that has a score, the easiest first; of twins only one.
    items : pd.DataFrame
        A row an item; index (layer, unit, task).
    files : Mapping[int, tuple[str, str]]
        File and SHA-256 by image.
    scale : Scale
        How margins became probabilities.
    n, k : int
        Tasks a unit, and explanations a side.
    """

    model: str
    units: pd.DataFrame
    items: pd.DataFrame
    files: Mapping[int, tuple[str, str]]
    scale: Scale
    n: int
    k: int


class UnitItem(NamedTuple):
    """One item of the study; images stand by their number in the scored folder."""

    item_id: str
    kind: str
    group: str
    layer: str
    unit: int
    mis: float
    query_positive: int
    query_negative: int
    positives: tuple[int, ...]
    negatives: tuple[int, ...]
    probability: float | None
    margin: float | None


def read_scored(folder: Path, model: str, **which: Any) -> Scored:
    """Read one run of a network out of a folder that `diptych mis` has written.

    Parameters
    ----------
    folder : Path
        Holds scores.parquet, items.parquet and images.parquet.
    model : str
        Name of the network as it stands there.
    which : Any
        Values of `RUN` columns that single out one run where there are several; None for
        whatever there is.

    Raises
    ------
    UnitsFault
        A file or column is missing, the network was not scored, or was by several runs.
    """
    scores, items, images = (
        _read(folder, name, columns)
        for name, columns in (("scores", _SCORES), ("items", _ITEMS), ("images", _IMAGES))
    )
    models = sorted(scores["model"].unique())
    if model not in models:
        raise UnitsFault(
            f"{folder} has no scores of {model!r}; it has: {', '.join(models) or 'none'}"
        )
    run = _one_run(scores[scores["model"] == model], which, model, folder)
    here = _of(scores, model, run, RUN)
    units = here[~here["constant"].astype(bool) & here["mis"].notna()]
    units = units.drop_duplicates(["layer", "unit"], keep="last")
    units = units.sort_values(["mis", "layer", "unit"], ascending=[False, True, True])
    asked = (
        _of(items, model, run, _ITEM_RUN)
        .drop_duplicates(["layer", "unit", "task"], keep="last")
        .set_index(["layer", "unit", "task"])
        .sort_index()
    )
    shown = images[images["image_set"] == run["image_set"]]
    return Scored(
        model=model,
        units=_without_twins(units, asked),
        items=asked,
        files={
            int(image): (str(file), str(sha256))
            for image, file, sha256 in zip(
                shown["image"], shown["file"], shown["sha256"], strict=True
            )
        },
        scale=Scale(float(run["scale"]), run["scale_reading"]),
        n=int(run["n"]),
        k=int(run["k"]),
    )


def _without_twins(units: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Drop units that ask about the same images as another; the first of those stays.

    A batch norm orders the images as the convolution before it does, or just the other way round:
    people would be shown the same items twice.
    """
    queries = items[["query_positive", "query_negative"]]
    asked: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for (layer, unit, _), high, low in zip(
        queries.index, queries["query_positive"], queries["query_negative"], strict=True
    ):
        asked.setdefault((str(layer), int(unit)), []).append((int(high), int(low)))
    seen: set[frozenset[tuple[int, ...]]] = set()
    kept = []
    for layer, unit in zip(units["layer"], units["unit"], strict=True):
        pairs = asked.get((str(layer), int(unit)), [])
        both = frozenset(tuple(sorted(side)) for side in zip(*pairs, strict=True))
        kept.append(not pairs or both not in seen)
        seen.add(both)
    return units[kept].reset_index(drop=True)


def _read(folder: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    path = folder / f"{name}.parquet"  # a file, or a folder of files that are one table
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path] if path.exists() else []
    if not files:
        raise UnitsFault(
            f"{folder} has no {path.name}: `diptych mis MODEL --images DIR --to {folder}` writes it"
        )
    try:
        table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    except (OSError, ValueError) as fault:
        raise UnitsFault(f"{path} is not a readable Parquet table: {fault}") from None
    missing = [column for column in columns if column not in table]
    if missing:
        raise UnitsFault(f"{path} has no column {', '.join(missing)}: `diptych mis` writes them")
    return table


def _one_run(
    scores: pd.DataFrame, which: Mapping[str, Any], model: str, folder: Path
) -> dict[str, Any]:
    runs = scores[list(RUN)].drop_duplicates().to_dict("records")
    chosen = {name: value for name, value in which.items() if value is not None}
    fitting = [run for run in runs if all(run[name] == value for name, value in chosen.items())]
    if len(fitting) == 1:
        return {str(name): value for name, value in fitting[0].items()}
    found = "; ".join(", ".join(f"{name} {run[name]}" for name in RUN) for run in (fitting or runs))
    how = "several runs" if fitting else f"no run with {chosen}"
    raise UnitsFault(
        f"{folder} has {how} of {model!r}; choose one with --similarity, --image-set, -N, -K, "
        f"--queries or --scale. Runs: {found}"
    )


def _of(
    table: pd.DataFrame, model: str, run: Mapping[str, Any], names: Sequence[str]
) -> pd.DataFrame:
    mask = table["model"] == model
    for name in names:
        mask &= table[name] == run[name]
    return table[mask]


def choose_items(scored: Scored, wanted: Wanted, seed: int) -> list[UnitItem]:
    """Choose the study's items: test items, then catch and practice, one for the instructions.

    Random units are drawn first, from all; the easiest and the hardest are those of the rest with
    the highest and the lowest MIS. So no unit is in two groups, and the random ones are a fair
    sample. Test items are drawn at random from each unit's tasks.

    Everything else comes from units that no test item asks about, the easiest of those left:

    - `catch`: the query of either side is the most extreme of the very examples beside it, so that
      whoever looks finds the same picture twice, whatever the unit responds to.
    - `practice`: the task of the unit that the machine finds easiest. (The unit's most extreme
      pictures would not be clearer: what excites most of all is often unlike the rest.)
    - `practice_hard`: the task of the unit that is in the middle by its margin.

    One item, as those for practice, is of the kind `instructions`, for the pictures there.

    Raises
    ------
    UnitsFault
        Too few units or tasks, or items that are missing.
    """
    _check(scored, wanted)
    rng = np.random.default_rng(seed)
    units = scored.units
    drawn = rng.choice(len(units), wanted.random, replace=False)
    rest = np.setdiff1d(np.arange(len(units)), drawn)  # the easiest first
    hardest = rest[len(rest) - wanted.hardest :]
    spare = rest[wanted.easiest : len(rest) - wanted.hardest][: wanted.spare]
    groups = {"easiest": rest[: wanted.easiest], "random": np.sort(drawn), "hardest": hardest}
    items = []
    for group, places in groups.items():
        for place in places:
            for task in np.sort(rng.choice(scored.n, wanted.tasks, replace=False)):
                items.append(_item(scored, int(place), int(task), "test", group))
    kinds = _dealt(wanted)
    for place, kind in zip(spare, kinds, strict=True):
        task = _by_margin(scored, int(place))[scored.n // 2 if kind == "practice_hard" else 0]
        item = _item(scored, int(place), task, kind, "")
        items.append(_catch(item) if kind == "catch" else item)
    return items


def _dealt(wanted: Wanted) -> list[str]:
    """Return kinds for the spare units, from the easiest: obvious ones before less obvious ones."""
    obvious = max(wanted.practice, wanted.catch)
    dealt = ["instructions"]
    for number in range(obvious):
        dealt += ["practice"] * (number < wanted.practice) + ["catch"] * (number < wanted.catch)
    return dealt + ["practice_hard"] * wanted.practice_hard


def _check(scored: Scored, wanted: Wanted) -> None:
    if min(wanted.easiest, wanted.random, wanted.hardest) < 0 or wanted.tested < 1:
        raise UnitsFault("the numbers of units must be 0 or more, and at least one above 0")
    there, needed = len(scored.units), wanted.tested + wanted.spare
    if there < wanted.tested:
        raise UnitsFault(
            f"{wanted.easiest} easiest, {wanted.random} random and {wanted.hardest} hardest units "
            f"would overlap: {scored.model} has {there} units with a score; ask for fewer"
        )
    if there < needed:
        raise UnitsFault(
            f"{scored.model} has {there} units with a score and {needed} are needed: "
            f"{wanted.tested} to test, and {wanted.spare} others for practice, catch trials and "
            "the instructions; ask for fewer, or score more layers"
        )
    if not 1 <= wanted.tasks <= scored.n:
        raise UnitsFault(
            f"you asked for {wanted.tasks} items per unit; allowed are 1 to {scored.n}"
        )
    if scored.k > MOST_EXPLANATIONS:
        raise UnitsFault(
            f"the items have {scored.k} explanations per side; a study can show at most "
            f"{MOST_EXPLANATIONS}"
        )


def _row(scored: Scored, layer: str, unit: int, task: int) -> Any:
    items: Any = scored.items
    try:
        row: Any = items.loc[(layer, unit, task)]
    except KeyError:
        raise UnitsFault(
            f"items.parquet has no task {task} of {scored.model} {layer}:{unit}, which "
            "scores.parquet names: score the network again"
        ) from None
    return row


def _item(scored: Scored, place: int, task: int, kind: str, group: str) -> UnitItem:
    of = scored.units.iloc[place]
    layer, unit = str(of["layer"]), int(of["unit"])
    row = _row(scored, layer, unit, task)
    item = UnitItem(
        item_id=f"{kind}-{place:05d}-{task}",
        kind=kind,
        group=group,
        layer=layer,
        unit=unit,
        mis=float(of["mis"]),
        query_positive=int(row["query_positive"]),
        query_negative=int(row["query_negative"]),
        positives=tuple(int(image) for image in row["positives"]),
        negatives=tuple(int(image) for image in row["negatives"]),
        probability=float(scored.scale.probability(row["margin"])),
        margin=float(row["margin"]),
    )
    images = (item.query_positive, item.query_negative, *item.positives, *item.negatives)
    unknown = [image for image in images if image not in scored.files]
    if unknown or {len(item.positives), len(item.negatives)} != {scored.k}:
        raise UnitsFault(
            f"the item of {layer}:{unit}, task {task}, does not fit images.parquet or its own K "
            f"({scored.k}): score the network again"
        )
    return item


def _by_margin(scored: Scored, place: int) -> list[int]:
    """Return the tasks of a unit, the one that the machine finds easiest first."""
    of = scored.units.iloc[place]
    rows = [_row(scored, str(of["layer"]), int(of["unit"]), task) for task in range(scored.n)]
    return sorted(range(scored.n), key=lambda task: -float(rows[task]["margin"]))


def _catch(item: UnitItem) -> UnitItem:
    return item._replace(
        query_positive=item.positives[0],
        query_negative=item.negatives[0],
        probability=None,
        margin=None,
    )
