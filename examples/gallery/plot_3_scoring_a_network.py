"""
Scoring a network
=================

How interpretable are the units of a network? Score each unit by how well a machine tells, from
nine examples of each kind, which of two images drives it (MIS). The network here is small and has
random weights, and its images are simulated stripes and blobs.
"""

# %%
# Images: stripes of different directions and widths.
import tempfile
from pathlib import Path

import altair as alt
import numpy as np
import torch
from PIL import Image

import diptych_analysis as da
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.similarity import Similarity

rng = np.random.default_rng(0)
folder = Path(tempfile.mkdtemp())
(folder / "images").mkdir()
y, x = np.mgrid[0:32, 0:32] / 32
for number in range(120):
    angle, width, colour = rng.uniform(0, np.pi), rng.uniform(3, 9), rng.uniform(60, 255, 3)
    wave = np.sin(2 * np.pi * width * (x * np.cos(angle) + y * np.sin(angle)))
    pixels = (0.5 + 0.5 * wave)[..., None] * colour
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{number:03d}.png")


# %%
# A network of your own is a PyTorch module and the transform of its images. A similarity of your
# own turns images into rows whose products compare them: here the images in 8 x 8 pixels.
def tensor(image: Image.Image) -> torch.Tensor:
    """Return an image as (3, 32, 32), from 0 to 1."""
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).permute(2, 0, 1)


torch.manual_seed(0)
module = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 5), torch.nn.ReLU(),
    torch.nn.Conv2d(8, 12, 5, stride=2), torch.nn.ReLU(),
    torch.nn.Conv2d(12, 6, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
    torch.nn.Linear(6, 4),
)  # fmt: skip


class SmallPixels(Similarity):
    """Compares images by their pixels, in 8 x 8."""

    name, key = "pixels", "pixels-8"

    def rows(self, images: list[Image.Image]) -> np.ndarray:
        small = [np.asarray(image.convert("RGB").resize((8, 8)), float).ravel() for image in images]
        rows = np.array(small) - np.mean(small, axis=1, keepdims=True)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


scores = da.score_network(
    Network("random", module, tensor),
    images=folder / "images", to=folder / "scores", similarity=SmallPixels(), n=5, k=5,
)  # fmt: skip
scores.groupby("layer")[["mis", "accuracy"]].mean().round(2)

# %%
# The most and the least interpretable units. 0.5 is chance.
scores.sort_values("mis", ascending=False)[["layer", "unit", "mis", "accuracy"]].iloc[
    [0, 1, -2, -1]
]

# %%
# Every unit, by layer.
points = alt.Chart(scores).mark_circle(size=70).encode(
    x=alt.X("mis", scale=alt.Scale(zero=False), title="MIS"),
    y=alt.Y("layer", title="layer", axis=alt.Axis(grid=False)),
)  # fmt: skip
da.plot.Figure(points.properties(width=340, height=120))
