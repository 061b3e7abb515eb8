"""How many examples a Hypothesis property tries, where the profile's number would be too many."""

from __future__ import annotations

from hypothesis import settings


def costly(**more: object) -> settings:
    """Settings of a property whose every example runs a whole host, network or training.

    Tries an eighth of the examples of the profile, and at least six: today's 12 a property where
    the others try 100.

    Parameters
    ----------
    **more
        Further settings of Hypothesis.
    """
    return settings(max_examples=max(6, settings.default.max_examples // 8), **more)  # type: ignore[arg-type, union-attr]
