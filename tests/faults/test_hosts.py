"""Three hosts behind one proxy with one PostgreSQL; participants move between them at random."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.conftest import open_here
from faults.invariants import hold, report
from support.crowd import Crowd
from support.reverse_proxy import ReverseProxy
from support.rows import query
from support.servers import LiveServer
from support.tiny_studies import category_study

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
pytestmark.append(pytest.mark.parametrize("database_kind", ["postgresql"]))
ARMS = ("short", "long", "wide")
NGINX = pytest.mark.skipif(
    not (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")),
    reason="nginx is not installed; the same is shown with a proxy of our own",
)


@pytest.fixture
def places(seconds: float) -> int:
    """Places of the study; a soak fills more."""
    return 30 * max(1, int(seconds / 10))


@pytest.fixture
def hosts(settings: Settings, places: int) -> Iterator[list[LiveServer]]:
    """Three gunicorn hosts on three ports, all of the opinion that one proxy is before them."""
    folder = category_study(
        settings.studies / "arms",
        changes={
            "conditions": [{"name": name} for name in ARMS],
            "recruitment": {"participants": places, "once": False},
        },
    )
    made = [
        LiveServer(
            {
                "DIPTYCH_HOME": str(settings.home / f"host{n}"),
                "DIPTYCH_DATABASE_URL": settings.database_url,
                "DIPTYCH_STUDIES": str(settings.studies),
                "DIPTYCH_SECRET_KEY": settings.secret_key,
                "DIPTYCH_PROXY_HOPS": "1",
            },
            Path(settings.home.parent / f"server{n}.log"),
            workers=1,
        )
        for n in range(3)
    ]
    open_here(settings, folder)
    for server in made:
        server.start()
    yield made
    for server in made:
        server.stop()


@pytest.mark.parametrize("nginx", [False, pytest.param(True, marks=NGINX)], ids=["own", "nginx"])
def test_a_study_fills_exactly_balanced_while_hosts_die(
    nginx: bool, hosts: list[LiveServer], settings: Settings, places: int, record_property
) -> None:
    """More people come than there are places, to whichever host the proxy picks; hosts die."""
    deaths = 0
    with ReverseProxy([host.port for host in hosts], nginx=nginx) as proxy:
        crowd = Crowd(proxy.url, "arms", "", people=15, purpose="from", think=0.2)
        crowd.lives = places
        with crowd:
            while crowd.is_busy and deaths < places:
                crowd.wait_for_answers(crowd.people)
                hosts[deaths % len(hosts)].restart()
                deaths += 1
            crowd.wait()
        assert deaths and crowd.books.turned_away, "no host died, or nobody came too late"
        hold(settings, proxy.url, crowd.books)
    arms = dict(
        tuple(row)
        for row in query(
            settings,
            "SELECT condition, count(*) FROM sessions WHERE status = 'completed' "
            "AND kind = 'person' GROUP BY condition",
        )
    )
    assert arms == dict.fromkeys(ARMS, places // len(ARMS))
    report(record_property, crowd, deaths)
