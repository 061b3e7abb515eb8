"""A network that repeats and reorders requests: every answer is stored once, in its place."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from faults.invariants import hold, report
from support.crowd import PATIENCE, Crowd
from support.rows import query
from support.servers import LiveServer
from support.unruly_network import UnrulyNetwork

from diptych.ground.keys import study_key
from diptych.ground.settings import Settings

pytestmark = pytest.mark.slow
CHANCES = {"delayed": 0.2, "copied": 0.25, "lost": 0.05, "late": 0.1, "unanswered": 0.05}


def test_requests_are_repeated_and_reordered(
    server: LiveServer, settings: Settings, seconds: float, record_property
) -> None:
    """Old copies arrive after newer answers; half of the answers are sent twice at once besides."""
    key = study_key(settings.secret(), "simulate", "steady")
    with UnrulyNetwork(server.port, CHANCES) as network:
        crowd = Crowd(network.url, "steady", key, doubles=0.5)
        with crowd:
            end = time.monotonic() + seconds
            # Which request meets which fate is drawn; on a slow machine there are few of them.
            while time.monotonic() < end or not everything_happened(network):
                assert time.monotonic() < end + PATIENCE, network.done
                time.sleep(0.1)
        network.settle()
        assert network.overtaken > 0, "no old answer came after a newer one: nothing was shown"
        assert all(network.done[what] for what in CHANCES), network.done
        hold(settings, server.url, crowd.books)
        _answers_came_in_their_order(settings)
        report(record_property, crowd, network.done.total())


def everything_happened(network: UnrulyNetwork) -> bool:
    """Whether the network has done each thing, and an old answer came after a newer one."""
    return network.overtaken > 0 and all(network.done[what] for what in CHANCES)


def _answers_came_in_their_order(settings: Settings) -> None:
    """Whatever overtook what: a trial was answered before the next one was shown."""
    rows = query(
        settings,
        "SELECT r.session_id, r.trial_index, r.presented_at, r.received_at FROM responses r "
        "ORDER BY r.session_id, r.trial_index",
    )
    for before, after in pairwise(rows):
        if before[0] == after[0]:
            assert after[1] == before[1] + 1, "a trial was left out"
            assert before[3] <= after[2] <= after[3], "answered before it was shown"
