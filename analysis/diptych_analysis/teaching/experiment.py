"""Compare policies on simulated learners: lessons of paired seeds, summarised in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from diptych_analysis.parallel import in_parallel
from diptych_analysis.teaching.choices import UNTRACED
from diptych_analysis.teaching.loop import lesson
from diptych_analysis.teaching.tracers import PARTICLES
from diptych_analysis.teaching.worlds import Floats

NO_TRACER = "none"
BASELINES = ("random", "balanced")
PART = 20
"""Lessons per task of a worker."""


@dataclass(frozen=True)
class Cell:
    """The lessons of one learner family, tracer and policy.

    Attributes
    ----------
    learner, tracer, policy : str
        Their names; the tracer is `none` for policies that do not look at one.
    right : ndarray of shape (n_seeds, 3)
        Mean P(true) on unseen images after 10, 20 and 30 trials.
    fallbacks : float
        Mean number of trials, of 30, that the balanced policy chose for the policy.
    first : int
        The first seed.
    """

    learner: str
    tracer: str
    policy: str
    right: Floats
    fallbacks: float
    first: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the table: means, standard errors, and paired differences after 30 trials."""

    learner: str
    tracer: str
    policy: str
    seeds: int
    mean: tuple[float, ...]
    standard_error: tuple[float, ...]
    over_random: float
    over_random_se: float
    over_balanced: float
    over_balanced_se: float
    fallbacks: float

    def as_dict(self) -> dict[str, object]:
        """Return the row for JSON."""
        return asdict(self)


def combinations(
    learners: Sequence[str], tracers: Sequence[str], policies: Sequence[str]
) -> list[tuple[str, str, str]]:
    """List learners, tracers and policies to compare: baselines always, and once per learner."""
    asked = [*dict.fromkeys([*BASELINES, *policies])]
    return [
        (learner, tracer, policy)
        for learner, policy in product(learners, asked)
        for tracer in ([NO_TRACER] if policy in UNTRACED else tracers)
    ]


def run_cell(learner: str, tracer: str, policy: str, first: int, count: int) -> Cell:
    """Run the lessons of one combination.

    Parameters
    ----------
    learner, tracer, policy : str
        One of `combinations`.
    first : int
        Seed of the first lesson.
    count : int
        Number of lessons, with consecutive seeds.
    """
    # A policy that does not look at the tracer gets the cheapest one.
    name, particles = (tracer, PARTICLES) if tracer != NO_TRACER else ("exemplar", 1)
    lessons = [
        lesson(learner, name, policy, seed, particles=particles)
        for seed in range(first, first + count)
    ]
    right = np.array([each.right for each in lessons])
    fallbacks = float(np.mean([each.fallbacks for each in lessons]))
    return Cell(learner, tracer, policy, right, fallbacks, first)


def run_cells(plan: Sequence[tuple[str, str, str]], seeds: int, workers: int = 1) -> Iterator[Cell]:
    """Yield parts of cells as they are finished, in no order; `joined` puts them together.

    Parameters
    ----------
    plan : sequence of tuple
        Of `combinations`.
    seeds : int
        Lessons per cell: seeds 0 to `seeds` - 1.
    workers : int
        Processes.
    """
    tasks = [
        (*each, first, min(PART, seeds - first)) for each in plan for first in range(0, seeds, PART)
    ]
    yield from in_parallel(run_cell, tasks, n_jobs=workers)


def joined(plan: Sequence[tuple[str, str, str]], parts: Sequence[Cell]) -> list[Cell]:
    """Join the parts of each cell, in the order of the plan and of the seeds."""
    cells = []
    for each in plan:
        own = [p for p in parts if (p.learner, p.tracer, p.policy) == each]
        own.sort(key=lambda part: part.first)
        right = np.concatenate([part.right for part in own])
        fallbacks = sum(part.fallbacks * len(part.right) for part in own) / len(right)
        cells.append(Cell(*each, right, fallbacks))
    return cells


def summarise(cells: Sequence[Cell]) -> Iterator[Row]:
    """Yield one row per cell.

    Parameters
    ----------
    cells : sequence of Cell
        With the cells of `random` and `balanced` for each learner, and two seeds or more.
    """
    baseline = {(each.learner, each.policy): each.right for each in cells}
    for each in cells:
        over = [each.right - baseline[each.learner, name] for name in BASELINES]
        (random, random_se), (balanced, balanced_se) = (
            (float(gap[:, -1].mean()), float(_standard_error(gap)[-1])) for gap in over
        )
        yield Row(
            each.learner,
            each.tracer,
            each.policy,
            len(each.right),
            tuple(each.right.mean(0).tolist()),
            tuple(_standard_error(each.right).tolist()),
            random,
            random_se,
            balanced,
            balanced_se,
            each.fallbacks,
        )


def _standard_error(values: Floats) -> Floats:
    return np.asarray(values.std(0, ddof=1) / np.sqrt(len(values)))
