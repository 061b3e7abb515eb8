"""How many people so many hosts serve: a queueing simulation from measured service times.

People go through the sessions of `bench_load.py` (45 trials, 2.5 s of thought over each), each at
another place. A request waits for a free worker of its host, which a proxy draws by lot, is worked
on there, and then waits for one of the database's cores. The service times are those that
`docs/performance.md` states. Run by `make capacity`; docs/capacity.md says what is assumed.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

BEGIN, END = "<!-- capacity -->\n", "<!-- end of capacity -->\n"
#: Seconds of a run, and those before anything is counted.
LENGTH_S, WARM_UP_S = 30.0, 5.0
#: Coefficient of variation of a service time about its mean, and of a thought about its.
SPREAD = 0.5
console = Console()


@dataclass(frozen=True)
class Request:
    """One request of a session.

    Attributes
    ----------
    thought_s : float
        Mean time from the reply before to this request, s.
    host_ms, database_ms : float
        Mean CPU time of the worker and of the database, ms.
    """

    thought_s: float
    host_ms: float
    database_ms: float


@dataclass(frozen=True)
class Setup:
    """What serves them.

    Attributes
    ----------
    people, hosts, workers, database_cores : int
        Workers are those of one host, each with a core.
    """

    people: int
    hosts: int
    workers: int
    database_cores: int


@dataclass
class Waits:
    """What came of a run.

    Attributes
    ----------
    latencies : list[float]
        From sending a request to its reply, s.
    host_s, database_s : float
        Time worked, of all workers together and of all cores of the database.
    """

    latencies: list[float] = field(default_factory=list)
    host_s: float = 0.0
    database_s: float = 0.0

    def quantile_ms(self, share: float) -> float:
        """Return a quantile of the latencies in ms."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def session() -> list[Request]:
    """Return the requests of one session, two for each answer.

    The CPU times are those of docs/performance.md: an answer as served, the steps as in one
    process. Their means over all requests, 3.0 and 0.6 ms, are those that were measured with 1,000
    people. The last answer brings its settling, which runs behind it but on the same core.
    """
    image, answer = Request(0.0, 1.1, 0.0), Request(2.5, 3.6, 0.95)
    begin = [
        Request(2.0, 2.2, 0.3),  # page
        Request(0.5, 7.1, 1.8),  # entry
        Request(20.0, 10.7, 2.2),  # consent
        Request(30.0, 4.3, 1.2),  # instructions
        Request(0.0, 2.8, 0.5),  # list of images
    ]
    end = [Request(2.5, 29.5, 4.0), Request(10.0, 4.7, 1.2), Request(10.0, 7.8, 1.2)]
    return [*begin, *[image] * 37, *[answer] * 44, *end]


def _drawn(rng: random.Random, mean: float) -> float:
    """Draw a log-normal time."""
    if mean == 0:
        return 0.0
    sigma = math.sqrt(math.log(1 + SPREAD**2))
    return rng.lognormvariate(math.log(mean) - sigma**2 / 2, sigma)


def simulate(
    setup: Setup, requests: Sequence[Request], *, seed: int = 1, length_s: float = LENGTH_S
) -> Waits:
    """Let people go through sessions, and note what they wait for.

    Parameters
    ----------
    setup : Setup
        Who comes, and what serves them.
    requests : sequence of Request
        Of a session; after the last one another session begins.
    seed : int, optional
        Of the generator.
    length_s : float, optional
        What is counted, after `WARM_UP_S`.
    """
    rng, number, waits = random.Random(seed), count(), Waits()
    workers = [0.0] * (setup.hosts * setup.workers)  # free from, s
    cores = [0.0] * setup.database_cores
    # (time, number, whether the worker is done, place in the session, when it was sent)
    events: list[tuple[float, int, bool, int, float]] = []
    thoughts = [request.thought_s for request in requests]
    for place in rng.choices(range(len(requests)), thoughts, k=setup.people):
        # In the middle of a thought: one that is met by chance is longer than the mean.
        left = rng.random() * _drawn(rng, thoughts[place] * (1 + SPREAD**2))
        heapq.heappush(events, (left, next(number), False, place, 0.0))
    over = WARM_UP_S + length_s
    while events and events[0][0] < over:
        at, _, worked, place, sent = heapq.heappop(events)
        request, counted = requests[place], at >= WARM_UP_S
        if not worked:
            worker, took = rng.randrange(len(workers)), _drawn(rng, request.host_ms / 1000)
            workers[worker] = max(at, workers[worker]) + took
            waits.host_s += took * counted
            heapq.heappush(events, (workers[worker], next(number), True, place, at))
            continue
        done = at
        if request.database_ms:
            took = _drawn(rng, request.database_ms / 1000)
            done = max(at, cores[0]) + took
            heapq.heapreplace(cores, done)
            waits.database_s += took * counted
        if counted:
            waits.latencies.append(done - sent)
        place = (place + 1) % len(requests)
        thought = _drawn(rng, requests[place].thought_s)
        heapq.heappush(events, (done + thought, next(number), False, place, 0.0))
    return waits


def row_of(setup: Setup, waits: Waits) -> tuple[str, ...]:
    """Return a line of the table."""
    workers = setup.hosts * setup.workers
    return (
        f"{setup.people:,}",
        str(setup.hosts),
        str(setup.workers),
        str(setup.database_cores),
        f"{len(waits.latencies) / LENGTH_S:,.0f}",
        f"{100 * waits.host_s / (workers * LENGTH_S):.0f} %",
        f"{100 * waits.database_s / (setup.database_cores * LENGTH_S):.0f} %",
        f"{waits.quantile_ms(0.5):.0f}",
        f"{waits.quantile_ms(0.99):.0f}",
    )


def on_shared_cores(requests: Sequence[Request]) -> list[Request]:
    """Put the database's work, and the client's 0.55 ms a request, on the cores of the workers."""
    return [
        Request(each.thought_s, each.host_ms + each.database_ms + 0.55, 0.0) for each in requests
    ]


SETUPS = (
    Setup(300, 1, 2, 1),
    Setup(1000, 1, 2, 1),
    Setup(1250, 1, 2, 1),
    Setup(1250, 1, 3, 1),
    Setup(10_000, 8, 2, 6),
    Setup(10_000, 8, 3, 6),
    Setup(10_000, 8, 3, 4),
    Setup(10_000, 8, 3, 3),
)
#: p99 (ms) of answers that docs/performance.md states for one host beside PostgreSQL.
MEASURED = {300: 23, 650: 155, 781: 98, 825: 333, 1000: 877}
HEAD = (
    "People", "Hosts", "Workers a host", "Database cores", "Requests/s", "Workers busy",
    "Database busy", "p50 ms", "p99 ms",
)  # fmt: skip


def main() -> int:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--docs", type=Path, help="Markdown page whose figures are replaced")
    parser.add_argument("--seed", type=int, default=1, help="of the generator")
    options = parser.parse_args()
    rows = [row_of(setup, simulate(setup, session(), seed=options.seed)) for setup in SETUPS]
    table = Table(*HEAD, title="Simulated")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for people in MEASURED:
        waits = simulate(Setup(people, 1, 2, 1), on_shared_cores(session()), seed=options.seed)
        told = f"{waits.quantile_ms(0.99):.0f} ms simulated, {MEASURED[people]} ms measured"
        console.print(f"everything on two cores, {people:,} people: p99 {told}")
    if options.docs:
        page = options.docs.read_text(encoding="utf-8")
        lines = [HEAD, ("---:",) * len(HEAD), *rows]
        text = "".join("| " + " | ".join(line) + " |\n" for line in lines)
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.docs.write_text(before + BEGIN + text + END + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
