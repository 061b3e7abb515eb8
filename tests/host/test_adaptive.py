"""Adaptive policies: trials are chosen when they are reached, from the answers so far."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.tiny_studies import CLASSES, category_study
from support.walker import Walker, at_once, open_study, rows

from diptych.host import generator
from diptych.models import Response, Session, Trial
from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.policies.histories import Histories
from diptych.study.versions import frozen


class Struggling(Policy):
    """Shows the class that went wrong most often; of several, the first by name."""

    name = "struggling"
    adaptive = True
    asked: list[list[Past]]

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        type(self).asked.append(list(history))
        wrong = dict.fromkeys(CLASSES, 0)
        for past in history:
            wrong[past.candidate.group] += past.correct is False
        left = sorted({candidate.group for candidate in pool})
        worst = max(left, key=lambda name: (wrong[name], -left.index(name)))
        members = [candidate for candidate in pool if candidate.group == worst]
        return members[rng.randrange(len(members))]


@pytest.fixture
def walker(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walker:
    """Somebody who takes a study with the policy above."""
    monkeypatch.setitem(REGISTRY._loaded, "struggling", Struggling)
    monkeypatch.setattr(Struggling, "asked", [], raising=False)
    changes = {
        "policy": {"name": "struggling"},
        "phases": {"practice": 1, "training": 5, "test": 3},
        "task": {"feedback": ["practice", "training"]},
    }
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=4, changes=changes))
    Struggling.asked.clear()  # what validation asked
    return Walker(app.test_client()).start()


def chosen(app: Flask) -> list[str | None]:
    """Label of each planned trial; None while it is not chosen."""
    version = rows(app, Session)[0]["version_id"]
    with app.app_context():
        stimuli = frozen(version).stimuli
    return [row["item"] and stimuli[row["item"]["stimulus"]].label for row in rows(app, Trial)]


def answer(app: Flask, walker: Walker, right: bool) -> dict[str, Any]:
    label = chosen(app)[walker.trial["index"]]
    other = next(name for name in CLASSES if name != label)
    ranked = [label, other] if right else [other, label]
    return walker.answer({"ranking": ranked})


def test_trials_are_chosen_when_they_are_reached(app: Flask, walker: Walker) -> None:
    for index in range(9):
        labels = chosen(app)
        assert None not in labels[: index + 1]
        assert labels[index + 1 :] == [None] * (8 - index)
        listed = walker.api("GET", "/session/images").json["images"]
        assert listed == walker.trial["images"] == [walker.trial["show"]["image"]]
        answer(app, walker, right=True)
    assert walker.step_name == "debrief"
    stimuli = [row["item"]["stimulus"] for row in rows(app, Trial)]
    assert len(set(stimuli)) == 9


def test_the_history_is_right_and_the_policy_obeyed(app: Flask, walker: Walker) -> None:
    rights = [False, True, False, True, True, False, False, True, True]
    for right in rights:
        answer(app, walker, right)
    labels = chosen(app)
    phases = ["practice"] + ["training"] * 5 + ["test"] * 3
    histories = Struggling.asked
    assert [len(history) for history in histories] == list(range(9))
    for length, history in enumerate(histories):
        assert [past.candidate.group for past in history] == labels[:length]
        assert [past.correct for past in history] == rights[:length]
        assert [past.phase for past in history] == phases[:length]
    # By hand: Agara was wrong first, and stays the worst until its four images are used up.
    assert labels[:4] == ["Agara"] * 4
    assert [bool(row["correct"]) for row in rows(app, Response)] == rights


@pytest.mark.both_databases
def test_the_same_answer_at_once_stores_one_choice(app: Flask, walker: Walker) -> None:
    body = {"ranking": ["Bari", "Agara"]}
    windows = [Walker(app.test_client()) for _ in range(6)]
    for window in windows:
        window.token = walker.token
    for index in range(3):
        replies = at_once([lambda w=w, i=index: w.post(i, body) for w in windows])  # type: ignore[misc]
        assert {reply.status_code for reply in replies} == {200}, [r.text for r in replies]
        assert len({reply.data for reply in replies}) == 1
        assert walker.load().trial == replies[0].json["next"]["content"]["trial"]
    # Who meets the trial unanswered asks the policy: all ask alike, and the choice is stored once.
    first = {len(history): history for history in reversed(Struggling.asked)}
    assert sorted(first) == [0, 1, 2, 3]
    assert all(history == first[len(history)] for history in Struggling.asked)
    assert chosen(app)[4:] == [None] * 5
    stimuli = [row["item"]["stimulus"] for row in rows(app, Trial)[:4]]
    assert len(set(stimuli)) == 4


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_adaptive_session_can_be_rebuilt_from_seed_and_answers(
    app: Flask, walker: Walker
) -> None:
    for right in (False, True, False, True, True, False, False, True, True):
        answer(app, walker, right)
    session = rows(app, Session)[0]
    host = app.extensions["diptych"]
    with app.app_context():
        content = frozen(session["version_id"])
        task = host.task(session["version_id"], session["condition"])
        policy = host.policy(content, session["condition"])
        histories = [list(history) for history in Struggling.asked]
        for row, history in zip(rows(app, Trial), histories, strict=True):
            rng = generator(session["seed"], f"trial {row['trial_index']}")
            assert task.choose(row["phase"], policy, history, rng) == row["item"]


def test_the_policy_sees_attributes_answers_times_and_confidence(
    app: Flask, walker: Walker
) -> None:
    answer(app, walker, right=False)
    [past] = Struggling.asked[-1]
    stored = rows(app, Response)[0]
    with app.app_context():
        stimulus = frozen(rows(app, Session)[0]["version_id"]).stimuli[
            rows(app, Trial)[0]["item"]["stimulus"]
        ]
    assert past.candidate.attributes == {"size": stimulus.attributes["size"]}
    assert past.response == stored["answer"]["ranking"][0] != stimulus.label
    assert (past.rt_ms, past.confidence) == (stored["rt_ms"], None)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_host_keeps_what_can_no_longer_change_and_forgets_it_at_the_end(
    app: Flask, walker: Walker
) -> None:
    histories = app.extensions["diptych"].histories
    public_id = rows(app, Session)[0]["public_id"]
    for count in range(8):
        phase = walker.trial["phase"]
        answer(app, walker, right=count % 2 == 0)
        # The answer too, where it was stored with the choice that follows. At the end of practice
        # its transaction could still have failed when the policy was asked.
        kept = count + (phase != "practice")
        assert list(histories.known(public_id)) == Struggling.asked[-1][:kept]
        assert len(Struggling.asked[-1]) == count + 1
    answer(app, walker, right=True)
    assert walker.step_name == "debrief" and not histories.known(public_id)


def test_only_the_sessions_that_were_active_last_are_kept() -> None:
    histories = Histories(most=2)
    past = Past(Candidate("a", "A"), "test")
    for name in ("first", "second", "first", "third"):
        histories.keep(name, [past])
    assert [len(histories.known(name)) for name in ("first", "second", "third")] == [1, 0, 1]
