"""What participants wait for while a researcher opens every page and exports all rows.

300 people with think times take a study on one host (two gunicorn workers). In turns, nobody uses
the dashboard, or a researcher does without a pause, in processes of its own: one opens every page,
and one reads all trials as CSV and all sessions as Parquet, again and again. The database holds
many answers before.
The p99 of answers with the researcher is compared with the p99 without, in the same run.

Loopback only; ends by itself after some minutes. Client, host and database share this machine.

  make bench-busy                                       both databases, 1,000,000 answers stored
  make bench-busy BENCH_ARGS="--quick"                  does it work here? five participants
  make bench-busy BENCH_ARGS="--docs docs/performance.md"
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench_answers import replace_in_docs
from crowd_load import Crowd
from fill import fill
from hosts import LABELS, Prepared, not_kept, prepared, running
from load import percentile
from pages import Page, pages_of
from processes import Meter
from sql_cost import answer_to
from standing import Standing
from support.dashboard import Researcher
from support.databases import PostgreSQL, running_postgresql
from support.rows import query
from support.walker import Walker
from think import PACES

from diptych.web.dashboard.access import COOKIE

TASK = "category_learning"
#: The p99 of answers may grow by a quarter.
MOST_GROWTH = 1.25
KINDS = ("quiet", "busy")
MARKS = ("<!-- busy -->\n", "<!-- end of busy -->\n")


@dataclass
class Seen:
    """What participants and the researcher met on one kind of database.

    Attributes
    ----------
    stored : int
        Answers in the database at the beginning.
    times : dict[str, list[list[float]]]
        `quiet` or `busy` -> seconds of every answer, a list for each window.
    errors : dict[str, int]
        Of participants.
    pages : int
        That the researcher has got.
    megabytes : float
        Of exports.
    refused : list[str]
        Pages that were not shown.
    wrong : list[str]
        Answers that are not kept.
    """

    stored: int
    times: dict[str, list[list[float]]] = field(default_factory=lambda: {k: [] for k in KINDS})
    errors: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    megabytes: float = 0.0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def p(self, kind: str, share: float) -> float:
        """Return the ms that a share of the answers did not exceed, all windows together."""
        return percentile([t for window in self.times[kind] for t in window], share)

    def growths(self) -> list[float]:
        """Return p99 with the researcher over p99 without, for each round."""
        pairs = zip(self.times["busy"], self.times["quiet"], strict=True)
        return [percentile(busy, 0.99) / percentile(quiet, 0.99) for busy, quiet in pairs]


def research(
    port: int, cookie: str, session: str, pages: list[Page], stop: Any, found: Any
) -> None:
    """Open every page, and read every download to its end, until `stop` is set."""
    while not stop.is_set():
        for page in pages:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
            address = page.address.format(session=session)
            connection.request("GET", address, headers={"Cookie": cookie})
            reply, size = connection.getresponse(), 0
            while not stop.is_set() and (part := reply.read1(1 << 16)):
                size += len(part)
            connection.close()
            shown = reply.status < 400 or page.may_fail
            found.put((page.name, page.whole, size, 0 if shown else reply.status))
            if stop.is_set():
                return


def stored_before(on: Prepared, trials: int, wanted: int) -> int:
    """Let one person take the study, and copy the session until so many answers are stored."""
    walker = Walker(on.app.test_client(), TASK)
    walker.arrive({"width": 1280, "height": 800, "user_agent": "bench"})
    walker.take("consent", agreed=True).take("instructions", read_ms=20_000)
    for index in range(trials):
        reply = walker.post(index, answer_to(walker.trial)["response"])
        walker.state = reply.json["next"]
    return fill(on.settings.sqlalchemy_url, wanted)


class Research:
    """A researcher's browser in a process of its own, from the first page until `end`."""

    def __init__(self, *where: Any) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._stop, self._found = spawn.Event(), spawn.SimpleQueue()
        whole = (*where, self._stop, self._found)
        self._process = spawn.Process(target=research, args=whole, daemon=True)
        self._process.start()

    async def begun(self) -> None:
        """Wait for the first page."""
        while self._found.empty() and self._process.is_alive():
            await asyncio.sleep(0.1)

    async def end(self, seen: Seen) -> None:
        """Let the process end, and count what it has got."""
        self._stop.set()
        await asyncio.to_thread(self._process.join)
        while not self._found.empty():
            name, is_file, size, status = self._found.get()
            seen.pages += not is_file
            seen.megabytes += size / 1e6 if is_file else 0.0
            if status:
                seen.refused.append(f"{name}: {status}")


def split(pages: list[Page]) -> tuple[list[Page], list[Page]]:
    """Return the pages, and the files with all rows: both are asked for at the same time."""
    return [p for p in pages if not p.whole], [p for p in pages if p.whole]


async def windows(
    crowd: Crowd,
    meter: Meter,
    where: tuple[int, str, str],
    pages: list[Page],
    options: argparse.Namespace,
    seen: Seen,
) -> None:
    """Measure windows without and with the researcher, in turns; the first of a round changes."""
    await crowd.become(options.participants)
    await asyncio.sleep(options.settle + options.participants / 100)
    for number in range(options.rounds):
        for kind in KINDS if number % 2 == 0 else reversed(KINDS):
            tabs = [Research(*where, some) for some in split(pages)] if kind == "busy" else []
            for tab in tabs[:1]:
                await tab.begun()
            measured = await crowd.measure(options.seconds, meter)
            for tab in tabs:
                await tab.end(seen)
            await asyncio.sleep(options.settle)  # what the host still does for the researcher
            seen.times[kind].append(measured.answers)
            for what, many in measured.errors.items():
                seen.errors[what] = seen.errors.get(what, 0) + many
            p99 = measured.p(0.99)
            print(f"round {number + 1}, {kind}: p99 {p99:.0f} ms", file=sys.stderr, flush=True)
    await crowd.leave()


def bench(server: PostgreSQL | None, options: argparse.Namespace) -> Seen:
    """Measure on one kind of database."""
    with prepared(server, TASK, options.trials) as on:
        seen = Seen(stored_before(on, options.trials, options.stored))
        cookie = Researcher(on.app, "bench", is_admin=True).client.get_cookie(COOKIE)
        assert cookie is not None
        pages = pages_of(on.app, TASK)
        with running(on, 1, options.workers) as hosts:
            pace, standing = PACES[TASK], Standing(on.settings, on.app, TASK)
            whole = pace.whole(options.trials, options.trials * 2 // 3)
            fresh = pace.before_trials() / whole
            crowd = Crowd(hosts.port, TASK, pace, standing, options.think, fresh)
            asked = "SELECT public_id FROM sessions WHERE status = 'completed' ORDER BY id LIMIT 1"
            session = str(query(on.settings, asked)[0][0])
            where = (hosts.port, f"{COOKIE}={cookie.value}", session)
            asyncio.run(windows(crowd, Meter(hosts.programs), where, pages, options, seen))
        seen.wrong = not_kept(on.settings, crowd.books)
    return seen


def verdicts(found: dict[str, Seen]) -> list[tuple[bool, str]]:
    """Return each thing that must hold, and whether it did."""
    said = []
    for database, seen in found.items():
        growths = seen.growths()
        said.append((
            median(growths) <= MOST_GROWTH,
            f"{database}: with the researcher, p99 of answers is {median(growths):.2f} times as "
            f"long (median of rounds; {min(growths):.2f}–{max(growths):.2f}; at most "
            f"{MOST_GROWTH})",
        ))  # fmt: skip
        bad = [*seen.wrong, *sorted(set(seen.refused)), *(f"{w} ({n})" for w, n in
               seen.errors.items())]  # fmt: skip
        said += [(False, f"{database}: {words}") for words in bad]
    return said


def markdown(found: dict[str, Seen], options: argparse.Namespace, busy: float) -> str:
    """Write the figures as in docs/performance.md."""
    lines = [
        f"{options.participants} participants with think times, {options.workers} gunicorn "
        f"workers; {options.rounds} rounds of {options.seconds:.0f} s without and with the "
        f"researcher. Client, host and database share {os.cpu_count()} cores; the load average of "
        f"the machine was {busy:.1f} at the start.",
        "",
        "| Database | Stored before | Researcher | Answers | p50 ms | p95 ms | p99 ms |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for database, seen in found.items():
        for kind in KINDS:
            number = sum(map(len, seen.times[kind]))
            shares = " | ".join(f"{seen.p(kind, share):.0f}" for share in (0.5, 0.95, 0.99))
            what = "none" if kind == "quiet" else (
                f"{seen.pages} pages, {seen.megabytes:.0f} MB of exports"
            )  # fmt: skip
            lines.append(f"| {database} | {seen.stored:,} | {what} | {number:,} | {shares} |")
    lines += ["", *(f"- {'✓' if held else '✗'} {words}" for held, words in verdicts(found))]
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--databases", nargs="+", choices=list(LABELS), default=list(LABELS), help="(both)")
    add("--participants", type=int, help="at once (300)")
    add("--stored", type=int, help="answers stored before (1,000,000)")
    add("--rounds", type=int, help="windows of each kind (3)")
    add("--seconds", type=float, help="length of a window (20)")
    add("--workers", type=int, default=2, help="gunicorn workers (2)")
    add("--quick", action="store_true", help="5 participants, one short round")
    add("--docs", type=Path, help="Markdown page whose figures are replaced, between its marks")
    add("--json", type=Path, help="file for the figures, to be read by a program")
    options = parser.parse_args()
    hurry, options.trials = options.quick, 45
    options.participants = options.participants or (5 if hurry else 300)
    options.stored = options.stored or (1_000 if hurry else 1_000_000)
    options.rounds = options.rounds or (1 if hurry else 3)
    options.seconds = options.seconds or (4.0 if hurry else 20.0)
    options.settle, options.think = (0.5, 0.05) if hurry else (3.0, 1.0)
    if options.docs and MARKS[0] not in options.docs.read_text(encoding="utf-8"):
        parser.error(f"--docs: {options.docs} has no line {MARKS[0].strip()}")
    return options


def main() -> int:
    """Run the benchmark; 1 when something that must hold did not."""
    options, busy = arguments(), os.getloadavg()[0]
    found: dict[str, Seen] = {}
    for kind in options.databases:
        with ExitStack() as stack:
            server = stack.enter_context(running_postgresql()) if kind == "postgresql" else None
            found[LABELS[kind]] = bench(server, options)
    text = markdown(found, options, busy)
    print(text)
    if options.json:
        plain = {
            database: {
                "stored": seen.stored, "growth": seen.growths(), "pages": seen.pages,
                "megabytes": seen.megabytes,
                "p99_ms": {kind: seen.p(kind, 0.99) for kind in KINDS},
            }
            for database, seen in found.items()
        }  # fmt: skip
        options.json.write_text(json.dumps(plain, indent=1), encoding="utf-8")
    if options.docs:
        replace_in_docs(text, options.docs, *MARKS)
    return 0 if all(held for held, _ in verdicts(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
