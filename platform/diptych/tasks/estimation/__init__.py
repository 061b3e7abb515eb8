"""Estimation: task, simulated participants, figures and report section."""

from diptych.tasks.estimation.task import Estimation

__all__ = ["Estimation"]
