"""Exported models: stepped without PyTorch, they answer as the fitted models do."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.steppers.kinds import make_stepper
from diptych_analysis.steppers.model_file import KINDS, ModelFileFault, read_model_file
from diptych_analysis.steppers.stepper import Answers
from diptych_analysis.tables import PHASES, Tables
from diptych_analysis.tracing.cli import trace
from diptych_analysis.tracing.export import export_model
from diptych_analysis.tracing.models import ModelFault, Tracer, make_model
from diptych_analysis.tracing.sequences import Sequences, sequences_from

EXPORTED = [
    *((name, "none") for name in KINDS),
    *((name, "embedding") for name in KINDS if name not in ("bkt", "dkt")),
    *((f"{name}+acc+rt", "none") for name in ("prototype", "dkt")),
    ("exemplar+acc", "embedding"),
    ("direct_base+acc+rt", "embedding"),
    ("cls_pred_yz+acc+rt+ranking", "embedding"),
    ("direct_y+acc+rt+lag", "none"),
    ("exemplar+lag", "embedding"),
    *((name, "cnn") for name in ("exemplar", "direct_yz")),
]
IDS = [f"{spec}/{encoder}" for spec, encoder in EXPORTED]


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(8, training=6, test=3, unequal=True))


@pytest.fixture(scope="module")
def fitted(sequences: Sequences, pictures: Path) -> Callable[[str, str], Tracer]:
    """Models fitted for one epoch: how well they fit does not matter here."""
    made: dict[tuple[str, str], Tracer] = {}

    def get(spec: str, encoder: str) -> Tracer:
        if (spec, encoder) not in made:
            images = {"images": pictures} if encoder == "cnn" else {}
            model = make_model(spec, encoder=encoder, epochs=1, **images)
            made[spec, encoder] = model.fit(sequences.rows(slice(0, 5)))
        return made[spec, encoder]

    return get


def stepped(model: Tracer, sequences: Sequences, file: Path) -> np.ndarray:
    """Predictions (N, T, C) of the exported model: all sessions at once, trial by trial."""
    export_model(model, sequences).write(file)
    exported = read_model_file(file.read_bytes())
    stepper = make_stepper(exported)
    n, t = sequences.shape
    state = stepper.start().rows(np.zeros(n, int))
    found = np.empty((n, t, sequences.n_classes))
    for time in range(t):
        mask = sequences.mask[:, time]
        label = np.where(mask, sequences.label[:, time], 0)
        shown = np.where(mask, sequences.stimulus[:, time], 0)
        rows = np.array(
            [
                exported.row(sequences.stimuli[s], int(c)) if there else 0
                for s, c, there in zip(shown, label, mask, strict=True)
            ]
        )
        state = state.waited(sequences.lag[:, time])
        p = stepper.probabilities(state, rows, label)
        found[:, time] = p[np.arange(n), np.arange(n)]
        response = np.where(mask, sequences.response[:, time], -1)
        trial = Answers(rows, label, response, sequences.rt[:, time], sequences.feedback[:, time])
        state = stepper.advance(state, trial)
    return found


def changed(sequences: Sequences, data: st.DataObject) -> Sequences:
    """The same with other answers, images, times and phases in one session."""
    row = data.draw(st.integers(0, len(sequences.sessions) - 1))
    n_trials = sequences.shape[1]

    def drawn(low: int, high: int) -> list[int]:
        return data.draw(st.lists(st.integers(low, high), min_size=n_trials, max_size=n_trials))

    values = {
        "response": drawn(-1, sequences.n_classes - 1),
        "stimulus": drawn(0, len(sequences.stimuli) - 1),
        "rt": drawn(0, 9000),
        "lag": [10.0 * (each - 500) for each in drawn(500, 60_000)],
        "phase": drawn(PHASES.index("training"), PHASES.index("test")),
    }
    arrays = {name: getattr(sequences, name).copy() for name in (*values, "label")}
    there = sequences.mask[row]
    for name, drawn_values in values.items():
        arrays[name][row, there] = np.array(drawn_values)[there]
    arrays["label"][row, there] = sequences.stimulus_label[arrays["stimulus"][row, there]]
    return dataclasses.replace(sequences, **arrays)


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "encoder"), EXPORTED, ids=IDS)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_stepwise_equals_batched(
    spec: str,
    encoder: str,
    data: st.DataObject,
    sequences: Sequences,
    fitted: Callable[[str, str], Tracer],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model, asked = fitted(spec, encoder), changed(sequences, data)
    file = tmp_path_factory.mktemp("exported") / "model.npz"
    gaps = np.abs(stepped(model, asked, file) - model.predict_proba(asked))
    assert gaps[asked.mask].max() < 1e-5


def test_a_branch_of_many_images_equals_each_by_itself(
    sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    """Images that share a step of the LSTM get what they would get alone."""
    for spec in ("direct_y", "cls_pred_base", "cls_pred_yz"):
        exported = export_model(fitted(spec, "embedding"))
        stepper, rows = make_stepper(exported), np.arange(7)
        labels = sequences.stimulus_label[:7]
        state = stepper.start().rows(np.zeros(2, int))
        nan = np.full(2, np.nan)
        trial = Answers(rows[:2], labels[:2], np.array([0, 1]), nan, np.ones(2, bool))
        state = stepper.advance(state, trial)
        together = stepper.probabilities(state, rows, labels)
        for k in range(7):
            alone = stepper.probabilities(state.rows(np.array([1])), rows[[k]], labels[[k]])
            assert np.abs(together[1, k] - alone[0, 0]).max() < 1e-6


def test_models_that_can_not_be_exported_are_named(
    sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    with pytest.raises(ModelFault, match="static can not be exported; these can: bkt, prototype"):
        export_model(fitted("static", "none"))


def test_the_command_writes_one_file_that_loads_without_torch(
    sequences: Sequences, fitted: Callable[[str, str], Tracer], tmp_path: Path
) -> None:
    fitted("direct_y", "embedding").save(tmp_path / "model")
    to = tmp_path / "exported" / "model.npz"
    run = CliRunner().invoke(trace, ["export", str(tmp_path / "model"), "--to", str(to)])
    assert run.exit_code == 0, run.output
    count = len(sequences.stimuli)
    assert f"direct_y, 3 classes, {count} stimuli." in run.output
    code = (
        "import sys, pathlib\n"
        "from diptych_analysis.steppers.model_file import read_model_file\n"
        "from diptych_analysis.steppers.kinds import make_stepper\n"
        f"model = read_model_file(pathlib.Path({str(to)!r}).read_bytes())\n"
        "make_stepper(model).start()\n"
        "assert not {'torch', 'pandas'} & set(sys.modules)\n"
        "print(len(model.stimuli))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == str(count), ran.stderr


def test_files_that_are_no_model_are_refused(
    fitted: Callable[[str, str], Tracer], tmp_path: Path
) -> None:
    for data in (b"", b"PK\x03\x04", b"x" * 100):
        with pytest.raises(ModelFileFault, match="no file of `diptych trace export`"):
            read_model_file(data)
    whole = export_model(fitted("direct_y", "embedding"))
    file = tmp_path / "model.npz"
    weights = dict(whole.weights)
    weights.pop("head.2.bias")
    dataclasses.replace(whole, weights=weights).write(file)
    with pytest.raises(ModelFileFault, match=r"head\.2\.bias has shape None"):
        make_stepper(read_model_file(file.read_bytes()))
    broken = {**whole.weights, "head.0.bias": whole.weights["head.0.bias"] * np.nan}
    dataclasses.replace(whole, weights=broken).write(file)
    with pytest.raises(ModelFileFault, match="no finite numbers"):
        read_model_file(file.read_bytes())
    with np.load(io_of(whole, file), allow_pickle=False) as arrays:
        changed_about = {**dict(arrays), "about": np.array(json.dumps({"format": 9}))}
    np.savez(file, **changed_about)
    with pytest.raises(ModelFileFault, match="format 9; expected 1"):
        read_model_file(file.read_bytes())
    with pytest.raises(ModelFileFault, match="no embedding of the stimulus 'x'"):
        whole.row("x", 0)


def io_of(model: object, file: Path) -> Path:
    model.write(file)  # type: ignore[attr-defined]
    return file
