"""Simulated learners of four kinds of discs, some blind to their colour, as exported tables."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from diptych_analysis.tables import Column, Tables, empty_table
from diptych_analysis.teaching.gaps import CLASSES, GapWorld, gap_answers, gap_learner, gap_world

COLOURS, SIZES = ("red", "blue"), ("small", "large")
TAUGHT = 48


def gap_tables(
    planted: Sequence[tuple[str, str]], *, seed: int = 0, folder: Path | None = None
) -> Tables:
    """Tables of learners, 48 trials with feedback and 12 without.

    Parameters
    ----------
    planted : sequence of (str, str)
        Family and gap (none, attribute or pair) of each learner.
    seed : int
        Of everything that is random.
    folder : Path or None
        Where the images are drawn; None draws none.
    """
    rng = np.random.default_rng(seed)
    world = gap_world(rng)
    files = [f"stimuli/{n:03d}.png" for n in range(len(world.bits))]
    if folder is not None:
        _draw(folder, files, world, rng)
    ids = [hashlib.sha256(f"{seed}:{file}".encode()).hexdigest() for file in files]
    sessions, trials = [], []
    for number, (family, gap) in enumerate(planted):
        own = np.random.default_rng([seed, number])
        learner = gap_learner(family, gap, world, own)
        who = {
            "session_id": f"s{number:03d}",
            "participant_id": f"p{number:03d}",
            "participant_kind": "simulated",
            "study": "discs",
            "condition": "plain",
        }
        sessions.append({**who, "status": "completed", "n_trials": 60, "n_responses": 60})
        for index, trial in enumerate(gap_answers(learner, gap, world, own)):
            assert trial.response is not None
            label, response = CLASSES[trial.label], CLASSES[trial.response]
            trials.append(
                {
                    **who,
                    "trial_index": index,
                    "phase": "training" if index < TAUGHT else "test",
                    "task": "category_learning",
                    "item_id": ids[trial.image],
                    "stimulus_id": ids[trial.image],
                    "label": label,
                    "response": response,
                    "correct": label == response,
                    "missed": False,
                    "rt_ms": 900.0,
                    "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
                }
            )
    stimuli = [
        {
            "study": "discs",
            "stimulus_id": stimulus,
            "file": file,
            "label": CLASSES[label],
            "width": 64,
            "height": 64,
            "colour": COLOURS[letter],
            "size": SIZES[number],
            **{f"z_{k}": float(x) for k, x in enumerate(point)},
        }
        for stimulus, file, label, (letter, number), point in zip(
            ids, files, world.labels, world.bits, world.features, strict=True
        )
    ]
    extras = tuple(Column(f"z_{k}", "number", "Feature.") for k in range(world.features.shape[1]))
    named = tuple(Column(name, "string", "Attribute.") for name in ("colour", "size"))
    return Tables(
        sessions=_whole("sessions", sessions),
        trials=_whole("trials", trials),
        stimuli=pd.DataFrame(stimuli),
        extras={"stimuli": (*named, *extras)},
        name="discs",
    )


def _whole(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows as a frame with every column of the table."""
    empty = empty_table(table)  # type: ignore[arg-type]
    frame = pd.DataFrame(rows).reindex(columns=empty.columns)
    return frame.astype({name: kind for name, kind in empty.dtypes.items() if name in frame})


def _draw(folder: Path, files: list[str], world: GapWorld, rng: np.random.Generator) -> None:
    (folder / "stimuli").mkdir(parents=True)
    for file, (letter, number) in zip(files, world.bits, strict=True):
        noise = rng.integers(200, 240, (64, 64, 3), dtype=np.uint8)
        image = Image.fromarray(noise, "RGB")
        x, y = 32 + rng.uniform(-6, 6, 2)
        size = (10, 21)[number] + rng.uniform(-2, 2)
        hue = ((205, 60, 50), (50, 80, 205))[letter]
        ImageDraw.Draw(image).ellipse((x - size, y - size, x + size, y + size), fill=hue)
        image.save(folder / file)
