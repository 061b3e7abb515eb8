"""Psychometric functions of people, simulated participants and machines."""

from __future__ import annotations


class PsychometricFault(ValueError):
    """Data or a request that no psychometric function can be fitted to."""
