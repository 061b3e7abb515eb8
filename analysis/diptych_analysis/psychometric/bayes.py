"""Bayesian fits by psignifit, an optional package (GPL): `pip install psignifit`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.fit import Counts, Psychometric, check

#: psignifit's width reaches from 5 % to 95 % of the normal distribution.
_WIDTHS = 2 * 1.6448536269514722
_HALF_68 = 0.9944578832097532  # standard deviations at the end of psignifit's 68 % interval


def fit_bayes(counts: Counts, settings: Settings) -> tuple[Psychometric, dict[str, Estimate]]:
    """Fit a psychometric function with psignifit.

    Parameters
    ----------
    counts : Counts
        Answers by level.
    settings : Settings
        Guessing rate, axis, direction, and level of the intervals. psignifit's own priors hold;
        the largest lapse rate is not used.

    Returns
    -------
    function : Psychometric
        The posterior mode.
    estimates : dict of str to Estimate
        With credible intervals.

    Raises
    ------
    PsychometricFault
        If psignifit is not installed, or the answers do not allow a fit.

    References
    ----------
    .. [1] Schuett, H. H., Harmeling, S., Macke, J. H. and Wichmann, F. A. (2016). Painfree and
       accurate Bayesian estimation of psychometric functions for (potentially) overdispersed
       data. Vision Research 122, 105-123.
    """
    import numpy as np

    shape = settings.shape
    check(counts, log=shape.log)
    sign = -1.0 if shape.falling else 1.0
    x = sign * (np.log(counts.level) if shape.log else counts.level)
    rows = np.column_stack([x, counts.positive, counts.total])[np.argsort(x)]
    found = require_psignifit()(
        rows,
        sigmoid="norm",
        confP=(0.68, settings.level),
        verbose=False,
        **_experiment(shape.guess),
    )
    mode, intervals = found.parameter_estimate, found.confidence_intervals
    twice = 2.0 if shape.guess is None else 1.0
    function = Psychometric(
        sign * float(mode["threshold"]),
        float(mode["width"]) / _WIDTHS,
        twice * float(mode["lambda"]),
        shape.guess,
        shape.log,
        falling=shape.falling,
    )

    def ends(name: str, level: float) -> tuple[float, float]:
        low, high = intervals[name][str(level)]
        return float(low), float(high)

    return function, _estimates(function, ends, sign, twice, settings.level)


def _experiment(guess: float | None) -> dict[str, Any]:
    """Psignifit's name for what a guessing rate means."""
    if guess is None:
        return {"experiment_type": "equal asymptote"}
    choices = round(1 / guess) if guess > 0 else 0
    if choices >= 2 and math.isclose(choices * guess, 1, rel_tol=1e-3):
        return {"experiment_type": "nAFC", "experiment_choices": choices}
    return {"experiment_type": "yes/no", "fixed_parameters": {"gamma": guess}}


def _estimates(
    function: Psychometric, ends: Any, sign: float, twice: float, level: float
) -> dict[str, Estimate]:
    def of(name: str, value: float, spread: float = math.nan) -> Estimate:
        low, high = ends(name, level)
        return Estimate(value, low, high, spread)

    inner = ends("threshold", 0.68)
    low, high = (math.log(max(end, 1e-12)) for end in ends("width", 0.68))
    location = of("threshold", sign * function.location, (inner[1] - inner[0]) / 2 / _HALF_68)
    width = of("width", function.width * _WIDTHS, (high - low) / 2 / _HALF_68)
    width = width.mapped(lambda at: at / _WIDTHS)
    # The interval of a Weber fraction or JND is that of the width, at the mode's threshold.
    return {
        "threshold": location.mapped(lambda at: replace(function, location=sign * at).threshold),
        "weber": width.mapped(lambda at: replace(function, width=at).weber),
        "jnd": width.mapped(lambda at: replace(function, width=at).jnd),
        "width": width,
        "lapse": of("lambda", function.lapse / twice).mapped(lambda at: twice * at),
    }


def require_psignifit() -> Any:
    """Return psignifit's function, or raise `PsychometricFault` if it is not installed."""
    try:
        from psignifit import psignifit
    except ModuleNotFoundError as fault:
        if fault.name != "psignifit":
            raise
        raise PsychometricFault(
            "Bayesian fits need psignifit, which is not installed: pip install 'diptych[bayes]'"
        ) from None
    return psignifit
