"""Responses of raters to stimuli, as small integers: the table that all measures read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.behaviour.faults import BehaviourFault

Codes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: The code of a response that does not exist.
MISSING = -1
#: The category of a trial that was shown and not answered.
NO_ANSWER = "(no answer)"


@dataclass(frozen=True)
class Responses:
    """One response, or none, per rater and stimulus.

    1,355 raters of 50,000 stimuli take 136 MB. A table of raters by stimuli by categories is never
    made.

    Attributes
    ----------
    raters : pd.DataFrame
        One row per rater: `rater`, `kind` (person, simulated or machine) and any groups, such as
        `condition`.
    stimuli : pd.DataFrame
        One row per stimulus: `stimulus`, `label` (the true category, empty if unknown), `file`.
    categories : tuple of str
        Names of the categories, sorted.
    codes : array of int16 or int32, shape (raters, stimuli)
        Numbers of categories; -1 where the rater did not see the stimulus.
    labels : array of int, shape (stimuli,)
        Number of the true category of each stimulus; -1 if unknown.
    repeated : int
        Responses left out because the rater saw the stimulus before.
    sessions_excluded : int
        Sessions of tidy tables left out because they are excluded.
    """

    raters: pd.DataFrame
    stimuli: pd.DataFrame
    categories: tuple[str, ...]
    codes: Codes
    labels: Codes
    repeated: int = 0
    sessions_excluded: int = 0

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        if self.codes.shape != (len(self.raters), len(self.stimuli)):
            raise BehaviourFault(
                f"codes have the shape {self.codes.shape}; expected "
                f"({len(self.raters)} raters, {len(self.stimuli)} stimuli)"
            )
        low, high = (int(self.codes.min()), int(self.codes.max())) if self.codes.size else (0, 0)
        if low < MISSING or high >= len(self.categories):
            raise BehaviourFault(
                f"codes go from {low} to {high}; allowed are -1 (no response) to "
                f"{len(self.categories) - 1}"
            )

    @property
    def count(self) -> int:
        """Number of responses."""
        return int(np.count_nonzero(self.codes >= 0))

    def of_raters(self, chosen: Mask | Indices) -> Responses:
        """Keep some raters."""
        raters = self.raters.iloc[_indices(chosen)].reset_index(drop=True)
        return replace(self, raters=raters, codes=self.codes[chosen])

    def of_stimuli(self, chosen: Mask | Indices) -> Responses:
        """Keep some stimuli, in the given order."""
        stimuli = self.stimuli.iloc[_indices(chosen)].reset_index(drop=True)
        codes, labels = self.codes[:, chosen], self.labels[chosen]
        return replace(self, stimuli=stimuli, codes=codes, labels=labels)

    def of_kind(self, *kinds: str) -> Responses:
        """Keep the raters of some kinds, and the stimuli that they saw."""
        kept = self.of_raters(self.raters["kind"].isin(kinds).to_numpy(dtype=bool))
        return kept.of_stimuli(kept.seen())

    def seen(self) -> Mask:
        """Mark the stimuli with at least one response, shape (stimuli,)."""
        return np.asarray((self.codes >= 0).any(axis=0))

    def right(self) -> tuple[Mask, Mask]:
        """Compare responses with labels.

        Returns
        -------
        right : array of bool, shape (raters, stimuli)
            Whether the response is the label.
        counted : array of bool, shape (raters, stimuli)
            Whether there are a response and a label.
        """
        counted = (self.codes >= 0) & (self.labels >= 0)
        return (self.codes == self.labels) & counted, counted

    def accuracy(self) -> Floats:
        """Share of right responses of each rater, shape (raters,); NaN without labels."""
        right, counted = self.right()
        return _share(right.sum(axis=1), counted.sum(axis=1))

    def stimulus_accuracy(self) -> Floats:
        """Share of right responses to each stimulus, shape (stimuli,); NaN without labels."""
        right, counted = self.right()
        return _share(right.sum(axis=0), counted.sum(axis=0))


def _share(some: npt.NDArray[np.int64], of: npt.NDArray[np.int64]) -> Floats:
    return np.where(of > 0, some / np.maximum(of, 1), np.nan)


def _indices(chosen: Mask | Indices) -> Indices:
    return np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)


def code_type(categories: int) -> type[np.int16] | type[np.int32]:
    """Choose the smallest type that holds the numbers of all categories."""
    return np.int16 if categories <= np.iinfo(np.int16).max else np.int32


def from_long(table: pd.DataFrame, *, stimuli: pd.DataFrame | None = None) -> Responses:
    """Make `Responses` of a table with one row per response.

    Parameters
    ----------
    table : pd.DataFrame
        `rater`, `stimulus` and `response` (text); optional `kind`, `label` and columns of groups,
        which are constant per rater. A second response of a rater to a stimulus is left out.
    stimuli : pd.DataFrame, optional
        `stimulus`, `label`, `file`. Their labels come before those of `table`.

    Raises
    ------
    BehaviourFault
        If there is no response, or a stimulus has two labels.
    """
    if table.empty:
        raise BehaviourFault("there are no responses; expected at least one row")
    first = ~table.duplicated(["rater", "stimulus"]).to_numpy()
    kept = table[first]
    rater, raters = pd.factorize(kept["rater"], sort=True)
    stimulus, found = pd.factorize(kept["stimulus"], sort=True)
    names = [str(name) for name in found]
    labels = _labels(names, table, stimuli)
    categories = sorted({*kept["response"].unique(), *(x for x in labels if x is not None)})
    numbers = {name: number for number, name in enumerate(categories)}
    codes = np.full((len(raters), len(names)), MISSING, code_type(len(categories)))
    codes[rater, stimulus] = kept["response"].map(numbers).to_numpy()
    return Responses(
        _attributes(kept, pd.Index(raters)),
        _stimulus_rows(names, labels, stimuli),
        tuple(categories),
        codes,
        np.array([MISSING if label is None else numbers[label] for label in labels]),
        int(np.count_nonzero(~first)),
    )


def _attributes(table: pd.DataFrame, raters: pd.Index[str]) -> pd.DataFrame:
    """`rater`, `kind`, and the groups that are the same in all rows of each rater."""
    groups = [str(name) for name in table if name not in ("rater", "stimulus", "response", "label")]
    by = table.groupby("rater", observed=True)[groups]
    constant = by.nunique(dropna=False).le(1).all() if groups else pd.Series(dtype=bool)
    rows = by.first().reindex(raters)[[name for name in groups if constant[name]]]
    rows.insert(0, "rater", raters.astype(str))
    if "kind" not in rows:
        rows["kind"] = "person"
    return rows.reset_index(drop=True)


def _labels(
    names: Sequence[str], table: pd.DataFrame, stimuli: pd.DataFrame | None
) -> list[str | None]:
    pairs = [frame for frame in (stimuli, table) if frame is not None and "label" in frame]
    known: dict[str, str] = {}
    for frame in pairs:
        rows = frame[["stimulus", "label"]].dropna().drop_duplicates()
        twice = rows[rows["stimulus"].duplicated()]
        if not twice.empty:
            name = twice["stimulus"].iloc[0]
            both = rows.loc[rows["stimulus"] == name, "label"].tolist()
            raise BehaviourFault(f"stimulus {name!r} has the labels {both}; one is allowed")
        known = dict(zip(rows["stimulus"], rows["label"], strict=True)) | known
    return [known.get(name) for name in names]


def _stimulus_rows(
    names: Sequence[str], labels: Sequence[str | None], stimuli: pd.DataFrame | None
) -> pd.DataFrame:
    rows = pd.DataFrame({"stimulus": names, "label": list(labels)})
    if stimuli is not None and "file" in stimuli:
        files = stimuli.drop_duplicates("stimulus").set_index("stimulus")["file"]
        rows["file"] = rows["stimulus"].map(files)
    return rows


def together(parts: Sequence[Responses]) -> Responses:
    """Put the raters of several sources side by side; stimuli are matched by name.

    Raises
    ------
    BehaviourFault
        If two sources share no stimulus, have the same rater, or differ in a label.
    """
    first, *others = parts
    if not others:
        return first
    categories = sorted({name for part in parts for name in part.categories})
    numbers = {name: number for number, name in enumerate(categories)}
    names = sorted({name for part in parts for name in part.stimuli["stimulus"]})
    places = {name: place for place, name in enumerate(names)}
    rows = sum(len(part.raters) for part in parts)
    codes = np.full((rows, len(names)), MISSING, code_type(len(categories)))
    labels = np.full(len(names), MISSING)
    start = 0
    for part in parts:
        own = np.array([places[name] for name in part.stimuli["stimulus"]])
        # The last entry is the code -1: no response.
        renumber = np.array([*(numbers[name] for name in part.categories), MISSING])
        codes[start : start + len(part.raters), own] = renumber[part.codes]
        given = renumber[part.labels]
        differ = (given >= 0) & (labels[own] >= 0) & (given != labels[own])
        if differ.any():
            raise BehaviourFault(
                f"stimulus {names[own[differ.argmax()]]!r} has different labels in two sources"
            )
        labels[own] = np.where(given >= 0, given, labels[own])
        start += len(part.raters)
    raters = pd.concat([part.raters for part in parts], ignore_index=True)
    twice = raters["rater"].duplicated()
    if twice.any():
        raise BehaviourFault(
            f"rater {raters['rater'][twice].iloc[0]!r} is in two sources; names must be unique"
        )
    stimuli = pd.concat([part.stimuli for part in parts]).drop_duplicates("stimulus")
    stimuli = stimuli.sort_values("stimulus", ignore_index=True)
    stimuli["label"] = [categories[code] if code >= 0 else None for code in labels]
    return Responses(
        raters,
        stimuli,
        tuple(categories),
        codes,
        labels,
        repeated=sum(part.repeated for part in parts),
        sessions_excluded=sum(part.sessions_excluded for part in parts),
    )
