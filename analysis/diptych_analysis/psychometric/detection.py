"""Sensitivity and criterion from counts of answers (signal detection theory)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from diptych_analysis.psychometric import PsychometricFault


@dataclass(frozen=True)
class Sensitivity:
    """What an observer can tell apart, and which answer it prefers.

    Attributes
    ----------
    d_prime : float
        Distance of signal and noise, in standard deviations.
    criterion : float
        c = -(z(H) + z(F)) / 2, or its counterpart in 2-AFC; 0 without a preference, above 0 for
        an observer who prefers `no` (the second alternative).
    """

    d_prime: float
    criterion: float


def rates(hits: int, signals: int, false_alarms: int, noises: int) -> tuple[float, float]:
    """Return hit rate and false-alarm rate with the log-linear correction.

    Parameters
    ----------
    hits, signals : int
        Number of `yes` to signals, and of signals.
    false_alarms, noises : int
        Number of `yes` to noise, and of noise trials.

    Returns
    -------
    hit, false_alarm : float
        (hits + 0.5) / (signals + 1), and the same of noise: never 0 or 1.

    Raises
    ------
    PsychometricFault
        If a count is impossible or a kind of trial is missing.

    References
    ----------
    .. [1] Hautus, M. J. (1995). Corrections for extreme proportions and their biasing effects on
       estimated values of d'. Behavior Research Methods 27, 46-51.
    """
    for name, count, total in (
        ("signals", hits, signals),
        ("noise trials", false_alarms, noises),
    ):
        if total < 1 or not 0 <= count <= total:
            raise PsychometricFault(
                f"{count} yes to {total} {name}; allowed are 0 to the number of trials, at least 1"
            )
    return (hits + 0.5) / (signals + 1), (false_alarms + 0.5) / (noises + 1)


def yes_no(hits: int, signals: int, false_alarms: int, noises: int) -> Sensitivity:
    """Return d' = z(H) - z(F) and c of a yes-no task, with the log-linear correction.

    See `rates` for the parameters.
    """
    hit, false_alarm = (NormalDist().inv_cdf(p) for p in rates(hits, signals, false_alarms, noises))
    return Sensitivity(hit - false_alarm, -(hit + false_alarm) / 2)


def two_afc(hits: int, firsts: int, false_alarms: int, seconds: int) -> Sensitivity:
    """Return d' and criterion of a 2-AFC task.

    An answer `first` is a hit where the first alternative is right, and a false alarm where the
    second is. Without a preference d' = sqrt(2) z(share of right answers).

    Parameters
    ----------
    hits, firsts : int
        Number of answers `first` where the first alternative is right, and of these trials.
    false_alarms, seconds : int
        Number of answers `first` where the second alternative is right, and of these trials.

    References
    ----------
    .. [1] Macmillan, N. A. and Creelman, C. D. (2005). Detection Theory: A User's Guide, ch. 7.
    """
    found = yes_no(hits, firsts, false_alarms, seconds)
    return Sensitivity(found.d_prime / math.sqrt(2), found.criterion)
