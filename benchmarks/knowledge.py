"""Participants of a load who know the classes: policies that trace need answers that follow images.

A tracer is not used while chance predicts the answers as well as it does, and a choice without it
costs little. So people who guess would make an adaptive policy look cheap.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from flask import Flask

from diptych.images import ImageTokens
from diptych.study.versions import current_version, frozen


@dataclass(frozen=True)
class Knowledge:
    """What the pictures of a study show, and how often its participants are right.

    Attributes
    ----------
    tokens : ImageTokens
        Reads the addresses of the host.
    classes : dict[int, str]
        Place of an image in the study's version -> its class.
    share : float
        Probability of a right answer.
    """

    tokens: ImageTokens
    classes: dict[int, str]
    share: float

    @classmethod
    def of(cls, app: Flask, study: str, share: float) -> Knowledge:
        """Read the open version of a study; `app` is a host on its database."""
        with app.app_context():
            stimuli = frozen(current_version(study)[1]).stimuli
            classes = {each.place: each.label for each in stimuli}
            return cls(app.extensions["diptych"].images, classes, share)

    def ranking(self, show: dict[str, Any], rng: random.Random) -> list[str]:
        """Answer a trial: the true class first, or else any other."""
        named = self.tokens.read(show["image"].rpartition("/")[2])
        assert named is not None, "an address of this host"
        true = self.classes[named[1]]
        others = [name for name in show["classes"] if name != true]
        rng.shuffle(others)
        at = 0 if rng.random() < self.share else rng.randrange(1, len(others) + 1)
        return [*others[:at], true, *others[at:]][: show["rank"]]
