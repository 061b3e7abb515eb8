import numpy as np

from diptych.simulation import Answer, Observer, lognormal


class Learner(Observer):
    """Says "same" if the images are close to each other."""

    def answer(self, trial):
        left, right = (trial.features[trial.show[side]] for side in ("left", "right"))
        distance = np.linalg.norm(left - right) + self.rng.normal(0, 0.2)
        choice = "same" if distance < 1 else "different"
        return Answer({"choice": choice}, lognormal(self.rng, 1200, 0.4))


OBSERVERS = {"learner": Learner}
