"""Activations with planted concepts: two networks of which one lacks a concept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rsvc.comparison import PatchSet

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Planted:
    """Patches whose concepts are known.

    Attributes
    ----------
    training, evaluation : PatchSet
        Activations of both networks for patches of different images.
    concepts_a, concepts_b : npt.NDArray[np.float64]
        True W of each network, shapes (k_a, d) and (k_b, d).
    coefficients : npt.NDArray[np.float64]
        True U of the evaluation patches, shape (n, concepts); the first columns are shared, the
        last one is known to B only.
    """

    training: PatchSet
    evaluation: PatchSet
    concepts_a: Floats
    concepts_b: Floats
    coefficients: Floats


def planted_pair(
    shared: int = 4,
    *,
    only_b: int = 1,
    units: tuple[int, int] = (64, 96),
    images: int = 60,
    patches: int = 16,
    noise: float = 0.01,
    seed: int = 0,
) -> Planted:
    """Make two networks that share concepts, and concepts that only B has.

    Parameters
    ----------
    shared : int, optional
        Concepts of both networks.
    only_b : int, optional
        Concepts of B only.
    units : tuple of int, optional
        Units of A and B.
    images, patches : int, optional
        Images in each of the two sets, and patches per image.
    noise : float, optional
        Standard deviation of the activations' noise, as a share of their mean.
    seed : int, optional
        Of all random numbers.
    """
    rng = np.random.default_rng(seed)
    n, k = images * patches, shared + only_b
    basis_a, basis_b = _basis(rng, shared, units[0]), _basis(rng, k, units[1])

    def draw(first: int) -> tuple[PatchSet, Floats]:
        used = rng.gamma(2.0, 1.0, (n, k)) * (rng.random((n, k)) < 0.4)
        a, b = used[:, :shared] @ basis_a, used @ basis_b
        a = np.maximum(a + noise * a.mean() * rng.normal(size=a.shape), 0)
        b = np.maximum(b + noise * b.mean() * rng.normal(size=b.shape), 0)
        return PatchSet(first + np.arange(n) // patches, a, b), used

    training, _ = draw(0)
    evaluation, used = draw(images)
    return Planted(training, evaluation, basis_a, basis_b, used)


def _basis(rng: np.random.Generator, concepts: int, units: int) -> Floats:
    """Rows that overlap little, so that NMF can find them."""
    owner = rng.permutation(np.arange(units) % concepts)
    own = owner == np.arange(concepts)[:, None]
    return np.asarray(rng.gamma(2.0, 1.0, (concepts, units)) * np.where(own, 1.0, 0.05))
