"""Odd one out: task, simulated participants and figures."""

from diptych.tasks.odd_one_out.task import OddOneOut

__all__ = ["OddOneOut"]
