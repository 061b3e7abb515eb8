"""What figures count adds up: in any order, in any grouping, and out again."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import study_id
from support.figure_sessions import open_category
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study

from diptych.authoring.folder import load_study
from diptych.counts import tallies
from diptych.counts.tallies import Changes, Key
from diptych.figures import added, figures_of, key, parts
from diptych.figures.bins import PER_DECADE, edges, log_bin, quantile
from diptych.figures.shares import binomial, design_effect, of_session, share_of
from diptych.ground.database import reading, writing
from diptych.sessions.facts import SessionFacts
from diptych.study.content import StudyContent

STUDIES = {"tiny": category_study, "tiny_2afc": two_afc_study, "odd": odd_one_out_study}


@cache
def content(study: str) -> StudyContent:
    return load_study(STUDIES[study](Path(mkdtemp()) / study)).content


def session(study: str, seed: int) -> SessionFacts:
    """A session with answers, times and findings drawn from a seed."""
    rng = random.Random(seed)
    shown = content(study)
    trials: list[dict[str, Any]] = []
    for phase, count in shown.spec.phases.items():
        for _ in range(count):
            trial = {"phase": phase, "trial_index": len(trials), **_answer(shown, phase, rng)}
            if rng.random() < 0.1:
                trial.pop("correct")  # was never answered
            trials.append(trial)
    row = SimpleNamespace(
        kind="simulated",
        condition="default",
        consented_at=1_700_000_000_000,
        ended_at=1_700_000_000_000 + rng.randrange(1, 10**7),
    )
    findings = [
        SimpleNamespace(rule=rule, flagged=rng.random() < 0.5, auto=rng.random() < 0.5)
        for rule in ("min_total_rt_s", "max_focus_losses")
    ]
    return SessionFacts(row, shown, trials, (), findings)


def _answer(shown: StudyContent, phase: str, rng: random.Random) -> dict[str, Any]:
    rt = {"rt_ms": rng.lognormvariate(7, 1)}
    if not shown.items:
        label, response = rng.choice(shown.labels), rng.choice(shown.labels)
        return {"label": label, "response": response, "correct": label == response, **rt}
    item = rng.choice([item for item in shown.items.values() if item.kind == phase])
    if "images" in item.stimuli:
        images = [shown.stimuli[place].stimulus_id for place in item.stimuli["images"]]
        label, response = rng.randrange(len(images)), rng.randrange(len(images))
        return {"item_id": item.item_id, "label": str(label + 1), "response": str(response + 1),
                "chosen": images[response], "correct": label == response, **rt}  # fmt: skip
    label, response = rng.choice(("top", "bottom")), rng.choice(("top", "bottom"))
    return {"item_id": item.item_id, "unit": item.unit, "label": label, "response": response,
            "correct": label == response, **rt}  # fmt: skip


some = st.lists(st.integers(0, 10**6), min_size=1, max_size=8)


@pytest.mark.parametrize("study", STUDIES)
@given(first=some, second=some, order=st.randoms(use_true_random=False))
def test_counts_of_a_and_of_b_are_the_counts_of_both(
    study: str, first: list[int], second: list[int], order: random.Random
) -> None:
    both = [*first, *second]
    order.shuffle(both)
    for figure in figures_of(content(study)):
        a = added(*(figure.count(session(study, seed)) for seed in first))
        b = added(*(figure.count(session(study, seed)) for seed in second))
        together = added(*(figure.count(session(study, seed)) for seed in both))
        assert added(a, b) == together
        # and so the frames, which must not depend on the order of the keys
        frames = [figure.frame(counts, content(study)) for counts in (added(b, a), together)]
        columns = list(frames[0].columns)
        ordered = [frame.sort_values(columns, ignore_index=True) for frame in frames]
        assert ordered[0].equals(ordered[1]), figure.name


@pytest.mark.parametrize("study", STUDIES)
def test_counting_leaves_the_session_alone_and_says_the_same_again(study: str) -> None:
    for figure in figures_of(content(study)):
        facts = session(study, 7)
        counts = figure.count(facts)
        assert counts, figure.name
        assert figure.count(facts) == counts == figure.count(session(study, 7))
        assert len(figure.name) <= 48


def test_a_session_taken_out_of_a_tally_leaves_no_trace(app: Flask, tmp_path: Path) -> None:
    """On both databases."""
    open_category(app, tmp_path / "studies" / "tiny")
    figures = figures_of(content("tiny"))

    def change(seeds: list[int], sign: int) -> None:
        changes = Changes()
        for figure in figures:
            for seed in seeds:
                name = Key(study_id("tiny"), "simulated", "all", figure.name)
                changes.add(name, figure.count(session("tiny", seed)), sign)
        with writing() as connection:
            tallies.add(connection, changes)

    def counted() -> dict[str, Any]:
        with reading() as connection:
            return tallies.read_several(
                connection, study_id("tiny"), "simulated", "all", [f.name for f in figures]
            )

    with app.app_context():
        change([1, 2, 3], 1)
        before = counted()
        change([4, 5], 1)
        assert counted() != before
        change([5, 4], -1)
        assert counted() == before


@given(st.lists(st.one_of(st.text(), st.integers(), st.none()), min_size=1))
def test_a_key_gives_its_parts_back(given_parts: list[Any]) -> None:
    assert parts(key(*given_parts)) == given_parts


def test_numbers_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 numbers to be added to 1"):
        added({"a": [1]}, {"a": [1, 2]})


@given(st.floats(1, 1e8))
def test_a_value_is_in_its_bin(value: float) -> None:
    low, high = edges(log_bin(value))
    assert low <= value * (1 + 1e-9) and value < high * (1 + 1e-9)
    assert high / low == pytest.approx(10 ** (1 / PER_DECADE))


@given(st.lists(st.floats(1, 1e7), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_quantiles_of_bins_are_off_by_a_bin_at_most(values: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for value in values:
        counts[log_bin(value)] = counts.get(log_bin(value), 0) + 1
    found = quantile(list(counts.items()), share)
    rank = min(len(values) - 1, int(share * len(values) - 1e-9))
    exact = sorted(values)[rank]
    assert found is not None
    assert exact / 10 ** (1 / PER_DECADE) <= found * 1.000001
    assert found <= exact * 10 ** (1 / PER_DECADE) * 1.000001


def test_there_is_no_quantile_of_nothing() -> None:
    assert quantile([], 0.5) is None


@given(st.lists(st.booleans(), min_size=2, max_size=40))
def test_answers_of_different_sessions_count_in_full(hits: list[bool]) -> None:
    counts = added(*({"a": of_session([hit])} for hit in hits))["a"]
    assert design_effect(counts) == pytest.approx(1)
    assert share_of(counts).effective == pytest.approx(len(hits))


@given(st.integers(2, 12), st.lists(st.booleans(), min_size=4, max_size=20))
def test_answers_that_only_repeat_count_as_sessions(times: int, hits: list[bool]) -> None:
    """Each session says the same thing many times over: it knows nothing that one didn't."""
    counts = added(*({"a": of_session([hit] * times)} for hit in hits))["a"]
    found = share_of(counts)
    once = share_of(added(*({"a": of_session([hit])} for hit in hits))["a"])
    assert found.answers == times * len(hits)
    assert found.share == pytest.approx(once.share)
    if 0 < sum(hits) < len(hits):
        assert len(hits) - 1 <= found.effective <= len(hits)
        assert found.high - found.low >= once.high - once.low - 1e-9


@given(st.integers(0, 30), st.floats(0, 1))
def test_the_binomial_sums_to_one(n: int, p: float) -> None:
    found = binomial(n, p)
    assert len(found) == n + 1
    assert sum(found) == pytest.approx(1)
    assert sum(k * share for k, share in enumerate(found)) == pytest.approx(n * p, abs=1e-9)
