"""What a policy that teaches chooses again, when nothing but the stored answers is left."""

from __future__ import annotations

from typing import Any

from flask import Flask

from diptych.host import generator
from diptych.models import Response, Session
from diptych.policies.traced import snapshots
from diptych.study.versions import frozen
from diptych.tasks import Answered, PlannedTrial
from support.walker import rows


def chosen_again(app: Flask, trials: int) -> list[Any]:
    """The choices of the one session, made anew from its seed and answers; no tracer is kept."""
    snapshots.cache_clear()
    stored, keeper = rows(app, Session)[0], app.extensions["diptych"]
    answers = rows(app, Response)
    with app.app_context():
        task = keeper.task(stored["version_id"], stored["condition"])
        policy = keeper.policy(frozen(stored["version_id"]), stored["condition"])
        plan = task.plan(policy, generator(stored["seed"], "plan"))
        history, choices = [], []
        for index in range(trials):
            rng = generator(stored["seed"], f"trial {index}")
            found = task.choose_before("training", policy, history, rng, plan[index + 1 :])
            assert found is not None
            choices.append(found.choice)
            answer = answers[index]
            read = task.response_of("person").model_validate(answer["answer"])
            shown = PlannedTrial("training", found.item)
            history.append(task.past(shown, Answered(read, answer["correct"], answer["rt_ms"])))
    return choices
