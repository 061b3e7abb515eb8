"""Every analysis of the number sense, against a slow computation or data whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import special_ortho_group

from diptych_analysis.numerosity.actions import walk_counts
from diptych_analysis.numerosity.analyses.action_error import action_error
from diptych_analysis.numerosity.analyses.comparison import (
    fit_shares,
    share_of_more,
    weber_interval,
)
from diptych_analysis.numerosity.analyses.covariates import (
    covariates,
    error_by_covariate,
    within_number,
)
from diptych_analysis.numerosity.analyses.incongruent import incongruent_pairs
from diptych_analysis.numerosity.analyses.islands import (
    clusters,
    confusion,
    islands,
    last_island,
)
from diptych_analysis.numerosity.analyses.line import (
    along_the_line,
    linear_error,
    linear_error_as_coded,
)
from diptych_analysis.numerosity.analyses.perceived import (
    by_number,
    order,
    perceived_number,
    power_fit,
)
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.scenes import Look, Scenes, random_scenes

SEEDS = st.integers(0, 2**32 - 1)


def turned(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same points, turned, shifted and scaled."""
    d = z.shape[1]
    turn = special_ortho_group.rvs(d, random_state=rng) if d > 1 else np.eye(1)
    return float(rng.uniform(0.1, 9)) * z @ turn + rng.normal(0, 5, d)


def numbers(most: int, images: int) -> np.ndarray:
    return np.repeat(np.arange(most + 1), images)


def scores(seed: int = 0, most: int = 30, images: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Noisy scores whose order errors grow with the number, as a log scale has them."""
    counts = numbers(most, images)
    rng = np.random.default_rng(seed)
    return np.log1p(counts) + rng.normal(0, 0.1, len(counts)) * (counts > 0), counts


# --- line ---


@given(SEEDS, st.integers(2, 6), st.floats(0, 2))
def test_linear_error_by_the_covariance(seed: int, d: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    line = rng.normal(size=(80, 1)) @ rng.normal(size=(1, d))
    z = line + noise * rng.normal(size=(80, d)) + rng.normal(size=d)
    error = linear_error(z)
    values = np.linalg.eigvalsh(np.cov(z.T))
    assert error == pytest.approx(np.sqrt(max(1 - values[-1] / values.sum(), 0)), abs=1e-6)
    assert 0 <= error <= np.sqrt(1 - 1 / d) + 1e-9
    assert linear_error(turned(z, rng)) == pytest.approx(error, abs=1e-6)
    # The norm before centring is never smaller.
    assert linear_error_as_coded(z) <= error + 1e-12
    if noise == 0:
        assert error < 1e-6


def test_linear_error_without_spread() -> None:
    assert linear_error(np.ones((5, 2))) == 0 == linear_error_as_coded(np.zeros((5, 2)))
    z = np.outer(np.arange(5.0), [3, 4])
    assert along_the_line(z) == pytest.approx(5 * (np.arange(5) - 2))
    assert along_the_line(-z) == pytest.approx(5 * (np.arange(5) - 2))


# --- perceived number ---


@given(SEEDS, st.integers(1, 5))
def test_perceived_number_of_any_line(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    counts = numbers(4, 6)
    axis = rng.normal(size=d)
    axis /= np.linalg.norm(axis)
    z = counts[:, None] * axis
    assert perceived_number(turned(z, rng), counts) == pytest.approx(counts, abs=1e-6)


@given(SEEDS)
def test_perceived_number_ignores_turns_shifts_and_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = numbers(3, 8)
    z = rng.normal(size=(len(counts), 3)) * (counts > 0)[:, None] + counts[:, None]
    found = perceived_number(z, counts)
    assert np.all(found[counts == 0] == 0)
    assert found[counts == 1].mean() == pytest.approx(1)
    assert perceived_number(turned(z, rng), counts) == pytest.approx(found, abs=1e-6)


def test_perceived_number_needs_zero_and_one() -> None:
    with pytest.raises(NumerosityFault, match="no object and with one object"):
        perceived_number(np.zeros((4, 2)), np.array([0, 0, 2, 2]))


def test_order_names_its_breaks() -> None:
    counts = numbers(4, 2)
    assert order(counts.astype(float), counts).rising
    found = order(np.repeat([0.0, 1, 3, 3, 4], 2), counts)
    assert (found.rising, found.breaks) == (False, [3])
    assert order(np.ones(10), counts).spearman == 0


@given(st.floats(0.5, 2), st.floats(0.4, 1.2))
def test_power_fit_finds_the_power(gain: float, exponent: float) -> None:
    counts = numbers(30, 3)
    fit = power_fit(gain * counts.astype(float) ** exponent, counts)
    assert (fit.gain, fit.exponent) == pytest.approx((gain, exponent), rel=1e-4)


def test_by_number_counts_and_averages() -> None:
    table = by_number(np.array([0.0, 1, 3, 5]), np.array([0, 1, 1, 1]))
    assert table["mean"].tolist() == [0, 3] and table["n"].tolist() == [1, 3]


# --- comparison ---


def test_share_of_more_pair_by_pair() -> None:
    score, counts = scores(images=12, most=18)
    score = np.round(score, 1)  # equal scores are left out
    table = share_of_more(score, counts, 9).set_index("number")
    for number in np.unique(counts):
        pairs = [(t, r) for t in score[counts == number] for r in score[counts == 9] if t != r]
        assert table.loc[number, "n"] == len(pairs)
        assert table.loc[number, "more"] == sum(t > r for t, r in pairs)
    assert table.loc[9, "share"] == 0.5
    assert np.isnan(share_of_more(np.ones(len(counts)), counts, 9)["share"]).all()


def test_the_fit_leaves_out_empty_images_and_says_if_nothing_is_left() -> None:
    score, counts = scores()
    table = share_of_more(score, counts)
    fitted, without = fit_shares(table), fit_shares(table[table["number"] > 0])
    assert fitted is not None and fitted == without
    assert 15 < fitted.threshold < 17
    assert fit_shares(share_of_more(np.ones(len(counts)), counts)) is None
    assert fit_shares(table[table["number"] > 29]) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "least"), [(4, 3), pytest.param(40, 34, marks=pytest.mark.exhaustive)]
)
def test_the_interval_covers_the_true_weber_fraction(samples: int, least: int) -> None:
    """Noise of 0.1 per image on a log scale makes w = sqrt(2) * 0.1."""
    counts = np.repeat(np.arange(1, 31), 100)
    covered = 0
    for seed in range(samples):
        noise = np.random.default_rng(seed).normal(0, 0.1, len(counts))
        low, high = weber_interval(np.log(counts) + noise, counts, seed=seed)["weber"]
        covered += low < np.sqrt(2) * 0.1 < high
        assert high - low < 0.04
    assert covered >= least


# --- action error ---


def test_action_errors_and_their_intervals() -> None:
    actions, counts = walk_counts(3000, 8, np.random.default_rng(0))
    predicted = np.where(counts[:-1] >= 4, (actions + 1) % 3, actions)
    found = action_error(counts, actions, predicted, limit=3).set_index("number")
    assert (found.loc[:3, "error"] == 0).all() and (found.loc[4:, "error"] == 1).all()
    assert found["n"].sum() == 3000
    assert found["trained"].tolist() == [True] * 3 + [False] * 6
    # Puts at the limit lead beyond training.
    puts = ((counts[:-1] == 3) & (actions == 2)).sum()
    assert found.loc[3, "n_inside"] == found.loc[3, "n"] - puts
    assert np.isnan(found.loc[5, "error_inside"])


@given(st.integers(1, 200), st.integers(0, 200))
def test_the_interval_by_adding_up_the_posterior(n: int, wrong: int) -> None:
    wrong = min(wrong, n)
    from diptych_analysis.intervals import bayesian

    low, high = bayesian(wrong, n)
    p = (np.arange(100_000) + 0.5) / 100_000
    log = wrong * np.log(p) + (n - wrong) * np.log(1 - p)
    mass = np.cumsum(np.exp(log - log.max()))
    mass /= mass[-1]
    assert low == pytest.approx(p[np.searchsorted(mass, 0.025)], abs=2e-4)
    assert high == pytest.approx(p[np.searchsorted(mass, 0.975)], abs=2e-4)


# --- islands ---


def test_islands_up_to_the_first_that_is_shared() -> None:
    rng = np.random.default_rng(0)
    counts = numbers(8, 100)
    middle = np.where(counts < 5, counts, 5 + 0.02 * counts).astype(float)
    z = np.column_stack([middle, middle]) + rng.normal(0, 0.05, (len(counts), 2))
    z[counts == 0] = 0.0
    labels = clusters(z, 30)
    found = islands(counts, labels)
    assert last_island(found) == 4
    assert (found["purity"][:5] > 0.95).all() and found["purity"][6] < 0.5
    table = confusion(counts, labels)
    assert table["images"].sum() == len(counts)
    inside = table[(table["number"] < 5) & (table["cluster"] >= 0)]
    assert inside.groupby("number")["images"].idxmax().map(table["cluster"]).tolist() == [*range(5)]


def test_outliers_are_no_island() -> None:
    counts = numbers(2, 10)
    found = islands(counts, np.where(counts == 0, -1, counts))
    assert last_island(found) == -1
    assert found["separate"].tolist() == [False, True, True]


# --- covariates and incongruent pairs ---


def hull_slowly(scenes: Scenes, image: int) -> float:
    """Area of the hull: the corners in turn (gift wrapping), then the shoelace formula."""
    there = np.flatnonzero(scenes.sides[image])
    left, top, side = (a[image][there] for a in (scenes.left, scenes.top, scenes.sides))
    points = sorted(
        {
            (int(x + dx * s), int(y + dy * s))
            for x, y, s in zip(left, top, side, strict=True)
            for dx in (0, 1)
            for dy in (0, 1)
        }
    )
    hull = [points[0]]
    while True:
        following = next(p for p in points if p != hull[-1])
        for p in points:
            (ax, ay), (bx, by), (cx, cy) = hull[-1], following, p
            cross = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            further = (cx - ax) ** 2 + (cy - ay) ** 2 > (bx - ax) ** 2 + (by - ay) ** 2
            if cross < 0 or (cross == 0 and further):
                following = p
        if following == hull[0]:
            break
        hull.append(following)
    x, y = np.array(hull).T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2


@given(SEEDS)
def test_the_hull_corner_by_corner(seed: int) -> None:
    scenes = random_scenes([0, 1, 2, 7], Look.of("B", 64), np.random.default_rng(seed))
    hull = covariates(scenes)["hull"]
    assert hull[0] == 0 and hull[1] == pytest.approx(scenes.sides[1, 0] ** 2)
    assert hull[1:] == pytest.approx([hull_slowly(scenes, i) for i in (1, 2, 3)])


def pictures() -> tuple[dict[str, np.ndarray], np.ndarray]:
    counts = np.repeat([16, 20], 40)
    scenes = random_scenes(counts, Look.of("B", 64), np.random.default_rng(5))
    return covariates(scenes), counts


def test_covariate_observers_fail_every_incongruent_pair_of_theirs() -> None:
    values, counts = pictures()
    observers = {"number": counts.astype(float), **values}
    table = incongruent_pairs(observers, values, counts)
    for name in values:
        own = table[(table["covariate"] == name) & (table["observer"] == name)]
        assert own.set_index("congruent")["right"].to_dict() == {False: 0.0, True: 1.0}
    assert (table[table["observer"] == "number"]["right"] == 1).all()
    halves = table[table["observer"] == "number"].groupby("covariate")["share"].sum()
    assert (halves <= 1).all() and (halves > 0.95).all()


def test_incongruent_pairs_one_by_one() -> None:
    values, counts = pictures()
    score = np.round(np.random.default_rng(0).normal(counts, 3), 0)
    table = incongruent_pairs({"who": score}, values, counts)
    row = table[(table["covariate"] == "area") & ~table["congruent"]].iloc[0]
    right, n = 0.0, 0
    for a in np.flatnonzero(counts == 16):
        for b in np.flatnonzero(counts == 20):
            if values["area"][b] < values["area"][a]:
                n += 1
                right += 1 if score[b] > score[a] else 0.5 if score[b] == score[a] else 0
    assert row["n"] == n and row["right"] == pytest.approx(right / n)
    assert row["low"] < row["right"] < row["high"]


def test_without_the_numbers_there_is_no_pair() -> None:
    assert incongruent_pairs({"a": np.ones(3)}, {"area": np.ones(3)}, np.array([1, 2, 3])).empty


def test_errors_follow_the_covariate_of_its_observer_only() -> None:
    counts = np.repeat([14, 16, 18], 100)
    scenes = random_scenes(counts, Look.of("B", 64), np.random.default_rng(2))
    values = covariates(scenes)
    perfect = error_by_covariate(counts.astype(float), values, counts, [16])
    assert len(perfect) and (perfect["error"] == 0).all()
    own = error_by_covariate(values["area"], values, counts, [16])
    area = own[(own["covariate"] == "area") & (own["test"] == 18)].sort_values("difference")
    assert area["error"].iloc[0] == 1 and area["error"].iloc[-1] == 0
    assert isinstance(own, pd.DataFrame) and (own["n"] > 100).all()


def test_correlation_with_the_number_fixed() -> None:
    rng = np.random.default_rng(0)
    counts = numbers(5, 200)
    noise = rng.normal(size=len(counts))
    # Both grow with the number and share nothing else.
    assert abs(within_number(counts + noise, counts + rng.normal(size=len(counts)), counts)) < 0.1
    assert within_number(counts + noise, 3 * counts - noise, counts) == pytest.approx(-1)
    assert np.isnan(within_number(np.ones(len(counts)), noise, counts))
