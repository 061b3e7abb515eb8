"""d' and criterion beside simulated observers and published values."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.detection import two_afc, yes_no

counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("d", "c"), [(0.0, 0.3), (1.0, 0.0), (2.0, -0.5)])
def test_an_observer_with_noise_of_known_size_is_recovered(d: float, c: float) -> None:
    rng, n = np.random.default_rng(4), 200_000
    # The observer says yes where the evidence is above the middle by c.
    hits = int((rng.normal(d, 1, n) > d / 2 + c).sum())
    false = int((rng.normal(0, 1, n) > d / 2 + c).sum())
    found = yes_no(hits, n, false, n)
    assert (found.d_prime, found.criterion) == pytest.approx((d, c), abs=0.02)


def test_two_intervals_are_told_apart_better_than_one() -> None:
    rng, n, d = np.random.default_rng(5), 200_000, 1.2
    first = rng.normal(d, 1, n) > rng.normal(0, 1, n)  # signal in the first interval
    second = rng.normal(0, 1, n) > rng.normal(d, 1, n)
    found = two_afc(int(first.sum()), n, int(second.sum()), n)
    assert found.d_prime == pytest.approx(d, abs=0.02)
    right = (first.sum() + n - second.sum()) / (2 * n)
    assert found.d_prime == pytest.approx(math.sqrt(2) * NormalDist().inv_cdf(right), abs=0.01)


@given(signal=counts, noise=counts)
def test_the_other_answer_turns_the_criterion_only(signal, noise) -> None:
    found = yes_no(*signal, *noise)
    turned = yes_no(noise[1] - noise[0], noise[1], signal[1] - signal[0], signal[1])
    assert turned.d_prime == pytest.approx(found.d_prime, abs=1e-9)
    assert turned.criterion == pytest.approx(-found.criterion, abs=1e-9)
    assert math.isfinite(found.d_prime)


def test_the_correction_by_hand() -> None:
    z = NormalDist().inv_cdf
    assert yes_no(10, 10, 0, 10).d_prime == pytest.approx(z(10.5 / 11) - z(0.5 / 11))


@pytest.mark.parametrize("bad", [(3, 2, 0, 1), (0, 0, 0, 1), (0, 1, -1, 1)])
def test_impossible_counts_are_named(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(PsychometricFault, match="allowed are 0"):
        yes_no(*bad)
