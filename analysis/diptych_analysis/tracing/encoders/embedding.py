"""A free embedding for each stimulus: for data whose images are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.encoders import Encoder, EncoderFault
from diptych_analysis.tracing.sequences import Ints, Sequences
from diptych_analysis.tracing.training import Settings


class FreeEmbedding(Encoder):
    """z = e(class of the stimulus) + e(stimulus), the second starting at zero and pulled to it.

    A stimulus that no training learner saw so lies at the middle of its class; one that was not in
    the tables at all is refused.
    """

    def __init__(self, stimuli: tuple[str, ...], labels: Ints, n_classes: int, dim: int) -> None:
        super().__init__()
        self.name, self.dim, self.stimuli, self.n_classes = "embedding", dim, stimuli, n_classes
        self.of_class = nn.Embedding(n_classes, dim)
        self.of_stimulus = nn.Embedding(len(stimuli), dim)
        nn.init.zeros_(self.of_stimulus.weight)
        self.register_buffer("labels", torch.from_numpy(labels.copy()))
        self.labels: Tensor
        self._number = {name: i for i, name in enumerate(stimuli)}

    def forward(self, batch: Batch) -> Tensor:
        """Return z (B, T, dim)."""
        z: Tensor = self.of_class(self.labels[batch.stimulus]) + self.of_stimulus(batch.stimulus)
        return z

    def stimuli_of(self, sequences: Sequences) -> Ints:
        """Return (S,): the encoder's numbers of the stimuli; only those shown need be known."""
        shown = np.unique(sequences.stimulus[sequences.mask])
        found = np.zeros(len(sequences.stimuli), dtype=np.int64)
        for i in shown:
            name = sequences.stimuli[i]
            if name not in self._number:
                row, time = np.argwhere((sequences.stimulus == i) & sequences.mask)[0]
                raise EncoderFault(
                    f"session {sequences.sessions[row]!r}, trial {time}: stimulus {name!r} is none "
                    f"of the {len(self.stimuli)} that the embedding was trained with"
                )
            found[i] = self._number[name]
        return found

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Let the classes learn like the rest; pull the embeddings of stimuli to zero."""
        single = {"params": [self.of_stimulus.weight], "lr": settings.rate}
        return [
            {"params": [self.of_class.weight], "lr": settings.rate},
            single | {"weight_decay": settings.embedding_decay},
        ]

    def describe(self) -> dict[str, Any]:
        """Return the stimuli and sizes."""
        return {"dim": self.dim, "stimuli": list(self.stimuli), "n_classes": self.n_classes}

    @classmethod
    def rebuilt(cls, about: dict[str, Any], images: Path | None) -> Self:
        """Make the encoder of a description."""
        stimuli = tuple(about["stimuli"])
        return cls(stimuli, np.zeros(len(stimuli), np.int64), about["n_classes"], about["dim"])
