"""Comparison: task, simulated participants, figures and report section."""

from diptych.tasks.comparison.task import Comparison

__all__ = ["Comparison"]
