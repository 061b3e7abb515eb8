"""Figures of captions: scores per prompt, and attention to words laid over images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from diptych_analysis.captions.labelled import Bytes
from diptych_analysis.captions.pointing import WordMap, enlarged, peak
from diptych_analysis.captions.prompts import Condition, Material

#: Images of an attention sheet.
SHOWN = 6
_TILE, _GAP, _LABEL = 128, 10, 20
_WORDS = 5
_INK, _PAPER, _MARK = (29, 39, 51), (255, 255, 255), (213, 94, 0)
_PALE, _DARK = np.array([247.0, 250.0, 253.0]), np.array([8.0, 64.0, 129.0])
TITLES = {"segment": "Mean IoU (higher is better)", "depth": "RMSE of depth (lower is better)"}


def scores(cells: Sequence[dict[str, Any]], task: str, file: Path) -> None:
    """Draw the score of every prompt: a dot per seed, the mean, and its standard error."""
    import altair as alt

    from diptych_analysis import charts

    frame = pd.DataFrame(
        [{"prompt": cell["prompt"], "score": cell["score"], "seed": cell["seed"]} for cell in cells]
    )
    order = (
        frame.groupby("prompt").score.mean().sort_values(ascending=task == "depth").index.tolist()
    )
    y = alt.Y("prompt:N", sort=order, title=None)
    scale = alt.Scale(zero=False, nice=True, padding=12)
    axis = alt.Axis(labelFlush=False, tickCount=6)
    x = alt.X("score:Q", title=TITLES[task], scale=scale, axis=axis)
    base = alt.Chart(frame).encode(y=y)
    bars = base.mark_errorbar(extent="stderr", thickness=2).encode(
        x=alt.X("score:Q", title=TITLES[task], scale=scale, axis=axis),
        color=alt.value(charts.PALETTE[0]),
    )
    means = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("mean(score):Q", title=TITLES[task], scale=scale, axis=axis),
        color=alt.value(charts.PALETTE[0]),
    )
    dots = base.mark_tick(thickness=1.5, size=9, opacity=0.6).encode(
        x=x, color=alt.value(charts.QUIET)
    )
    parts = [dots, means] if frame.seed.nunique() < 2 else [dots, bars, means]
    chart = alt.layer(*parts).properties(
        width=420,
        height=alt.Step(22),
        title=alt.Title(
            "How well a head reads the features of each prompt",
            subtitle="Dot: mean of seeds, with its standard error. Ticks: single seeds.",
        ),
    )
    charts.save(chart, file)


def attention_sheet(
    material: Material, made: Condition, maps: Sequence[WordMap], file: Path
) -> None:
    """Draw images, one per row, and attention to the words of their prompts beside them.

    Dark positions get more attention; each map is scaled to its own range. A ring marks the peak,
    and an orange line the objects that the word names. An orange word names a class that the image
    does not show.
    """
    rows = sorted({found.image for found in maps})[:SHOWN]
    width = (_WORDS + 1) * (_TILE + _GAP) + _GAP
    height = len(rows) * (_TILE + 2 * _LABEL + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, image in enumerate(rows):
        top = _GAP + place * (_TILE + 2 * _LABEL + _GAP)
        pixels = material.images.images[image]
        sheet.paste(_tile(pixels), (_GAP, top + _LABEL))
        caption = made.texts[image] if made.texts is not None else "(all classes)"
        pen.text((_GAP, top + 2), caption, _INK, font)
        own = [found for found in maps if found.image == image]
        # Words of what is there come first.
        own.sort(key=lambda found: not (material.images.labels[image] == found.kind).any())
        for column, found in enumerate(own[:_WORDS], 1):
            left = _GAP + column * (_TILE + _GAP)
            sheet.paste(_overlay(material, found), (left, top + _LABEL))
            there = bool((material.images.labels[image] == found.kind).any())
            colour = _INK if there else _MARK
            pen.text((left, top + _LABEL + _TILE + 2), found.word, colour, font)
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file)


def _tile(pixels: Bytes) -> Image.Image:
    return Image.fromarray(pixels).resize((_TILE, _TILE), Image.Resampling.NEAREST)


def _overlay(material: Material, found: WordMap) -> Image.Image:
    """Draw a map from white to dark blue, the outline of the word's class, and the peak."""
    light: npt.NDArray[np.float64] = enlarged(found.attention, _TILE)
    spread = light.max() - light.min()
    light = (light - light.min()) / spread if spread > 0 else np.zeros_like(light)
    shown = _PALE + (_DARK - _PALE) * light[..., None]
    labels = material.images.labels[found.image]
    mask = Image.fromarray(labels == found.kind).resize((_TILE, _TILE), Image.Resampling.NEAREST)
    shown[_outline(np.asarray(mask, np.bool_))] = _MARK
    tile = Image.fromarray(shown.round().astype(np.uint8))
    scale = _TILE / labels.shape[0]
    row, column = (int((place + 0.5) * scale) for place in peak(found.attention, labels.shape[0]))
    pen = ImageDraw.Draw(tile)
    pen.ellipse((column - 6, row - 6, column + 6, row + 6), outline=_PAPER, width=4)
    pen.ellipse((column - 5, row - 5, column + 5, row + 5), outline=_INK, width=2)
    return tile


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the pixels of a mask at its edge."""
    inside = mask.copy()
    for axis in (0, 1):
        for shift in (-2, 2):
            inside &= np.roll(mask, shift, axis)
    return np.asarray(mask & ~inside, np.bool_)
