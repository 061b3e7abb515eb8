"""which_unit: items follow App. A.2, and the right query is right in the pixels themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from support.shipped import built

UNITS = (
    "hue", "steepness", "fineness", "count", "size", "position_x", "position_y", "petals",
)  # fmt: skip
SIDE = 112
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Row = dict[str, str]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study() -> tuple[Path, list[Row], dict[str, Row]]:
    """The built study: its folder, its items, and its stimuli by file."""
    folder = built("which_unit", seed=2022)
    return folder, rows(folder / "items.csv"), {r["file"]: r for r in rows(folder / "stimuli.csv")}


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def items_of(items: list[Row], unit: str) -> list[Row]:
    return [item for item in items if item["kind"] == "test" and item["unit"] == unit]


def oklab(rgb: Array) -> Array:
    """Convert sRGB (..., 3) between 0 and 1 to OKLab, with the matrices of its definition."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(np.cbrt(linear @ to_cones.T) @ to_lab.T)


def measure(path: Path) -> dict[str, float]:
    """Every unit's value read off the pixels, knowing nothing of how they were drawn."""
    with Image.open(path) as picture:
        lab = oklab(np.asarray(picture.convert("RGB")) / 255.0)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hearts = (light < 0.5) & (chroma < 0.09)
    places, count = ndimage.label(hearts)
    rows_, columns = np.nonzero(hearts)
    blossoms = ndimage.binary_fill_holes(((light > 0.86) & (chroma < 0.07)) | hearts)
    ground = ~ndimage.binary_dilation(blossoms | hearts, iterations=3)
    size = float(np.sqrt(blossoms.sum() / count / np.pi))
    hue = np.arctan2(lab[..., 2][ground].mean(), lab[..., 1][ground].mean())
    fineness, steepness = stripes(np.where(ground, light - light[ground].mean(), 0))
    middles = ndimage.center_of_mass(hearts, places, range(1, count + 1))
    y, x = np.nonzero(blossoms)
    reach = np.min([np.hypot(y - middle[0], x - middle[1]) for middle in middles], axis=0)
    return {
        "hue": float(np.degrees(hue) % 360),
        "steepness": steepness,
        "fineness": fineness,
        "count": count,
        "size": size,
        "position_x": float(columns.mean() + 0.5),
        "position_y": float(SIDE - rows_.mean() - 0.5),
        "petals": float(np.sqrt((reach**2).mean()) / size),
    }


def stripes(light: Array) -> tuple[float, float]:
    """(cycles a picture, steepness in degrees) of the strongest wave in a picture."""
    padded = 4 * SIDE
    window = np.hanning(SIDE)
    power = np.abs(np.fft.fft2(light * window[:, None] * window, (padded, padded)))
    cycles = np.fft.fftfreq(padded) * SIDE
    length = np.hypot(cycles[:, None], cycles[None, :])
    power[(length < 2.2) | (length > 14)] = 0
    row, column = np.unravel_index(power.argmax(), power.shape)
    steepness = np.degrees(np.arctan2(abs(cycles[column]), abs(cycles[row])))
    return float(length[row, column]), float(steepness)


@pytest.fixture(scope="module")
def measured(study: tuple[Path, list[Row], dict[str, Row]]) -> dict[str, dict[str, float]]:
    """Every unit's value, read off the pixels, of all queries and a tenth of the others."""
    folder, items, stimuli = study
    queries = {item[role] for item in items for role in ("query_positive", "query_negative")}
    return {file: measure(folder / file) for file in queries | set(list(stimuli)[::10])}


@pytest.mark.parametrize("unit", UNITS)
def test_manifest_agrees_with_the_pixels(
    unit: str,
    study: tuple[Path, list[Row], dict[str, Row]],
    measured: dict[str, dict[str, float]],
) -> None:
    _, _, stimuli = study
    said = [float(stimuli[file][unit]) for file in measured]
    seen = [values[unit] for values in measured.values()]
    assert np.corrcoef(said, seen)[0, 1] > (0.95 if unit == "petals" else 0.999)
    if unit == "count":
        assert said == seen


def test_the_right_query_is_right_in_the_pixels(
    study: tuple[Path, list[Row], dict[str, Row]], measured: dict[str, dict[str, float]]
) -> None:
    for item in study[1]:
        unit = item["unit"]
        right = measured[item["query_positive"]][unit]
        assert right > measured[item["query_negative"]][unit], item["item_id"]


def test_margins_are_what_they_say_and_difficulty_is_graded(
    study: tuple[Path, list[Row], dict[str, Row]],
) -> None:
    _, items, stimuli = study

    def mean(item: Row, role: str) -> float:
        return float(np.mean([float(stimuli[f][item["unit"]]) for f in item[role].split(";")]))

    for item in items:
        queries = mean(item, "query_positive") - mean(item, "query_negative")
        sets = mean(item, "positives") - mean(item, "negatives")
        assert float(item["margin"]) == pytest.approx(queries / sets, abs=1e-4)
        assert float(item["margin"]) > 0
    for unit in UNITS:
        margins = [float(item["margin"]) for item in items_of(items, unit)]
        difficulty = [int(item["difficulty"]) for item in items_of(items, unit)]
        assert difficulty == [1, 2, 3, 4, 5]
        assert margins == sorted(margins, reverse=True)
        assert margins[0] > 0.9 and margins[-1] < 0.25
    assert min(float(i["margin"]) for i in items if i["kind"] in ("catch", "practice")) > 0.75


@pytest.mark.parametrize("unit", UNITS)
def test_explanations_are_spread_in_strata(
    unit: str, study: tuple[Path, list[Row], dict[str, Row]]
) -> None:
    """App. A.2: N K explanations a side, each item one of every stratum of N, none used twice."""
    _, items, stimuli = study
    tests = items_of(items, unit)
    for role, sign in (("positives", -1), ("negatives", 1)):
        sets = [[sign * float(stimuli[f][unit]) for f in i[role].split(";")] for i in tests]
        assert all(len(values) == 9 and values == sorted(values) for values in sets)
        ranked = np.sort(np.array(sets).ravel()).reshape(9, 5)
        for k, stratum in enumerate(ranked):
            assert sorted(values[k] for values in sets) == pytest.approx(list(stratum))
        query = "query_positive" if role == "positives" else "query_negative"
        least = max(max(values) for values in sets)
        assert all(sign * float(stimuli[i[query]][unit]) >= least for i in tests)
    for first, second in combinations([set(shown(item)) for item in tests], 2):
        assert not first & second


def shown(item: Row) -> Iterator[str]:
    """The files of an item."""
    for role in ("query_positive", "query_negative", "positives", "negatives"):
        yield from item[role].split(";")


def test_in_obvious_items_only_the_unit_differs(
    study: tuple[Path, list[Row], dict[str, Row]],
) -> None:
    _, items, stimuli = study
    spread = {u: np.std([float(row[u]) for row in stimuli.values()]) for u in UNITS}
    for item in items:
        if item["kind"] != "catch":
            continue
        apart = {
            u: abs(
                float(stimuli[item["query_positive"]][u])
                - float(stimuli[item["query_negative"]][u])
            )
            / spread[u]
            for u in UNITS
        }
        others = max(value for u, value in apart.items() if u != item["unit"])
        assert apart[item["unit"]] > 2 * others, item["item_id"]
