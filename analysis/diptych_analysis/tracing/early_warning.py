"""How early is a poor learner found? The probability of finishing above a score, trial by trial.

After t trials the model is asked how likely this learner would be right on each class now; the mean
over the classes says how good they are. A logistic curve, fitted for each t on the learners that
the model was trained with, turns that into the probability of finishing above the score (thesis
2.5.4, Applications). Beside it stands the plain count of right answers so far, by the same curve.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.probing import probe
from diptych_analysis.tracing.sequences import TEST, SequenceFault, Sequences

F = npt.NDArray[np.float64]


def final_scores(sequences: Sequences) -> F:
    """Return (N,): share of right answers in the test phase; NaN where there were none."""
    where = sequences.scored & (sequences.phase == TEST)
    right = ((sequences.response == sequences.label) & where).sum(1)
    n = where.sum(1)
    scores: F = np.where(n > 0, right / np.maximum(n, 1), np.nan)
    return scores


def _evidence(model: Tracer, sequences: Sequences, seen: Sequence[int]) -> tuple[F, F]:
    """Return two signs (N, len(seen)) by trials seen: the model's, and the count's."""
    p = np.clip(probe(model, sequences, list(seen), per_class=2).mean(-1), 1e-4, 1 - 1e-4)
    right = (sequences.response == sequences.label) & sequences.scored
    counted = np.stack([right[:, :t].sum(1) for t in seen], 1).astype(float)
    return np.log(p / (1 - p)), counted


def early_warning(
    model: Tracer,
    known: Sequences,
    new: Sequences,
    *,
    above: float | None = None,
    seen: Sequence[int] = (0, 3, 6, 9, 12, 15, 20, 25, 30),
) -> pd.DataFrame:
    """Return one row per new learner's session and number of trials seen.

    `known` sessions fit the logistic curves, `new` ones are judged. `above`: the share of right
    test answers to be exceeded, by default the median of the known. Columns: session_id, seen,
    probability (of finishing above, by the model), by_count (by right answers so far), score,
    finished_above.

    Raises
    ------
    SequenceFault
        Nobody known finished above the score, everybody did, or nobody known was tested.
    """
    truth = final_scores(known)
    whole = ~np.isnan(truth)
    if not whole.any():
        raise SequenceFault("no answers in the phase test: there is nothing to predict")
    limit = float(np.median(truth[whole])) if above is None else above
    good = truth > limit
    if len(np.unique(good[whole])) < 2:
        who = "everybody" if good[whole].all() else "nobody"
        raise SequenceFault(f"{who} known finished above {limit:.0%}: there is nothing to predict")
    times = [t for t in seen if t < known.shape[1] and known.mask[:, t].any()]
    past, future = _evidence(model, known, times), _evidence(model, new, times)
    scores = final_scores(new)
    rows = []
    for place, t in enumerate(times):
        by = []
        for x, ask in zip(past, future, strict=True):
            usable = whole & ~np.isnan(x[:, place])
            by.append(_logistic(x[usable, place], good[usable], ask[:, place]))
        for i, session in enumerate(new.sessions):
            if not np.isnan(scores[i]) and not np.isnan(future[0][i, place]):
                row = (session, t, by[0][i], by[1][i], scores[i], bool(scores[i] > limit))
                rows.append(row)
    names = ["session_id", "seen", "probability", "by_count", "score", "finished_above"]
    return pd.DataFrame(rows, columns=names)


def _logistic(x: F, good: npt.NDArray[np.bool_], ask: F) -> F:
    """Fit P(good) to `x`, and return it at `ask`; the share of good ones where x says nothing."""
    from sklearn.linear_model import LogisticRegression

    spread = x.std()
    if spread < 1e-9 or len(np.unique(good)) < 2:
        return np.full(len(ask), good.mean())
    fitted = LogisticRegression().fit(((x - x.mean()) / spread)[:, None], good)
    scaled = np.nan_to_num((ask - x.mean()) / spread)[:, None]
    found: F = fitted.predict_proba(scaled)[:, 1]
    return found


def roc_by_trials(warning: pd.DataFrame) -> pd.DataFrame:
    """Compute the area under the ROC for finding who ends *not* above the score.

    Columns: seen, by, auc, n.
    """
    from sklearn.metrics import roc_auc_score

    rows = []
    for seen, part in warning.groupby("seen"):
        poor = ~part["finished_above"].astype(bool)
        for by in ("probability", "by_count"):
            auc = roc_auc_score(poor, -part[by]) if poor.nunique() == 2 else float("nan")
            rows.append((int(str(seen)), by, float(auc), len(part)))
    return pd.DataFrame(rows, columns=["seen", "by", "auc", "n"])


def roc_curves(warning: pd.DataFrame, by: str = "probability") -> pd.DataFrame:
    """Compute the ROC for each number of trials seen: seen, false_alarms, found."""
    from sklearn.metrics import roc_curve

    parts = []
    for seen, part in warning.groupby("seen"):
        poor = ~part["finished_above"].astype(bool)
        if poor.nunique() == 2:
            false, true, _ = roc_curve(poor, -part[by])
            parts.append(pd.DataFrame({"seen": seen, "false_alarms": false, "found": true}))
    columns = ["seen", "false_alarms", "found"]
    return pd.concat(parts) if parts else pd.DataFrame(columns=columns)
