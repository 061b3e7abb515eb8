"""What is drawn in a session: for simulated people the same again, for people never."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.figure_sessions import running
from support.tiny_studies import category_study
from support.walker import Walker, link, open_study, rows

from diptych.models import Session


@pytest.fixture
def seeds_of(migrated_sqlite: Path, tmp_path: Path) -> list[dict[str, int]]:
    """On each of two hosts, the seeds of a simulated person, another, and a machine of one name."""
    return [_seeds(tmp_path / name, migrated_sqlite) for name in ("one", "other")]


def _seeds(folder: Path, migrated: Path) -> dict[str, int]:
    folder.mkdir()
    with running(folder, migrated) as app:
        open_study(app, category_study(folder / "studies/tiny"))
        comers = {
            "simulated": {"participant": "run-0001", **link(app, "simulate", "tiny")},
            "another": {"participant": "run-0002", **link(app, "simulate", "tiny")},
            "person": {"participant": "run-0001"},
        }
        found = {}
        for name, entry in comers.items():
            person = Walker(app.test_client()).enter(**entry)
            (row,) = rows(app, Session, public_id=person.public_id)
            found[name] = row["seed"]
    return found


def test_a_simulated_person_sees_the_same_trials_on_any_host(
    seeds_of: list[dict[str, int]],
) -> None:
    one, other = seeds_of
    assert one["simulated"] == other["simulated"]
    assert one["another"] == other["another"] != one["simulated"]
    assert all(0 <= seed < 2**53 for seed in one.values())


def test_nobody_can_know_the_trials_of_a_person(seeds_of: list[dict[str, int]]) -> None:
    one, other = seeds_of
    assert one["person"] not in (other["person"], one["simulated"])
