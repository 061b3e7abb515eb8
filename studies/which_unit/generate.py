"""Draw blossoms on stripes, and build 2-AFC items whose right answer is known by construction.

A "unit" stands in for a channel of a network: it is one known function of a drawn picture (how
many blossoms, which hue, how steep the stripes ...), and all other functions vary freely. What
each unit measures in each picture stands in stimuli.csv.

Test items follow App. A.2 of Zimmermann et al. (2024), with one change. For each unit the N K
most and least extreme pictures of a common pool are explanations, spread over the N items in
strata, so that every item shows the same range of values. Queries come from beyond them; where
the paper takes the next N, here they come from N depths of the pool, so that difficulty is
graded: `margin` is the distance of the two queries in the unit's value, as a share of the
distance between the means of the two sets of explanations.

Catch and practice items are drawn apart: only the unit varies much, so that they are obvious.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
Values = dict[str, float]

SIDE = 112  # pixels a side
FINE = 3  # supersampling: fine pixels a pixel, along each axis
COLOURS = 256  # of a picture's palette; fewer would lose the dark hearts
POOL = 720  # pictures the test items are chosen from
N, K = 5, 9  # test items a unit, explanations a side
DEPTHS = (0.0, 0.16, 0.26, 0.35, 0.43)  # of the queries in the pool, from either end; 0: the next

# unit -> (lowest, highest value, decimals)
UNITS: dict[str, tuple[float, float, int]] = {
    "hue": (20, 260, 1),  # of the ground, degrees in OKLCH: coral ... blue
    "steepness": (0, 90, 1),  # of the stripes, degrees: level ... upright
    "fineness": (3, 11, 2),  # of the stripes, cycles a picture
    "count": (1, 6, 0),  # of blossoms
    "size": (4.8, 8.8, 2),  # of a blossom: radius in pixels of the disc of the same area
    "position_x": (31, 81, 1),  # x of the middle of the blossoms, pixels from the left
    "position_y": (31, 81, 1),  # y of the middle of the blossoms, pixels from the bottom
    "petals": (0, 0.34, 3),  # how deep the petals are cut, as a share of the radius; 0: a disc
}
CONTRAST = (0.035, 0.08)  # of the stripes, in OKLab lightness; belongs to no unit
CATCH = ("hue", "steepness", "fineness", "count", "size")
PRACTICE_HARD = ("count", "size", "position_x", "petals")


def value(unit: str, share: float) -> float:
    """Return the unit's value at a share (0-1) of its range.

    `fineness` grows by ratios, `count` by steps.
    """
    low, high, decimals = UNITS[unit]
    if unit == "count":
        return float(min(high, low + math.floor(share * (high - low + 1))))
    if unit == "fineness":
        return round(low * math.exp(share * math.log(high / low)), decimals)
    return round(low + share * (high - low), decimals)


def picture_values(shares: NDArray[np.float64], rng: np.random.Generator) -> list[Values]:
    """Return values of pictures from shares (n, 8) of each unit's range, and a free contrast."""
    contrast = rng.uniform(*CONTRAST, len(shares)).round(4)
    return [
        {unit: value(unit, float(share)) for unit, share in zip(UNITS, row, strict=True)}
        | {"contrast": float(grey)}
        for row, grey in zip(shares, contrast, strict=True)
    ]


def draw_pool(n: int, rng: np.random.Generator) -> list[Values]:
    """Draw `n` pictures that fill each unit's range evenly, independently between units."""
    places = np.stack([rng.permutation(n) for _ in UNITS], axis=1)
    return picture_values((places + rng.random(places.shape)) / n, rng)


def draw_ends(unit: str, end: float, loose: float, rng: np.random.Generator) -> list[Values]:
    """Return values of 2 (K + 1) pictures: first those at the unit's high end, then at its low end.

    Parameters
    ----------
    unit : str
        The unit that sets the two sets apart.
    end : float
        Share of the unit's range that either set is spread over.
    loose : float
        Share of their ranges, around the middle, that all other units vary in.
    rng : np.random.Generator
        Chooses them.
    """
    shares = 0.5 + (rng.random((2 * (K + 1), len(UNITS))) - 0.5) * loose
    spread = np.linspace(0, end, K + 1)
    shares[:, list(UNITS).index(unit)] = np.concatenate([1 - spread, spread])
    return picture_values(np.minimum(shares, 1 - 1e-9), rng)


def oklch(lightness: float, chroma: float, hue: float) -> NDArray[np.float64]:
    """Convert a colour of OKLCH (hue in degrees) to sRGB values 0-1."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.array(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    ).clip(0, 1)
    shown: NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return shown


INK = oklch(0.30, 0.05, 285)
CREAM = oklch(0.975, 0.018, 90)


class Sheet:
    """A fine grid of light that flat shapes are painted on; coordinates are pixels, y down."""

    def __init__(self) -> None:
        side = SIDE * FINE
        grid = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(FINE)
        self.x, self.y = grid[None, :], grid[:, None]
        self.light = np.zeros((3, side, side), np.float32)

    def stripes(self, values: Values, mirrored: bool, phase: float) -> None:
        """Fill the sheet with soft-edged stripes in two tones of the hue."""
        slope = math.radians(values["steepness"])
        across = math.sin(slope) * (-1 if mirrored else 1)
        cycles = values["fineness"] / SIDE
        wave = self.x * np.float32(across * cycles) + self.y * np.float32(math.cos(slope) * cycles)
        wave = wave + np.float32(phase)
        saw = np.abs((wave - np.floor(wave)) * 2 - 1)  # triangle wave between 0 and 1
        mix = np.clip((saw - 0.5) * 6 + 0.5, 0, 1)
        tones = [oklch(0.735 + s * values["contrast"], 0.115, values["hue"]) for s in (-1, 1)]
        for axis in range(3):
            dark, bright = np.float32(tones[0][axis] ** 2), np.float32(tones[1][axis] ** 2)
            self.light[axis] = dark + (bright - dark) * mix

    def blossom(self, cx: float, cy: float, radius: float, cut: float, turn: float) -> None:
        """Draw a blossom of five petals, as large as a disc of `radius` pixels, and its shadow."""
        middle = radius / math.sqrt(1 + cut * cut / 2)
        self._flower(cx + 0.9, cy + 1.5, middle, cut, turn, np.zeros(3), 0.28)
        self._flower(cx, cy, middle, cut, turn, CREAM, 1)
        self._flower(cx, cy, middle * 0.34, 0, 0, INK, 1)

    def _flower(
        self, cx: float, cy: float, middle: float, cut: float, turn: float,
        colour: NDArray[np.float64], cover: float,
    ) -> None:  # fmt: skip
        """Paint the region r < middle (1 + cut cos 5 phi)."""
        reach = middle * (1 + cut) + 1
        rows = slice(max(0, int((cy - reach) * FINE)), int((cy + reach) * FINE) + 1)
        columns = slice(max(0, int((cx - reach) * FINE)), int((cx + reach) * FINE) + 1)
        dx, dy = self.x[:, columns] - np.float32(cx), self.y[rows] - np.float32(cy)
        r = np.sqrt(dx * dx + dy * dy) + np.float32(1e-6)
        c = (dx * np.float32(math.cos(turn)) + dy * np.float32(math.sin(turn))) / r
        five = c * (5 + c * c * (16 * c * c - 20))  # cos 5 phi from c = cos phi
        inside = r < np.float32(middle) * (1 + np.float32(cut) * five)
        for axis in range(3):
            part = self.light[axis][rows, columns]
            part += inside * np.float32(cover) * (np.float32(colour[axis] ** 2) - part)

    def develop(self) -> Image.Image:
        """Average the fine grid down, encode it, and keep a small palette."""
        pixels = np.zeros((3, SIDE, SIDE), np.float32)
        for row in range(FINE):
            for column in range(FINE):
                pixels += self.light[:, row::FINE, column::FINE]
        shown = np.sqrt(np.minimum(pixels / (FINE * FINE), 1)) * 255 + np.float32(0.5)
        picture = Image.fromarray(shown.astype(np.uint8).transpose(1, 2, 0))
        return picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def bouquet(count: int, reach: float, turn: float) -> list[tuple[float, float]]:
    """Return the offsets of `count` blossoms that don't touch, around (0, 0), which is their mean.

    Parameters
    ----------
    count : int
        1 to 6.
    reach : float
        Greatest radius of a blossom, pixels.
    turn : float
        Angle of the first, radians.
    """
    inner = 1 if count in (1, 6) else 0
    outer = count - inner
    offsets = [(0.0, 0.0)] * inner
    gap = 2.14 * reach
    ring = max(gap / (2 * math.sin(math.pi / outer)) if outer > 1 else 0, gap if inner else 0)
    for k in range(outer):
        angle = turn + 2 * math.pi * k / outer
        offsets.append((ring * math.cos(angle), ring * math.sin(angle)))
    return offsets


def draw(values: Values, rng: np.random.Generator) -> Image.Image:
    """Draw one picture (112 x 112, palette). `rng` chooses what belongs to no unit."""
    sheet = Sheet()
    sheet.stripes(values, bool(rng.random() < 0.5), float(rng.random()))
    radius, cut = values["size"], values["petals"]
    reach = radius * (1 + cut) / math.sqrt(1 + cut * cut / 2)
    turn = float(rng.uniform(0, 2 * math.pi))
    for dx, dy in bouquet(int(values["count"]), reach, turn):
        at = (values["position_x"] + dx, SIDE - values["position_y"] + dy)
        sheet.blossom(*at, radius, cut, float(rng.uniform(0, 2 * math.pi)))
    return sheet.develop()


ROLES = ("query_positive", "query_negative", "positives", "negatives")


class Item(NamedTuple):
    """One row of items.csv before its pictures have files."""

    item_id: str
    kind: str
    unit: str
    difficulty: int  # 0: obvious; 1-5: place of its depth in DEPTHS
    shown: dict[str, list[int]]  # role -> indices of pictures


def test_items(pool: list[Values], rng: np.random.Generator) -> list[Item]:
    """Make N items per unit; they name pictures by their index in the pool."""
    items = []
    for unit in UNITS:
        measured = np.array([values[unit] for values in pool])
        # Ties (count) in an order of their own, lest other units' order decide.
        high = np.lexsort((rng.random(len(pool)), -measured))
        low = high[::-1]
        positives, negatives = spread(high[: N * K], rng), spread(low[: N * K], rng)
        for number, depth in enumerate(DEPTHS):
            place = N * K + number if depth == 0 else round(depth * len(pool))
            queries = [int(high[place])], [int(low[place])]
            shown = (*queries, positives[number], negatives[number])
            name = f"{unit}-{number + 1}"
            items.append(Item(name, "test", unit, number + 1, dict(zip(ROLES, shown, strict=True))))
    return items


def spread(ranked: NDArray[np.intp], rng: np.random.Generator) -> list[list[int]]:
    """Return N sets of K: each gets one, drawn at random, of the K strata of N (App. A.2)."""
    strata = ranked.reshape(K, N)
    shuffled = np.stack([rng.permutation(stratum) for stratum in strata])
    return [[int(place) for place in shuffled[:, task]] for task in range(N)]


def plain_items(pictures: list[Values], rng: np.random.Generator) -> list[Item]:
    """Catch and practice items; their pictures are appended to `pictures`."""
    wanted = [("catch", unit, 0, 0.08, 0.2) for unit in CATCH]
    wanted += [("practice", unit, 0, 0.12, 0.3) for unit in UNITS]
    wanted += [("practice_hard", unit, 1, 0.3, 0.6) for unit in PRACTICE_HARD]
    items = []
    for kind, unit, difficulty, end, loose in wanted:
        start = len(pictures)
        pictures += draw_ends(unit, end, loose, rng)
        high, low = ([start + side * (K + 1) + k for k in range(K + 1)] for side in (0, 1))
        shown = ([high.pop()], [low.pop()], high, low)  # queries are the least extreme
        roles = dict(zip(ROLES, shown, strict=True))
        items.append(Item(f"{kind}-{unit}", kind, unit, difficulty, roles))
    return items


def margin(item: Item, pictures: list[Values]) -> float:
    """Return how far apart the queries are in the unit, relative to the explanations."""
    top, bottom, high, low = (
        sum(pictures[place][item.unit] for place in item.shown[role]) / len(item.shown[role])
        for role in ROLES
    )
    return round((top - bottom) / (high - low), 4)


def build(folder: Path, seed: int) -> None:
    """Write `stimuli/*.png`, `stimuli.csv`, `items.csv` and the pictures of the instructions.

    The same seed gives the same bytes. Only pictures that some item shows are written, under
    shuffled numbers, so that neither name nor order tells what they are for.
    """
    choosing, shuffling = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    pictures = draw_pool(POOL, choosing)
    items = test_items(pictures, choosing) + plain_items(pictures, choosing)
    used = sorted({place for item in items for places in item.shown.values() for place in places})
    files = {
        int(place): f"stimuli/texture-{number:04d}.png"
        for number, place in enumerate(shuffling.permutation(used))
    }
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    with (folder / "stimuli.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label", *pictures[0]])
        for number, (place, name) in enumerate(files.items()):
            free = np.random.default_rng([seed, 2, number])
            draw(pictures[place], free).save(folder / name, optimize=True)
            writer.writerow([name, "", *(f"{v:g}" for v in pictures[place].values())])
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item_id", "kind", "unit", *ROLES, "difficulty", "margin"])
        for item in items:
            shown = [";".join(files[place] for place in item.shown[role]) for role in ROLES]
            row = [item.item_id, item.kind, item.unit, *shown, item.difficulty]
            writer.writerow([*row, margin(item, pictures)])
    draw_pictures(folder / "assets", seed)


def draw_pictures(folder: Path, seed: int) -> None:
    """Draw the pictures of the instructions, of an item that no participant is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 3])
    drawn = [draw(values, rng).convert("RGB") for values in draw_ends("count", 0.2, 0.7, rng)]
    right, left = panel(drawn[:K]), panel(drawn[K + 1 : -1])
    plain, framed = (queries(drawn[K], drawn[-1], frame) for frame in (None, (22, 138, 74)))
    for name, parts in {
        "examples-right.png": [panel(drawn[:K], small=96)],
        "examples-left.png": [panel(drawn[K + 1 : -1], small=96)],
        "screen.png": [left, plain, right],
        "answer.png": [left, framed, right],
    }.items():
        beside(parts).save(folder / name)


def panel(drawn: list[Image.Image], small: int = 72, gap: int = 6) -> Image.Image:
    """Return nine pictures, 3 x 3."""
    side = 3 * small + 2 * gap
    sheet = Image.new("RGB", (side, side), "white")
    for k, picture in enumerate(drawn):
        at = (k % 3 * (small + gap), k // 3 * (small + gap))
        sheet.paste(picture.resize((small, small), Image.Resampling.LANCZOS), at)
    return sheet


def queries(
    top: Image.Image, bottom: Image.Image, frame: tuple[int, int, int] | None, gap: int = 18
) -> Image.Image:
    """Return two pictures one above the other, the upper one in a frame where a colour is given."""
    sheet = Image.new("RGB", (SIDE + 12, 2 * SIDE + gap + 12), "white")
    if frame:
        sheet.paste(frame, (0, 0, SIDE + 12, SIDE + 12))
    sheet.paste(top, (6, 6))
    sheet.paste(bottom, (6, SIDE + gap + 6))
    return sheet


def beside(parts: list[Image.Image], gap: int = 40) -> Image.Image:
    """Return the pictures in a row, centred, on white."""
    width = sum(part.width for part in parts) + gap * (len(parts) - 1)
    height = max(part.height for part in parts)
    sheet = Image.new("RGB", (width, height), "white")
    x = 0
    for part in parts:
        sheet.paste(part, (x, (height - part.height) // 2))
        x += part.width + gap
    return sheet
