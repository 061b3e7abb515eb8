"""Preferences of people: which of two groups of images shows more of what makes a class.

The study comes from `diptych study from-concepts --design preference`. Its item `step-0007` shows
the two groups of step 7 of a search. The majority of its participants replaces the scores (TCAV)
as the label of that step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.fleiss import kappa_of
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.saved import Groups, SavedSearch
from diptych_analysis.tables import Tables, read_tables

#: How `--prefer` names tables of people's answers.
PREFIX = "human:"
STATUSES = ("completed",)
_ITEM = re.compile(r"step-(\d{4,})")


@dataclass(frozen=True)
class Judged:
    """The groups of a step, and how many participants chose each.

    Attributes
    ----------
    groups : Groups
        The step's word and images.
    votes : tuple of int
        Participants who chose group 1, and group 2.
    """

    groups: Groups
    votes: tuple[int, int]

    @property
    def preferred(self) -> int:
        """0 or 1: the group that the majority chose; -1 for a tie."""
        first, second = self.votes
        return -1 if first == second else int(second > first)


def read_judged(tables: Path, search: SavedSearch) -> list[Judged]:
    """Read people's choices about the steps of a search, in the order of the steps.

    Sessions that are completed and not excluded count: people's, or simulated ones if there are no
    people.

    Parameters
    ----------
    tables : Path
        Folder of the tables of the study.
    search : SavedSearch
        The search whose groups the study shows.

    Raises
    ------
    ConceptFault
        If no trial shows groups of this search.
    TableFault
        If the tables have a fault.
    """
    trials = _counted(read_tables(tables))
    steps = {groups.step: groups for groups in search.steps}
    votes: dict[int, list[int]] = {}
    for item, agrees in zip(trials["item_id"], trials["correct"], strict=True):
        found = _ITEM.fullmatch(str(item))
        if found is None or pd.isna(agrees):
            continue
        step = int(found[1])
        if step not in steps:
            raise ConceptFault(
                f"{str(tables)!r} has the item {item!r}, but {str(search.folder)!r} has "
                f"{len(steps)} steps: the tables are of another search"
            )
        # The query on the right side is the group that the scores preferred, or group 1.
        right = max(0, steps[step].preferred)
        chosen = right if bool(agrees) else 1 - right
        votes.setdefault(step, [0, 0])[chosen] += 1
    if not votes:
        raise ConceptFault(
            f"{str(tables)!r} has no answer to an item like step-0001 in a completed session; it "
            "must hold the tables of `diptych study from-concepts --design preference`"
        )
    return [Judged(steps[step], (one, two)) for step, (one, two) in sorted(votes.items())]


def agreement(judged: Sequence[Judged]) -> dict[str, Any]:
    """Compare people with the scores, and with one another.

    Parameters
    ----------
    judged : sequence of Judged
        From `read_judged`.

    Returns
    -------
    dict
        `steps` and `answers`; `kappa_scores`, Cohen's kappa of the majority and the scores over
        steps with both, and their number `steps_compared`; `kappa_people`, Fleiss' kappa of the
        participants over steps with two answers or more. A kappa that does not exist is None.
    """
    both = [(j.preferred, j.groups.preferred) for j in judged]
    both = [pair for pair in both if min(pair) >= 0]
    votes = np.array([j.votes for j in judged], float)
    return {
        "steps": len(judged),
        "answers": int(votes.sum()),
        "steps_compared": len(both),
        "kappa_scores": _cohen(both),
        "kappa_people": _fleiss(votes[votes.sum(1) >= 2]),
    }


def _counted(tables: Tables) -> pd.DataFrame:
    """Return the test trials of the sessions that count."""
    sessions = tables.sessions
    kinds = tables.whose(STATUSES, ("person", "simulated"))
    counted = sessions["status"].isin(list(STATUSES)) & sessions["participant_kind"].isin(kinds)
    counted &= ~sessions["excluded"].fillna(False).astype(bool)
    trials = tables.trials
    chosen = trials["session_id"].isin(sessions["session_id"][counted]) & (
        trials["phase"] == "test"
    )
    return trials[chosen]


def _cohen(pairs: Sequence[tuple[int, int]]) -> float | None:
    if not pairs:
        return None
    one, two = np.array(pairs).T
    chance = sum((one == group).mean() * (two == group).mean() for group in (0, 1))
    return _number(kappa_of((one == two).mean(), chance))


def _fleiss(votes: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    """Compute Fleiss' kappa of votes, (steps, 2); steps may have different numbers of votes."""
    if not len(votes):
        return None
    given = votes.sum(1)
    same = ((votes**2).sum(1) - given) / (given * (given - 1))
    shares = votes.sum(0) / votes.sum()
    return _number(kappa_of(same.mean(), (shares**2).sum()))


def _number(kappa: Any) -> float | None:
    return None if np.isnan(kappa) else float(kappa)
