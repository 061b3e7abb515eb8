"""What a participant does not see yet beside one image, as a tracer of their answers tells.

The expert's representation is the features, the participant's the tracer's predictions. RDX
orders images by how much closer one of both holds them to an image than the other does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from diptych.policies import Candidate, Past, Policy
from diptych.policies.features import Features

log = logging.getLogger("diptych")

#: Time for one gap, of policies without `deadline_ms`. Later: a contrast.
DEADLINE_MS = 200.0


@dataclass(frozen=True)
class LiveGap:
    """Images by how much the participant and the features differ about them, beside one image.

    Attributes
    ----------
    missed : list of Candidate
        First those that belong with the image, and that the participant does not hold alike.
    confused : list of Candidate
        First those that the participant holds like the image, though they differ from it.
    """

    missed: list[Candidate]
    confused: list[Candidate]


@dataclass(frozen=True)
class Lesson:
    """What a session has shown so far, and what its next trial can show.

    Attributes
    ----------
    policy : Policy
        Of the session; knows the earlier parts.
    pool : sequence of Candidate
        What can be taught.
    history : sequence of Past
        The trials of the session, in order.
    feedback : sequence of str
        Phases that show the true class.
    """

    policy: Policy
    pool: Sequence[Candidate]
    history: Sequence[Past]
    feedback: Sequence[str]


def live_gap(lesson: Lesson, features: Features, image: Candidate) -> LiveGap | None:
    """Compare what the participant sees in one image with its features.

    Parameters
    ----------
    lesson : Lesson
        The session so far.
    features : str or tuple of str
        Numeric columns that describe an image.
    image : Candidate
        The image of the next trial.

    Returns
    -------
    LiveGap or None
        None before five answers, where the tracer does not predict the answers, and where it
        fails or takes too long. The same for the same arguments.
    """
    try:
        return _gap(lesson, features, image)
    except (ArithmeticError, ValueError, TimeoutError) as fault:  # LinAlgError is a ValueError
        log.warning("explanation: contrast instead of gap: %s", fault)
        return None


def _gap(lesson: Lesson, features: Features, image: Candidate) -> LiveGap | None:
    import numpy as np

    from diptych.policies.described import described
    from diptych.policies.traced import snapshots
    from diptych_analysis.representations.rdx.seeded import strongest_edges
    from diptych_analysis.teaching.live import Deadline, rebuild
    from diptych_analysis.teaching.tracers import MIXED

    policy = lesson.policy
    deadline = Deadline.after(getattr(policy.parameters, "deadline_ms", DEADLINE_MS))
    history, waits = policy.whole(lesson.history), policy.waits
    images = described(lesson.pool, history, features)
    trials = images.trials(history, lesson.feedback, waits)
    # A policy with the same features and tracer has just made this tracer: the host has kept it.
    tracer = rebuild(
        images.features, len(images.place), trials, MIXED, deadline, snapshots(), images.digest
    )
    if tracer.distrust:
        return None
    logs = np.log(tracer.probabilities(np.arange(len(images.images))))
    seen, number = logs - logs.mean(1, keepdims=True), images.number[image]
    deadline.check()
    missed, confused = (
        [images.images[at] for at in strongest_edges(one, other, number)]
        for one, other in ((images.features, seen), (seen, images.features))
    )
    return LiveGap(missed, confused)
