"""Policies are pure functions: what they promise holds for every pool and every seed."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych.policies import Candidate, Past
from diptych.policies.balanced import Balanced
from diptych.policies.random import Random
from diptych.policies.scripted import Scripted, ScriptedParameters
from diptych.tasks import draw

pools = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.sampled_from("XYZ"), min_size=1, max_size=20
).map(lambda groups: [Candidate(name, group) for name, group in groups.items()])
seeds = st.integers(0, 2**32)


def sequence(policy, pool: list[Candidate], count: int, seed: int) -> list[Candidate]:
    return draw(pool, count, "test", policy, [], random.Random(seed))


@given(pools, seeds, st.data())
def test_nothing_is_shown_twice(pool: list[Candidate], seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(pool)))
    for policy in (Random(Random.Parameters()), Balanced(Balanced.Parameters())):
        shown = sequence(policy, pool, count, seed)
        assert len(set(shown)) == count
        assert set(shown) <= set(pool)


@given(pools, seeds)
def test_same_seed_same_sequence(pool: list[Candidate], seed: int) -> None:
    for policy in (Random(Random.Parameters()), Balanced(Balanced.Parameters())):
        assert sequence(policy, pool, len(pool), seed) == sequence(policy, pool, len(pool), seed)


@given(pools, seeds)
def test_balanced_counts_differ_by_one_at_most(pool: list[Candidate], seed: int) -> None:
    sizes = Counter(candidate.group for candidate in pool)
    counts: Counter[str] = Counter()
    for candidate in sequence(Balanced(Balanced.Parameters()), pool, len(pool), seed):
        counts[candidate.group] += 1
        # Groups that are used up can fall behind; all others stay together.
        left = [group for group in sizes if counts[group] < sizes[group]]
        for group in left:
            assert max(counts.values()) - counts[group] <= 1


def test_random_is_uniform() -> None:
    pool = [Candidate(name, "X") for name in "abcde"]
    policy = Random(Random.Parameters())
    firsts = Counter(sequence(policy, pool, 1, seed)[0].id for seed in range(5000))
    # Five cells of 1,000 +- 28 (one standard deviation); 5 deviations is far outside chance.
    assert all(abs(count - 1000) < 140 for count in firsts.values())


@given(st.permutations("abcdef"), seeds)
def test_scripted_follows_its_script(order: list[str], seed: int) -> None:
    pool = [Candidate(name, "X") for name in "fedcba"]
    policy = Scripted(ScriptedParameters(sequence=tuple(order)))
    assert [c.id for c in sequence(policy, pool, 6, seed)] == order


@pytest.mark.parametrize(
    ("script", "trials", "words"),
    [
        (("a", "q"), 2, "'q', which is not in the manifest"),
        (("a",), 2, "1 entries, but the phases have 2"),
        (("a", "a"), 2, "twice"),
    ],
)
def test_a_script_that_does_not_fit_is_a_fault(
    script: tuple[str, ...], trials: int, words: str
) -> None:
    policy = Scripted(ScriptedParameters(sequence=script))
    faults = policy.faults([Candidate("a", "X"), Candidate("b", "X")], trials)
    assert any(words in fault for fault in faults)


def test_too_few_candidates_is_a_fault() -> None:
    assert Random(Random.Parameters()).faults([Candidate("a", "X")], 2)
    assert not Random(Random.Parameters()).faults([Candidate("a", "X")], 1)


def test_balanced_looks_at_the_history() -> None:
    pool = [Candidate("x2", "X"), Candidate("y1", "Y")]
    history = [Past(Candidate("x1", "X"), "training")]
    for seed in range(20):
        chosen = Balanced(Balanced.Parameters()).choose(pool, history, random.Random(seed))
        assert chosen.group == "Y"
