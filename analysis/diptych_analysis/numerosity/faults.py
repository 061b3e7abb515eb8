"""What the number sense can't do, and why."""

from __future__ import annotations


class NumerosityFault(ValueError):
    """A setting, folder or file that can't be used: names what, where, and what is allowed."""
