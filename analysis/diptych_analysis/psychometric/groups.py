"""A group of people: means with intervals over people, and a two-level model.

Two answers to "what is the group like, and what would one more person be like?":

- `bootstrap`: the mean of the people's estimates, and its percentile interval over people drawn
  with replacement. It assumes nothing about how people differ.
- `pooled`: a random-effects model. People's true values are normally distributed around the
  group's mean; each estimate adds its own standard error. The library statsmodels fits it
  (Paule and Mandel's between-people variance; Hartung, Knapp, Sidik and Jonkman's t interval).
  People with few answers are drawn towards the group (empirical Bayes).

statsmodels' mixed GLMs know neither guessing nor lapses, and need one trial per row; so the model
has two stages, and takes the people's fits with their standard errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from diptych_analysis.psychometric.fit import Psychometric
from diptych_analysis.psychometric.people import (
    QUANTITIES,
    Estimate,
    Person,
    Settings,
    averaged,
    unaveraged,
)

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
    pooled = {quantity: pool(quantity, people, settings) for quantity in POOLED}
    known = {quantity: found for quantity, found in pooled.items() if found is not None}
    return Group(name, len(people), estimates, known, function)


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


def pool(quantity: str, people: Sequence[Person], settings: Settings) -> Pooled | None:
    """Fit the two-level model to one quantity of the people of a group.

    Returns
    -------
    Pooled or None
        None with fewer than three people whose standard error is known.

    References
    ----------
    .. [1] Paule, R. C. and Mandel, J. (1982). Consensus values and weighting factors. Journal of
       Research of the National Bureau of Standards 87, 377-385.
    .. [2] IntHout, J., Ioannidis, J. P. A. and Borm, G. F. (2014). The Hartung-Knapp-Sidik-Jonkman
       method for random effects meta-analysis. BMC Medical Research Methodology 14:25.
    """
    from statsmodels.stats.meta_analysis import combine_effects

    log = settings.shape.log
    value = averaged(quantity, [each.estimates[quantity].value for each in people], log=log)
    error = np.array([each.estimates[quantity].error for each in people])
    known = np.isfinite(value) & np.isfinite(error) & (error > 0)
    if known.sum() < FEWEST:
        return None
    value, variance = value[known], error[known] ** 2
    found = combine_effects(
        value, variance, method_re="iterated", use_t=True, alpha=1 - settings.level
    )
    mean, between = float(found.mean_effect_re), max(float(found.tau2), 0.0)
    low, high = (float(end) for end in found.conf_int(alpha=1 - settings.level)[3])
    drawn = (between * value + variance * mean) / (between + variance)
    names = [each.name for each, there in zip(people, known, strict=True) if there]
    mean, low, high, *drawn = unaveraged(quantity, np.array([mean, low, high, *drawn]), log=log)
    return Pooled(
        Estimate(float(mean), float(low), float(high)),
        float(np.sqrt(between)),
        dict(zip(names, (float(each) for each in drawn), strict=True)),
    )
