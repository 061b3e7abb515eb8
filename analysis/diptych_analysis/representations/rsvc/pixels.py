"""Images as the small networks of examples take them."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

PIXELS = 64


def as_tensor(image: Image.Image, pixels: int = PIXELS) -> Tensor:
    """Resize an image and scale its values to 0 to 1: shape (3, pixels, pixels)."""
    small = image.convert("RGB").resize((pixels, pixels), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255)
