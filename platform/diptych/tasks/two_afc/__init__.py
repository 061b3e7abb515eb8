"""Two-alternative forced choice: task, simulated participants and figures."""

from diptych.tasks.two_afc.task import TwoAFC

__all__ = ["TwoAFC"]
