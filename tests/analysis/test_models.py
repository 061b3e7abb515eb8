"""Properties that hold for every tracing model: one table of them all, common tests over it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kept import hash_of_sources, kept, versions
from support.properties import costly

import diptych_analysis
from diptych_analysis.tables import PHASES, Tables
from diptych_analysis.tracing.models import MODELS, ModelFault, Tracer, make_model, parse_spec
from diptych_analysis.tracing.sequences import NOTHING, Sequences, sequences_from
from diptych_analysis.tracing.stepping import Trial

NEURAL = [name for name in MODELS if name not in ("gt", "bkt", "dkt")]
#: every model without images, every one that can with a free embedding, some with images and extras
ALL = [
    *((name, "none") for name in MODELS),
    *((name, "embedding") for name in NEURAL),
    *((name, "cnn") for name in ("static_time", "exemplar", "cls_pred_y", "direct_yz")),
    *((f"{name}+acc+rt", "none") for name in ("static", "static_time", "prototype", "dkt")),
    ("exemplar+acc", "embedding"),
    ("transformer+acc+rt", "embedding"),
    ("direct_base+acc+rt", "embedding"),
    ("cls_pred_yz+acc+rt+ranking", "embedding"),
    ("direct_y+lag", "none"),
]
IDS = [f"{spec}/{encoder}" for spec, encoder in ALL]


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(16, training=8, test=4, unequal=True))


@pytest.fixture(scope="module")
def fitted(sequences: Sequences, pictures: Path) -> Callable[[str, str], Tracer]:
    """Every model fitted for two epochs and loaded; the fitted files are kept between runs."""
    here = Path(__file__)
    sources = hash_of_sources(
        Path(diptych_analysis.__file__).parent, here, here.with_name("conftest.py")
    )

    def fit(spec: str, encoder: str, folder: Path) -> None:
        images = {"images": pictures} if encoder == "cnn" else {}
        model = make_model(spec, encoder=encoder, epochs=2, **images)
        model.fit(sequences.rows(slice(0, 12)), sequences.rows(slice(12, 14)))
        model.save(folder / "model")
        before = model.predict_proba(sequences)
        loaded = Tracer.load(folder / "model", images=pictures)
        # The image encoder computes in 32 bits, and sums in an order that may differ on each call.
        within = 1e-6 if encoder == "cnn" else 1e-9
        assert np.abs(loaded.predict_proba(sequences) - before).max() < within

    @cache
    def get(spec: str, encoder: str) -> Tracer:
        made_from = sources, versions("torch", "numpy", "pandas"), spec, encoder
        return Tracer.load(kept(partial(fit, spec, encoder), *made_from) / "model", images=pictures)

    return get


def changed(sequences: Sequences, what: str, row: int, time: int, by: int) -> Sequences:
    """The same but for one thing of one trial."""
    values = getattr(sequences, what).copy()
    match what:
        case "response" | "label":
            values[row, time] = (values[row, time] + by) % sequences.n_classes
        case "stimulus":
            values[row, time] = (values[row, time] + by) % len(sequences.stimuli)
        case "rt":
            values[row, time] += 1000 * by
        case "phase":
            values[row, time] = PHASES.index("test") + PHASES.index("training") - values[row, time]
        case "ranking":
            values[row, time] = np.roll(values[row, time], 1)
    return dataclasses.replace(sequences, **{what: values})


#: models that never look at the class shown at the trial itself
NO_LABEL = {"static", "static_time", "prototype", "exemplar", "direct_base", "cls_pred_base"}


def first_allowed(spec: str, encoder: str, what: str, time: int) -> int:
    """The first trial whose prediction may change."""
    name, _ = parse_spec(spec)
    if what in ("response", "ranking", "rt", "phase"):
        return time + 1
    if what == "label" and ((encoder != "none" and name in NO_LABEL) or name == "direct_base"):
        return time + 1
    if what == "stimulus" and name in ("direct_base", "direct_y"):
        return time + 1
    return time


@pytest.mark.parametrize(("spec", "encoder"), ALL, ids=IDS)
@costly()
@given(data=st.data())
def test_nothing_is_known_before_it_happens(
    spec: str,
    encoder: str,
    data: st.DataObject,
    sequences: Sequences,
    fitted: Callable[[str, str], Tracer],
) -> None:
    model = fitted(spec, encoder)
    what = data.draw(st.sampled_from(["response", "label", "stimulus", "rt", "phase", "ranking"]))
    row = data.draw(st.integers(0, len(sequences.sessions) - 1))
    time = data.draw(st.integers(0, int(sequences.mask[row].sum()) - 1))
    other = changed(sequences, what, row, time, data.draw(st.integers(1, 2)))
    before, after = model.predict_proba(sequences), model.predict_proba(other)
    untouched = np.ones(sequences.shape, bool)
    untouched[row, first_allowed(spec, encoder, what, time) :] = False
    assert np.abs(after - before)[untouched].max(initial=0) < 1e-6


@pytest.mark.parametrize(("spec", "encoder"), ALL, ids=IDS)
def test_the_past_matters_where_it_should(
    spec: str, encoder: str, sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    """The counterpart of causality: else a model that is blind would pass that test."""
    name, options = parse_spec(spec)
    model = fitted(spec, encoder)
    response = sequences.response.copy()
    wrong = response[:, 0] != sequences.label[:, 0]
    response[:, 0] = np.where(wrong, sequences.label[:, 0], (sequences.label[:, 0] + 1) % 3)
    other = dataclasses.replace(sequences, response=response)
    after = np.abs(model.predict_proba(other) - model.predict_proba(sequences))[:, 1:].max()
    blind = name in ("gt", "static", "static_time", "prototype", "exemplar")
    assert (after < 1e-9) == (blind and "acc" not in options)


@pytest.mark.parametrize(("spec", "encoder"), ALL, ids=IDS)
def test_one_trial_at_a_time_is_the_same_as_all_at_once(
    spec: str, encoder: str, sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    model = fitted(spec, encoder)
    batched = model.predict_proba(sequences)
    for row in (14, 15):
        live = model.stepper()
        for time in range(int(sequences.mask[row].sum())):
            trial = trial_of(sequences, row, time)
            asked = dataclasses.replace(trial, response="", ranking=(), rt_ms=float("nan"))
            assert np.abs(live.predict(asked) - batched[row, time]).max() < 1e-5
            live.predict(dataclasses.replace(asked, stimulus="clouds:1", label="Bari"))
            live.observe(trial)


def trial_of(sequences: Sequences, row: int, time: int) -> Trial:
    ranked = [sequences.classes[i] for i in sequences.ranking[row, time] if i >= 0]
    stimulus = sequences.stimulus[row, time]
    return Trial(
        label=sequences.classes[sequences.label[row, time]],
        stimulus=sequences.stimuli[stimulus],
        response=sequences.classes[sequences.response[row, time]],
        ranking=tuple(ranked),
        rt_ms=float(sequences.rt[row, time]),
        phase=PHASES[sequences.phase[row, time]],
    )


@pytest.mark.parametrize(("spec", "encoder"), ALL, ids=IDS)
def test_predictions_are_probabilities_of_unequal_sessions(
    spec: str, encoder: str, sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    model = fitted(spec, encoder)
    p = model.predict_proba(sequences)
    assert p.shape == (*sequences.shape, 3)
    assert np.abs(p.sum(-1) - 1).max() < 1e-9 and p.min() >= 0
    # what stands beside a session, or how long the others are, is no matter to it
    row = int(sequences.mask.sum(1).argmin())
    alone = sequences.rows([row]).until(int(sequences.mask[row].sum()))
    short = model.predict_proba(alone)[0]
    assert np.abs(short - p[row, : short.shape[0]]).max() < 1e-6


@pytest.mark.parametrize("spec", ["static", "bkt", "dkt", "exemplar", "transformer"])
def test_an_unanswered_trial_is_seen_but_not_scored(
    spec: str, sequences: Sequences, fitted: Callable[[str, str], Tracer]
) -> None:
    response = sequences.response.copy()
    response[0, 2] = NOTHING
    gap = dataclasses.replace(sequences, response=response)
    assert not gap.scored[0, 2] and gap.mask[0, 2]
    assert np.isfinite(fitted(spec, "none").predict_proba(gap)).all()


def test_the_same_seed_gives_the_same_model_and_another_another(sequences: Sequences) -> None:
    def fit(seed: int) -> np.ndarray:
        model = make_model("dkt", epochs=2, seed=seed)
        return model.fit(sequences, sequences).predict_proba(sequences)

    assert np.array_equal(fit(3), fit(3))
    assert np.abs(fit(3) - fit(4)).max() > 1e-4


def test_requests_that_make_no_sense_are_refused(
    sequences: Sequences, fitted: Callable[[str, str], Tracer], tmp_path: Path
) -> None:
    with pytest.raises(ModelFault, match="no model named 'lstm'; there are gt, static"):
        make_model("lstm")
    with pytest.raises(ModelFault, match="options are acc, rt, lag, ranking"):
        make_model("dkt+speed")
    with pytest.raises(ModelFault, match="takes no options"):
        make_model("gt+acc")
    with pytest.raises(ModelFault, match="not fitted yet"):
        make_model("dkt").predict_proba(sequences)
    with pytest.raises(ModelFault, match="holds no model"):
        Tracer.load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 1}')
    with pytest.raises(ModelFault, match="malformed"):
        Tracer.load(tmp_path)
    other = dataclasses.replace(sequences, classes=("Agara", "Bari", "Dodo"))
    with pytest.raises(ModelFault, match="knows the classes Agara, Bari, Cooka; asked about"):
        fitted("dkt", "none").predict_proba(other)
    with pytest.raises(ModelFault, match="trial 0: 'Dodo' is none of Agara"):
        fitted("dkt", "none").stepper().predict(Trial(label="Dodo"))
