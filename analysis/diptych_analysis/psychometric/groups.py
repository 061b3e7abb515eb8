"""A group of people: means with intervals over people, and a two-level model.

Two answers to "what is the group like, and what would one more person be like?":

- `bootstrap`: the mean of the people's estimates, and its percentile interval over people drawn
  with replacement. It assumes nothing about how people differ.
- `pooled`: one model of all answers with two levels. People's true values are normally distributed
  around the group's mean, and are integrated out (`psychometric.hierarchy`). People with few
  answers are drawn towards the group (empirical Bayes).

No library has it: statsmodels' mixed GLMs know neither guessing nor lapses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.fit import Psychometric
from diptych_analysis.psychometric.hierarchy import fit_hierarchy
from diptych_analysis.psychometric.people import QUANTITIES, Person, averaged, unaveraged

#: Quantities of the two-level model. Lapse rates lie at their limit in many people.
POOLED = ("threshold", "weber")
#: People from which on an interval over people is computed.
FEWEST = 3


@dataclass(frozen=True)
class Pooled:
    """What the two-level model says of one quantity.

    Attributes
    ----------
    mean : Estimate
        Of the group, with a t interval.
    spread : float
        Standard deviation of people's true values around the mean, on the scale of `averaged`:
        of logarithms for Weber fractions.
    people : Mapping of str to float
        Each person's value, drawn towards the mean.
    """

    mean: Estimate
    spread: float
    people: Mapping[str, float]


@dataclass(frozen=True)
class Group:
    """The people of one condition.

    Attributes
    ----------
    name : str
        Of the condition.
    people : int
        How many count.
    estimates : Mapping of str to Estimate
        Means over people, with bootstrap intervals, by name of `QUANTITIES`.
    pooled : Mapping of str to Pooled
        By name of `POOLED`; empty with fewer than three people.
    function : Psychometric
        The function with the group's threshold, width and lapse rate.
    """

    name: str
    people: int
    estimates: Mapping[str, Estimate]
    pooled: Mapping[str, Pooled]
    function: Psychometric


def groups_of(people: Sequence[Person], settings: Settings) -> list[Group]:
    """Summarise each group of people; groups in which nobody counts are left out."""
    names = dict.fromkeys(person.group for person in people)
    members = {
        name: [each for each in people if each.group == name and not each.fault] for name in names
    }
    return [_group(name, counted, settings) for name, counted in members.items() if counted]


def _group(name: str, people: Sequence[Person], settings: Settings) -> Group:
    log, guess = settings.shape.log, settings.shape.guess
    estimates = {
        quantity: over_people(
            averaged(quantity, [p.estimates[quantity].value for p in people], log=log), settings
        )
        for quantity in QUANTITIES
    }
    estimates = {
        quantity: found.mapped(partial(unaveraged, quantity, log=log))
        for quantity, found in estimates.items()
    }
    threshold = estimates["threshold"].value
    function = Psychometric(
        float(np.log(threshold)) if log else threshold,
        estimates["width"].value,
        estimates["lapse"].value,
        guess,
        log,
        falling=settings.shape.falling,
    )
    return Group(name, len(people), estimates, pool(people, settings), function)


def over_people(values: Any, settings: Settings) -> Estimate:
    """Return the mean of people's values, with its percentile interval over people.

    Parameters
    ----------
    values : array_like of shape (n_people,)
        One value per person.
    settings : Settings
        Level of the interval, number of resamples and seed.

    Returns
    -------
    Estimate
        Without an interval for fewer than three people.
    """
    known = np.asarray(values, dtype=float)
    mean = float(known.mean())
    if len(known) < FEWEST or not np.isfinite(known).all():
        return Estimate(mean)
    rng = np.random.default_rng(settings.seed)
    drawn = known[rng.integers(len(known), size=(settings.resamples, len(known)))].mean(axis=1)
    low, high = np.quantile(drawn, settings.tails)
    return Estimate(mean, float(low), float(high), float(drawn.std()))


def pool(people: Sequence[Person], settings: Settings) -> dict[str, Pooled]:
    """Fit the two-level model to the answers of a group (`psychometric.hierarchy`).

    Parameters
    ----------
    people : sequence of Person
        The people who count.
    settings : Settings
        Shape, largest lapse rate and level of the intervals.

    Returns
    -------
    dict of str to Pooled
        By name of `POOLED`: without a Weber fraction where levels are 0 or below, empty with fewer
        than three people. The interval is that of t with one degree of freedom fewer than people.
    """
    from scipy.stats import t

    functions = [each.function for each in people if each.function is not None]
    if len(functions) < FEWEST:
        return {}
    shape = settings.shape
    relative = shape.log or all(each.counts.level[0] > 0 for each in people)
    second = [each.weber if relative else each.width for each in functions]
    known = [value for value in second if value > 0]
    start = np.array([
        np.median([each.location for each in functions]), np.log(np.median(known))
    ])  # fmt: skip
    model = fit_hierarchy([each.counts for each in people], shape, settings.most_lapse, start)
    far = float(t.ppf(settings.tails[1], len(people) - 1))
    names = [each.name for each in people]
    found = {}
    for place, quantity in enumerate(POOLED if model.relative else POOLED[:1]):
        mean, half = model.means[place], far * model.errors[place]
        values = np.array([mean, mean - half, mean + half, *model.people[:, place]])
        if quantity == "weber" or shape.log:
            values = np.exp(values)
        center, low, high, *own = (float(each) for each in values)
        found[quantity] = Pooled(
            Estimate(center, low, high),
            float(model.spreads[place]),
            dict(zip(names, own, strict=True)),
        )
    return found
