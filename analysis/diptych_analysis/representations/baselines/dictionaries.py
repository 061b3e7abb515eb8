"""Dictionary learning on each representation alone, with the items that show each entry best.

Every method gives m grids. None of them sees the other representation (Sec. 4.5, 4.10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Grids = list[npt.NDArray[np.int64]]
_SAE_L1, _SAE_RATE, _SAE_EPOCHS, _SAE_BATCH = 4e-4, 1e-3, 500, 2000
_TOP_K_LATENTS, _TOP_K_RATE, _TOP_K_EPOCHS = 50, 5e-4, 200
_CNMF_STEPS = 100


def greatest(coefficients: Matrix, size: int) -> Grids:
    """Take, for each entry, the items of the greatest coefficients ("maximum sampling").

    Parameters
    ----------
    coefficients : array, (n, m)
        Of each item and entry.
    size : int
        Items per grid.
    """
    order = np.argsort(-np.asarray(coefficients), axis=0, kind="stable")[:size]
    return [np.asarray(column, dtype=np.int64) for column in order.T]


def pca(values: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Take the greatest scores on each principal component."""
    from sklearn.decomposition import PCA

    return greatest(PCA(grids, random_state=seed).fit_transform(values), size)


def nmf(values: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Factorise A ~ U W with U, W >= 0; negative activations are shifted up, column by column."""
    from sklearn.decomposition import NMF

    rows = np.asarray(values, dtype=np.float64)
    rows = rows - np.minimum(rows.min(axis=0), 0)
    return greatest(NMF(grids, random_state=seed, max_iter=400).fit_transform(rows), size)


def convex_nmf(values: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Factorise A' ~ A' G H with G, H >= 0 for signed A.

    References
    ----------
    Ding, Li and Jordan, "Convex and semi-nonnegative matrix factorizations", PAMI 32 (2010),
    Eq. 27 and 28, from k-means.
    """
    from sklearn.cluster import KMeans

    rows = np.asarray(values, dtype=np.float64)
    signed = bool((rows < 0).any())
    labels = KMeans(grids, n_init=1, random_state=seed).fit(rows).labels_
    indicator = np.eye(grids)[labels]
    h = indicator + 0.2
    g = h / np.maximum(indicator.sum(axis=0), 1)
    tiny = 1e-12

    def parts(right: Matrix) -> tuple[Matrix, Matrix]:
        """Products of the positive and the negative part of A A' with a matrix."""
        whole = rows @ (rows.T @ right)
        if not signed:
            return whole, np.zeros_like(whole)
        absolute = np.empty_like(right)
        for first in range(0, len(rows), 1024):
            block = np.abs(rows[first : first + 1024] @ rows.T)
            absolute[first : first + 1024] = block @ right
        return (absolute + whole) / 2, (absolute - whole) / 2

    for _ in range(_CNMF_STEPS):
        plus_g, minus_g = parts(g)
        h *= np.sqrt(
            (plus_g + h @ (g.T @ minus_g)) / np.maximum(minus_g + h @ (g.T @ plus_g), tiny)
        )
        plus_h, minus_h = parts(h)
        inner = h.T @ h
        plus_g, minus_g = parts(g)
        g *= np.sqrt((plus_h + minus_g @ inner) / np.maximum(minus_h + plus_g @ inner, tiny))
    return greatest(h, size)


def k_means(values: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Take the items nearest to each centre of k-means, among all items."""
    from sklearn.cluster import KMeans

    found = KMeans(grids, n_init=1, random_state=seed).fit(np.asarray(values, dtype=np.float64))
    return greatest(-found.transform(np.asarray(values, dtype=np.float64)), size)


def sparse_autoencoder(
    values: Matrix, grids: int, size: int, seed: int, *, epochs: int = _SAE_EPOCHS
) -> Grids:
    """Train a sparse autoencoder with m latents: MSE + 4e-4 mean of the summed activations.

    With 3 to 5 latents for 64 dimensions it is a weak baseline, as published.
    """
    import torch

    x = _z_scored(values)
    encode, decode, bias = _start(x, grids, seed)
    latent_bias = torch.nn.Parameter(torch.zeros(grids, dtype=x.dtype))

    def latents(rows: Any) -> Any:
        return torch.relu((rows - bias) @ encode + latent_bias)

    def loss(rows: Any) -> Any:
        h = latents(rows)
        return (h @ decode + bias - rows).square().mean() + _SAE_L1 * h.sum(1).mean()

    _fit(x, [encode, decode, bias, latent_bias], decode, loss, _SAE_RATE, epochs, seed)
    with torch.no_grad():
        return greatest(latents(x).numpy(), size)


def top_k_autoencoder(
    values: Matrix, grids: int, size: int, seed: int, *, epochs: int = _TOP_K_EPOCHS
) -> Grids:
    """Train 50 latents, m of them active; show the m of the greatest mean activation."""
    import torch

    x = _z_scored(values)
    encode, decode, bias = _start(x, _TOP_K_LATENTS, seed)

    def latents(rows: Any) -> Any:
        h = torch.relu((rows - bias) @ encode)
        kept = h.topk(min(grids, _TOP_K_LATENTS), dim=1)
        return torch.zeros_like(h).scatter(1, kept.indices, kept.values)

    def loss(rows: Any) -> Any:
        return (latents(rows) @ decode + bias - rows).square().mean()

    _fit(x, [encode, decode, bias], decode, loss, _TOP_K_RATE, epochs, seed)
    with torch.no_grad():
        h = latents(x).numpy()
    shown = np.argsort(-h.mean(axis=0), kind="stable")[:grids]
    return greatest(h[:, shown], size)


def _z_scored(values: Matrix) -> Any:
    import torch

    rows = np.asarray(values, dtype=np.float64)
    return torch.from_numpy((rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-8))


def _start(x: Any, latents: int, seed: int) -> tuple[Any, Any, Any]:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decode = torch.randn(latents, x.shape[1], dtype=x.dtype)
    decode = decode / decode.norm(dim=1, keepdim=True)
    parameter = torch.nn.Parameter
    return parameter(decode.T.clone()), parameter(decode), parameter(x.mean(dim=0))


def _fit(
    x: Any,
    parameters: list[Any],
    decode: Any,
    loss: Callable[[Any], Any],
    rate: float,
    epochs: int,
    seed: int,
) -> None:
    """Run Adam; rows of the decoder keep length 1, and their gradients stay perpendicular."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(parameters, lr=rate)
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for batch in torch.split(order, min(len(x), _SAE_BATCH)):
            optimizer.zero_grad()
            loss(x[batch]).backward()
            with torch.no_grad():
                along = (decode.grad * decode).sum(1, keepdim=True)
                decode.grad -= along * decode
            optimizer.step()
            with torch.no_grad():
                decode /= decode.norm(dim=1, keepdim=True)


#: Name in tables -> method(values, grids, size, seed).
METHODS: dict[str, Callable[[Matrix, int, int, int], Grids]] = {
    "PCA": pca,
    "NMF": nmf,
    "CNMF": convex_nmf,
    "k-means": k_means,
    "SAE": sparse_autoencoder,
    "Top-K SAE": top_k_autoencoder,
}
