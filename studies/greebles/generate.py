"""Draw the Greebles: three classes of small creatures whose attributes are known by design.

After the thesis "Greebles" data set (ch. 2, sec. 2.5.1 and Fig. 2.7): body size and the red and
green channels carry the class with overlapping distributions (Agara and Bari are most separable
by body size, Cooka from both by the two colour channels); head width, head size and body width
vary without meaning. Pose (where the creature looks, how it holds its arms, where it stands)
varies too and is not recorded: it belongs to no attribute.

Every creature is a handful of ellipsoids, one solid of revolution and a few tapering tubes, seen
straight on, lit in linear light and averaged down from a three times finer grid. Pixels are
computed with additions, products and square roots alone, which every processor rounds alike.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
Colour = tuple[float, float, float]

SIZE = 128  # pixels a side
FINE = 3  # supersampling: fine pixels a pixel, along each axis
PER_CLASS = 400
GROUND = 118.0  # y of the ground, in pixels from the top
BLUE = 0.66  # the blue channel is the same for all

CLASSES = ("Agara", "Bari", "Cooka")
# attribute -> (mean of Agara, of Bari, of Cooka), standard deviation, lowest, highest.
# Sizes are in pixels, colour channels between 0 and 1 (before shading).
ATTRIBUTES: dict[str, tuple[tuple[float, float, float], float, float, float]] = {
    "body_size": ((47.0, 59.0, 53.0), 5.0, 34.0, 72.0),
    "body_width": ((38.0, 38.0, 38.0), 3.5, 29.0, 47.0),
    "head_size": ((32.0, 32.0, 32.0), 2.6, 25.0, 38.0),
    "head_width": ((36.0, 36.0, 36.0), 3.4, 27.0, 45.0),
    "red": ((0.50, 0.52, 0.625), 0.070, 0.26, 0.86),
    "green": ((0.59, 0.57, 0.475), 0.065, 0.26, 0.82),
}


def sample_attributes(
    label: int, n: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Draw the attributes of `n` creatures of class `label` (0, 1, 2): normal, cut at limits."""
    drawn = {}
    for name, (means, deviation, low, high) in ATTRIBUTES.items():
        values = rng.normal(means[label], deviation, n)
        while (outside := (values < low) | (values > high)).any():
            values[outside] = rng.normal(means[label], deviation, int(outside.sum()))
        drawn[name] = values.round(4)
    return drawn


def fine_grid() -> tuple[Array, Array]:
    """Return x (1, S) and y (S, 1) of the fine pixels' centres, in pixels."""
    grid = (np.arange(SIZE * FINE, dtype=np.float32) + np.float32(0.5)) / np.float32(FINE)
    return grid[None, :], grid[:, None]


class Scene:
    """What the camera sees so far: at each fine pixel the nearest surface and its colour.

    Coordinates are in pixels: x to the right, y down, z towards the camera.
    """

    def __init__(self) -> None:
        side = SIZE * FINE
        self.x, self.y = fine_grid()
        self.depth = np.full((side, side), -1e6, np.float32)
        self.normal = np.zeros((3, side, side), np.float32)  # not of unit length
        self.albedo = np.zeros((3, side, side), np.float32)  # linear light
        self.gloss = np.zeros((side, side), np.float32)

    def window(self, left: float, right: float, top: float, bottom: float) -> tuple[slice, slice]:
        """Return the fine rows and columns that cover a box given in pixels."""
        last = SIZE * FINE
        ends = [
            min(last, max(0, int(edge * FINE) + more))
            for edge, more in ((top, -1), (bottom, 2), (left, -1), (right, 2))
        ]
        return slice(ends[0], ends[1]), slice(ends[2], ends[3])

    def put(
        self, box: tuple[slice, slice], z: Array, normal: tuple[Array, Array, Array],
        inside: NDArray[np.bool_], colour: Colour, gloss: float,
    ) -> None:  # fmt: skip
        """Keep a surface wherever it is nearer to the camera than what is there."""
        nearer = inside & (z > self.depth[box])
        np.copyto(self.depth[box], z, where=nearer)
        for axis, part in enumerate(normal):
            np.copyto(self.normal[axis][box], part, where=nearer)
            np.copyto(self.albedo[axis][box], np.float32(colour[axis] ** 2), where=nearer)
        np.copyto(self.gloss[box], np.float32(gloss), where=nearer)

    def ellipsoid(
        self, centre: tuple[float, float, float], radii: tuple[float, float, float],
        colour: Colour, gloss: float = 0.25,
    ) -> None:  # fmt: skip
        """Draw an ellipsoid; `centre` and `radii` (x, y, z) in pixels."""
        (cx, cy, cz), (a, b, c) = centre, radii
        box = self.window(cx - a, cx + a, cy - b, cy + b)
        u = (self.x[:, box[1]] - np.float32(cx)) / np.float32(a)
        v = (self.y[box[0]] - np.float32(cy)) / np.float32(b)
        rest = 1 - u * u - v * v
        w = np.sqrt(np.maximum(rest, 0))
        spread = np.ones_like(w)
        normal = (u * spread / np.float32(a), v * spread / np.float32(b), w / np.float32(c))
        self.put(box, np.float32(cz) + np.float32(c) * w, normal, rest > 0, colour, gloss)

    def body(self, cx: float, top: float, length: float, width: float, colour: Colour) -> None:
        """Draw a pear: a solid of revolution about a vertical axis, `length` by `width` pixels."""
        half = width / 2
        box = self.window(cx - half, cx + half, top, top + length)
        s = (self.y[box[0]] - np.float32(top)) * np.float32(2 / length) - 1  # -1 top, 1 bottom
        u = np.minimum(s * s, 1)
        swell = 0.86 + s * (np.float32(0.13) - np.float32(0.05) * s)  # narrow above, wide below
        end = np.sqrt(np.maximum(1 - u * (np.float32(0.45) + np.float32(0.55) * u), 1e-4))
        radius = np.float32(half / 0.94) * swell * end
        slope_swell = np.float32(0.13) - np.float32(0.1) * s
        slope_end = -s * (np.float32(0.45) + np.float32(1.1) * u) / end
        slope = np.float32(half / 0.94) * (slope_swell * end + swell * slope_end)
        slope = slope * np.float32(2 / length)
        dx = self.x[:, box[1]] - np.float32(cx)
        rest = radius * radius - dx * dx
        z = np.sqrt(np.maximum(rest, 0))
        spread = np.ones_like(z)
        self.put(box, z, (dx * spread, -radius * slope * spread, z), rest > 0, colour, 0.25)

    def tube(
        self, bend: NDArray[np.float64], thick: tuple[float, float], colour: Colour, steps: int = 26
    ) -> None:
        """Draw a tapering tube along a quadratic Bezier curve; `bend` (3, 3): start, knee, end."""
        t = np.linspace(0, 1, steps)[:, None]
        path = (1 - t) ** 2 * bend[0] + 2 * t * (1 - t) * bend[1] + t**2 * bend[2]
        for (x, y, z), share in zip(path, t[:, 0], strict=True):
            r = float(thick[0] + (thick[1] - thick[0]) * share)
            self.ellipsoid((float(x), float(y), float(z)), (r, r, r), colour)


def backdrop(cx: float, spread: float) -> Array:
    """Draw a pale studio wall and floor with the creature's soft shadow: (3, S, S), linear."""
    x, y = fine_grid()
    off = ((x - 64) / 92) ** 2 + ((y - 58) / 92) ** 2
    light = np.float32(0.95) - np.float32(0.13) * off
    shade = 1 - ((x - np.float32(cx + 3)) / np.float32(spread)) ** 2 - ((y - GROUND) / 6.5) ** 2
    shade = np.maximum(shade, 0).astype(np.float32)
    light = light * (1 - np.float32(0.62) * shade * (2 - shade) * shade)
    tint = np.array([0.955, 0.965, 1.0], np.float32)[:, None, None]
    shown: Array = tint * light
    return shown * shown


def draw(attributes: dict[str, float], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one creature: (128, 128, 3) RGB bytes. `rng` chooses the pose alone."""
    look, lean = rng.uniform(-1, 1), rng.uniform(-1, 1)
    lift = rng.uniform(-1, 1, 2)
    cx = 64 + rng.uniform(-4, 4)
    length, width = attributes["body_size"], attributes["body_width"]
    tall, wide = attributes["head_size"], attributes["head_width"]
    skin: Colour = (attributes["red"], attributes["green"], BLUE)
    deep: Colour = (skin[0] * 0.8, skin[1] * 0.8, skin[2] * 0.8)

    scene = Scene()
    bottom = GROUND - 3.8
    top = bottom - length
    hx, hy = cx + lean * 1.6, top - tall * 0.5 + tall * 0.22
    for sign in (-1, 1):
        scene.ellipsoid((cx + sign * width * 0.24, bottom + 0.4, 7), (7.2, 4.4, 9), deep, 0.2)
    scene.body(cx, top, length, width, skin)
    scene.ellipsoid((hx, hy, 2), (wide / 2, tall / 2, wide / 2 * 0.92), skin)
    for sign, up in zip((-1, 1), lift, strict=True):
        shoulder = (cx + sign * width * 0.36, top + length * 0.42, 4.0)
        knee = (cx + sign * (width * 0.5 + 11), top + length * 0.5 - up * 3, 6.0)
        hand = (cx + sign * (width * 0.5 + 10), top + length * 0.42 - 10 - up * 7, 7.0)
        scene.tube(np.array([shoulder, knee, hand]), (4.3, 2.7), skin)
    crown = hy - tall * 0.5
    tuft = [(hx, crown + 3, 2), (hx + lean, crown - 4, 2), (hx + 4.5 * look, crown - 6.5, 3)]
    scene.tube(np.array(tuft, float), (2.4, 1.3), deep)
    scene.ellipsoid((hx + 4.5 * look, crown - 6.5, 3), (2.7, 2.7, 2.7), deep, 0.4)
    draw_face(scene, hx, hy, tall, wide, look, deep)
    seen = backdrop(cx, width * 0.5 + 12)
    there = scene.depth > -1e5
    box = extent(there.max(axis=1)), extent(there.max(axis=0))
    lit = shade(scene, box, (hx, hy, 2.0, (wide + tall) / 4))
    np.copyto(seen[:, *box], lit, where=there[box])
    return develop(seen)


def draw_face(
    scene: Scene, hx: float, hy: float, tall: float, wide: float, look: float, deep: Colour
) -> None:
    """Draw two round eyes that look where the creature looks, and a small snout below them."""
    front = 2 + wide * 0.46 * 0.9
    for sign in (-1, 1):
        ex, ey = hx + sign * 6.4 + look * 2.4, hy - tall * 0.06
        scene.ellipsoid((ex, ey, front), (4.7, 5.3, 2.5), (0.97, 0.97, 0.95), 0.5)
        px, py = ex + look * 1.5, ey + 0.5
        scene.ellipsoid((px, py, front + 2), (2.6, 3.1, 1.6), (0.1, 0.1, 0.16), 0.3)
        scene.ellipsoid((px - 0.9, py - 1.2, front + 4), (1, 1, 0.5), (1.6, 1.6, 1.6), 0)
    scene.ellipsoid((hx + look * 4.2, hy + tall * 0.19, front), (3.5, 2.5, 4.5), deep, 0.4)


def extent(some: NDArray[np.bool_]) -> slice:
    """Return the slice from the first to the last that is true."""
    places = np.nonzero(some)[0]
    return slice(int(places[0]), int(places[-1]) + 1)


def shade(scene: Scene, box: tuple[slice, slice], head: tuple[float, float, float, float]) -> Array:
    """Light a part of the scene: (3, rows, columns) of linear light.

    `head` (x, y, z, radius) is the ball that darkens what it touches.
    """
    n = scene.normal[:, *box]
    n = n / np.sqrt((n * n).sum(0) + np.float32(1e-12))
    key = np.maximum(-0.46 * n[0] - 0.62 * n[1] + 0.635 * n[2], 0).astype(np.float32)
    sky = np.float32(0.5) - np.float32(0.5) * n[1]
    half = np.maximum(-0.255 * n[0] - 0.343 * n[1] + 0.904 * n[2], 0).astype(np.float32)
    for _ in range(5):  # to the power of 32
        half = half * half
    edge = 1 - np.maximum(n[2], 0)
    rim = edge * edge * edge * np.maximum(np.float32(0.6) * n[0] + np.float32(0.35), 0)
    hx, hy, hz, r = (np.float32(value) for value in head)
    dx, dy, dz = hx - scene.x[:, box[1]], hy - scene.y[box[0]], hz - scene.depth[box]
    far = np.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-6))
    facing = np.maximum((n[0] * dx + n[1] * dy + n[2] * dz) / far, 0)
    touch = np.minimum(r * r / (far * far), 1) * facing
    ground = np.minimum(np.maximum((np.float32(GROUND + 2) - scene.y[box[0]]) / 16, 0), 1)
    open_air = (1 - np.float32(0.62) * touch) * (np.float32(0.62) + np.float32(0.38) * ground)
    light = open_air * (np.float32(0.30) + np.float32(0.32) * sky + np.float32(0.98) * key)
    lit: Array = scene.albedo[:, *box] * light + scene.gloss[box] * half + np.float32(0.16) * rim
    return lit


def develop(fine: Array) -> NDArray[np.uint8]:
    """Average the fine grid down and encode it: (128, 128, 3) bytes."""
    pixels = np.zeros((3, SIZE, SIZE), np.float32)
    for row in range(FINE):
        for column in range(FINE):
            pixels += fine[:, row::FINE, column::FINE]
    shown = np.sqrt(np.minimum(pixels / (FINE * FINE), 1)) * 255
    return (shown + np.float32(0.5)).astype(np.uint8).transpose(1, 2, 0)


def build(folder: Path, seed: int, per_class: int = PER_CLASS) -> None:
    """Write `stimuli/*.png`, `stimuli.csv` and the pictures of the instructions into `folder`.

    The same seed gives the same bytes. Numbers in file names, and rows, are shuffled, so that
    neither name nor order tells the class.
    """
    drawing, shuffling = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    rows: list[tuple[str, dict[str, float]]] = []
    for label, name in enumerate(CLASSES):
        drawn = sample_attributes(label, per_class, drawing)
        for k in range(per_class):
            rows.append((name, {key: float(values[k]) for key, values in drawn.items()}))
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    with (folder / "stimuli.csv").open("w", newline="", encoding="utf-8") as manifest:
        writer = csv.writer(manifest, lineterminator="\n")
        writer.writerow(["file", "label", *ATTRIBUTES])
        for number, k in enumerate(shuffling.permutation(len(rows))):
            label_name, attributes = rows[k]
            file = f"stimuli/greeble-{number:04d}.png"
            pose = np.random.default_rng([seed, 2, number])
            Image.fromarray(draw(attributes, pose)).save(folder / file)
            writer.writerow([file, label_name, *attributes.values()])
    draw_pictures(folder / "assets", seed)


def draw_pictures(folder: Path, seed: int) -> None:
    """Draw the pictures of the instructions: creatures between the classes, which teach nothing.

    Only what has no meaning differs between them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 3])
    strip = np.full((SIZE, 3 * SIZE + 16, 3), 255, np.uint8)
    for place, ways in enumerate(((1.6, -1.2, 1.4), (-1.4, 1.6, -0.4), (0.2, -0.2, -1.8))):
        shown = {name: sum(means) / 3 for name, (means, *_) in ATTRIBUTES.items()}
        for name, way in zip(("body_width", "head_size", "head_width"), ways, strict=True):
            shown[name] += way * ATTRIBUTES[name][1]
        start = place * (SIZE + 8)
        strip[:, start : start + SIZE] = draw(shown, rng)
    Image.fromarray(strip).save(folder / "three-greebles.png")
