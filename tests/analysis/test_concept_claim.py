"""The claim: a search puts a planted cause first among 12 words, and near noise it says nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diptych_analysis.concepts.cli_parts import planted_target
from diptych_analysis.concepts.evaluation import NOISE
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import SearchSettings
from diptych_analysis.worlds.drawer import SceneDrawer
from diptych_analysis.worlds.faults import WorldFault
from diptych_analysis.worlds.generators import drawer_for
from diptych_analysis.worlds.packaged import packaged_model
from diptych_analysis.worlds.vocabulary import ATTRIBUTES, SEED_WORDS

SETTINGS = SearchSettings(words=SEED_WORDS, steps=36)


def trained() -> bool:
    try:
        packaged_model()
    except WorldFault:
        return False
    return True


def test_the_world_draws_what_its_words_say() -> None:
    drawer = SceneDrawer()
    seeds = list(range(3))
    for word in ATTRIBUTES:
        images = drawer.draw([word] * 3, seeds)
        assert (images == drawer.draw([word] * 3, seeds)).all()
        assert images.shape == (3, 32, 32, 3)
    # Night is dark and snow is light at the corner, where no object lies.
    night, snow = (drawer.draw([word] * 3, seeds)[:, 0, 0].mean() for word in ("night", "snow"))
    assert night < 60 < 200 < snow
    with pytest.raises(WorldFault, match="no attribute 'zebra'"):
        drawer.draw(["zebra"], [0])
    with pytest.raises(WorldFault, match="no scene shows 'ring moon' everywhere"):
        drawer.draw(["ring moon"], [0])


def searched(to: Path, drawn_by: str, cause: str, seed: int, **changes: Any) -> dict[str, Any]:
    """Search for one planted cause."""
    target, judge = planted_target(cause, 1, None, to / "classifiers", seed)
    settings = replace(SETTINGS, seed=seed, prefer=drawn_by == "tiny", **changes)
    drawer = drawer_for(drawn_by, "cpu", download=False)
    folder = to / f"{drawn_by}-{cause}-{seed}-{len(changes)}"
    return run_search(folder, drawer, target, settings, judge=judge)


@pytest.mark.exhaustive
@pytest.mark.parametrize("cause", ["striped", "ring", "night"])
def test_the_planted_cause_comes_first_in_nine_of_ten_seeds(tmp_path: Path, cause: str) -> None:
    found = [searched(tmp_path, "scenes", cause, seed) for seed in range(10)]
    assert sum(one["words"][0]["word"] == cause for one in found) >= 9
    # Random pixels earn no more than random images do.
    noise = [row["trusted_ts"] for one in found for row in one["words"] if row["word"] == NOISE]
    assert len(noise) == 10
    causes = [one["words"][0]["trusted_ts"] for one in found]
    if cause == "ring" and np.mean(noise) >= np.mean(causes) - 0.2:
        pytest.xfail("random pixels earn nearly as much as a ring: docs/concepts.md")
    assert np.mean(noise) < np.mean(causes) - 0.2


@pytest.mark.exhaustive
def test_shuffled_scores_find_nothing(tmp_path: Path) -> None:
    found = [searched(tmp_path, "scenes", "night", seed, shuffled=True) for seed in range(10)]
    # One of 12 words is first by chance: 5 of 10 times has a probability below 1e-3.
    assert sum(one["words"][0]["word"] == "night" for one in found) < 5


@pytest.mark.exhaustive
def test_preferences_move_the_tiny_model_towards_the_cause(tmp_path: Path) -> None:
    if not trained():
        pytest.skip("the model of the tiny world is not trained in this installation")
    found = [searched(tmp_path, "tiny", "striped", seed) for seed in range(10)]
    assert sum(one["words"][0]["word"] == "striped" for one in found) >= 9
    moved = [
        row["cause_after"] - row["cause_before"]
        for one in found
        for row in one["words"]
        if row["word"] not in ("striped", NOISE)
    ]
    assert np.mean(moved) > 0
