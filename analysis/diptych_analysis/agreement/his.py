"""The human interpretability score (HIS): how often people tell what a unit prefers.

    answers = answers_of(read_tables(Path("out/which_unit")))
    units = units_of(answers)             # one row a unit: his, low, high, n, ...
    his_of(answers, ["group"])            # pooled answers of every group

"The per-unit annotations are responses to the 2-AFC task, averaged over about 30 participants"
(MIS paper, section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from diptych_analysis.agreement.faults import AgreementFault, some
from diptych_analysis.intervals import wilson
from diptych_analysis.tables import Tables
from diptych_analysis.tables.schema import KINDS

#: What the `items` table may say of a unit besides its name.
ATTRIBUTES = ("model", "layer", "group", "mis")
HUMAN = ("person", "simulated")
MOST_CONFIDENT = 3


def answers_of(
    tables: Tables,
    *,
    kinds: Sequence[str] = HUMAN,
    statuses: Sequence[str] = ("completed",),
    excluded: bool = False,
    conditions: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the responses that HIS is computed from, one row each.

    Practice and catch trials are left out, and so are sessions of other `statuses` and those that
    a quality rule of the study excludes (unless `excluded`). Returns session_id, participant_id,
    participant_kind, condition, item_id, unit, correct (bool), confidence (1 to 3 or NaN), and
    those of `ATTRIBUTES` that the items (or the trials) have.

    Raises `AgreementFault` where machines are asked for, or nothing is left.
    """
    wrong = [kind for kind in kinds if kind not in HUMAN]
    if wrong or not kinds:
        raise AgreementFault(
            f"participant kind {some(wrong) or 'none'}: HIS is of {' or '.join(HUMAN)}; "
            "machines' scores are those of machine_scores"
        )
    found = _answered(tables, kinds, statuses, excluded, conditions)
    if found.empty:
        raise AgreementFault(
            f"no test answers to 2-AFC trials by {' or '.join(kinds)} in {' or '.join(statuses)} "
            f"sessions{'' if excluded else ' that no rule excludes'}"
            + (f" of condition {' or '.join(conditions)}" if conditions else "")
        )
    return found


def machine_scores(
    tables: Tables, *, statuses: Sequence[str] = ("completed",), excluded: bool = False
) -> pd.DataFrame:
    """Score the units by the machines that took the study; empty without machines.

    A machine's `confidence` is the probability that it gives to the right query, so its mean over
    the answers about a unit is the MIS (Eq. 5). Columns: machine (participant_id), those of
    `unit_key`, mis (mean confidence), accuracy (share of right answers), n (answers).
    """
    if "machine" not in set(tables.sessions["participant_kind"]):
        return pd.DataFrame(columns=["machine", "unit", "mis", "accuracy", "n"])
    answers = _answered(tables, ("machine",), statuses, excluded, None)
    answers = answers.rename(columns={"participant_id": "machine"}).drop(
        columns="mis", errors="ignore"
    )
    by = ["machine", *unit_key(answers)]
    found = answers.groupby(by, sort=False, dropna=False)
    return found.agg(
        mis=("confidence", "mean"), accuracy=("correct", "mean"), n=("correct", "size")
    ).reset_index()


def _answered(
    tables: Tables,
    kinds: Sequence[str],
    statuses: Sequence[str],
    excluded: bool,
    conditions: Sequence[str] | None,
) -> pd.DataFrame:
    assert set(kinds) <= set(KINDS)
    sessions, trials = tables.sessions, tables.trials
    kept = sessions["status"].isin(list(statuses))
    if not excluded:
        kept &= ~sessions["excluded"].fillna(False).astype(bool)
    wanted = (
        (trials["task"] == "two_afc")
        & (trials["phase"] == "test")
        & trials["correct"].notna()
        & trials["participant_kind"].isin(list(kinds))
        & trials["session_id"].isin(sessions.loc[kept, "session_id"])
    )
    if conditions:
        wanted &= trials["condition"].isin(list(conditions))
    found = _with_attributes(trials[wanted.fillna(False).astype(bool)], tables.items)
    if bool(found["unit"].isna().any()):
        item = found.loc[found["unit"].isna(), "item_id"].iloc[0]
        raise AgreementFault(f"item {item!r}: no unit, neither in trials nor in items")
    columns = ["session_id", "participant_id", "participant_kind", "condition", "item_id", "unit"]
    kept_columns = [*columns, *(name for name in ATTRIBUTES if name in found.columns)]
    return found[kept_columns].assign(
        correct=found["correct"].astype(bool),
        confidence=pd.to_numeric(found["confidence"]).astype("float64"),
    )


def _with_attributes(trials: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Add unit and attributes of their items to the trials; a trial's own where items have none."""
    key = ["study", "study_version", "item_id"]
    names = [name for name in ("unit", *ATTRIBUTES) if name in items.columns]
    known = items[items["item_id"].notna()].drop_duplicates(key)[key + names]
    found = trials.reset_index(drop=True)
    joined = found[key].merge(known, on=key, how="left")
    for name in names:
        own = found[name] if name in found.columns else None
        values = joined[name] if own is None else joined[name].where(joined[name].notna(), own)
        if values.notna().any() or name == "unit":
            found = found.assign(**{name: values})
    if "unit" not in found.columns:
        raise AgreementFault("no column 'unit', neither in trials nor in items")
    if "mis" in found.columns:
        found = found.assign(mis=_numbers(found))
    return found


def _numbers(found: pd.DataFrame) -> pd.Series:
    values = pd.to_numeric(found["mis"], errors="coerce").astype("float64")
    wrong = values.isna() & found["mis"].notna() & (found["mis"].astype("string") != "")
    if bool(wrong.any()):
        row = found[wrong].iloc[0]
        raise AgreementFault(f"item {row['item_id']!r}: mis is {row['mis']!r}, not a number")
    return values


def unit_key(frame: pd.DataFrame) -> list[str]:
    """Return the columns that identify a unit: the model too where it is known."""
    return ["model", "unit"] if "model" in frame.columns else ["unit"]


def his_of(answers: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Compute the share of right answers for each value of `by`, in order of appearance.

    Columns: `by`, right, n, his = right / n, low, high (Wilson, 95 %); then the confidence-weighted
    score, weighted, weighted_low, weighted_high, over the n_confident answers that have one:

        weighted = 1/2 + 1/n * sum of s * c / (2 * 3),   s = +1 if right, -1 if wrong, c = 1, 2, 3

    the mean place of the answers among the six buttons, from 0 (wrong, very sure) to 1 (right,
    very sure). Neither paper defines such a score; this one reads the answers as those of a rating
    experiment (Macmillan and Creelman, Detection Theory, ch. 3), scaled so that chance is 1/2 and
    sure answers count as in `his`. Its interval is Wilson's too, which is wide enough for any mean
    of values between 0 and 1, as none spreads more than right and wrong do.

    Raises `AgreementFault` for a column that the answers do not have.
    """
    absent = [name for name in by if name not in answers.columns]
    if absent:
        raise AgreementFault(f"no {some(absent)}: the answers have {', '.join(answers.columns)}")
    confidence = answers["confidence"]
    beyond = confidence.notna() & ~confidence.isin(range(1, MOST_CONFIDENT + 1))
    if bool(beyond.any()):
        raise AgreementFault(
            f"confidence {confidence[beyond].iloc[0]:g}: allowed are 1 to {MOST_CONFIDENT}"
        )
    sign = np.where(answers["correct"], 1.0, -1.0)
    placed = answers.assign(place=0.5 + sign * confidence / (2 * MOST_CONFIDENT))
    found = (
        placed.groupby(list(by), sort=False, dropna=False)
        .agg(
            right=("correct", "sum"),
            n=("correct", "size"),
            weighted=("place", "mean"),
            n_confident=("place", "count"),
        )
        .reset_index()
    )
    found["his"] = found["right"] / found["n"]
    found["low"], found["high"] = wilson(found["right"], found["n"])
    total = (found["weighted"] * found["n_confident"]).fillna(0.0)
    found["weighted_low"], found["weighted_high"] = wilson(total, found["n_confident"])
    own = ["right", "n", "his", "low", "high"]
    return found[[*by, *own, "weighted", "weighted_low", "weighted_high", "n_confident"]]


def units_of(answers: pd.DataFrame) -> pd.DataFrame:
    """Compute `his_of` by `unit_key`, one row per unit, with layer, group and mis if known.

    Raises `AgreementFault` where a unit's items contradict each other.
    """
    key = unit_key(answers)
    found = his_of(answers, key)
    rows = answers.groupby(key, sort=False, dropna=False)
    for name in ATTRIBUTES:
        if name in key or name not in answers.columns:
            continue
        counts = rows[name].nunique().reset_index(drop=True)
        if bool((counts > 1).any()):
            unit = found.loc[int(counts.to_numpy().argmax()), "unit"]
            values = answers.loc[answers["unit"] == unit, name].dropna().unique()
            raise AgreementFault(f"unit {unit!r}: its items have several {name}: {some(values)}")
        found[name] = rows[name].first().reset_index(drop=True)
    return found


def over_units(units: pd.DataFrame, by: str, score: str = "his") -> pd.DataFrame:
    """Average the scores of the units of every `by`, each unit counting once (Fig. 2A).

    Columns: `by`, units, n (answers), mean, low, high (normal 95 % interval over units; NaN for
    one unit), and mis, the mean of the units' mis where there is one.
    """
    rows = units.groupby(by, sort=False)
    found = rows.agg(units=(score, "size"), n=("n", "sum"), mean=(score, "mean")).reset_index()
    half = 1.959963984540054 * rows[score].std().to_numpy() / np.sqrt(found["units"].to_numpy())
    found["low"] = np.clip(found["mean"] - half, 0, 1)
    found["high"] = np.clip(found["mean"] + half, 0, 1)
    if "mis" in units.columns:
        found["mis"] = rows["mis"].mean().to_numpy()
    return found
