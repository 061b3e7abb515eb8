"""Predictions and activations of a network, of whole images and of patches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.images import ImageSet, opened
from diptych_analysis.networks.layers import Layer, watched
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.tokens import Tokens, choose_token_layers, token_head
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.heads import Head
from diptych_analysis.representations.rsvc.patches import PatchGrid, patch_transform

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Watch = Callable[[str, int, int], None]
#: Name of the default layer: what the classifier reads.
CLASSIFIER_INPUT = "classifier input"
BATCH = 32


def silent(_what: str, _done: int, _of: int) -> None:
    """Show nothing."""


def classifier_of(network: Network) -> nn.Module:
    """Find the module that turns activations into logits.

    It is timm's `get_classifier()`, else the last linear layer.

    Raises
    ------
    RepresentationFault
        If there is none.
    """
    asked: Any = getattr(network.module, "get_classifier", lambda: None)()
    if isinstance(asked, nn.Module) and not isinstance(asked, nn.Identity):
        return asked
    linear = [module for module in network.module.modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise RepresentationFault(
            f"{network.name} has no classifier; expected a network with a linear last layer"
        )
    return linear[-1]


@dataclass
class Observer:
    """One network, ready to look at images and patches.

    Attributes
    ----------
    network : Network
        The network.
    layer : str
        Where concepts are looked for: `CLASSIFIER_INPUT`, or the path of a module.
    grid : PatchGrid
        How patches are cut.
    cache : Path | None
        Folder that keeps what was computed, or None.
    threads : int
        Threads that read images.
    tokens : {"auto", "class", "patches", "all"}
        Which tokens count in a named layer; see `choose_token_layers`.
    """

    network: Network
    layer: str = CLASSIFIER_INPUT
    grid: PatchGrid = field(default_factory=PatchGrid)
    cache: Path | None = None
    threads: int = 1
    tokens: Tokens = "auto"

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        self._classifier = classifier_of(self.network)
        self._key = self.network.key
        self._layers = (
            []
            if self.layer == CLASSIFIER_INPUT
            else choose_token_layers(self.network, [self.layer], self.tokens)
        )
        if len(self._layers) > 1:
            raise RepresentationFault(
                f"{self.network.name}: {self.layer!r} names {len(self._layers)} layers; "
                "expected one"
            )
        rest = token_head(self.network, self._layers[0]) if self._layers else self._classifier
        self._head = None if rest is None else Head(rest)

    @property
    def head(self) -> Head | None:
        """What makes logits of the activations: the classifier, in a last block with the norms.

        None where concepts are looked for in an earlier layer.
        """
        return self._head

    def predictions(self, images: ImageSet, watch: Watch = silent) -> tuple[Ints, int]:
        """Predict the class of each whole image; also return the number of classes."""

        def compute() -> dict[str, Any]:
            rows = []
            for batch in _batches(opened(images, range(len(images)), self.threads)):
                with torch.inference_mode():
                    rows.append(self.network.module(self.network.batch(batch)).float().cpu())
                watch(f"{self.network.name}: predictions", sum(map(len, rows)), len(images))
            logits = torch.cat(rows)
            if logits.ndim != 2:
                raise RepresentationFault(
                    f"{self.network.name} returns {tuple(logits.shape)}; expected one row of "
                    "logits per image"
                )
            return {"classes": logits.argmax(dim=1).numpy(), "count": np.array(logits.shape[1])}

        found = self._kept("predictions", (images.key,), compute)
        return found["classes"].astype(np.int64), int(found["count"])

    def patches(self, images: ImageSet, numbers: Ints, watch: Watch = silent) -> Floats:
        """Compute the activations of all patches of some images.

        Parameters
        ----------
        images : ImageSet
            All images.
        numbers : npt.NDArray[np.int64]
            Which of them.
        watch : callable, optional
            Gets a name, patches done and patches in all.

        Returns
        -------
        npt.NDArray[np.float64]
            Shape (images * patches per image, d), image by image.
        """
        found = self._kept(
            "patches",
            (self.grid, self.layer, self.tokens, [images.hashes[i] for i in numbers]),
            lambda: self._seen(images, numbers, self._layers, watch),
        )
        return np.asarray(found[self.layer], dtype=np.float64)

    def layers(
        self, images: ImageSet, numbers: Ints, patterns: Sequence[str], watch: Watch = silent
    ) -> dict[str, Floats]:
        """Compute the activations of all layers that match the patterns; see `patches`."""
        chosen = choose_token_layers(self.network, patterns, self.tokens)
        names = [layer.name for layer in chosen]
        found = self._kept(
            "layers",
            (self.grid, names, self.tokens, [images.hashes[i] for i in numbers]),
            lambda: self._seen(images, numbers, chosen, watch),
        )
        return {name: np.asarray(found[name], dtype=np.float64) for name in names}

    def _seen(
        self, images: ImageSet, numbers: Ints, layers: Sequence[Layer], watch: Watch
    ) -> dict[str, Any]:
        transform = patch_transform(self.network)
        like = Network(self.network.name, self.network.module, transform, self.network.device)
        cut = (
            patch
            for image in opened(images, [int(i) for i in numbers], self.threads)
            for patch in self.grid.cut(image)
        )
        total = len(numbers) * len(self.grid.corners)
        names = [layer.name for layer in layers] or [CLASSIFIER_INPUT]
        parts: dict[str, list[Floats]] = {name: [] for name in names}
        done = 0
        with watched(self.network, layers) as seen, self._reading() as given:
            for batch in _batches(cut):
                seen.clear()
                with torch.inference_mode():
                    logits = self.network.module(like.batch(batch))
                    if not layers:
                        seen[CLASSIFIER_INPUT] = self._checked(given[-1], logits)
                given.clear()
                for name in names:
                    parts[name].append(seen[name].float().cpu().numpy())
                done += len(batch)
                watch(f"{self.network.name}: patches", done, total)
        return {name: np.concatenate(rows) for name, rows in parts.items()}

    @contextmanager
    def _reading(self) -> Iterator[list[Tensor]]:
        """While open, a list that gets what the classifier reads."""
        given: list[Tensor] = []
        handle = self._classifier.register_forward_pre_hook(
            lambda _module, inputs: given.append(inputs[0])
        )
        try:
            yield given
        finally:
            handle.remove()

    def _checked(self, given: Tensor, logits: Tensor) -> Tensor:
        """Return the classifier's input, if the classifier alone makes the logits of it."""
        if given.ndim != 2 or not torch.allclose(
            self._classifier(given).float(), logits.float(), rtol=1e-3, atol=1e-3
        ):
            raise RepresentationFault(
                f"{self.network.name}: its classifier reads {tuple(given.shape)} and does not make "
                "the logits alone; name a layer instead"
            )
        return given

    def _kept(
        self, what: str, about: object, compute: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Read results of the same network, layer and images from the cache, or compute them."""
        if self.cache is None:
            return compute()
        name = hashlib.sha256(repr((self._key, what, about)).encode()).hexdigest()[:16]
        file = self.cache / f"{what}-{name}.npz"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".tmp.npz")
            np.savez(half, **compute())
            half.replace(file)
        with np.load(file, allow_pickle=False) as kept:
            return {key: kept[key] for key in kept.files}


def _batches(images: Iterator[Image.Image]) -> Iterator[list[Image.Image]]:
    batch: list[Image.Image] = []
    for image in images:
        batch.append(image)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
