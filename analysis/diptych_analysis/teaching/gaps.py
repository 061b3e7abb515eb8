"""Try the diagnosis on simulated learners with a planted gap, and on learners without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from diptych_analysis.intervals import wilson
from diptych_analysis.parallel import in_parallel
from diptych_analysis.teaching.diagnosis import Diagnosis, diagnose
from diptych_analysis.teaching.learners import FAMILIES, Learners
from diptych_analysis.teaching.live import Trial, scaled
from diptych_analysis.teaching.worlds import Floats, Ints

IMAGES, DIMENSIONS, CLASSES = 240, 6, ("A0", "A1", "B0", "B1")
SHIFT, NOISE = 1.2, 0.4
"""Half the distance of the two values of an attribute in its three features, and the noise."""
CHECKS = (20, 30, 45, 60)
PLANTED = ("none", "attribute", "pair")
BLIND_TO, CONFUSED = "letter", (2, 3)
"""The gaps that are planted: an attribute, and the classes B0 and B1."""
PART = 10


@dataclass(frozen=True)
class GapRow:
    """One line of the table.

    Attributes
    ----------
    learner, planted : str
        Family of the learner, and what it does not see.
    answers : int
        Number of answers that the diagnosis used.
    named : float
        Share of learners for whom the diagnosis is right: it names the planted gap, or claims
        none where none is planted.
    low, high : float
        95 % interval (Wilson) of this share.
    other : float
        Share of learners for whom it names another gap.
    right : float
        Share of right answers among the last 20 of the learners.
    """

    learner: str
    planted: str
    answers: int
    learners: int
    named: float
    low: float
    high: float
    other: float
    right: float

    def as_dict(self) -> dict[str, object]:
        """Return the row for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class GapWorld:
    """Images of two binary attributes, letter and number; each pair of values is a class.

    Attributes
    ----------
    features : ndarray of shape (240, 6)
        The letter shifts the first three features, the number the last three.
    bits : ndarray of shape (240, 2)
        The attributes.
    """

    features: Floats
    bits: Ints

    @property
    def labels(self) -> Ints:
        """The classes, (n_images,)."""
        return np.asarray(2 * self.bits[:, 0] + self.bits[:, 1])


def gap_world(rng: np.random.Generator) -> GapWorld:
    """Draw images, all classes equally often."""
    bits = rng.permutation(np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (IMAGES // 4, 1)))
    features = rng.normal(0, NOISE, (IMAGES, DIMENSIONS))
    for attribute in range(2):
        direction = rng.normal(0, 1, 3)
        direction *= SHIFT / np.linalg.norm(direction)
        own = slice(3 * attribute, 3 * attribute + 3)
        features[:, own] += (2 * bits[:, attribute, None] - 1) * direction
    return GapWorld(features, bits)


def gap_learner(family: str, planted: str, world: GapWorld, rng: np.random.Generator) -> Learners:
    """Draw a learner. One without a gap, or with a planted pair, attends to all features alike."""
    kind = FAMILIES[family]
    traits = kind.draw_traits(rng, 1, DIMENSIONS)
    attention = np.ones((1, DIMENSIONS))
    if planted == "attribute":
        attention = traits["attention"].copy()
        attention[:, :3] = 1e-6
        attention *= DIMENSIONS / attention.sum()
    return kind({**traits, "attention": attention}, scaled(world.features), len(CLASSES))


def gap_answers(
    learner: Learners, planted: str, world: GapWorld, rng: np.random.Generator
) -> list[Trial]:
    """Let a learner see 60 random images with feedback."""
    trials = []
    for image in rng.permutation(IMAGES)[: CHECKS[-1]].tolist():
        p = learner.probabilities(np.array([image]))[0, 0]
        if planted == "pair":
            p[list(CONFUSED)] = p[list(CONFUSED)].mean()
        label = int(world.labels[image])
        trials.append(Trial(image, label, int(rng.choice(len(p), p=p / p.sum())), True))
        learner.learn(image, label)
    return trials


def diagnosed(world: GapWorld, trials: Sequence[Trial]) -> Diagnosis:
    """Diagnose a learner of such a world."""
    attributes = {"letter": world.bits[:, 0].astype(str), "number": world.bits[:, 1].astype(str)}
    return diagnose(world.features, CLASSES, trials, attributes)


def is_named(found: Diagnosis, planted: str) -> bool:
    """Say whether a diagnosis is right."""
    names = None if found.found is None else found.found.names
    truth = {"none": None, "attribute": (BLIND_TO,), "pair": tuple(CLASSES[n] for n in CONFUSED)}
    return names == truth[planted]


Outcomes = list[tuple[float, list[tuple[bool, bool]]]]


def run_gaps(family: str, planted: str, first: int, count: int) -> tuple[str, str, Outcomes]:
    """Diagnose learners of consecutive seeds after each number of `CHECKS` answers.

    Returns
    -------
    tuple
        The family, the planted gap, and for each learner the share of right answers among the last
        20, and for each check whether the diagnosis is right, and whether it names a gap.
    """
    outcomes: Outcomes = []
    for seed in range(first, first + count):
        rng = np.random.default_rng([seed, 5])
        world = gap_world(rng)
        learner = gap_learner(family, planted, world, rng)
        trials = gap_answers(learner, planted, world, rng)
        right = float(np.mean([trial.response == trial.label for trial in trials[-20:]]))
        checks = [diagnosed(world, trials[:answers]) for answers in CHECKS]
        outcomes.append(
            (right, [(is_named(each, planted), each.found is not None) for each in checks])
        )
    return family, planted, outcomes


def run_all_gaps(
    learners: Sequence[str], seeds: int, workers: int = 1, first: int = 0
) -> Iterator[tuple[str, str, Outcomes]]:
    """Yield parts as they are finished; `gap_rows` summarises them."""
    tasks = [
        (family, planted, at, min(PART, first + seeds - at))
        for family, planted in product(learners, PLANTED)
        for at in range(first, first + seeds, PART)
    ]
    yield from in_parallel(run_gaps, tasks, n_jobs=workers)


def gap_rows(parts: Sequence[tuple[str, str, Outcomes]]) -> list[GapRow]:
    """Return one row per family, planted gap and number of answers."""
    rows = []
    families = [name for name in FAMILIES if name in {family for family, *_ in parts}]
    for family, planted in product(families, PLANTED):
        found = [each for f, p, part in parts if (f, p) == (family, planted) for each in part]
        if not found:
            continue
        n, right = len(found), float(np.mean([each[0] for each in found]))
        for at, answers in enumerate(CHECKS):
            named = sum(each[1][at][0] for each in found)
            other = sum(each[1][at][1] and not each[1][at][0] for each in found)
            low, high = (float(end) for end in wilson(named, n))
            rows.append(GapRow(family, planted, answers, n, named / n, low, high, other / n, right))
    return rows


def gap_table(rows: Sequence[GapRow]) -> str:
    """Return the table in Markdown."""
    columns = ["learner", "planted gap", *(f"after {n}" for n in CHECKS)]
    columns += ["95 % interval", "another gap", "right answers"]
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for at in range(0, len(rows), len(CHECKS)):
        *_, last = own = rows[at : at + len(CHECKS)]
        cells = [last.learner, last.planted, *(f"{row.named:.0%}" for row in own)]
        cells += [f"{last.low:.0%} to {last.high:.0%}", f"{last.other:.0%}", f"{last.right:.0%}"]
        lines.append(f"| {' | '.join(cells)} |".replace("%", " %"))
    return "\n".join(lines) + "\n"
