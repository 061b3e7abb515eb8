"""Three hosts behind PgBouncer: every transaction may run on another connection to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from faults.conftest import open_here
from faults.invariants import hold, report
from support.crowd import Crowd
from support.databases import PostgreSQL
from support.pgbouncer import PROGRAM, running_pgbouncer
from support.reverse_proxy import ReverseProxy
from support.servers import LiveServer
from support.tiny_studies import category_study

from diptych.ground.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.exhaustive,
    pytest.mark.postgres,
    pytest.mark.parametrize("database_kind", ["postgresql"]),
    pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed"),
]
PLACES = 30
#: Fewer than the threads of three hosts, so that connections to PostgreSQL are really shared.
CONNECTIONS = 3


@pytest.fixture
def hosts(settings: Settings, postgresql: PostgreSQL, tmp_path: Path) -> Iterator[list[LiveServer]]:
    """Three hosts that reach their database through PgBouncer only."""
    folder = category_study(
        settings.studies / "pooled",
        training=8,
        test=4,
        changes={"recruitment": {"participants": PLACES, "once": False}},
    )
    open_here(settings, folder)
    with ExitStack() as stack:
        port = stack.enter_context(
            running_pgbouncer(postgresql.socket_folder, tmp_path / "pgbouncer", CONNECTIONS)
        )
        name = settings.database_url.partition("?")[0].rpartition("/")[2]
        made = []
        for number in range(3):
            host = LiveServer(
                {
                    "DIPTYCH_HOME": str(settings.home / f"host{number}"),
                    "DIPTYCH_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{port}/{name}",
                    "DIPTYCH_PREPARED_STATEMENTS": "false",
                    "DIPTYCH_STUDIES": str(settings.studies),
                    "DIPTYCH_SECRET_KEY": settings.secret_key,
                    "DIPTYCH_PROXY_HOPS": "1",
                },
                settings.home.parent / f"server{number}.log",
                workers=1,
            )
            host.start()
            stack.callback(host.stop)
            made.append(host)
        yield made


def test_a_crowd_takes_a_study_through_three_hosts(
    hosts: list[LiveServer], settings: Settings, record_property
) -> None:
    """A host dies among it; no answer is lost, and none is stored twice."""
    with ReverseProxy([host.port for host in hosts], nginx=False) as proxy:
        crowd = Crowd(proxy.url, "pooled", "", people=12, purpose="from", think=0.05)
        crowd.lives = PLACES
        with crowd:
            crowd.wait_for_answers(5 * crowd.people)
            hosts[0].restart()
            crowd.wait()
        hold(settings, proxy.url, crowd.books)
    log = settings.home.parent / "pgbouncer" / "pgbouncer.log"
    assert "prepared statement" not in log.read_text(), "a statement was prepared"
    report(record_property, crowd, 1)
