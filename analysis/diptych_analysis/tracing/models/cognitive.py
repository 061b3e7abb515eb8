"""Prototype and exemplar models of category learning, in a learnt feature space (thesis 2.7.3).

Three places of the thesis's formulas can not be meant as printed, and are read so here:

- Eq. 2.11 and 2.13 select by `delta(y_tau - c)`, the class of the *current* image, which would put
  every earlier image into the same class. The text says "previously seen images of that class":
  `delta(y_t - c)`.
- Eq. 2.11 divides by tau - 1, the number of all images before; the text calls the prototype the
  *average* of its class: the sum is divided by the number of images of that class.
- Eq. 2.14 takes sim(E, z) of a sum of similarities E and an image z; E is a similarity already, so
  the response is E^gamma normalised over the classes, as in the generalised context model.

Two things that the thesis leaves open: only trials whose true class was shown (training) enter the
memory; and a small learnt background similarity is added to every class, so that the first trial
is a guess and a class not yet seen is not impossible.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.models.networks import Shape, TracingNet, one_hot


class CognitiveNet(TracingNet):
    """Similarity exp(-c d) with c > 0 learnt (Eq. 2.15), a background, and extras beside."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.log_decay = nn.Parameter(torch.zeros(()))
        self.log_background = nn.Parameter(torch.tensor(math.log(0.1)))
        self.beside = (
            nn.Linear(shape.n_extra, shape.n_classes, bias=False) if shape.n_extra else None
        )

    def similarity(self, distance: Tensor) -> Tensor:
        """Compute exp(-c d) (Eq. 2.15)."""
        return torch.exp(-self.log_decay.exp() * distance)

    def remembered(self, batch: Batch) -> Tensor:
        """Return (B, T, C): one-hot class of trials that enter the memory, zeros for the others."""
        told = (batch.feedback & batch.mask).unsqueeze(-1)
        return one_hot(batch.label, self.shape.n_classes) * told

    def with_extras(self, logits: Tensor, batch: Batch) -> Tensor:
        """Add a linear term of the extras to the logits."""
        if self.beside is None:
            return logits
        extra: Tensor = self.beside(torch.cat(self.extra(batch), -1))
        return logits + extra


class PrototypeNet(CognitiveNet):
    """Compares the image with the mean of each class's images so far (Eq. 2.11, 2.12)."""

    def prototypes(self, batch: Batch, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return means (B, T, C, D) before each trial and how many images (B, T, C) they are of."""
        told = self.remembered(batch)
        each = told.unsqueeze(-1) * z.unsqueeze(-2)
        count = told.cumsum(1) - told
        total = each.cumsum(1) - each
        return total / count.clamp(min=1).unsqueeze(-1), count

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        means, count = self.prototypes(batch, z)
        gap = (means - z.unsqueeze(-2)).square().sum(-1)
        near = self.similarity((gap + 1e-12).sqrt()) * (count > 0)
        return self.with_extras(torch.log(near + self.log_background.exp()), batch)


class ExemplarNet(CognitiveNet):
    """Compares the image with every image so far, summed by class (Eq. 2.13, 2.14)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.log_gamma = nn.Parameter(torch.zeros(()))

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        gaps = torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")
        earlier = torch.ones_like(gaps[0]).tril(-1)
        summed = (self.similarity(gaps) * earlier) @ self.remembered(batch)
        logits = self.log_gamma.exp() * torch.log(summed + self.log_background.exp())
        return self.with_extras(logits, batch)
