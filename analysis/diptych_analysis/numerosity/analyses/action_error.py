"""How often the action between two images is predicted wrongly, by number (thesis Fig. 7.3)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.intervals import bayesian
from diptych_analysis.numerosity.actions import PUT, TAKE
from diptych_analysis.numerosity.scenes import Ints


def action_error(counts: Ints, actions: Ints, predicted: Ints, limit: int) -> pd.DataFrame:
    """Count wrong predictions by the number of objects before the action.

    Parameters
    ----------
    counts : ndarray of int, shape (t + 1,)
        Objects in each image.
    actions, predicted : ndarray of int, shape (t,)
        Actions, and what the network took them for.
    limit : int
        Greatest number of objects in training.

    Returns
    -------
    pandas.DataFrame
        number, n, wrong, error; low and high, the equal-tailed 95 % interval of the posterior
        Beta(wrong + 1, n - wrong + 1); trained: whether all images of a row's actions had at most
        `limit` objects. At the limit, a put leads beyond training, so `n_inside` and
        `error_inside` leave those actions out.
    """
    before, after = counts[:-1], counts[1:]
    wrong = actions != predicted
    inside = (before <= limit) & (after <= limit)
    rows = []
    for number in np.unique(before):
        here = before == number
        known = here & inside
        rows.append(
            {
                "number": int(number),
                "n": int(here.sum()),
                "wrong": int(wrong[here].sum()),
                "n_inside": int(known.sum()),
                "error_inside": float(wrong[known].mean()) if known.any() else np.nan,
                "trained": bool(number < limit),
            }
        )
    found = pd.DataFrame(rows)
    found["error"] = found["wrong"] / found["n"]
    found["low"], found["high"] = bayesian(found["wrong"], found["n"])
    return found


def chance_error(counts: Ints, limit: int) -> pd.DataFrame:
    """Compute the error of guessing among possible actions: number, error (1/2 or 2/3)."""
    numbers = np.unique(counts[:-1])
    ends = (numbers == 0) | (numbers == limit)
    return pd.DataFrame({"number": numbers, "error": np.where(ends, 1 / 2, 2 / 3)})


def distances_by_action(z: np.ndarray, actions: Ints) -> pd.DataFrame:
    """Measure embedding distances between images before and after actions (Fig. 7.5 C, D)."""
    distance = np.linalg.norm(np.diff(z, axis=0), axis=1)
    kind = np.where(actions == TAKE, "take", np.where(actions == PUT, "put", "shake"))
    return pd.DataFrame({"action": kind, "distance": distance})
