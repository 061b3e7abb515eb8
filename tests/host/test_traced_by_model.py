"""Expected gain with an exported tracing model: a file of the study's folder."""

from __future__ import annotations

import copy
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from support.chosen_again import chosen_again
from support.model_files import made_up
from support.teaching import CLASSES, POOL
from support.tiny_studies import category_study
from support.walker import Walker, link, open_study, rows

from diptych.app import create_app
from diptych.authoring import StudyFault, load_study
from diptych.ground.settings import Settings
from diptych.models import Image, Trial
from diptych.policies import REGISTRY, Candidate, Past
from diptych.policies.traced import TracedPolicy, snapshots
from diptych_analysis.steppers.kinds import make_stepper
from diptych_analysis.teaching.model_tracer import ModelTracer

KINDS = ("bkt", "exemplar", "prototype", "dkt", "direct_base", "direct_y", "cls_pred_yz")
TRAINING = 9
#: The study's images by class, and its classes in another order than the model's.
IMAGES = [Candidate(each.id, each.group, {}, f"sha-{each.id}") for each in POOL[:12]]


def tracer_of(kind: str) -> ModelTracer:
    by_class = sorted(IMAGES, key=lambda each: each.group)
    model = made_up(kind, CLASSES[::-1], [each.stimulus_id for each in by_class[::-1]])
    labels = np.array([CLASSES.index(each.group) for each in IMAGES])
    return ModelTracer(make_stepper(model), [each.stimulus_id for each in IMAGES], labels, CLASSES)


@pytest.mark.parametrize("kind", KINDS)
@given(trials=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2), st.booleans()), max_size=5))
@settings(deadline=None, max_examples=8)
def test_the_expected_gain_equals_each_answer_by_itself(
    kind: str, trials: list[tuple[int, int, bool]]
) -> None:
    tracer = tracer_of(kind)
    labels = np.array([CLASSES.index(each.group) for each in IMAGES])
    for image, response, feedback in trials:
        p = tracer.probabilities(np.arange(12))
        assert p.sum(1) == pytest.approx(1)
        tracer.observe(image, int(labels[image]), response, feedback=feedback)
    candidates, judged = np.array([0, 4, 5]), np.arange(3, 12)
    fast = tracer.right_after(candidates, labels[candidates], judged, labels[judged])
    for k, candidate in enumerate(candidates):
        slow = 0.0
        for response, p in enumerate(tracer.probabilities(candidates)[k]):
            twin = copy.copy(tracer)
            twin.scores = dict(tracer.scores)
            twin.observe(int(candidate), int(labels[candidate]), response, feedback=True)
            right = [twin.probabilities(np.array([i]))[0, labels[i]] for i in judged]
            slow += p * sum(right) / len(right)
        assert fast[k] == pytest.approx(slow, abs=1e-6)


def study(
    folder: Path, kind: str = "direct_yz", seed: int = 0, **given: Any
) -> tuple[Path, dict[str, Any]]:
    """A study with a model of its own images, and what changes it."""
    plain = load_study(category_study(folder / "plain" / "tiny", per_class=8))
    stimuli = sorted(plain.content.stimuli, key=lambda each: each.label)
    classes = sorted({each.label for each in stimuli})
    policy = {"name": "expected_gain", "tracer": "file:models/m.npz", "explore": 0.2,
              "deadline_ms": 10_000, **given}  # fmt: skip
    changes = {
        "policy": policy,
        "phases": {"practice": 0, "training": TRAINING, "test": 2},
        "task": {"feedback": ["training"]},
    }
    written = category_study(folder / "studies" / "tiny", per_class=8, changes=changes)
    model = made_up(kind, classes, [each.stimulus_id for each in stimuli], seed)
    model.write(written / "models" / "m.npz")
    return written, changes


def test_the_file_is_part_of_the_version(tmp_path: Path) -> None:
    folder, _ = study(tmp_path)
    first = load_study(folder)
    [(content_hash, data)] = first.files.items()
    assert data == (folder / "models/m.npz").read_bytes()
    assert first.content.spec.policy.parameters["tracer"] == f"file:models/m.npz#{content_hash}"
    assert load_study(folder).content.content_hash == first.content.content_hash
    other, _ = study(tmp_path / "other", seed=1)
    assert load_study(other).content.content_hash != first.content.content_hash


def test_files_that_can_not_trace_are_faults(tmp_path: Path) -> None:
    folder, _ = study(tmp_path)
    file = folder / "models/m.npz"
    stimuli = [each.stimulus_id for each in load_study(folder).content.stimuli]
    made_up("direct_y", ("Agara", "Bari", "Dodo"), stimuli).write(file)
    with pytest.raises(StudyFault, match="knows the classes Agara, Bari, Dodo; the study has"):
        load_study(folder)
    made_up("direct_y", ("Agara", "Bari", "Cooka"), stimuli[:-1]).write(file)
    with pytest.raises(StudyFault, match="no embedding of the stimulus"):
        load_study(folder)
    file.write_bytes(b"no model")
    with pytest.raises(StudyFault, match="no file of `diptych trace export`"):
        load_study(folder)
    file.unlink()
    with pytest.raises(StudyFault, match=r"(?s)policy\.tracer.*'models/m\.npz', no such file"):
        load_study(folder)
    toml = folder / "study.toml"
    toml.write_text(toml.read_text().replace("file:models/m.npz", "file:../../plain/tiny/a.npz"))
    with pytest.raises(StudyFault, match="no such file"):
        load_study(folder)
    (tmp_path / "outside.npz").write_bytes(b"small, but outside")
    names = ["../../plain/tiny/a.npz", str(tmp_path / "outside.npz"), "m" * 300]
    for before, name in pairwise(names):
        toml.write_text(toml.read_text().replace(f"file:{before}", f"file:{name}"))
        with pytest.raises(StudyFault, match="no such file"):
            load_study(folder)
    toml.write_text(toml.read_text().replace(f"file:{names[-1]}", "lstm"))
    with pytest.raises(StudyFault, match=r"policy\.tracer"):
        load_study(folder)


@pytest.mark.both_databases
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["direct_yz", "exemplar"])
def test_hosts_take_turns_and_choose_the_same(
    app: Flask, settings: Settings, tmp_path: Path, kind: str
) -> None:
    folder, _ = study(tmp_path, kind)
    open_study(app, folder)
    assert "application/octet-stream" in {row["media_type"] for row in rows(app, Image)}
    other = create_app(settings)
    # A simulated person's trials follow from the id; a person's may make the tracer distrusted.
    entry = {**link(app, "simulate", "tiny"), "participant": "one"}
    walker = Walker(app.test_client()).start(**entry)
    for index in range(TRAINING):
        walker.client = (app, other)[index % 2].test_client()
        walker.load()
        if index == 4:
            snapshots.cache_clear()  # a restart
        shown = walker.trial["show"]["classes"]
        walker.answer({"ranking": (shown if index % 3 else shown[::-1])[:2]})
    stored = [row["choice"] for row in rows(app, Trial)][:TRAINING]
    assert stored == chosen_again(create_app(settings), TRAINING)
    scored = [each for each in stored if each["fallback"] is None]
    # It needs five answers.
    assert scored
    assert all(each["fallback"] for each in stored[:5])
    assert all(score is not None for each in scored for _, _, score in each["candidates"][1:])


def test_a_model_that_fails_or_is_slow_gives_a_balanced_choice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = [Past(each, "training", each.group, True) for each in IMAGES[:6]]

    def policy(**given: Any) -> TracedPolicy:
        kind = REGISTRY.get("expected_gain")
        made = kind(kind.Parameters.model_validate(
            {"tracer": f"file:m.npz#{'0' * 64}", "explore": 0, **given}
        ))  # fmt: skip
        assert isinstance(made, TracedPolicy)
        return made

    lost = policy().explain(IMAGES, history, random.Random(1))
    assert lost.fallback is not None and "was not read" in lost.fallback
    assert lost.candidate not in IMAGES[:6]
    slow = policy(deadline_ms=1e-6)
    by_class = sorted(IMAGES, key=lambda each: each.group)
    model = made_up("direct_y", CLASSES, [each.stimulus_id for each in by_class])
    slow.files = {"0" * 64: model.to_bytes()}
    found = slow.explain(IMAGES, history, random.Random(1))
    assert found.fallback == "the tracer missed its deadline"
    assert "policy expected_gain: balanced choice instead" in caplog.text
