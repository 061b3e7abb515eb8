"""People and machines see the same pixels: what Chromium paints is what the machine reads."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from support.odd_images import odd_images

from diptych.images import servable
from diptych_analysis.pictures import read_picture

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


@pytest.mark.browser
def test_chromium_paints_what_the_machine_reads(page: Page) -> None:
    different = {}
    for name, odd in odd_images().items():
        served = servable(odd.data)
        data = base64.b64encode(served.encode()).decode()
        painted = page.evaluate(PAINT, f"data:{served.media_type};base64,{data}")
        with Image.open(io.BytesIO(base64.b64decode(painted.partition(",")[2]))) as image:
            seen = np.asarray(image.convert("RGB")).astype(int)
        read = np.asarray(read_picture(odd.data)).astype(int)
        if seen.shape != read.shape or (seen != read).any():
            different[name] = (
                f"{seen.shape}, {read.shape}"
                if seen.shape != read.shape
                else np.abs(seen - read).max()
            )
    assert not different
