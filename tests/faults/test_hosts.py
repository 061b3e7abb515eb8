"""Three hosts behind one address with one PostgreSQL; participants move between them at random."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.invariants import hold, report
from support.crowd import Crowd
from support.rows import query
from support.servers import LiveServer
from support.tiny_studies import category_study

from diptych.keys import study_key
from diptych.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
pytestmark.append(pytest.mark.parametrize("database_kind", ["postgresql"]))
ARMS = ("short", "long", "wide")
PLACES = 60


@pytest.fixture
def hosts(settings: Settings) -> Iterator[list[LiveServer]]:
    """Three gunicorn hosts on three ports."""
    category_study(
        settings.studies / "arms",
        changes={
            "conditions": [{"name": name} for name in ARMS],
            "recruitment": {"participants": PLACES, "once": False},
        },
    )
    made = [
        LiveServer(
            {
                "DIPTYCH_HOME": str(settings.home / f"host{n}"),
                "DIPTYCH_DATABASE_URL": settings.database_url,
                "DIPTYCH_STUDIES": str(settings.studies),
                "DIPTYCH_SECRET_KEY": settings.secret_key,
            },
            Path(settings.home.parent / f"server{n}.log"),
            workers=1,
        )
        for n in range(3)
    ]
    made[0].diptych("study", "open", "arms")
    for server in made:
        server.start()
    yield made
    for server in made:
        server.stop()


def test_everybody_comes_through_and_conditions_are_exactly_balanced(
    hosts: list[LiveServer], settings: Settings, record_property
) -> None:
    key = study_key(settings.secret(), "simulate", "arms")
    crowd = Crowd([host.url for host in hosts], "arms", key, people=15)
    crowd.lives = PLACES // crowd.people
    with crowd:
        crowd.wait()
    hold(settings, hosts[0].url, crowd.books)
    arms = dict(
        tuple(row)
        for row in query(
            settings,
            "SELECT condition, count(*) FROM sessions WHERE status = 'completed' "
            "GROUP BY condition",
        )
    )
    assert arms == dict.fromkeys(ARMS, PLACES // len(ARMS))
    report(record_property, crowd, 0)
