"""Tracing simulated learners and choosing what to teach them."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.teaching.choices import CHOOSERS, some_of_each_class
from diptych_analysis.teaching.cli import teach
from diptych_analysis.teaching.experiment import combinations, joined, run_cells, summarise
from diptych_analysis.teaching.learners import BACKGROUND, FAMILIES, Exemplar
from diptych_analysis.teaching.live import (
    Deadline,
    Snapshots,
    TooSlow,
    Trial,
    keys_of,
    rebuild,
    replay,
)
from diptych_analysis.teaching.loop import lesson
from diptych_analysis.teaching.names import LEARNERS, POLICIES
from diptych_analysis.teaching.names import TRACERS as NAMES_OF_TRACERS
from diptych_analysis.teaching.tracers import TRACERS, Tracer, draw_traits
from diptych_analysis.teaching.worlds import make_world

WORLD = make_world(np.random.default_rng(5))
SHOWN = [3, 40, 8, 22, 61, 3]
RESPONSES = [0, 1, 1, 1, 0, 0]


def taught(family: str, trials: int = len(SHOWN), particles: int = 3) -> Tracer:
    tracer = Tracer.draw(family, np.random.default_rng(1), WORLD.features, 3, particles)
    for image, response in list(zip(SHOWN, RESPONSES, strict=True))[:trials]:
        tracer.observe(image, int(WORLD.labels[image]), response, feedback=True)
    return tracer


def slow_exemplar(traits: dict[str, list[float]], image: int, before: list[int]) -> list[float]:
    """P(response) of one exemplar learner, from Nosofsky's formula and the list of examples."""
    evidence = [BACKGROUND] * 3
    for age, example in enumerate(reversed(before)):
        square = 0.0
        for k, attention in enumerate(traits["attention"]):
            square += attention * (WORLD.features[image, k] - WORLD.features[example, k]) ** 2
        near = math.exp(-traits["focus"] * math.sqrt(square))  # type: ignore[operator]
        evidence[int(WORLD.labels[example])] += near * (1 - traits["forgetting"]) ** age  # type: ignore[operator]
    powered = [each ** traits["decision"] for each in evidence]  # type: ignore[operator]
    lapse = traits["lapse"]
    return [(1 - lapse) * each / sum(powered) + lapse / 3 for each in powered]  # type: ignore[operator]


def test_the_likelihood_of_the_answers_equals_a_slow_computation() -> None:
    tracer = taught("exemplar")
    particles = tracer.particles
    assert isinstance(particles, Exemplar)
    for k in range(3):
        traits = {name: values[k].tolist() for name, values in particles.traits.items()}
        log = sum(
            math.log(slow_exemplar(traits, image, SHOWN[:t])[response])
            for t, (image, response) in enumerate(zip(SHOWN, RESPONSES, strict=True))
        )
        assert tracer.log_weights[k] == pytest.approx(log, abs=1e-6)


@pytest.mark.parametrize("trials", [1, len(SHOWN)])
@pytest.mark.parametrize("family", TRACERS)
def test_the_expected_gain_equals_teaching_a_copy(family: str, trials: int) -> None:
    tracer, candidates = taught(family, trials), np.array([7, 50, 90])
    labels, judged = WORLD.labels[candidates], WORLD.pool[:20]
    truth = WORLD.labels[judged]
    fast = tracer.right_after(candidates, labels, judged, truth)
    for k, (candidate, label) in enumerate(zip(candidates, labels, strict=True)):
        twin = copy.deepcopy(tracer)
        twin.observe(int(candidate), int(label), None, feedback=True)
        slow = sum(
            twin.probabilities(np.array([i]))[0, c] for i, c in zip(judged, truth, strict=True)
        )
        assert fast[k] == pytest.approx(slow / len(judged), abs=1e-9)
    assert np.array_equal(tracer.log_weights, taught(family, trials).log_weights)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_linear_or_prototype_step_by_hand(family: str) -> None:
    """One learner without lapses learns one image, and then knows that image best."""
    learner = FAMILIES[family].draw(np.random.default_rng(3), 1, WORLD.features, 3)
    before = learner.probabilities(np.array([4]))[0, 0]
    assert before == pytest.approx(np.full(3, 1 / 3))
    learner.learn(4, 1)
    assert learner.probabilities(np.array([4]))[0, 0].argmax() == 1


@given(seed=st.integers(0, 10_000), trials=st.integers(0, 6), family=st.sampled_from(TRACERS))
@settings(deadline=None, max_examples=25)
def test_probabilities_are_probabilities(seed: int, trials: int, family: str) -> None:
    tracer = Tracer.draw(family, np.random.default_rng(seed), WORLD.features, 3, 6)
    for image, response in list(zip(SHOWN, RESPONSES, strict=True))[:trials]:
        tracer.observe(image, int(WORLD.labels[image]), response, feedback=bool(seed % 2))
    p = tracer.probabilities(WORLD.pool)
    assert p.sum(-1) == pytest.approx(1)
    assert p.min() > 0
    assert tracer.weights.sum() == pytest.approx(1)


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40))
@settings(deadline=None, max_examples=50)
def test_candidates_are_different_and_of_all_classes(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    images = np.sort(rng.permutation(120)[: rng.integers(1, 30)])
    twin = copy.deepcopy(rng)
    found = some_of_each_class(images, WORLD.labels, count, rng)
    assert len(set(found.tolist())) == len(found) == min(count, len(images))
    assert set(found.tolist()) <= set(images.tolist())
    there, drawn = (np.bincount(WORLD.labels[each], minlength=3) for each in (images, found))
    # One by one: the next image in a random order is taken in the first round that its class has.
    rounds: dict[int, int] = {}
    turns = []
    for image in twin.permutation(images).tolist():
        label = int(WORLD.labels[image])
        rounds[label] = rounds.get(label, 0) + 1
        turns.append((rounds[label], len(turns), image))
    assert found.tolist() == sorted(image for _, _, image in sorted(turns)[:count])
    # A class is drawn less often than another only where it has no more images.
    assert all(drawn[c] == there[c] or drawn[c] >= drawn.max() - 1 for c in range(3))


@pytest.mark.parametrize("policy", CHOOSERS)
def test_a_lesson_depends_on_its_seed_alone(policy: str) -> None:
    first = lesson("linear", "exemplar", policy, 7, particles=4)
    assert lesson("linear", "exemplar", policy, 7, particles=4) == first
    assert lesson("linear", "exemplar", policy, 8, particles=4) != first
    images = [each.image for each in first.choices]
    assert len(set(images)) == len(images) == 30
    assert set(images) <= set(WORLD.pool.tolist())


def test_a_tracer_is_rebuilt_from_the_answers_and_stops_at_its_deadline() -> None:
    trials = [
        Trial(image, int(WORLD.labels[image]), response, True)
        for image, response in zip(SHOWN, RESPONSES, strict=True)
    ]
    late = Deadline.after(60_000)
    one, other = (rebuild(WORLD.features, 3, trials, "mixed", late) for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    assert one.scores == other.scores
    with pytest.raises(TooSlow, match="missed its deadline"):
        rebuild(WORLD.features, 3, trials, "mixed", Deadline(0.0))


@given(
    shown=st.lists(st.integers(0, 119), min_size=1, max_size=7),
    family=st.sampled_from(TRACERS),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=25)
def test_a_kept_tracer_equals_a_rebuilt_one(shown: list[int], family: str, seed: int) -> None:
    """Also where the last answer was not stored, and after other sessions."""
    rng, late, kept = np.random.default_rng(seed), Deadline.after(60_000), Snapshots()
    trials = [Trial(image, int(WORLD.labels[image]), int(rng.integers(3)), True) for image in shown]
    for count in range(1, len(trials) + 1):
        last = trials[count - 1]
        lost = [*trials[: count - 1], Trial(last.image, last.label, None, False)]
        other = [Trial(3, int(WORLD.labels[3]), 1, True), *trials[:count]]
        for each in (lost, other, trials[:count]):
            found = rebuild(WORLD.features, 3, each, family, late, kept)
        fresh = rebuild(WORLD.features, 3, trials[:count], family, late)
        assert np.array_equal(found.log_weights, fresh.log_weights)
        assert found.scores == fresh.scores
        assert np.array_equal(found.probabilities(WORLD.pool), fresh.probabilities(WORLD.pool))


def test_kept_tracers_have_a_limit() -> None:
    late, small = Deadline.after(60_000), Snapshots(most_bytes=1)
    trials = [Trial(3, int(WORLD.labels[3]), 1, True)]
    rebuild(WORLD.features, 3, trials, "linear", late, small)
    assert small.latest(keys_of(b"", trials)) == (0, None)
    large = Snapshots()
    tracer = Tracer.draw("linear", np.random.default_rng(1), WORLD.features, 3)
    replay(tracer, trials, late, b"x", large)
    place, found = large.latest(keys_of(b"x", [*trials, *trials]))
    assert place == 1
    assert found is not None and found.answers == 1
    assert large.latest(keys_of(b"y", trials)) == (0, None)
    # A session keeps its latest tracer alone.
    longer = [*trials, Trial(8, int(WORLD.labels[8]), 0, True)]
    replay(
        Tracer.draw("linear", np.random.default_rng(1), WORLD.features, 3),
        longer,
        late,
        b"x",
        large,
    )
    assert large.latest(keys_of(b"x", longer))[0] == 2
    assert large.latest(keys_of(b"x", trials)) == (0, None)


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    particles=st.integers(1, 60),
    dimensions=st.integers(1, 8),
)
@settings(deadline=None, max_examples=25)
def test_a_tracer_of_a_family_has_some_particles_of_the_others(
    family: str, particles: int, dimensions: int
) -> None:
    traits = dict(draw_traits(family, np.random.default_rng(1), dimensions, particles))
    counts = {name: len(each["lapse"]) for name, each in traits.items()}
    assert next(iter(counts)) == family
    assert sum(counts.values()) == particles
    others = [counts.get(name, 0) for name in FAMILIES if name != family]
    assert set(others) == {particles // 4}
    assert counts[family] >= particles / 2


class Steps(Deadline):
    """A deadline that passes after a number of looks, on any machine."""

    def __init__(self, left: int) -> None:
        object.__setattr__(self, "left", [left])

    def check(self) -> None:
        self.left[0] -= 1  # type: ignore[attr-defined]
        if self.left[0] < 0:  # type: ignore[attr-defined]
            raise TooSlow("the tracer missed its deadline")


def test_a_host_that_misses_its_deadline_goes_on_where_it_stopped() -> None:
    kept = Snapshots()
    trials = [
        Trial(image, int(WORLD.labels[image]), response, True)
        for image, response in zip(SHOWN, RESPONSES, strict=True)
    ]
    for _ in range(2):  # two of six trials each time
        with pytest.raises(TooSlow):
            rebuild(WORLD.features, 3, trials, "mixed", Steps(2), kept)
    found = rebuild(WORLD.features, 3, trials, "mixed", Steps(3), kept)
    fresh = rebuild(WORLD.features, 3, trials, "mixed", Deadline.after(60_000))
    assert np.array_equal(found.log_weights, fresh.log_weights)


def test_parts_of_cells_join_in_the_order_of_seeds(tmp_path: Path) -> None:
    plan = combinations(["prototype"], ["exemplar"], ["random"])
    assert plan == [("prototype", "none", "random"), ("prototype", "none", "balanced")]
    parts = list(run_cells(plan, 22))
    cells = joined(plan, parts[::-1])
    for cell in cells:
        expected = [lesson("prototype", "exemplar", cell.policy, s, particles=1).right
                    for s in (0, 21)]  # fmt: skip
        assert cell.right[[0, 21]].tolist() == [list(each) for each in expected]
    random, balanced = summarise(cells)
    gaps = cells[1].right[:, 2] - cells[0].right[:, 2]
    assert balanced.over_random == pytest.approx(gaps.mean())
    assert balanced.over_random_se == pytest.approx(gaps.std(ddof=1) / 22**0.5)
    assert random.over_random == 0


def test_the_command_writes_table_results_and_figure(tmp_path: Path) -> None:
    arguments = ["simulate", "--learners", "prototype", "--tracers", "prototype", "--policies",
                 "random", "--seeds", "2", "--to", str(tmp_path / "out"), "--json",
                 str(tmp_path / "new/r.json")]  # fmt: skip
    done = CliRunner().invoke(teach, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "new/r.json").read_text())
    assert results["simulated"] is True
    assert [row["policy"] for row in results["rows"]] == ["random", "balanced"]
    assert "<svg" in (tmp_path / "out/figure.svg").read_text()
    refused = CliRunner().invoke(teach, ["simulate", "--learners", "x", "--to", str(tmp_path)])
    assert "allowed are exemplar, prototype, linear" in refused.output


def gains(learner: str, tracer: str, seeds: int, baseline: str) -> float:
    """Mean of P(true) after 30 trials: expected gain less a baseline, over paired seeds."""
    over = [
        lesson(learner, tracer, "expected_gain", seed).right[-1]
        - lesson(learner, "exemplar", baseline, seed, particles=1).right[-1]
        for seed in range(seeds)
    ]
    return sum(over) / seeds


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_expected_gain_beats_random_on_a_few_seeds(family: str) -> None:
    assert gains(family, family, 12, "random") > 0.01


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("learner", FAMILIES)
def test_expected_gain_beats_random_with_its_family_and_with_all(learner: str) -> None:
    assert gains(learner, learner, 200, "random") >= 0.03
    assert gains(learner, "mixed", 200, "random") >= 0.03


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("learner", FAMILIES)
@pytest.mark.parametrize("tracer", FAMILIES)
def test_a_wrong_tracer_is_never_much_worse_than_balanced(learner: str, tracer: str) -> None:
    assert gains(learner, tracer, 200, "balanced") >= -0.02


def test_the_command_line_names_what_there_is() -> None:
    assert (tuple(FAMILIES), tuple(CHOOSERS), TRACERS) == (LEARNERS, POLICIES, NAMES_OF_TRACERS)
