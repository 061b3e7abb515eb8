"""The claim: a search puts a planted cause first among 12 words, and draws more of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diptych_analysis.concepts.cli_parts import generator, planted_target
from diptych_analysis.concepts.evaluation import NOISE
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import SearchSettings
from diptych_analysis.worlds.vocabulary import SEED_WORDS

SETTINGS = SearchSettings(words=SEED_WORDS, steps=40)


@pytest.mark.exhaustive
@pytest.mark.parametrize("cause", ["striped"])
def test_the_planted_cause_comes_first_in_nine_of_ten_seeds(tmp_path: Path, cause: str) -> None:
    first, noise = 0, []
    for seed in range(10):
        target, judge = planted_target(cause, 1, None, tmp_path / "classifiers", seed)
        found = run_search(
            tmp_path / str(seed),
            generator("tiny", "cpu", download=False),
            target,
            replace(SETTINGS, seed=seed),
            judge=judge,
        )
        first += found["words"][0]["word"] == cause
        noise += [row["trusted_ts"] for row in found["words"] if row["word"] == NOISE]
    assert first >= 9
    assert len(noise) == 10
    assert np.isfinite(noise).all()
