"""Caption: task, simulated participants, figure and report section."""

from diptych.tasks.caption.task import Caption

__all__ = ["Caption"]
