"""Category learning: task, simulated learners and figures."""

from diptych.tasks.category_learning.task import CategoryLearning

__all__ = ["CategoryLearning"]
