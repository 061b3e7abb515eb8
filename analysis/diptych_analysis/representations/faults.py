"""What can't be compared, and why."""

from __future__ import annotations


class RepresentationFault(ValueError):
    """A representation, file or setting that can't be used: names what, where, what is allowed."""
