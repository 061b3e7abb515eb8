"""Time since the answer before, as an input of tracing models (`+lag`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.model_files import made_up

from diptych_analysis.steppers.kinds import make_stepper
from diptych_analysis.steppers.stepper import Answers, lag_input
from diptych_analysis.tables import PHASES, Tables
from diptych_analysis.teaching.live import Deadline, Snapshots, Trial, replay
from diptych_analysis.teaching.model_tracer import ModelTracer
from diptych_analysis.tracing.models import ModelFault, make_model
from diptych_analysis.tracing.sequences import Sequences, sequences_from

DAY_S = 86_400.0
CLASSES = ("A", "B", "C")
TRAINING, TEST = 12, 6


def forgetful(learners: int, seed: int) -> Sequences:
    """Simulated learners who know a class once they saw it twice, and guess after three days.

    Half of them take the test at once, the others after three days.
    """
    rng = np.random.default_rng(seed)
    n, t = learners, TRAINING + TEST
    label = rng.integers(0, 3, (n, t))
    waits = rng.random(n) < 0.5
    lag = rng.uniform(2, 20, (n, t))
    lag[:, 0] = np.nan
    lag[waits, TRAINING] = 3 * DAY_S
    seen = np.zeros((n, 3))
    response = np.empty((n, t), np.int64)
    for time in range(t):
        knows = seen[np.arange(n), label[:, time]] >= 2
        if time >= TRAINING:
            knows &= ~waits
        response[:, time] = np.where(knows, label[:, time], rng.integers(0, 3, n))
        if time < TRAINING:
            seen[np.arange(n), label[:, time]] += 1
    phase = np.where(np.arange(t) < TRAINING, PHASES.index("training"), PHASES.index("test"))
    names = tuple(f"s{i}" for i in range(n))
    return Sequences(
        sessions=names, learners=names, classes=CLASSES, stimuli=CLASSES,
        stimulus_label=np.arange(3), stimulus_file=CLASSES, stimulus=label, label=label,
        response=response, ranking=response[..., None], phase=np.tile(phase, (n, 1)),
        rt=np.full((n, t), np.nan, np.float32), mask=np.ones((n, t), bool),
        lag=lag.astype(np.float32),
    )  # fmt: skip


@pytest.mark.exhaustive
def test_the_lag_helps_with_learners_who_forget() -> None:
    train, held_out, test = (forgetful(n, seed) for n, seed in ((150, 1), (50, 2), (150, 3)))
    losses = {}
    for spec in ("dkt", "dkt+lag"):
        model = make_model(spec, epochs=30, seed=0).fit(train, held_out)
        p = np.take_along_axis(model.predict_proba(test), test.response[..., None], 2)[..., 0]
        losses[spec] = -np.log(p[:, TRAINING:]).mean(1)
    gained = losses["dkt"] - losses["dkt+lag"]
    assert gained.mean() > 6 * gained.std() / np.sqrt(len(gained))
    assert losses["dkt+lag"].mean() < losses["dkt"].mean() - 0.05


@given(lag=st.lists(st.floats(0, 1e9), min_size=1, max_size=5))
def test_the_input_grows_with_the_time(lag: list[float]) -> None:
    ordered = np.sort(np.array(lag))
    found = lag_input(ordered)
    assert (np.diff(found) >= 0).all()
    assert (found >= 0).all()
    by_hand = [np.log(1 + s / 60) / np.log(1441) for s in ordered]
    assert np.abs(found - by_hand).max() < 1e-6


def test_unknown_times_are_no_times() -> None:
    assert lag_input(np.array([np.nan, 0.0, DAY_S])).tolist() == [0, 0, 1]


def on_two_days(tables: Tables) -> Tables:
    """The same with every second session as part 2 of the participant before."""
    sessions, trials = tables.sessions.copy(), tables.trials.copy()
    order = {name: n for n, name in enumerate(sessions["session_id"])}
    for frame in (sessions, trials):
        place = frame["session_id"].map(order).astype(int)
        frame["participant_id"] = "p" + (place // 2).astype(str)
        frame["part"] = (place % 2 + 1).astype("Int64")
    begin = pd.Timestamp("2026-03-01T10:00:00Z")
    days = pd.to_timedelta((trials["part"].astype(int) - 1) * 2, "D")
    presented = begin + days + pd.to_timedelta(trials["trial_index"].astype(int) * 10, "s")
    trials["presented_at"] = presented
    trials["responded_at"] = presented + pd.Timedelta(4, "s")
    # The rows of a table may come in any order.
    shuffled = trials.sample(frac=1, random_state=0)
    return dataclasses.replace(tables, sessions=sessions.iloc[::-1], trials=shuffled)


def test_the_parts_of_a_participant_are_one_sequence(simulated: Callable[..., Tables]) -> None:
    tables = on_two_days(simulated(6, training=5, test=2))
    apart, joined = sequences_from(tables), sequences_from(tables, join_parts=True)
    assert apart.shape == (6, 7)
    assert joined.shape == (3, 14)
    assert set(joined.sessions) == {"s000", "s002", "s004"}
    assert len(set(joined.learners)) == 3
    for row, name in enumerate(joined.sessions):
        second = f"s{int(name[1:]) + 1:03d}"
        halves = [apart.sessions.index(each) for each in (name, second)]
        for values, whole in ((apart.label, joined.label), (apart.response, joined.response)):
            assert (np.concatenate(values[halves]) == whole[row]).all()
    gap = 2 * DAY_S - (6 * 10 + 4)
    expected = [np.nan, *[6] * 6, gap, *[6] * 6]
    assert np.allclose(joined.lag, np.array(expected, np.float32), equal_nan=True)


def test_tables_without_times_have_no_lags(simulated: Callable[..., Tables]) -> None:
    sequences = sequences_from(simulated(6, training=3, test=1))
    assert np.isnan(sequences.lag).all()
    with pytest.raises(ModelFault, match="takes no options"):
        make_model("bkt+lag").fit(sequences)


def test_a_tracer_of_a_host_takes_in_the_days() -> None:
    """What a host does between two parts is what the model is given in one sequence."""
    model = made_up("dkt", CLASSES, ())
    inputs = model.weights["lstm.weight_ih_l0"]
    rng = np.random.default_rng(4)
    weights = {**model.weights, "lstm.weight_ih_l0": np.c_[inputs, rng.normal(0, 2, len(inputs))]}
    stepper = make_stepper(dataclasses.replace(model, options=frozenset({"lag"}), weights=weights))
    images, labels = np.arange(3), np.arange(3)
    trials = [Trial(n % 3, n % 3, n % 2, True, 900.0) for n in range(6)]

    def after(wait_s: float) -> np.ndarray:
        tracer = ModelTracer(stepper, ["", "", ""], labels, CLASSES)
        paused = [*trials[:3], dataclasses.replace(trials[3], wait_s=wait_s), *trials[4:]]
        replay(tracer, paused, Deadline.after(60_000), b"x", Snapshots())
        return tracer.probabilities(images)

    state = stepper.start()
    for n, trial in enumerate(trials):
        state = state.waited(np.array([2 * DAY_S if n == 3 else np.nan]))
        told = Answers(
            np.array([trial.image]), np.array([trial.label]), np.array([trial.response]),
            np.array([900.0]), np.array([True]),
        )  # fmt: skip
        state = stepper.advance(state, told)
    by_hand = stepper.probabilities(state, images, labels)[0]
    assert np.abs(after(2 * DAY_S) - by_hand).max() < 1e-6
    assert np.abs(after(2 * DAY_S) - after(0.0)).max() > 1e-3
