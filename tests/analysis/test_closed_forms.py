"""Formulas against a few lines that compute the same the slow way."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from diptych_analysis.tables import Tables
from diptych_analysis.tracing.batches import rt_before, running_accuracy
from diptych_analysis.tracing.models import ModelFault, make_model
from diptych_analysis.tracing.models.bkt import forward, maximise
from diptych_analysis.tracing.models.inspection import embeddings, hyperplanes, lstm_states
from diptych_analysis.tracing.models.neural import NeuralTracer
from diptych_analysis.tracing.sequences import Sequences, sequences_from
from diptych_analysis.tracing.training import choice_loss, ranking_loss


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(12, training=9, test=4, unequal=True))


def trials(s: Sequences, row: int) -> range:
    return range(int(s.mask[row].sum()))


def test_static_is_a_smoothed_confusion_matrix(sequences: Sequences) -> None:
    p = make_model("static").fit(sequences).predict_proba(sequences)
    counts = np.ones((3, 3))
    for row in range(12):
        for t in trials(sequences, row):
            counts[sequences.label[row, t], sequences.response[row, t]] += 1
    for row in range(12):
        for t in trials(sequences, row):
            c = sequences.label[row, t]
            assert p[row, t] == pytest.approx(counts[c] / counts[c].sum())


def test_static_time_counts_each_time_on_its_own(sequences: Sequences) -> None:
    model = make_model("static_time").fit(sequences.until(10))
    p = model.predict_proba(sequences)
    for t in range(sequences.shape[1]):
        counts = np.ones((3, 3))
        for row in range(12):
            if sequences.mask[row, min(t, 9)]:
                at = (row, min(t, 9))
                counts[sequences.label[at], sequences.response[at]] += 1
        for row in range(12):
            if sequences.mask[row, t]:
                c = sequences.label[row, t]
                assert p[row, t] == pytest.approx(counts[c] / counts[c].sum())


def numbers(model: NeuralTracer) -> tuple[float, float, float]:
    """c, gamma, background."""
    psi = model.net.psi
    gamma = getattr(psi, "log_gamma", torch.zeros(()))
    return tuple(float(x.detach().exp()) for x in (psi.log_decay, gamma, psi.log_background))  # type: ignore[return-value]


@pytest.mark.parametrize("encoder", ["none", "embedding"])
def test_prototype_compares_with_class_means(sequences: Sequences, encoder: str) -> None:
    model = make_model("prototype", encoder=encoder, epochs=3).fit(sequences)
    p, z = model.predict_proba(sequences), embeddings(model, sequences)
    c, _, background = numbers(model)  # type: ignore[arg-type]
    for row in range(12):
        for t in trials(sequences, row):
            near = np.full(3, background)
            for k in range(3):
                seen = [
                    z[row, u]
                    for u in range(t)
                    if sequences.label[row, u] == k and sequences.feedback[row, u]
                ]
                if seen:
                    gap = np.linalg.norm(np.mean(seen, axis=0) - z[row, t])
                    near[k] += np.exp(-c * gap)
            assert p[row, t] == pytest.approx(near / near.sum(), abs=1e-5)


@pytest.mark.parametrize("encoder", ["none", "embedding"])
def test_exemplar_adds_up_similarities(sequences: Sequences, encoder: str) -> None:
    model = make_model("exemplar", encoder=encoder, epochs=3).fit(sequences)
    p, z = model.predict_proba(sequences), embeddings(model, sequences)
    c, gamma, background = numbers(model)  # type: ignore[arg-type]
    assert gamma != 1
    for row in range(12):
        for t in trials(sequences, row):
            near = np.full(3, background)
            for u in range(t):
                if sequences.feedback[row, u]:
                    gap = np.linalg.norm(z[row, u] - z[row, t])
                    near[sequences.label[row, u]] += np.exp(-c * gap)
            assert p[row, t] == pytest.approx(near**gamma / (near**gamma).sum(), abs=1e-5)


def test_running_accuracy_is_that_of_the_trials_before(sequences: Sequences) -> None:
    accuracy = running_accuracy(sequences)
    for row in range(12):
        for t in trials(sequences, row):
            for c in range(3):
                past = [u for u in range(t) if sequences.label[row, u] == c]
                right = [sequences.response[row, u] == c for u in past]
                assert accuracy[row, t, c] == pytest.approx(np.mean(right) if past else 1 / 3)


def test_response_times_reach_the_next_trial(sequences: Sequences) -> None:
    inputs = rt_before(sequences, (7.0, 0.5))
    assert (inputs[:, 0] == 0).all()
    expected = np.clip((np.log(sequences.rt[3, 4]) - 7) / 0.5, -4, 4)
    assert inputs[3, 5] == pytest.approx([expected, 1])


@pytest.mark.parametrize("spec", ["cls_pred_base", "cls_pred_y", "cls_pred_yz+acc"])
@pytest.mark.parametrize("encoder", ["none", "embedding"])
def test_predicted_classifiers_predict(sequences: Sequences, spec: str, encoder: str) -> None:
    model = make_model(spec, encoder=encoder, epochs=2).fit(sequences)
    w, b = hyperplanes(model, sequences)
    z = embeddings(model, sequences)
    p = model.predict_proba(sequences)
    assert w.shape == (*sequences.shape, 3, z.shape[-1])
    for row, t in itertools.product(range(12), range(5)):
        assert p[row, t] == pytest.approx(softmax(w[row, t] @ z[row, t] + b[row, t]), abs=1e-6)


def test_the_state_of_the_lstm_leads_to_its_predictions(sequences: Sequences) -> None:
    model = make_model("dkt", epochs=2).fit(sequences)
    hidden, cell = lstm_states(model, sequences)
    assert hidden.shape == cell.shape == (*sequences.shape, 128)
    with torch.no_grad():
        logits = model.net.psi.head(torch.from_numpy(hidden).float()).numpy()  # type: ignore[attr-defined]
    here = sequences.mask
    assert softmax(logits, -1)[here] == pytest.approx(
        model.predict_proba(sequences)[here], abs=1e-5
    )
    with pytest.raises(ModelFault, match="static is not a recurrent model"):
        lstm_states(make_model("static").fit(sequences), sequences)
    with pytest.raises(ModelFault, match="dkt is not a cls_pred model"):
        hyperplanes(model, sequences)


@given(seed=st.integers(0, 10_000), k=st.integers(1, 4))
def test_plackett_luce_draws_without_replacement(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(3, 5, 4))
    ranking = np.stack([[rng.permutation(4)[:k] for _ in range(5)] for _ in range(3)])
    ranking[0, 0, 1:] = -1  # one trial with the top choice alone
    response = ranking[..., 0]
    expected = 0.0
    for i, t in itertools.product(range(3), range(5)):
        left = list(range(4))
        for c in ranking[i, t][ranking[i, t] >= 0]:
            expected -= np.log(np.exp(logits[i, t, c]) / np.exp(logits[i, t, left]).sum())
            left.remove(c)
    batch = FakeBatch(torch.from_numpy(response), torch.from_numpy(ranking))
    assert float(ranking_loss(torch.from_numpy(logits), batch)) == pytest.approx(expected)  # type: ignore[arg-type]
    if k == 1:
        choice = choice_loss(torch.from_numpy(logits), batch)  # type: ignore[arg-type]
        assert float(choice) == pytest.approx(expected)


class FakeBatch:
    """The part of a batch that a loss looks at."""

    def __init__(self, response: torch.Tensor, ranking: torch.Tensor) -> None:
        self.response, self.ranking = response, ranking
        self.scored = response >= 0


def test_ranking_gradients_are_finite() -> None:
    logits = torch.zeros(1, 2, 3, requires_grad=True)
    ranking = torch.tensor([[[0, 1, 2], [2, -1, -1]]])
    ranking_loss(logits, FakeBatch(ranking[..., 0], ranking)).backward()  # type: ignore[arg-type, no-untyped-call]
    assert logits.grad is not None and torch.isfinite(logits.grad).all()


def by_enumeration(right: list[int], parameters: tuple[float, ...]) -> tuple[list[float], float]:
    """P(known) before each opportunity and the likelihood, summing over all hidden paths."""
    start, learn, slip, guess = parameters
    before, total = [], 0.0
    for upto in range(len(right) + 1):
        known_now, everything = 0.0, 0.0
        for path in itertools.product([0, 1], repeat=upto + 1):
            p = start if path[0] else 1 - start
            for here, following in itertools.pairwise(path):
                p *= {(0, 0): 1 - learn, (0, 1): learn, (1, 0): 0.0, (1, 1): 1.0}[here, following]
            for state, answer in zip(path, right[:upto], strict=False):
                p *= ((1 - slip) if answer else slip) if state else (guess if answer else 1 - guess)
            everything += p
            known_now += p * path[-1]
        if upto < len(right):
            before.append(known_now / everything)
        total = everything
    return before, total


@given(
    right=st.lists(st.integers(0, 1), min_size=1, max_size=6),
    parameters=st.tuples(*[st.floats(0.05, 0.45)] * 4),
)
def test_bkt_is_the_sum_over_hidden_paths(
    right: list[int], parameters: tuple[float, float, float, float]
) -> None:
    array = np.array([right], dtype=float)
    there = np.ones_like(array, dtype=bool)
    found = forward(array, there, np.array(parameters))[0]
    expected, likelihood = by_enumeration(right, parameters)
    assert found == pytest.approx(expected, abs=1e-9)
    better = maximise(array, there, np.array(parameters))
    assert by_enumeration(right, tuple(better))[1] >= likelihood * (1 - 1e-6)


def test_bkt_finds_the_numbers_it_was_made_from() -> None:
    rng = np.random.default_rng(0)
    start, learn, slip, guess = 0.2, 0.15, 0.08, 0.3
    n, length = 4000, 15
    known = rng.random(n) < start
    right = np.empty((n, length))
    for t in range(length):
        right[:, t] = rng.random(n) < np.where(known, 1 - slip, guess)
        known |= rng.random(n) < learn
    there = np.arange(length) < rng.integers(5, length + 1, n)[:, None]
    found = np.array([0.4, 0.05, 0.2, 0.4])
    for _ in range(200):
        found = maximise(right * there, there, found)
    assert found == pytest.approx([start, learn, slip, guess], abs=0.03)


def test_bkt_predicts_by_its_own_forward_pass(sequences: Sequences) -> None:
    model = make_model("bkt").fit(sequences)
    p = model.predict_proba(sequences)
    parameters = model.arrays["parameters"]  # type: ignore[attr-defined]
    for row in range(12):
        for c in range(3):
            times = [t for t in trials(sequences, row) if sequences.label[row, t] == c]
            right = [int(sequences.response[row, t] == c) for t in times]
            known = by_enumeration(right, tuple(parameters[c]))[0]
            for t, k in zip(times, known, strict=True):
                _, _, slip, guess = parameters[c]
                assert p[row, t, c] == pytest.approx(k * (1 - slip) + (1 - k) * guess, abs=1e-9)
