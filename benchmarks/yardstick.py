"""What an answered trial costs beside a bare Flask route that inserts one row, and settling.

Both are served by gunicorn with the same settings, from the same database, and asked by the same
client without think time, one after the other in turns. Sessions are begun before the clock
starts, and left before their last answer: nothing is measured but answered trials.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bare_route import ROWS, make_engine
from hosts import Hosts
from load import Figures, Load, Visit, is_last
from processes import Meter, cpu_seconds
from sql_cost import answer_to
from support.servers import LiveServer

from diptych.cli.server import gunicorn_arguments
from diptych.ground.settings import Settings

BODY = {
    "response": {"ranking": ["Agara", "Bari", "Cooka"]},
    "timing": {"rt_ms": 900, "onset_ms": 100, "onset_uncertainty_ms": 16.7, "answered_ms": 1000},
    "events": [],
}
Told = Callable[[str], None]


class BareServer(LiveServer):
    """gunicorn with the bare route, as Diptych is served."""

    def __init__(self, variables: dict[str, str], log: Path, workers: int) -> None:
        path = os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")))
        super().__init__({**variables, "PYTHONPATH": path}, log, workers)

    def command(self) -> list[str]:
        """Return the command of gunicorn, with the settings that `diptych serve` gives it."""
        settings = gunicorn_arguments("127.0.0.1", self.port, self.workers, 5)[:-1]
        return [sys.executable, "-m", "gunicorn", *settings, "bare_route:create_app()"]


def make_table(settings: Settings) -> None:
    """Create the table of the bare route."""
    engine = make_engine(settings)
    ROWS.create(engine, checkfirst=True)
    engine.dispose()


@dataclass
class Turn:
    """One stretch of requests of one kind.

    Attributes
    ----------
    what : str
        `bare`, `answer`, `ends` or `leaves`.
    seconds : float
        Its length.
    figures : Figures
        Of its requests.
    cpu : dict[str, float]
        Program -> CPU seconds.
    requests : int
        What the CPU time is divided by.
    """

    what: str
    seconds: float
    figures: Figures
    cpu: dict[str, float]
    requests: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def cpu_ms(self, *programs: str) -> float:
        """Return the CPU milliseconds per request of some programs together."""
        return 1000 * sum(self.cpu.get(name, 0.0) for name in programs) / max(1, self.requests)


@dataclass(frozen=True)
class Plan:
    """How much of it.

    Attributes
    ----------
    people : int
        How many ask at once.
    seconds : float
        Length of a turn.
    warm_up : float
        What is not measured before it, s.
    rounds : int
        How often each has its turn.
    fastest : int
        Answers a second that sessions are begun for.
    trials : int
        Of a session.
    """

    people: int = 50
    seconds: float = 6.0
    warm_up: float = 1.5
    rounds: int = 3
    fastest: int = 2000
    trials: int = 45


def compare(bare: Hosts, own: Hosts, study: str, plan: Plan, told: Told) -> list[Turn]:
    """Run the bare route and answered trials in turns; the first changes with every round."""
    turns = []
    for number in range(plan.rounds):
        pair = ["bare", "answer"] if number % 2 == 0 else ["answer", "bare"]
        for what in pair:
            told(f"round {number + 1} of {plan.rounds}: {what}")
            hosts = bare if what == "bare" else own
            turns.append(asyncio.run(_turn(what, hosts, study, plan)))
    return turns


async def _turn(what: str, hosts: Hosts, study: str, plan: Plan) -> Turn:
    figures = Figures()
    load = Load("127.0.0.1", hosts.port, study)
    load.begin(float("inf"))
    visits = [Visit(load, figures, f"yard-{time.time_ns():x}-{n}") for n in range(plan.people)]
    ready: deque[tuple[str, dict[str, Any]]] = deque()
    if what == "answer":
        answers = plan.fastest * (plan.warm_up + plan.seconds)
        wanted = int(answers / (plan.trials - 1)) + plan.people
        await _begin_sessions(load, figures, ready, wanted)
    meter = Meter(hosts.programs)
    begin = time.perf_counter() + plan.warm_up
    load.begin(begin, begin + plan.seconds)
    times = figures.latencies
    work = [
        asyncio.create_task(_ask_bare(v, load, times) if what == "bare" else
                            _answer(v, load, times, ready))
        for v in visits
    ]  # fmt: skip
    await asyncio.sleep(begin - time.perf_counter())
    meter.begin()
    await asyncio.wait(work, timeout=plan.seconds)
    over = time.perf_counter()
    meter.end()
    await asyncio.gather(*work)
    for visit in visits:
        visit.close()
    return Turn(what, over - begin, figures, meter.cpu, len(times))


async def _begin_sessions(
    load: Load, figures: Figures, ready: deque[tuple[str, dict[str, Any]]], wanted: int
) -> None:
    """Bring so many sessions to their first trial."""

    async def lane(number: int) -> None:
        for turn in range(number, wanted, 10):
            visit = Visit(load, figures, f"ready-{time.time_ns():x}-{turn}")
            state: dict[str, Any] | None = await visit.enter()
            while state is not None and state["step"] != "trials":
                state = await visit.go_on(state)
            visit.close()
            if state is not None:
                ready.append((visit.token, state))

    await asyncio.gather(*(lane(number) for number in range(10)))


async def _ask_bare(visit: Visit, load: Load, times: list[float]) -> None:
    while not load.is_over():
        done = await visit.call("POST", "/rows", BODY)
        if done and load.is_on():
            times.append(done[1])


async def _answer(
    visit: Visit, load: Load, times: list[float], ready: deque[tuple[str, dict[str, Any]]]
) -> None:
    while ready and not load.is_over():
        visit.token, state = ready.popleft()
        while not is_last(state) and not load.is_over():
            trial = state["content"]["trial"]
            path = f"/api/v1/trials/{trial['index']}/response"
            done = await visit.call("POST", path, answer_to(trial))
            if done is None:
                break
            if load.is_on():
                times.append(done[1])
            state = done[0]["next"]


def settling(own: Hosts, study: str, plan: Plan, told: Told) -> list[Turn]:
    """Settle whole sessions, and the same left before their last response, in turns.

    The CPU time is that of the whole run, all requests of the sessions included, divided by its
    answers.
    """
    turns = []
    for number in range(2 * max(1, plan.rounds - 1)):
        what = "ends" if number % 2 == 0 else "leaves"
        told(f"settling, turn {number + 1}: everybody {what}")
        load = Load("127.0.0.1", own.port, study, plan.people, plan.warm_up, plan.seconds)
        load.leaves = what == "leaves"
        before = {n: sum(map(cpu_seconds, roots)) for n, roots in own.programs.items()}
        figures = load.run()
        cpu = {n: sum(map(cpu_seconds, r)) - before[n] for n, r in own.programs.items()}
        whole = plan.warm_up + figures.seconds
        turns.append(Turn(what, whole, figures, cpu, figures.acknowledged))
    return turns
