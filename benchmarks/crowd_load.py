"""A crowd with think times that grows and shrinks between measurements, on one event loop."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from books import Books
from knowledge import Knowledge
from load import percentile
from people import Lost, Person
from processes import Meter
from standing import Joining, Standing
from think import Pace

#: So many people join a second at most: they load their page in the middle of a session.
JOINING = 150
#: The memory of the programs is looked at so often, s.
LOOKING = 2.0
Told = Callable[[float], None]


@dataclass
class Measured:
    """What one window has shown.

    Attributes
    ----------
    participants : int
        How many there were.
    seconds : float
        Length of the window.
    times : dict[str, list[float]]
        Seconds of every request that ended in it, by kind.
    errors : dict[str, int]
        What went wrong, by what it was.
    completed : int
        Sessions that came to their end in it.
    cpu : dict[str, float]
        Program -> CPU seconds spent in it.
    peak : dict[str, int]
        Program -> most bytes of memory in it.
    """

    participants: int
    seconds: float
    times: dict[str, list[float]]
    errors: dict[str, int]
    completed: int
    cpu: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)

    @property
    def answers(self) -> list[float]:
        """Seconds of every answer, the last ones of sessions too."""
        return self.times.get("answer", []) + self.times.get("last answer", [])

    @property
    def rate(self) -> float:
        """Answered trials a second."""
        return len(self.answers) / self.seconds

    @property
    def requests(self) -> int:
        """Requests of every kind."""
        return sum(len(times) for times in self.times.values())

    def p(self, share: float, kind: str = "") -> float:
        """Return the ms that a share of the requests of a kind (or answers) did not exceed."""
        return percentile(self.times.get(kind, []) if kind else self.answers, share)

    def cpu_ms(self, program: str) -> float:
        """Return CPU milliseconds of a program for each request; NaN where it does not run."""
        if program not in self.cpu or not self.requests:
            return math.nan
        return 1000 * self.cpu[program] / self.requests

    def held(self, most_ms: float) -> bool:
        """Say whether nothing went wrong and p99 of answers stayed below a bound."""
        return not self.errors and bool(self.answers) and self.p(0.99) < most_ms


class Crowd:
    """So many people who take a study, each followed by another when done.

    Parameters
    ----------
    port : int
        Loopback port of the host, or of the proxy before several.
    study : str
        Name of an open study.
    pace : Pace
        Think times.
    standing : Standing
        Makes sessions to join in the middle.
    quick : float
        Factor of all think times.
    fresh : float
        Share of the people who begin from the page when they join; by default as many
        as would be before their first trial at any moment.
    knowledge : Knowledge or None, optional
        With what they answer; by default at random.
    """

    def __init__(
        self,
        port: int,
        study: str,
        pace: Pace,
        standing: Standing,
        quick: float,
        fresh: float,
        knowledge: Knowledge | None = None,
    ) -> None:
        self.port, self.study, self.pace, self.standing = port, study, pace, standing
        self.quick, self.fresh = quick, fresh
        self.knowledge = knowledge
        self.books = Books()
        self.losses = 0
        self._places: list[asyncio.Task[None]] = []
        self._born = 0
        self._mark = f"bench-{time.time_ns():x}"

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._places)

    async def become(self, n: int, told: Told = lambda _: None) -> None:
        """Grow or shrink to `n`; who joins does so spread over the time it takes."""
        while self.size > n:
            self._places.pop().cancel()
        coming = n - self.size
        if coming <= 0:
            return
        anew = [int((n + 1) * self.fresh) > int(n * self.fresh) for n in range(coming)]
        joining = await asyncio.to_thread(self.standing.copies, anew.count(False))
        begun, seconds = time.perf_counter(), max(2.0 * self.quick, coming / JOINING)
        for number, fresh in enumerate(anew):
            await asyncio.sleep(begun + seconds * number / coming - time.perf_counter())
            before = random.uniform(0, self.pace.before_trials()) if fresh else 0.0
            place = self._place(None if fresh else joining.pop(), before)
            self._places.append(asyncio.create_task(place))
            told((number + 1) / coming)

    async def measure(self, seconds: float, meter: Meter, told: Told = lambda _: None) -> Measured:
        """Measure what happens in a window from now on."""
        books, begun = self.books, time.perf_counter()
        client = time.process_time()
        meter.begin()
        books.begin()
        while (passed := time.perf_counter() - begun) < seconds:
            told(passed / seconds)
            await asyncio.sleep(min(LOOKING, seconds - passed))
            await asyncio.to_thread(meter.look)
        books.end()
        passed = time.perf_counter() - begun
        meter.end()
        cpu = {**meter.cpu, "client": time.process_time() - client}
        return Measured(
            self.size, passed, books.times, books.errors, books.completed, cpu, dict(meter.peak)
        )

    async def leave(self) -> None:
        """Let all participants leave; give up requests under way."""
        for place in self._places:
            place.cancel()
        await asyncio.gather(*self._places, return_exceptions=True)
        self._places.clear()

    async def _place(self, joining: Joining | None, before: float) -> None:
        """Begin one participant after the other."""
        while True:
            self._born += 1
            name = f"{self._mark}-{self._born}"
            person = Person(
                self.port, self.study, self.pace, self.books, name, self.quick, before,
                self.knowledge,
            )  # fmt: skip
            try:
                if joining is None:
                    await person.take()
                else:
                    await person.join(joining)
            except Lost:
                self.losses += 1
                await asyncio.sleep(1)
            finally:
                person.close()
            joining, before = None, 0.0
