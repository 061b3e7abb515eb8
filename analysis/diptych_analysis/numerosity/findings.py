"""Everything that is computed about one trained network, and the controls beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.analyses.action_error import action_error
from diptych_analysis.numerosity.analyses.comparison import (
    REFERENCE,
    fit_shares,
    share_of_more,
    weber_interval,
)
from diptych_analysis.numerosity.analyses.covariates import within_number
from diptych_analysis.numerosity.analyses.incongruent import HEADLINE, incongruent_pairs
from diptych_analysis.numerosity.analyses.islands import SIZES, clusters, islands, last_island
from diptych_analysis.numerosity.analyses.line import linear_error, linear_error_as_coded
from diptych_analysis.numerosity.analyses.perceived import (
    by_number,
    order,
    perceived_number,
    power_fit,
)
from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints
from diptych_analysis.numerosity.settings import Settings

NETWORK, UNTRAINED = "network", "untrained network"
#: Observers that know nothing but a covariate, by the covariate's name.
OBSERVERS = {"intensity": "pixel sum", "area": "area", "hull": "hull"}


@dataclass(frozen=True)
class Tested:
    """What one network makes of the test images.

    Parameters
    ----------
    settings : Settings
        The training run.
    counts : ndarray of int, shape (n,)
        Objects per test image.
    covariates : dict of str to ndarray, shape (n,)
        Intensity, area and hull of each test image.
    z, z_untrained : ndarray, shape (n, d)
        Embeddings by the network and by the same network before training.
    walk_counts, walk_z : ndarray, shape (t + 1,) and (t + 1, d)
        Objects in and embeddings of the images of the walk.
    walk_actions, walk_predicted : ndarray of int, shape (t,)
        Actions and predictions.
    """

    settings: Settings
    counts: Ints
    covariates: dict[str, Floats]
    z: Floats
    z_untrained: Floats
    walk_counts: Ints
    walk_actions: Ints
    walk_predicted: Ints
    walk_z: Floats

    @property
    def perceived(self) -> Floats:
        """Perceived number of each test image."""
        return perceived_number(self.z, self.counts)

    @property
    def observers(self) -> dict[str, Floats]:
        """Scores of test images: the network's, and those of all controls."""
        found = {NETWORK: self.perceived}
        found |= {OBSERVERS[name]: values for name, values in self.covariates.items()}
        return found | {UNTRAINED: perceived_number(self.z_untrained, self.counts)}


def examine(tested: Tested) -> dict[str, Any]:
    """Compute all results of one network, ready for JSON."""
    observers = tested.observers
    labels = {size: clusters(tested.z, size) for size in SIZES}
    tables = {size: islands(tested.counts, found) for size, found in labels.items()}
    errors = action_error(
        tested.walk_counts, tested.walk_actions, tested.walk_predicted, tested.settings.limit
    )
    pairs = incongruent_pairs(observers, tested.covariates, tested.counts)
    return {
        "linear_error": linear_error(tested.z),
        "linear_error_as_coded": linear_error_as_coded(tested.z),
        "last_island": {str(size): last_island(table) for size, table in tables.items()},
        "islands": {str(size): records(table.head(12)) for size, table in tables.items()},
        "power": asdict(power_fit(tested.perceived, tested.counts)),
        "perceived": records(by_number(tested.perceived, tested.counts)),
        "action_error": records(errors),
        "incongruent": records(pairs),
        "observers": {name: judge(name, scores, tested) for name, scores in observers.items()},
    }


def judge(name: str, scores: Floats, tested: Tested) -> dict[str, Any]:
    """Order, psychometric fit and covariates of one observer's scores."""
    counts = tested.counts
    found: dict[str, Any] = {"order": asdict(order(scores, counts))}
    correlations = {
        covariate: within_number(scores, values, counts)
        for covariate, values in tested.covariates.items()
    }
    found["within_number"] = {
        covariate: None if np.isnan(r) else r for covariate, r in correlations.items()
    }
    if REFERENCE not in counts:
        return found
    table = share_of_more(scores, counts)
    found["share_of_more"] = records(table)
    fitted = fit_shares(table)
    if fitted is None:
        return found
    found["weber"] = {"pse": fitted.threshold, "weber": fitted.weber, "lapse": fitted.lapse}
    if name != UNTRAINED:
        found["weber_interval"] = weber_interval(scores, counts)
    return found


def headline(found: Mapping[str, Any], observer: str, covariate: str) -> dict[str, Any] | None:
    """Take one observer's share of right answers in the incongruent pairs of 16 and 20 objects."""
    wanted = {
        "fewer": HEADLINE[0],
        "more": HEADLINE[1],
        "covariate": covariate,
        "congruent": False,
        "observer": observer,
    }
    for row in found["incongruent"]:
        if all(row[name] == value for name, value in wanted.items()):
            return dict(row)
    return None


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: plain numbers, None instead of NaN."""
    plain = table.astype(object).where(table.notna(), None)
    return [
        {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in plain.to_dict("records")
    ]
