"""A SAINT-like transformer (thesis 2.7.4): the encoder reads images, the decoder responses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.models.networks import Shape, TracingNet, before, one_hot

WIDTH, HEADS, LAYERS = 64, 4, 2


def positions(n: int, width: int) -> Tensor:
    """Return (n, width) sines and cosines; any length can be asked."""
    time = torch.arange(n, dtype=torch.float32).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-torch.log(torch.tensor(10_000.0)) / width))
    return torch.stack([torch.sin(time * rate), torch.cos(time * rate)], -1).flatten(1)


class TransformerNet(TracingNet):
    """Encoder: image, true class and extras at each trial. Decoder: the response before.

    Every attention looks at its own trial and those before. The thesis gives no sizes: width 64,
    4 heads, 2 layers each, dropout 0.1.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        n_in = shape.n_classes + shape.dim * shape.with_images + shape.n_extra
        self.shown = nn.Linear(n_in, WIDTH)
        self.answered = nn.Linear(shape.n_classes, WIDTH)
        layer: dict[str, Any] = {"dropout": 0.1, "batch_first": True, "norm_first": True}
        self.reader = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, **layer),
            LAYERS,
            norm=nn.LayerNorm(WIDTH),
            enable_nested_tensor=False,
        )
        self.writer = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(WIDTH, HEADS, 4 * WIDTH, **layer),
            LAYERS,
            norm=nn.LayerNorm(WIDTH),
        )
        self.head = nn.Linear(WIDTH, shape.n_classes)

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        labels = one_hot(batch.label, self.shape.n_classes)
        images = [z] if self.shape.with_images else []
        where = positions(labels.shape[1], WIDTH).to(labels.device)
        shown = self.shown(torch.cat([labels, *images, *self.extra(batch)], -1)) + where
        answers = before(one_hot(batch.response, self.shape.n_classes))
        answered = self.answered(answers) + where
        later = torch.ones(labels.shape[1], labels.shape[1], dtype=torch.bool, device=where.device)
        later = later.triu(1)
        read = self.reader(shown, mask=later)
        hidden = self.writer(answered, read, tgt_mask=later, memory_mask=later)
        logits: Tensor = self.head(hidden)
        return logits
