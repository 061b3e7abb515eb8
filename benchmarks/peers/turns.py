"""Turns: one system after the other is asked by the same client, and what its answers cost."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connection import ServerClosed
from hosts import Hosts
from load import percentile
from processes import Meter

from peers.system import Client, Refused, System

Told = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much of it.

    Attributes
    ----------
    people : int
        How many answer at once, without think time.
    seconds, warm_up : float
        Length of a turn, and of what is not measured before it, s.
    rounds : int
        How many turns each system has.
    trials : int
        Of a session.
    """

    people: int = 20
    seconds: float = 4.0
    warm_up: float = 1.0
    rounds: int = 5
    trials: int = 45


@dataclass
class Turn:
    """One stretch of answers to one system.

    Attributes
    ----------
    round : int
        Which one, from 0.
    seconds : float
        Its length.
    times : list[float]
        Seconds of every answer in it.
    cpu : dict[str, float]
        Program -> CPU seconds.
    """

    round: int
    seconds: float
    times: list[float]
    cpu: dict[str, float]

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of server and database for each answer."""
        return 1000 * sum(self.cpu.values()) / max(1, len(self.times))

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def p99(self) -> float:
        """Return the ms that 99 % of the answers did not exceed."""
        return percentile(self.times, 0.99)


@dataclass
class Seen:
    """All turns of one system on one database.

    Attributes
    ----------
    turns : list[Turn]
        In their order.
    sent, acknowledged, stored : int
        Answers that were sent, that were accepted, and that are in the database at the end.
    faults : dict[str, int]
        What went wrong, and how often.
    """

    turns: list[Turn] = field(default_factory=list)
    sent: int = 0
    acknowledged: int = 0
    stored: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether every accepted answer is stored, and nothing that was not sent."""
        return self.acknowledged <= self.stored <= self.sent and self.acknowledged > 0


def take_turns(systems: Sequence[tuple[System, Hosts]], plan: Plan, told: Told) -> dict[str, Seen]:
    """Give each system its turns; another one is first in every round."""
    seen = {system.name: Seen() for system, _ in systems}
    for number in range(plan.rounds):
        first = number % len(systems)
        for system, hosts in (*systems[first:], *systems[:first]):
            told(f"round {number + 1} of {plan.rounds}: {system.name}")
            turn = asyncio.run(_turn(number, system, hosts, plan, seen[system.name]))
            seen[system.name].turns.append(turn)
    for system, _ in systems:
        seen[system.name].stored = system.stored()
    return seen


async def _turn(number: int, system: System, hosts: Hosts, plan: Plan, seen: Seen) -> Turn:
    answers = system.fastest * (plan.warm_up + plan.seconds)
    wanted = plan.people + int(answers / (plan.trials - 1))
    sessions = deque(await system.ready(hosts.port, wanted))
    begin = time.perf_counter() + plan.warm_up
    end = begin + plan.seconds
    times: list[float] = []
    work = [
        asyncio.create_task(_people(system, hosts.port, sessions, (begin, end), times, seen))
        for _ in range(plan.people)
    ]
    await asyncio.sleep(max(0.0, begin - time.perf_counter()))
    meter = Meter(hosts.programs)
    meter.begin()
    begun = time.perf_counter()
    await asyncio.wait(work, timeout=max(0.1, end - begun))
    over = time.perf_counter()
    meter.end()
    await asyncio.gather(*work)
    return Turn(number, over - begun, times, meter.cpu)


async def _people(
    system: System, port: int, sessions: deque[Any], window: tuple[float, float],
    times: list[float], seen: Seen,
) -> None:  # fmt: skip
    """Answer one session after the other until the turn is over or no session is left."""
    begin, end = window
    client = Client(port)
    while sessions and time.perf_counter() < end:
        session, more = sessions.popleft(), True
        while more and (started := time.perf_counter()) < end:
            seen.sent += 1
            try:
                more = await system.answer(client, session)
            except (Refused, ServerClosed, OSError, ValueError) as fault:
                words = f"{type(fault).__name__}: {fault}"
                seen.faults[words] = seen.faults.get(words, 0) + 1
                client.close()
                client = Client(port)
                break
            seen.acknowledged += 1
            now = time.perf_counter()
            if begin <= now <= end:
                times.append(now - started)
    client.close()
