"""Point: task, simulated participants, figure and report section."""

from diptych.tasks.point.task import Point

__all__ = ["Point"]
