"""A study of four ways to teach, with a second part after a day, and simulated learners."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from diptych.app import create_app
from diptych.authoring import load_study
from diptych.ground.keys import study_key
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.simulation.run import Summary, simulate
from diptych.study.versions import freeze
from diptych_analysis.teaching.worlds import make_world
from support.servers import LiveServer
from support.set_clock import DAY, later
from support.tiny_studies import CLASSES, draw_once, merged, write_csv, write_study

NAME = "four_arms"
GAIN = {"name": "expected_gain", "features": "z_", "explore": 0.1, "deadline_ms": 10_000}
ARMS: list[dict[str, Any]] = [
    {"name": "random", "policy": {"name": "random"}},
    {"name": "balanced", "policy": {"name": "balanced"}},
    {"name": "expected_gain", "policy": GAIN},
    {"name": "expected_gain_contrast", "policy": GAIN, "task": {"explanation": "contrast"}},
]
SPEC = {
    "title": "Four ways to teach",
    "description": "Learn three kinds of textures, and come back after a day.",
    "contact": "Ada Example <ada@example.org>",
    "minutes": 10,
    "task": {
        "name": "category_learning", "rank": 1, "feedback": ["training"],
        "explanation_features": "z_",
    },
    "phases": {"training": 30, "test": 15},
    "stimuli": {"manifest": "stimuli.csv"},
    "recruitment": {"participants": 500, "recruiters": ["direct"]},
    "conditions": ARMS,
    "part": [
        {
            "after_days": 1, "window_days": 2, "phases": {"test": 20}, "items": "both",
            "policy": {"name": "balanced"}, "minutes": 5,
        }
    ],
}  # fmt: skip


def write_four_arms(folder: Path, *, seed: int = 1, changes: dict[str, Any] | None = None) -> Path:
    """Write the study: 150 images of a world of `diptych_analysis.teaching.worlds`."""
    draw_once(partial(_draw, seed=seed), {"seed": seed}, folder, source=__file__)
    write_study(folder, merged(SPEC, changes or {}), {})
    return folder


def _draw(folder: Path, seed: int) -> None:
    """Draw a texture per image, whose stripes follow its features, and list their numbers."""
    rng = np.random.default_rng(seed)
    world = make_world(rng)
    (folder / "stimuli").mkdir()
    rows: list[dict[str, Any]] = []
    y, x = np.mgrid[0:64, 0:64] / 64
    for number in rng.permutation(len(world.labels)):
        point = world.features[number]
        file = f"stimuli/{len(rows):03d}.png"
        waves = [
            np.sin(2 * np.pi * ((k + 1) * (x if k % 2 else y) + phase / 4))
            for k, phase in enumerate(point)
        ]
        colours = np.stack([waves[k] + waves[k + 3] for k in range(3)], axis=-1)
        Image.fromarray(np.uint8(128 + 60 * colours)).save(folder / file)
        numbers = {f"z_{k}": round(float(value), 4) for k, value in enumerate(point)}
        rows.append({"file": file, "label": CLASSES[world.labels[number]], **numbers})
    write_csv(folder / "stimuli.csv", rows)


@contextmanager
def host_of_arms(home: Path) -> Iterator[tuple[LiveServer, Settings, Path]]:
    """Run a host with the study open; also yields its settings and the study folder."""
    settings = Settings(
        home=home / "home", database_url=f"sqlite:///{home / 'arms.sqlite3'}",
        studies=home / "studies", secret_key="four arms",
    )  # fmt: skip
    folder = write_four_arms(settings.studies / NAME)
    upgrade(settings.sqlalchemy_url, "head", settings.key_of_identities())
    with create_app(settings).app_context():
        freeze(load_study(folder), opening=True)
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        home / "server.log",
    )
    server.start()
    try:
        yield server, settings, folder
    finally:
        server.stop()


def take_both_parts(
    server: LiveServer,
    settings: Settings,
    folder: Path,
    people: int,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Summary:
    """Let simulated learners take part 1; 30 hours later, by the host's clock, part 2."""

    def next_day(part: int) -> None:
        server.stop()
        server.environment |= later((part - 1) * DAY + DAY // 4)
        server.start()

    return simulate(
        server.url,
        folder,
        people,
        key=study_key(settings.secret(), "simulate", NAME),
        seed=seed,
        run="arms",
        part=None,
        before_part=next_day,
        progress=progress,
    )
