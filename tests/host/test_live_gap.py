"""Explanations that follow the answers: what a participant does not see as the features say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from support.explained_study import shown_places
from support.teaching import CLASSES, made, past, pool_of
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych.app import create_app
from diptych.authoring import StudyFault, load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.models import Trial
from diptych.policies import Candidate, EarlierPart, Past
from diptych.study.versions import frozen
from diptych.tasks.category_learning.live_gap import Lesson, live_gap
from diptych_analysis.representations.rdx.distances import ranks
from diptych_analysis.representations.rdx.seeded import strongest_edges
from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.live import scaled

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
IMAGES = pool_of(60, seed=3)
FEATURES = tuple(f"z_{k}" for k in range(4))


def test_edges_are_a_row_of_the_whole_comparison() -> None:
    """One by one: the difference of ranks of Eq. 4.1, which rises with the ranks it is made of."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, (40, 5)), rng.normal(0, 1, (40, 3))
    near_a, near_b = (ranks(each, jobs=1).astype(int) for each in (a, b))
    for item in (0, 7, 39):

        def closer_in_a(other: int, item: int = item) -> tuple[float, int]:
            one, two = int(near_a[item, other]), int(near_b[item, other])
            gap = np.float32(one - two) / np.float32(1 + min(one, two)) * np.float32(0.05)
            return float(np.tanh(gap)), one

        wanted = sorted((n for n in range(40) if n != item), key=closer_in_a)
        assert strongest_edges(a, b, item).tolist() == wanted


def answers(count: int, seed: int) -> list[Past]:
    """The trials of a simulated learner of the family `exemplar`."""
    rng = np.random.default_rng(seed)
    features = scaled(np.array([[each.attributes[name] for name in FEATURES] for each in IMAGES]))
    learner = FAMILIES["exemplar"].draw(rng, 1, features, len(CLASSES))
    history = []
    for number in rng.permutation(len(IMAGES))[:count].tolist():
        p = learner.probabilities(np.array([number]))[0, 0]
        label = IMAGES[number].group
        history.append(past(IMAGES[number], CLASSES[rng.choice(len(CLASSES), p=p)]))
        learner.learn(number, CLASSES.index(label))
    return history


def lesson(history: list[Past]) -> Lesson:
    return Lesson(made("expected_gain"), IMAGES, history, ("training",))


def side(order: list[Candidate], group: str) -> list[str]:
    return [each.id for each in order if each.group == group][:5]


def test_a_gap_is_found_once_the_tracer_predicts_the_answers() -> None:
    history, image = answers(20, 1), IMAGES[0]
    found = live_gap(lesson(history), FEATURES, image)
    assert found is not None
    others = {each.id for each in IMAGES} - {image.id}
    assert {each.id for each in found.missed} == {each.id for each in found.confused} == others
    assert live_gap(lesson(history), FEATURES, image) == found
    assert live_gap(lesson(history[:4]), FEATURES, image) is None
    wrong = {"A": "B", "B": "C", "C": "A"}
    fooled = [past(each, wrong[each.group]) for each in IMAGES[:15]]
    assert live_gap(lesson(fooled), FEATURES, image) is None


def test_a_gap_shows_what_the_answers_do_not_tell_apart() -> None:
    """What is confused lies farther from the image than the nearest of its class do."""
    place = {each.id: np.array([each.attributes[name] for name in FEATURES]) for each in IMAGES}
    farther = 0.0
    for seed in range(8):
        image = IMAGES[seed]
        found = live_gap(lesson(answers(25, seed)), FEATURES, image)
        assert found is not None
        group = CLASSES[(CLASSES.index(image.group) + 1) % 3]
        own = [each.id for each in IMAGES if each.group == group]
        distance = {name: float(np.linalg.norm(place[name] - place[image.id])) for name in own}
        nearest = sorted(distance.values())[:5]
        farther += np.mean([distance[name] for name in side(found.confused, group)])
        farther -= np.mean(nearest)
    assert farther > 0


def test_a_gap_knows_the_earlier_parts() -> None:
    history = answers(20, 2)
    later = lesson(history[12:])
    later.policy.earlier = [EarlierPart(tuple(history[:12]), 0.0)]
    whole = lesson(history)
    assert live_gap(later, FEATURES, IMAGES[1]) == live_gap(whole, FEATURES, IMAGES[1])


def study(folder: Path, policy: dict[str, Any]) -> Path:
    task = {
        "explanation": "gap",
        "explanation_features": ["size"],
        "explanation_images": 3,
        "rank": 1,
    }
    changes = {"policy": policy, "task": task | {"rank": 1}, "phases": {"training": 14, "test": 3}}
    return category_study(folder / "studies/tiny", per_class=12, changes=changes)


@SQLITE
def test_a_session_is_explained_by_gaps_and_goes_on_at_another_host(
    app: Flask, tmp_path: Path, settings: Settings
) -> None:
    gain = {"name": "expected_gain", "features": ["size"], "deadline_ms": 10_000, "explore": 0.5}
    open_study(app, study(tmp_path, gain))
    with app.app_context():
        content = frozen(1)
    walker, rng = Walker(app.test_client()).start(participant="gap"), random.Random(5)
    kinds, other_host = [], create_app(settings)
    while walker.trial["phase"] == "training":
        index = walker.trial["index"]
        if index == 9:  # another host, which knows nothing but the database
            walker.client = other_host.test_client()
        item = rows(app, Trial)[index]["item"]
        label = content.stimuli[item["stimulus"]].label
        # Mostly right, so that the tracer is trusted; the wrong answers get the explanations.
        wrong = next(name for name in content.labels if name != label)
        answer = wrong if rng.random() < 0.35 else label
        told = walker.answer({"ranking": [answer]})["feedback"]
        kinds.append(item["explanation"]["kind"])
        if answer == label:
            assert "explanation" not in told
            continue
        explained = told["explanation"]
        assert explained["kind"] == item["explanation"]["kind"]
        own = shown_places(app, explained["images"])
        other = shown_places(app, explained["other_images"])
        assert own == item["explanation"]["own"]
        assert other == item["explanation"]["others"][wrong]
        tested = {row["item"]["stimulus"] for row in rows(app, Trial)[14:]}
        assert {content.stimuli[n].label for n in own} == {label}
        assert {content.stimuli[n].label for n in other} == {wrong}
        assert len(own) == len(other) == 3
        assert not {*own, *other} & {*tested, item["stimulus"]}
    with other_host.app_context():
        db.engine.dispose()
    # A contrast until the tracer has five answers.
    assert set(kinds[:5]) == {"contrast"}
    assert "gap" in kinds[5:]


def test_a_gap_needs_a_policy_that_teaches_and_features(tmp_path: Path) -> None:
    with pytest.raises(StudyFault) as fault:
        load_study(study(tmp_path / "a", {"name": "random"}))
    assert "a policy that teaches, as a gap follows the answers" in str(fault.value)
