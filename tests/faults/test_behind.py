"""What a serving host does beside the requests: settling sessions, and sharing connections out."""

from __future__ import annotations

import http.client
import socket
import time

import pytest
from support.crowd import Crowd
from support.rows import query, unsettled, wait_until_settled
from support.servers import LiveServer

from diptych.ground.settings import Settings

pytestmark = pytest.mark.slow


def ended(settings: Settings) -> int:
    return int(query(settings, "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL")[0][0])


class OneThread(LiveServer):
    """Each of its workers does one thing at a time."""

    def command(self) -> list[str]:
        """The program that serves."""
        return [*super().command(), "--threads=1"]


def takes_one_each(crowd: Crowd) -> None:
    """Everybody takes the study once."""
    crowd.lives = 1
    with crowd:
        crowd.wait()


def test_ended_sessions_are_settled_though_nobody_looks(
    server: LiveServer, crowd: Crowd, settings: Settings
) -> None:
    takes_one_each(crowd)
    assert ended(settings) == crowd.people
    wait_until_settled(settings)
    assert query(settings, "SELECT count(*) FROM session_results")[0][0] == crowd.people
    assert server.pid


def test_a_server_that_stops_settles_what_has_ended(
    server: LiveServer, crowd: Crowd, settings: Settings
) -> None:
    takes_one_each(crowd)
    server.stop()
    assert ended(settings) == crowd.people
    assert unsettled(settings) == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_worker_without_a_free_thread_leaves_new_people_to_the_other(
    settings: Settings, server: LiveServer
) -> None:
    server.stop()
    narrow = OneThread(server.environment, settings.home.parent / "narrow.log", workers=2)
    narrow.start()
    stuck = socket.create_connection(("127.0.0.1", narrow.port))
    try:
        # A request that never comes to its end keeps the only thread of its worker.
        stuck.sendall(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        time.sleep(0.5)
        for _ in range(30):
            fresh = http.client.HTTPConnection("127.0.0.1", narrow.port, timeout=60)
            fresh.request("GET", "/healthz")
            assert fresh.getresponse().status == 200
            fresh.close()
    finally:
        stuck.close()
        narrow.stop()
