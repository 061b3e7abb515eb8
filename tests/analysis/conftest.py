"""Simulated learners, made here in a few lines, and the real ones where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

from diptych.simulation import Observer, SeenTrial
from diptych.tasks.category_learning.observers import Learner, Noisy
from diptych_analysis.tables import Tables, empty_table

REAL = Path(__file__).parents[3] / "shared" / "data" / "explain-teach"
CLASSES = ("Agara", "Bari", "Cooka")
Answer = Callable[[np.random.Generator, dict[str, object]], np.ndarray]


def simulated_tables(
    n: int = 30,
    kind: str = "exemplar",
    *,
    training: int = 20,
    test: int = 10,
    n_stimuli: int = 60,
    seed: int = 0,
    unequal: bool = False,
    classes: tuple[str, ...] = CLASSES,
    ranked: int = 2,
) -> Tables:
    """Simulated learners of overlapping clouds of points.

    `exemplar` learners remember what feedback told them, each with an attention of their own;
    `unchanging` ones answer by one fixed confusion of the classes; `guesser`s by chance. `host`
    learners are those of the host's simulator: half of them attentive, half noisy.
    """
    rng = np.random.default_rng(seed)
    k = len(classes)
    truth = np.arange(n_stimuli) % k
    # the last class lies apart, so that there is something in the confusion of the classes
    angle = np.where(truth == k - 1, np.pi, 0.45 * np.pi * truth)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.45, (n_stimuli, 2))
    fixed = np.full((k, k), 0.2 / (k - 1)) + np.eye(k) * (0.8 - 0.2 / (k - 1))
    fixed[0] = np.roll(fixed[0], 1)  # the first class is mostly mistaken for the next
    sessions, trials = [], []
    for learner in range(n):
        sharpness = rng.choice([0.3, 2.0, 6.0])
        memory: list[int] = []
        host = host_learner(learner, rng) if kind == "host" else None
        length = training + test - (int(rng.integers(0, test)) if unequal else 0)
        who = {
            "session_id": f"s{learner:03d}",
            "participant_id": f"p{learner:03d}",
            "participant_kind": "simulated",
            "study": "clouds",
            "condition": "default",
        }
        for time in range(length):
            shown = int(rng.integers(n_stimuli))
            p = np.full(k, 1 / k)
            if kind == "unchanging":
                p = fixed[truth[shown]]
            elif kind == "exemplar" and memory:
                distance = np.linalg.norm(points[memory] - points[shown], axis=1)
                near = np.bincount(truth[memory], np.exp(-sharpness * distance), minlength=k) + 0.02
                p = near / near.sum()
            order = rng.choice(k, k, replace=False, p=p / p.sum())
            if host is not None:
                order = answered_by(host, points[shown], classes, truth[shown], time < training)
            if time < training:
                memory.append(shown)
            trials.append(
                {
                    **who,
                    "trial_index": time,
                    "phase": "training" if time < training else "test",
                    "task": "category_learning",
                    "item_id": f"clouds:{shown}",
                    "stimulus_id": f"clouds:{shown}",
                    "label": classes[truth[shown]],
                    "response": classes[order[0]],
                    "response_ranking": "|".join(classes[i] for i in order[:ranked]),
                    "correct": bool(order[0] == truth[shown]),
                    "rt_ms": float(np.exp(rng.normal(7, 0.4))),
                }
            )
        sessions.append({**who, "status": "completed", "n_trials": length, "n_responses": length})
    stimuli = [
        {
            "study": "clouds",
            "stimulus_id": f"clouds:{i}",
            "file": f"{i}.png",
            "label": classes[truth[i]],
        }
        for i in range(n_stimuli)
    ]

    def frame(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
        kinds = empty_table(table).dtypes  # type: ignore[arg-type]
        made = pd.DataFrame(rows, columns=list(kinds.index), dtype="object")
        return made.astype(dict(kinds))

    return Tables(
        sessions=frame("sessions", sessions),
        trials=frame("trials", trials),
        stimuli=frame("stimuli", stimuli),
        name="clouds",
        description="Simulated learners.",
    )


def host_learner(number: int, rng: np.random.Generator) -> Observer:
    return (Learner if number % 2 else Noisy)(np.random.default_rng(rng.integers(2**32)))


def answered_by(
    host: Observer, point: np.ndarray, classes: tuple[str, ...], truth: int, told: bool
) -> np.ndarray:
    """The host's simulated learner looks, answers, and is told where there is feedback."""
    show = {"image": "x", "classes": classes, "rank": len(classes)}
    trial = SeenTrial("training" if told else "test", show, {"x": point})
    answer = host.answer(trial)
    if told:
        host.learn(trial, answer, {"label": classes[truth]})
    return np.array([classes.index(name) for name in answer.response["ranking"]])


@pytest.fixture(scope="session")
def simulated() -> Callable[..., Tables]:
    """Makes tables of simulated learners."""
    return simulated_tables


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of the explain-teach data; skips where they are not."""
    if not REAL.exists():
        pytest.skip("the explain-teach data are not beside the repository (../shared/data)")
    return REAL


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 32 x 32 images for the simulated stimuli, their hue telling the class."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(60):
        colour = np.array([60.0, 60.0, 60.0])
        colour[i % 3] = 200
        pixels = np.clip(colour + rng.normal(0, 40, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder
