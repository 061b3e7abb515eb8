"""The preview shows what participants of a version get: the same plan, pages, and ways out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, open_study, rows

from diptych import models
from diptych.host import Host
from diptych.journey import previews
from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.study.versions import frozen


class Wandering(Policy):
    """Adaptive: never the class that was shown last, while there is another."""

    name = "wandering"
    adaptive = True

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        last = history[-1].candidate.group if history else None
        others = [candidate for candidate in pool if candidate.group != last]
        return rng.choice(others or list(pool))


def trials_of(
    app: Flask, version_id: int, seed: int, count: int = 99, condition: str = "default"
) -> list[previews.ShownTrial]:
    """Trials of a preview."""
    host: Host = app.extensions["diptych"]
    with app.app_context():
        return previews.trials(host, version_id, frozen(version_id), condition, seed, count)


def places(app: Flask, trial: previews.ShownTrial) -> list[int]:
    """Which stimuli a trial shows, read from the names of its images."""
    host: Host = app.extensions["diptych"]
    found = []
    for group in trial.images:
        for url in group.urls:
            name = url.removeprefix("/i/")
            read = host.images.read(name)
            assert read is not None and name == host.images.name(previews.NO_SESSION, *read)
            found.append(read[1])
    return found


def test_a_preview_from_the_seed_of_a_session_shows_that_session(
    app: Flask, tmp_path: Path
) -> None:
    version = open_study(app, category_study(tmp_path / "tiny"))
    Walker(app.test_client()).start()
    (session,) = rows(app, models.Session)
    planned = [row["item"]["stimulus"] for row in rows(app, models.Trial)]
    shown = trials_of(app, version, session["seed"])
    assert [places(app, trial) for trial in shown] == [[place] for place in planned]
    assert [trial.index for trial in shown] == list(range(len(planned)))


def test_the_truth_is_the_label_of_what_is_shown(app: Flask, tmp_path: Path) -> None:
    version = open_study(app, category_study(tmp_path / "tiny"))
    with app.app_context():
        stimuli = frozen(version).stimuli
    for trial in trials_of(app, version, 3):
        (place,) = places(app, trial)
        assert trial.truth["label"] == stimuli[place].label
        assert trial.truth["file"] == stimuli[place].file
        assert not set(trial.facts) & {"label", "file"}


def test_in_2afc_the_label_says_where_the_positive_query_stands(app: Flask, tmp_path: Path) -> None:
    version = open_study(app, two_afc_study(tmp_path / "tiny"))
    with app.app_context():
        stimuli = frozen(version).stimuli
    for trial in trials_of(app, version, 5):
        by_name = {group.name: group for group in trial.images}
        right = previews.ShownTrial(0, "", (by_name[trial.truth["label"]],))
        (place,) = places(app, right)
        assert stimuli[place].attributes["red"] == 1


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_few_trials_are_of_as_many_phases_as_they_can(
    app: Flask, tmp_path: Path, count: int
) -> None:
    version = open_study(app, two_afc_study(tmp_path / "tiny"))
    for seed in range(8):
        trials = trials_of(app, version, seed, count)
        assert len(trials) == count
        assert len({trial.phase for trial in trials}) == min(count, 3)
        assert [t.index for t in trials] == sorted({t.index for t in trials})


def test_an_adaptive_policy_is_followed_to_the_end(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY._loaded, "wandering", Wandering)
    changes = {"policy": {"name": "wandering"}}
    version = open_study(app, category_study(tmp_path / "tiny", changes=changes))
    trials = trials_of(app, version, 1)
    labels = [trial.truth["label"] for trial in trials]
    assert all(a != b for a, b in pairwise(labels))
    assert trials_of(app, version, 1) == trials


def test_nothing_of_a_preview_is_stored(app: Flask, tmp_path: Path) -> None:
    version = open_study(app, two_afc_study(tmp_path / "tiny"))
    host: Host = app.extensions["diptych"]
    trials_of(app, version, 1)
    with app.app_context():
        previews.pages(host, version, frozen(version))
    for model in (models.Session, models.Trial, models.Participant, models.Event):
        assert not rows(app, model)


def test_pages_come_in_the_order_in_which_participants_meet_them(
    app: Flask, tmp_path: Path
) -> None:
    questions = [{"question": "How many?", "options": ["one", "two"], "answer": 1}]
    texts = {"feedback.md": "# Anything?\n", "half_way.md": "# Half\n"}
    folder = category_study(tmp_path / "tiny", changes={"comprehension": questions}, texts=texts)
    version = open_study(app, folder)
    host: Host = app.extensions["diptych"]
    with app.app_context():
        pages = previews.pages(host, version, frozen(version))
    assert [page.name for page in pages] == [
        "consent", "instructions", "comprehension", "half_way", "phase_change", "feedback",
        "debrief",
        "completed", "screened_out", "declined", "timed_out", "returned",
    ]  # fmt: skip
    exits = {page.name: dict(page.exits) for page in pages if page.exits}
    assert exits["completed"]["prolific"] == (
        "https://app.prolific.com/submissions/complete?cc=DONE"
    )
    assert exits["timed_out"]["prolific"] is None
    assert exits["completed"]["direct"] is None


@pytest.mark.parametrize(
    ("changes", "notices"),
    [
        ({"task": {"half_way": False}}, {"phase_change"}),
        ({"phases": {"training": 4, "test": 0}}, {"half_way"}),
        ({"phases": {"practice": 2, "test": 0}}, {"practice", "phase_change", "half_way"}),
    ],
)
def test_only_notices_that_the_plan_has_are_shown(
    app: Flask, tmp_path: Path, changes: dict[str, Any], notices: set[str]
) -> None:
    texts = {"half_way.md": "# Half\n"}
    version = open_study(app, category_study(tmp_path / "tiny", changes=changes, texts=texts))
    host: Host = app.extensions["diptych"]
    with app.app_context():
        pages = previews.pages(host, version, frozen(version))
    assert {page.name for page in pages} & {
        "practice", "practice_again", "half_way", "phase_change",
    } == notices  # fmt: skip


def test_practice_that_is_repeated_has_its_notice(app: Flask, tmp_path: Path) -> None:
    version = open_study(app, two_afc_study(tmp_path / "tiny"))
    host: Host = app.extensions["diptych"]
    with app.app_context():
        names = [page.name for page in previews.pages(host, version, frozen(version))]
    assert names[2:5] == ["practice", "practice_again", "phase_change"]


def test_headings_of_a_text_stand_below_those_of_the_page() -> None:
    html = "<h1>One</h1><p>h1 &lt;h2&gt;</p><h2>Two</h2><h6>Six</h6>"
    assert previews.lowered(html) == "<h3>One</h3><p>h1 &lt;h2&gt;</p><h4>Two</h4><h6>Six</h6>"
