"""Simulated people with known psychometric functions, as tidy tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from diptych_analysis.psychometric.fit import Psychometric
from diptych_analysis.tables import Column, Tables, empty_table

LEVELS = (8, 10, 11, 12, 13, 14, 15, 17, 18, 20, 22, 24, 28, 32)
NUMBERS = (
    Column("test", "number", "Number of dots of the test."),
    Column("reference", "number", "Number of dots of the reference."),
)


def observer(rng: np.random.Generator, spread: float = 0.2, guess: float | None = None):
    """A person: PSE around 16, Weber fraction around 0.23, 2 % lapses."""
    width = 0.23 * math.exp(rng.normal(0, spread))
    return Psychometric(math.log(16) + rng.normal(0, spread / 3), width, 0.02, guess)


def crowd(
    people: int,
    *,
    seed: int = 0,
    groups: Sequence[str] = ("default",),
    per_level: int = 12,
    references: Sequence[float] = (16.0,),
    kind: str = "simulated",
) -> tuple[Tables, dict[tuple[str, str], Psychometric]]:
    """Tables of people who say `more` or `fewer`, and each person's function by group and name.

    Tests are multiples of the reference, so that a function on test / reference has its threshold
    at the person's threshold / 16.
    """
    rng = np.random.default_rng(seed)
    sessions, trials = [], []
    truth: dict[tuple[str, str], Psychometric] = {}
    for group in groups:
        for number in range(people):
            name, function = f"p{number:03d}", observer(rng)
            truth[group, name] = function
            who = {
                "session_id": f"{group}-{number:03d}",
                "participant_id": name,
                "participant_kind": kind,
                "study": "dots",
                "condition": group,
            }
            levels = rng.permutation(np.repeat(np.array(LEVELS, dtype=float), per_level))
            more = rng.random(len(levels)) < function.probability(levels)
            for index, (level, yes) in enumerate(zip(levels, more, strict=True)):
                reference = references[index % len(references)]
                trials.append(
                    {
                        **who,
                        "trial_index": index,
                        "phase": "test",
                        "task": "comparison",
                        "response": "more" if yes else "fewer",
                        "correct": bool(yes == (level > 16)),
                        "test": level * reference / 16,
                        "reference": reference,
                    }
                )
            sessions.append({**who, "status": "completed"})
    return Tables(
        sessions=_frame("sessions", sessions),
        trials=_frame("trials", trials, ("test", "reference")),
        extras={"trials": NUMBERS},
        name="dots",
        description="Simulated comparisons of dots.",
    ), truth


def _frame(table: str, rows: list[dict[str, object]], numbers: Sequence[str] = ()) -> pd.DataFrame:
    kinds = {**dict(empty_table(table).dtypes), **dict.fromkeys(numbers, "float64")}  # type: ignore[arg-type]
    made = pd.DataFrame(rows, columns=list(kinds), dtype="object")
    return made.astype(kinds)
