"""Tables become sequences, sequences are split by learner, predictions are scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from diptych_analysis.tables import Tables
from diptych_analysis.tracing.calibration import expected_calibration_error, reliability
from diptych_analysis.tracing.evaluation import mean_and_deviation, score, score_phases
from diptych_analysis.tracing.sequences import TEST, SequenceFault, Sequences, sequences_from
from diptych_analysis.tracing.splits import learner_splits

Make = Callable[..., Tables]


def test_every_trial_stands_where_it_happened(simulated: Make) -> None:
    tables = simulated(6, unequal=True)
    tables.trials = tables.trials.sample(frac=1, random_state=0)  # order in the file is no matter
    found = sequences_from(tables)
    assert found.shape[0] == 6 and found.mask.sum() == len(tables.trials)
    for trial in tables.trials.to_dict("records"):
        row = found.sessions.index(trial["session_id"])
        time = trial["trial_index"]
        assert found.mask[row, time]
        assert found.classes[found.label[row, time]] == trial["label"]
        assert found.classes[found.response[row, time]] == trial["response"]
        assert found.stimuli[found.stimulus[row, time]] == trial["stimulus_id"]
        ranked = [found.classes[i] for i in found.ranking[row, time] if i >= 0]
        assert "|".join(ranked) == trial["response_ranking"]
        assert found.rt[row, time] == pytest.approx(trial["rt_ms"])
        assert found.feedback[row, time] == (trial["phase"] == "training")


def test_only_finished_sessions_that_no_rule_excludes_count(simulated: Make) -> None:
    tables = simulated(6)
    tables.sessions.loc[0, "status"] = "timed_out"
    tables.sessions.loc[1, "excluded"] = True
    tables.sessions.loc[2, "participant_kind"] = "person"
    assert sequences_from(tables).sessions == ("s002", "s003", "s004", "s005")
    assert len(sequences_from(tables, excluded=True).sessions) == 5
    assert len(sequences_from(tables, statuses=("completed", "timed_out")).sessions) == 5
    assert sequences_from(tables, kinds=["person"]).sessions == ("s002",)


def change(tables: Tables, column: str, row: int, value: object) -> Tables:
    tables.trials.loc[row, column] = value
    return tables


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("label", None, "session 's000', trial 3: no label"),
        ("stimulus_id", None, "session 's000', trial 3: no stimulus_id"),
        ("response", "Dodo", "session 's000', trial 3: a response that is no class: 'Dodo'"),
        ("response_ranking", "Agara|Dodo", "session 's000', trial 3: ranks 'Dodo'"),
        ("response_ranking", "Bari|Bari", "session 's000', trial 3: ranks a class twice"),
    ],
)
def test_bad_trials_are_named(simulated: Make, column: str, value: object, reason: str) -> None:
    with pytest.raises(SequenceFault, match=reason):
        sequences_from(change(simulated(4), column, 3, value))


def test_what_can_not_be_traced_is_said(simulated: Make) -> None:
    with pytest.raises(SequenceFault, match="single class, 'Agara'"):
        tables = simulated(4)
        for column in ("label", "response", "response_ranking"):
            tables.trials[column] = "Agara"
        sequences_from(tables)
    with pytest.raises(SequenceFault, match="the tables have tasks category_learning"):
        sequences_from(simulated(4), task="two_afc")
    with pytest.raises(SequenceFault, match="none of 4 sessions is returned"):
        sequences_from(simulated(4), statuses=["returned"])
    with pytest.raises(SequenceFault, match="more than one label"):
        tables = simulated(4)
        tables.trials["stimulus_id"] = "one"
        sequences_from(tables)
    with pytest.raises(SequenceFault, match="no column 'gaze'"):
        sequences_from(simulated(4), rt_column="gaze")


def test_the_thesis_split_of_150_learners(simulated: Make) -> None:
    sequences = sequences_from(simulated(150, training=2, test=1))
    for split in learner_splits(sequences, 5):
        assert [len(x) for x in (split.train, split.validation, split.test)] == [105, 20, 25]


@given(n=st.integers(6, 40), doubled=st.integers(0, 5), seed=st.integers(0, 99))
def test_no_learner_straddles_a_split(n: int, doubled: int, seed: int) -> None:
    sequences = several_sessions(n, doubled)
    first, again = (learner_splits(sequences, 3, seed) for _ in range(2))
    for split, same in zip(first, again, strict=True):
        parts = [
            set(np.asarray(sequences.learners)[rows])
            for rows in (split.train, split.validation, split.test)
        ]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        rows = np.concatenate([split.train, split.validation, split.test])
        assert sorted(rows) == list(range(len(sequences.sessions)))
        assert np.array_equal(split.train, same.train) and np.array_equal(split.test, same.test)
    # Of few learners two splits may be the same by chance; of 40 once in 1e8.
    assert not np.array_equal(first[0].train, first[1].train) or n < 40


def several_sessions(n: int, doubled: int) -> Sequences:
    """`n` learners of one trial each, some of whom came twice."""
    learners = tuple(f"p{i}" for i in range(n)) + tuple(f"p{i}" for i in range(min(doubled, n)))
    rows = len(learners)
    zeros = np.zeros((rows, 1), dtype=np.int64)
    return Sequences(
        sessions=tuple(f"s{i}" for i in range(rows)),
        learners=learners,
        classes=("A", "B"),
        stimuli=("x",),
        stimulus_label=np.zeros(1, dtype=np.int64),
        stimulus_file=("",),
        stimulus=zeros,
        label=zeros,
        response=zeros,
        ranking=zeros[..., None],
        phase=zeros + 1,
        rt=np.full((rows, 1), np.nan, dtype=np.float32),
        mask=np.ones((rows, 1), dtype=bool),
    )


def test_too_few_learners_are_refused(simulated: Make) -> None:
    with pytest.raises(SequenceFault, match="3 learners are too few"):
        learner_splits(sequences_from(simulated(3)))


def test_scores_are_those_of_a_loop_over_classes(simulated: Make) -> None:
    sequences = sequences_from(simulated(8, unequal=True))
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(3), sequences.shape)
    found = score_phases(p, sequences)["test"]
    pairs = [
        (int(sequences.response[i, t]), p[i, t])
        for i in range(sequences.shape[0])
        for t in range(sequences.shape[1])
        if sequences.mask[i, t] and sequences.phase[i, t] == TEST
    ]
    each = [
        average_precision_score([r == c for r, _ in pairs], [q[c] for _, q in pairs])
        for c in range(3)
    ]
    assert list(found.per_class.values()) == pytest.approx(each)
    assert found.macro == pytest.approx(np.mean(each))
    flat = [(r == c, q[c]) for r, q in pairs for c in range(3)]
    assert found.micro == pytest.approx(
        average_precision_score(*map(list, zip(*flat, strict=True)))
    )
    assert found.log_loss == pytest.approx(-np.mean([np.log(q[r]) for r, q in pairs]))
    assert found.n == len(pairs)


def test_predictions_that_are_no_probabilities_are_refused(simulated: Make) -> None:
    sequences = sequences_from(simulated(6))
    with pytest.raises(ValueError, match="expected \\(6, 30, 3\\)"):
        score_phases(np.ones((6, 30, 2)) / 2, sequences)
    p = np.full((6, 30, 3), 1 / 3)
    p[2, 4, 1] = np.nan
    with pytest.raises(ValueError, match="session 's002', trial 4: not a number"):
        score_phases(p, sequences)
    with pytest.raises(ValueError, match="sum to one"):
        score_phases(np.full((6, 30, 3), 0.5), sequences)


def test_a_phase_without_trials_scores_nothing(simulated: Make) -> None:
    sequences = sequences_from(simulated(6, test=0, training=5))
    scores = score(np.full((6, 5, 3), 1 / 3), sequences, sequences.phase == TEST)
    assert scores.n == 0 and np.isnan(scores.micro)
    assert np.isnan(mean_and_deviation([scores.micro])[0])


def test_calibration_against_counting_by_hand() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet([0.5, 0.5, 0.5], 400)
    chosen = rng.integers(0, 3, 400)
    curve = reliability(p, chosen, bins=5)
    total = 0.0
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = [
            (p[i, c], chosen[i] == c)
            for i in range(400)
            for c in range(3)
            if low <= p[i, c] < low + 0.2 + 1e-12 * (low < 0.8) + (low == 0.8)
        ]
        predicted, observed = np.mean([a for a, _ in inside]), np.mean([b for _, b in inside])
        row = curve[np.isclose(curve["low"], low)].iloc[0]
        assert (row["n"], row["predicted"], row["observed"]) == (
            len(inside),
            pytest.approx(predicted),
            pytest.approx(observed),
        )
        total += len(inside) * abs(predicted - observed)
    assert expected_calibration_error(p, chosen, bins=5) == pytest.approx(total / 1200)


def test_honest_probabilities_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 20_000)
    chosen = np.array([rng.choice(4, p=row) for row in p])
    assert expected_calibration_error(p, chosen) < 0.01
    assert expected_calibration_error(np.eye(4)[(chosen + 1) % 4], chosen) > 0.4


def test_a_fingerprint_changes_with_one_answer(simulated: Make) -> None:
    sequences = sequences_from(simulated(4))
    other = sequences.response.copy()
    other[2, 3] = (other[2, 3] + 1) % 3
    assert sequences.fingerprint() == sequences_from(simulated(4)).fingerprint()
    assert sequences.fingerprint() != dataclasses.replace(sequences, response=other).fingerprint()


def test_ties_cost_average_precision_and_are_broken_on_request(
    simulated: Callable[..., Tables],
) -> None:
    """With all scores equal the step reaches to the prevalence; any order has that on average."""
    sequences = sequences_from(simulated(30))
    equal = np.full((*sequences.shape, 3), 1 / 3)
    found = score(equal, sequences, sequences.mask)
    assert found.micro == pytest.approx(1 / 3)
    assert found.micro_untied == pytest.approx(1 / 3, abs=0.03)
    p = np.random.default_rng(0).dirichlet(np.ones(3), sequences.shape)
    found = score(p, sequences, sequences.mask)
    assert found.micro_untied == pytest.approx(found.micro, abs=1e-12)
    # two values, truth half the time in the upper: a tie broken at random gains over the step
    share = np.where(np.eye(3, dtype=bool)[sequences.response], 0.6, 0.2)
    share[::2] = 1 / 3
    found = score(share, sequences, sequences.mask)
    assert found.micro_untied > found.micro + 0.01
