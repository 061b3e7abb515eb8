"""People and machines see the same pixels: what Chromium paints is what the machine reads."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from support.odd_images import odd_images

from diptych.images import servable
from diptych_analysis.pictures import read_picture
from diptych_analysis.tracing.encoders.images import ImageStore
from diptych_analysis.tracing.sequences import Sequences

PAINT = """
async source => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  return canvas.toDataURL('image/png');
}
"""


def encoded(folder: Path, files: dict[str, bytes]) -> dict[str, np.ndarray[Any, Any]]:
    """What an encoder of `diptych trace` is given of each file, (height, width, 3)."""
    found = {}
    for number, (name, data) in enumerate(files.items()):
        (folder / f"{number}.png").write_bytes(data)
        one = np.zeros((1, 1), dtype=np.int64)
        shown = Sequences(
            sessions=("s",),
            learners=("l",),
            classes=("c",),
            stimuli=(name,),
            stimulus_label=np.zeros(1, dtype=np.int64),
            stimulus_file=(f"{number}.png",),
            stimulus=one,
            label=one,
            response=one,
            ranking=np.zeros((1, 1, 1), dtype=np.int64),
            phase=one,
            rt=np.ones((1, 1)),
            mask=np.ones((1, 1), dtype=bool),
        )
        store = ImageStore(folder)
        store.add(shown)
        pixels = store.pixels[0].permute(1, 2, 0).numpy().astype(int)
        found[name] = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return found


def colour(pixels: np.ndarray[Any, Any]) -> str:
    """The middle pixel."""
    height, width, _ = pixels.shape
    return " ".join(str(int(n)) for n in pixels[height // 2, width // 2])


@pytest.mark.browser
def test_chromium_paints_what_machine_and_encoder_read(page: Page, tmp_path: Path) -> None:
    """Prints the table of `docs/images-and-caches.md`: the middle pixel, red green blue."""
    odd = {name: image.data for name, image in odd_images().items()}
    encoders = encoded(tmp_path, odd)
    different = {}
    print("| file | plain Pillow | Chromium | machine | encoder | greatest difference |")
    for name, data in odd.items():
        served = servable(data)
        text = base64.b64encode(served.encode()).decode()
        painted = page.evaluate(PAINT, f"data:{served.media_type};base64,{text}")
        with Image.open(io.BytesIO(base64.b64decode(painted.partition(",")[2]))) as image:
            seen = np.asarray(image.convert("RGB")).astype(int)
        with Image.open(io.BytesIO(data)) as image:
            plain = np.asarray(image.convert("RGB")).astype(int)
        read = np.asarray(read_picture(data)).astype(int)
        if not seen.shape == read.shape == encoders[name].shape:
            different[name] = f"{seen.shape}, {read.shape}, {encoders[name].shape}"
            continue
        apart = max(np.abs(seen - read).max(), np.abs(read - encoders[name]).max())
        row = (name, *map(colour, (plain, seen, read, encoders[name])), str(apart))
        print("|", " | ".join(row), "|")
        if apart:
            different[name] = str(apart)
    assert not different
