"""Everything that `diptych agree` computes, from responses to one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.behaviour import distributions
from diptych_analysis.behaviour.accuracy_bins import Bins, agreement_by_group, quantile_bins
from diptych_analysis.behaviour.contrastive import (
    Contrastive,
    contrastive,
    default_k,
    diagnostic,
    matched_controls,
    scores,
)
from diptych_analysis.behaviour.error_consistency import MeanConsistency, mean_consistency
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.fleiss import StimulusAgreement, agreement
from diptych_analysis.behaviour.raters_needed import Noise, agreement_noise
from diptych_analysis.behaviour.resampling import Intervals, bootstrap
from diptych_analysis.behaviour.responses import Floats, Indices, Responses
from diptych_analysis.behaviour.tallies import Counts, tallies
from diptych_analysis.summary_display import Summarised, Table
from diptych_analysis.tables.columns.shared import KINDS

#: Most cells of the counts that distributions are compared from.
_MOST_CELLS = 2 * 10**7
ACCURACY = "accuracy"


@dataclass(frozen=True)
class Options:
    """What to compute.

    Attributes
    ----------
    k : int or None
        Number of contrastive stimuli; None: 1,000, and at most a tenth of the stimuli.
    by : tuple of str
        Groups: `accuracy`, or a column of the raters (`kind`, `condition`) or of the stimuli
        (`label`).
    bins : int
        Groups by accuracy.
    kinds : tuple of str
        Kinds of raters of the headline; empty: people, else simulated people, else machines.
    wanted : float
        Correlation for which the needed raters are reported.
    people_agree : float
        Least agreement of people about a diagnostic stimulus.
    resamples, seed : int
        Resamples of the intervals, and the seed of all draws.
    """

    k: int | None = None
    by: tuple[str, ...] = ()
    bins: int = 4
    kinds: tuple[str, ...] = ()
    wanted: float = 0.9
    people_agree: float = 1.0
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Controls:
    """Matched controls of contrastive stimuli, and agreement about them.

    Attributes
    ----------
    pairs : pd.DataFrame
        `contrastive`, `control`, `difference` (see `matched_controls`).
    contrastive, control : Scores
        The scoring half about the matched contrastive stimuli, and about their controls.
    """

    pairs: pd.DataFrame
    contrastive: Any
    control: Any


@dataclass(frozen=True)
class PeopleAndMachines:
    """Both kinds of raters about the stimuli that both saw.

    Attributes
    ----------
    stimuli : int
        Stimuli with responses of both.
    people : str
        `person` or `simulated`.
    agreement_correlation : float
        Spearman's correlation of people's and machines' agreement per stimulus.
    agreement_ceiling : float
        The correlation of these people's agreement with that of all people: the largest to expect
        of perfect machines. NaN where fewer than two stimuli have four responses of people.
    comparison, halves
        Distributions of responses, and of two halves of the people; None if there are too many
        categories and stimuli.
    consistency : MeanConsistency or None
        Error consistency of pairs of one person and one machine.
    diagnostic_count : int
        Number of all stimuli that divide machines while people agree.
    diagnostic : pd.DataFrame
        The k that divide them most: `stimulus`, `label`, `machines`, `people`.
    """

    stimuli: int
    people: str
    agreement_correlation: float
    agreement_ceiling: float
    comparison: distributions.Comparison | None
    halves: distributions.SplitHalf | None
    consistency: MeanConsistency | None
    diagnostic_count: int
    diagnostic: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Findings(Summarised):
    """What `diptych agree` found; see docs/behaviour.md."""

    responses: Responses
    options: Options
    k: int
    overall: StimulusAgreement
    intervals: Intervals
    noise: Noise
    chosen: Contrastive | None
    controls: Controls | None
    consistency: MeanConsistency | None
    groups: dict[str, pd.DataFrame]
    bins: Bins | None
    both: PeopleAndMachines | None
    notes: list[str] = field(default_factory=list)

    def summary(self) -> Table:
        """Return agreement about the stimuli, with intervals."""
        from diptych_analysis.behaviour.findings_tables import about, tables

        overall = next(tables(self))
        return about(self), list(overall.head), [list(row) for row in overall.rows]

    @property
    def kinds(self) -> list[str]:
        """Kinds of raters of the headline."""
        return sorted(set(self.responses.raters["kind"]))

    @property
    def accuracy(self) -> float:
        """Share of right responses, over all of them; NaN without labels."""
        right, counted = self.responses.right()
        return float(right.sum() / counted.sum()) if counted.any() else float("nan")


def find(everyone: Responses, options: Options) -> Findings:
    """Compute everything.

    Parameters
    ----------
    everyone : Responses
        Raters of all kinds.
    options : Options
        What to compute.

    Raises
    ------
    BehaviourFault
        If there are too few raters or stimuli, or an option does not fit them.
    """
    kinds = _headline(everyone, options.kinds)
    responses = everyone.of_kind(*kinds)
    if len(responses.raters) < 2:
        raise BehaviourFault(
            f"{len(responses.raters)} rater of kind {' or '.join(kinds)}; allowed are 2 or more"
        )
    c = len(responses.categories)
    overall = agreement(responses.codes, c)
    scored = int(np.count_nonzero(overall.ratings > 1))
    if not scored:
        raise BehaviourFault("no stimulus has responses of two raters")
    notes = _left_out(everyone)
    k = options.k if options.k is not None else default_k(scored)
    chosen, controls = _contrastive(responses, k, options, notes)
    groups, bins = _groups(everyone, responses, k, options)
    return Findings(
        responses=responses,
        options=options,
        k=k,
        overall=overall,
        intervals=bootstrap(responses.codes, c, resamples=options.resamples, seed=options.seed),
        noise=agreement_noise(counts for _, counts in tallies(responses.codes, c)),
        chosen=chosen,
        controls=controls,
        consistency=_consistency(responses, None, options),
        groups=groups,
        bins=bins,
        both=_people_and_machines(everyone, k, options),
        notes=notes,
    )


def _left_out(everyone: Responses) -> list[str]:
    count = everyone.sessions_excluded
    if not count:
        return []
    which = (
        "1 session is excluded and does"
        if count == 1
        else f"{count:,} sessions are excluded and do"
    )
    return [f"{which} not count, by a quality rule or a decision; --excluded counts all."]


def _headline(everyone: Responses, kinds: Sequence[str]) -> tuple[str, ...]:
    there = set(everyone.raters["kind"])
    missing = [kind for kind in kinds if kind not in there]
    if missing:
        raise BehaviourFault(
            f"no rater of kind {missing[0]!r}; there are {', '.join(sorted(there))}"
        )
    return tuple(kinds) or tuple(k for k in KINDS if k in there)[:1]


def _contrastive(
    responses: Responses, k: int, options: Options, notes: list[str]
) -> tuple[Contrastive | None, Controls | None]:
    if len(responses.raters) < 4:
        notes.append(
            f"Contrastive stimuli need at least 4 raters, two to choose and two to score; there "
            f"are {len(responses.raters)}."
        )
        return None, None
    chosen = contrastive(responses, k, seed=options.seed)
    if not (responses.labels >= 0).any():
        return chosen, None
    choosing = responses.of_raters(chosen.first_half)
    scoring = responses.codes[~chosen.first_half]
    allowed = np.ones(len(responses.stimuli), bool)
    allowed[chosen.naive] = False
    pairs = matched_controls(chosen.chosen, responses.labels, choosing.stimulus_accuracy(), allowed)
    if pairs.empty:
        return chosen, None
    c = len(responses.categories)
    one, other = (
        scores(scoring[:, pairs[name].to_numpy()], c) for name in ("contrastive", "control")
    )
    return chosen, Controls(pairs, one, other)


def _consistency(
    responses: Responses, others: Responses | None, options: Options
) -> MeanConsistency | None:
    """Error consistency, if any stimulus has a label."""
    right, counted = responses.right()
    if not counted.any():
        return None
    return mean_consistency(
        right,
        counted,
        None if others is None else others.right(),
        resamples=options.resamples,
        seed=options.seed,
    )


def _groups(
    everyone: Responses, responses: Responses, k: int, options: Options
) -> tuple[dict[str, pd.DataFrame], Bins | None]:
    tables: dict[str, pd.DataFrame] = {}
    bins = None
    for name in options.by:
        if name == ACCURACY:
            groups, names = quantile_bins(responses.accuracy(), options.bins)
            bins = agreement_by_group(responses, groups, names, k)
            tables[name] = bins.table
        elif name in everyone.raters and name != "rater":
            whose = everyone if name == "kind" else responses
            values = whose.raters[name].fillna("(none)").astype(str)
            groups, found = pd.factorize(values, sort=True)
            tables[name] = agreement_by_group(whose, groups, [str(x) for x in found], k).table
        elif name in responses.stimuli and name not in ("stimulus", "file"):
            tables[name] = _by_stimuli(responses, name)
        else:
            allowed = [x for x in everyone.raters if x != "rater"]
            allowed += [x for x in responses.stimuli if x not in ("stimulus", "file")]
            raise BehaviourFault(
                f"no groups {name!r}; allowed are {', '.join([ACCURACY, *map(str, allowed)])}"
            )
    return tables, bins


def _by_stimuli(responses: Responses, name: str) -> pd.DataFrame:
    """One row per group of stimuli."""
    values = responses.stimuli[name].fillna("(none)").astype(str).to_numpy()
    rows = []
    for value in sorted(set(values)):
        part = responses.of_stimuli(values == value)
        found = agreement(part.codes, len(part.categories))
        right, counted = part.right()
        rows.append(
            {
                "group": value,
                "stimuli": len(part.stimuli),
                "kappa": found.kappa,
                "mean_agreement": found.mean,
                "accuracy": float(right.sum() / counted.sum()) if counted.any() else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _people_and_machines(everyone: Responses, k: int, options: Options) -> PeopleAndMachines | None:
    kinds = set(everyone.raters["kind"])
    name = "person" if "person" in kinds else "simulated"
    if not {name, "machine"} <= kinds:
        return None
    people = everyone.of_raters((everyone.raters["kind"] == name).to_numpy())
    machines = everyone.of_raters((everyone.raters["kind"] == "machine").to_numpy())
    shared = people.seen() & machines.seen()
    if not shared.any():
        return None
    people, machines = people.of_stimuli(shared), machines.of_stimuli(shared)
    c = len(everyone.categories)
    of_people = agreement(people.codes, c)
    p, m = of_people.per_stimulus, agreement(machines.codes, c).per_stimulus
    noise = agreement_noise(counts for _, counts in tallies(people.codes, c))
    n = float(np.median(of_people.ratings))
    comparison = halves = None
    if c * int(shared.sum()) <= _MOST_CELLS:
        counted = _counts(people)
        comparison = distributions.compare(counted, _counts(machines))
        halves = distributions.split_half(counted, seed=options.seed)
    return PeopleAndMachines(
        stimuli=int(shared.sum()),
        people=name,
        agreement_correlation=distributions.rank_correlation(p, m),
        agreement_ceiling=noise.correlation(n) if n > 1 else float("nan"),
        comparison=comparison,
        halves=halves,
        consistency=_consistency(people, machines, options),
        diagnostic_count=int(np.count_nonzero((p >= options.people_agree) & (m < 1))),
        diagnostic=_diagnostic(
            people, m, p, diagnostic(m, p, k, people_agree=options.people_agree)
        ),
    )


def _diagnostic(
    people: Responses, machines_agree: Floats, people_agree: Floats, chosen: Indices
) -> pd.DataFrame:
    rows = people.stimuli.iloc[chosen][["stimulus", "label"]].reset_index(drop=True)
    return rows.assign(machines=machines_agree[chosen], people=people_agree[chosen])


def _counts(responses: Responses) -> Counts:
    return np.concatenate(
        [counts for _, counts in tallies(responses.codes, len(responses.categories))]
    )
