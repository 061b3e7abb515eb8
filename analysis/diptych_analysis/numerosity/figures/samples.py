"""Images as the network sees them, with the actions between them (thesis Fig. 7.2)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from diptych_analysis.numerosity.actions import ACTIONS
from diptych_analysis.numerosity.settings import Settings
from diptych_analysis.numerosity.training import training_walk

SHOWN = 8
SIDE, GAP, FOOT = 112, 8, 20


def sample_walk(settings: Settings, shown: int = SHOWN) -> Image.Image:
    """Draw the first images of the training, inverted so that faint objects show, as in print."""
    walk = training_walk(settings, 0)
    images = 255 - walk.scenes.rows(slice(0, shown)).images()
    width = shown * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", (width, SIDE + FOOT), "white")
    pen = ImageDraw.Draw(sheet)
    for place, pixels in enumerate(np.asarray(images)):
        left = place * (SIDE + GAP)
        tile = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        sheet.paste(tile.convert("RGB"), (left, 0))
        pen.rectangle((left, 0, left + SIDE - 1, SIDE - 1), outline="#9aa5b1")
        if place + 1 < shown:
            action = ACTIONS[int(walk.actions[place])]
            middle = left + SIDE + GAP / 2
            pen.text((middle, SIDE + 4), f"{action} >", fill="#1d2733", anchor="ma")
    return sheet
