"""What a search found: every word scored again with new images, before and after the search."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.concepts.search import EVALUATION, Search, image_seeds
from diptych_analysis.concepts.sensitivity import pictures, predicted
from diptych_analysis.concepts.tcav import two_sided
from diptych_analysis.networks.networks import Network

Bytes = npt.NDArray[np.uint8]
#: Name of the control: random pixels, which are no concept.
NOISE = "(noise)"


def evaluate(search: Search, judge: Network | None = None) -> tuple[list[dict[str, Any]], Any]:
    """Score every word, and pixels of noise, with images that no step has seen.

    Parameters
    ----------
    search : Search
        After its steps.
    judge : Network, optional
        A second classifier of the planted cause, trained apart. It tells how many of the images
        show the cause.

    Returns
    -------
    rows : list of dict
        One per word, the best first, then the noise. TS, held-out accuracy and p value of the
        final generator; the share of images that the network gives the class, and that the judge
        finds to show the cause, before and after the search.
    images : dict of str to (ndarray, ndarray)
        Images of every word before and after the search, from the same seeds.
    """
    counts, sums = search.history.counts, search.history.sums
    rows, images = [], {}
    for rank, place in enumerate(search.ranking(), 1):
        word = search.settings.words[place]
        rng = search.rng(EVALUATION, place)
        seeds = image_seeds(rng, 2 * search.settings.group)
        after = search.draw(word, seeds)
        before = after if search.tuner is None else search.draw_unchanged(word, seeds)
        images[word] = (before, after)
        row: dict[str, Any] = {"rank": rank, "word": word, "tried": int(counts[place])}
        row["reward"] = float(sums[place] / counts[place]) if counts[place] else None
        row |= _scored(search, after, rng)
        row |= _shares(search, judge, before, after)
        rows.append(row)
    rng = search.rng(EVALUATION, len(rows))
    shape = next(iter(images.values()))[0].shape
    noise = rng.integers(0, 256, shape, dtype=np.uint8)
    rows.append({"word": NOISE, **_scored(search, noise, rng)})
    return rows, images


def _scored(search: Search, images: Bytes, rng: np.random.Generator) -> dict[str, float]:
    score = search.score(images, rng)
    return {
        "ts": score.mean,
        "ts_sd": float(score.scores.std()),
        "accuracy": score.accuracy,
        "trusted_ts": score.reward,
        "p": two_sided(score.scores, search.cached["null"]),
    }


def evaluation_seeds(search: Search, word: str) -> list[int]:
    """Return the seeds of the images that tell what a search did to a word."""
    rng = search.rng(EVALUATION, search.settings.words.index(word))
    return image_seeds(rng, 2 * search.settings.group)


def shares_of_class(search: Search, judge: Network | None, images: Bytes) -> dict[str, float]:
    """Return the share of images in the class, and of those that show the cause (judged)."""
    target, shown = search.target, pictures(images)
    result = {"class": float((predicted(target.network, shown) == target.number).mean())}
    if judge is not None:
        result["cause"] = float((predicted(judge, shown) == 1).mean())
    return result


def _shares(search: Search, judge: Network | None, before: Bytes, after: Bytes) -> dict[str, float]:
    return {
        f"{name}_{when}": share
        for when, images in (("before", before), ("after", after))
        for name, share in shares_of_class(search, judge, images).items()
    }
