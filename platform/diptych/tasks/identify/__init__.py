"""Identify: task, simulated participants, figures and report section."""

from diptych.tasks.identify.task import Identify

__all__ = ["Identify"]
