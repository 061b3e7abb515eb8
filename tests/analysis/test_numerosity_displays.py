"""Displays with a chosen number, area, hull and intensity: what is drawn is what is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from diptych_analysis.numerosity.displays import Wanted, draw_display, hull_area
from diptych_analysis.numerosity.faults import NumerosityFault

PIXELS = 240


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 32), st.floats(2500, 9000), st.floats(16_000, 32_000), st.floats(80, 190),
    st.integers(0, 10**6),
)  # fmt: skip
def test_the_pixels_have_what_the_display_says(
    number: int, area: float, hull: float, grey: float, seed: int
) -> None:
    display = draw_display(
        Wanted(number, area, hull, area * grey), PIXELS, np.random.default_rng(seed)
    )
    lit = display.image > 0
    _, components = ndimage.label(lit, structure=np.ones((3, 3)))
    assert components == display.number == number
    assert lit.sum() == display.area
    assert display.image.sum(dtype=int) == display.intensity
    y, x = np.nonzero(lit)
    corners = np.concatenate([np.stack([x + dx, y + dy], 1) for dx in (0, 1) for dy in (0, 1)])
    assert ConvexHull(corners).volume == pytest.approx(display.hull)
    # Sides and grey levels are whole numbers, and many small squares round more.
    assert display.area == pytest.approx(area, rel=0.2)
    assert display.intensity / display.area == pytest.approx(grey, rel=0.25)


def test_hulls_come_near_to_what_is_wanted() -> None:
    rng = np.random.default_rng(5)
    ratios = []
    for _ in range(60):
        hull = rng.uniform(19_000, 33_000)
        wanted = Wanted(int(rng.integers(8, 33)), 6500, hull, 6500 * 140)
        ratios.append(draw_display(wanted, PIXELS, rng).hull / hull)
    assert 0.9 < float(np.median(ratios)) < 1.1
    assert float(np.quantile(np.abs(np.log(ratios)), 0.9)) < 0.25


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30))
def test_the_hull_is_that_of_scipy(points: list[tuple[int, int]]) -> None:
    try:
        expected = ConvexHull(np.array(points, dtype=float)).volume
    except (QhullError, ValueError, IndexError):
        expected = 0.0  # too few points, or all on one line
    assert hull_area([(float(x), float(y)) for x, y in points]) == pytest.approx(expected)


def test_no_objects_are_black_and_too_many_are_a_fault() -> None:
    rng = np.random.default_rng(1)
    assert not draw_display(Wanted(0, 0, 0, 0), PIXELS, rng).image.any()
    same = [draw_display(Wanted(9, 4000, 2e4, 5e5), PIXELS, np.random.default_rng(2)) for _ in "ab"]
    assert (same[0].image == same[1].image).all()
    with pytest.raises(NumerosityFault, match="do not fit"):
        draw_display(Wanted(60, 3400, 3600, 3e5), 60, rng)
