"""The simulation behind the capacity page agrees with queueing theory where that has a formula."""

from __future__ import annotations

import importlib
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def capacity(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports the simulation, as its script does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("capacity")


@pytest.mark.parametrize("people", [800, 2800])
def test_one_worker_waits_as_pollaczek_and_khinchine_say(capacity: Any, people: int) -> None:
    """Many people who think for long are a Poisson stream to one server (M/G/1)."""
    thought, service = 20.0, 0.005
    waits = capacity.simulate(
        capacity.Setup(people, 1, 1, 1), [capacity.Request(thought, 1000 * service, 0.0)]
    )
    rate = people / (thought + service)
    busy = rate * service
    second_moment = service**2 * (1 + capacity.SPREAD**2)
    expected = service + rate * second_moment / (2 * (1 - busy))
    assert waits.host_s / capacity.LENGTH_S == pytest.approx(busy, rel=0.05)
    assert fmean(waits.latencies) == pytest.approx(expected, rel=0.12)


def test_a_database_with_too_few_cores_is_what_people_wait_for(capacity: Any) -> None:
    def busy(cores: int) -> tuple[float, float]:
        request = capacity.Request(10.0, 1.0, 20.0)
        waits = capacity.simulate(capacity.Setup(600, 4, 2, cores), [request], length_s=20)
        return waits.database_s / 20, waits.quantile_ms(0.99)

    (one, slow), (two, fast) = busy(1), busy(2)
    assert one == pytest.approx(1.0, rel=0.05)  # the core never rests
    assert two == pytest.approx(600 / 10.03 * 0.02, rel=0.1)
    assert slow > 5 * fast


def test_a_session_costs_what_was_measured_of_a_mean_request(capacity: Any) -> None:
    session = capacity.session()
    assert fmean(each.host_ms for each in session) == pytest.approx(3.1, rel=0.05)
    assert fmean(each.database_ms for each in session) == pytest.approx(0.62, rel=0.05)
