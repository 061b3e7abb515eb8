"""People's judgements as a representation: confusions of classes, and triplets of items."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.reading import Representation

_STEPS, _RATE = 400, 0.05


def from_confusions(trials: pd.DataFrame, *, smoothing: float = 0.5) -> Representation:
    """Represent each stimulus by the shares of responses that people gave to it.

    Parameters
    ----------
    trials : DataFrame
        The tidy table `trials`: columns stimulus_id and response.
    smoothing : float
        Responses added to each cell.

    Returns
    -------
    Representation
        One row per stimulus; square roots of the shares, whose Euclidean distances are Hellinger
        distances.
    """
    for column in ("stimulus_id", "response"):
        if column not in trials:
            raise RepresentationFault(f"the trials have no column {column!r}")
    counts = pd.crosstab(trials["stimulus_id"], trials["response"])
    if counts.shape[1] < 2:
        raise RepresentationFault("the trials hold fewer than two kinds of response")
    shares = counts.to_numpy(dtype=np.float64) + smoothing
    shares /= shares.sum(axis=1, keepdims=True)
    return Representation("people's confusions", np.sqrt(shares), tuple(map(str, counts.index)))


def from_triplets(
    triplets: npt.NDArray[np.int64], items: int, *, dimensions: int = 5, seed: int = 0
) -> Representation:
    """Place items so that judged triplets hold: i is closer to j than to k.

    Parameters
    ----------
    triplets : array of int, (t, 3)
        Rows i, j, k. An odd-one-out choice of k among i, j, k gives (i, j, k) and (j, i, k).
    items : int
        Number of items.
    dimensions : int
        d of the embedding.
    seed : int
        Seeds the start.

    Returns
    -------
    Representation
        (items, dimensions): the maximum of the likelihood of crowd kernel's logistic cousin,
        P(i closer to j) = 1 / (1 + exp(|x_i - x_j|^2 - |x_i - x_k|^2)), with a small penalty.

    References
    ----------
    van der Maaten and Weinberger, "Stochastic triplet embedding", MLSP 2012, Eq. 1 (STE).
    """
    import torch

    rows = np.asarray(triplets)
    if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise RepresentationFault(f"triplets of shape {rows.shape}: rows of three items are needed")
    if rows.min() < 0 or rows.max() >= items:
        raise RepresentationFault(f"triplets name items outside 0 to {items - 1}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        places = torch.nn.Parameter(0.1 * torch.randn(items, dimensions))
    i, j, k = torch.from_numpy(rows.astype(np.int64)).T
    optimizer = torch.optim.Adam([places], lr=_RATE)
    for _ in range(_STEPS):
        near = (places[i] - places[j]).square().sum(1)
        far = (places[i] - places[k]).square().sum(1)
        loss = torch.nn.functional.softplus(near - far).mean() + 1e-4 * places.square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Representation("people's triplets", places.detach().numpy().astype(np.float64))
