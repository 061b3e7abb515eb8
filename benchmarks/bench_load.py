"""Simulated participants with real think times: what they wait for, and what they cost.

50, 300 and 1,000 people at once take a study as browsers do: the page, its scripts, entry,
consent, instructions, all pictures, trial by trial with two to three seconds of thought (six in
2-AFC), the pages at the end; who is done is followed by somebody new. When a measurement begins,
people stand everywhere in their sessions. gunicorn on SQLite and on PostgreSQL, then three hosts
behind one proxy, where every request goes to any of them. Then a bare Flask route that inserts one
row is held against an answered trial, and sessions that end against sessions that are left.

Loopback only; ends by itself: after some 7 minutes, 12 with --find-largest. Client, hosts, proxy
and database share this machine: let nothing else run on it.

  make bench-load                                     all of it, the largest load too
  make bench-load BENCH_LOAD_ARGS="--quick"           does it work here? under two minutes
  make bench-load BENCH_LOAD_ARGS="--setups postgresql:3 --participants 300 --parts load"
  make bench-load BENCH_LOAD_ARGS="--docs docs/performance.md"
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench_answers import replace_in_docs
from crowd_load import Crowd, Measured
from hosts import LABELS, Hosts, Prepared, environment, not_kept, prepared, running
from load_document import markdown, plain
from load_report import MOST_P99_MS, LargestLoad, Results, Row, show
from processes import Meter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from session_cost import Costs, measure_session, through_a_proxy
from standing import Standing
from support.databases import PostgreSQL, running_postgresql
from think import PACES
from yardstick import BareServer, Plan, compare, make_table, settling

SETUPS = ("sqlite:1", "postgresql:1", "postgresql:3")
#: So many who have come at once are given a second more until they are measured.
CALM = 100
PARTS = ("load", "yardstick", "settling")
console = Console()


class Bar:
    """One progress bar whose words change."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0)

    def begin(self, words: str) -> None:
        """Begin something new."""
        self._progress.update(self._task, description=words, completed=0.0)

    def told(self, share: float) -> None:
        """Show the share (0..1) that is done."""
        self._progress.update(self._task, completed=share)


@contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar that goes away when its work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress)


def sql_costs(on: Prepared, task: str) -> Costs:
    """Measure what each kind of request costs."""
    if on.server is None:
        return measure_session(on.settings, task)
    return through_a_proxy(on.server, on.database, on.settings, task)


class SetupRun:
    """All loads on one setup: a kind of database, and a number of hosts.

    Parameters
    ----------
    name : str
        `sqlite:1`, say.
    options : argparse.Namespace
        Of the command line.
    """

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        kind, _, number = name.partition(":")
        self.kind, self.hosts, self.options = kind, int(number), options
        self.workers = options.workers if self.hosts == 1 else 1
        some = f"{self.hosts} hosts" if self.hosts > 1 else "1 host"
        self.label = f"{LABELS[kind]}, {some}"

    def run(self, server: PostgreSQL | None, results: Results) -> None:
        """Do it, and add what was found."""
        options, label = self.options, self.label
        with bar() as told, prepared(server, options.task, options.trials) as on:
            told.begin(f"{label}: counting SQL")
            costs = sql_costs(on, options.task)
            results.costs[LABELS[self.kind]] = costs
            standing = Standing(on.settings, on.app, options.task)
            with running(on, self.hosts, self.workers) as hosts:
                results.proxy = hosts.proxy or results.proxy
                crowd = self._crowd(hosts, standing)
                gc.freeze()
                found, largest = asyncio.run(self._measure(crowd, hosts, told))
            wrong = not_kept(on.settings, crowd.books)
            results.wrong += wrong
            results.rows += [
                Row(label, each, costs.a_request(each.times), not wrong) for each in found
            ]
            if largest:
                results.largest.append(largest)

    def _crowd(self, hosts: Hosts, standing: Standing) -> Crowd:
        options, pace = self.options, PACES[self.options.task]
        told = options.trials * 2 // 3 if options.task == "category_learning" else options.trials
        fresh = pace.before_trials() / pace.whole(options.trials, told)
        return Crowd(hosts.port, options.task, pace, standing, options.quick_thinking, fresh)

    async def _measure(
        self, crowd: Crowd, hosts: Hosts, told: Bar
    ) -> tuple[list[Measured], LargestLoad | None]:
        meter = Meter(hosts.programs)

        async def step(n: int) -> Measured:
            told.begin(f"{self.label}: {n:,} participants come")
            coming = max(0, n - crowd.size)
            await crowd.become(n, told.told)
            # Those who have just come are more load together than any that is to be measured.
            await asyncio.sleep(self.options.settle + coming / CALM)
            told.begin(f"{self.label}: {n:,} participants")
            return await crowd.measure(self.options.seconds, meter, told.told)

        found = [await step(n) for n in sorted(self.options.participants)]
        largest = None
        if self.options.find_largest:
            largest = LargestLoad(self.label, [(m.participants, m) for m in found])
            for _ in range(self.options.steps):
                n = largest.next(MOST_P99_MS, self.options.most)
                if n is None:
                    break
                largest.tried.append((n, await step(n)))
        await crowd.leave()
        return found, largest


def yardstick(kind: str, server: PostgreSQL | None, options: argparse.Namespace) -> list:
    """Run the turns of the yardstick and of settling on one kind of database."""
    # A quick run begins few sessions: they must not be over before the measuring begins.
    fastest, warm_up = (200, 0.1) if options.quick else (2000, 1.5)
    plan = Plan(
        options.people, options.turn_seconds, warm_up, rounds=options.rounds, fastest=fastest,
        trials=options.trials,
    )  # fmt: skip
    turns = []
    with ExitStack() as stack:
        told = stack.enter_context(bar())
        on = stack.enter_context(prepared(server, options.task, options.trials))
        own = stack.enter_context(running(on, 1, options.workers))

        def words(text: str) -> None:
            told.begin(f"{LABELS[kind]}, {text}")

        if "yardstick" in options.parts:
            make_table(on.settings)
            bare = BareServer(environment(on.settings), on.folder / "bare.log", options.workers)
            bare.start()
            stack.callback(bare.stop)
            programs = {**own.programs, "server": [bare.pid]}
            turns += compare(Hosts(bare.port, programs), own, options.task, plan, words)
        if "settling" in options.parts:
            turns += settling(own, options.task, plan, words)
    return turns


def arguments() -> argparse.Namespace:
    """Read the command line."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--participants", nargs="+", type=int, help="at once, each a line (50 300 1000)")
    add("--setups", nargs="+", choices=SETUPS, default=list(SETUPS), help="database:hosts")
    add("--task", choices=list(PACES), default="category_learning", help="whose study is taken")
    add("--trials", type=int, default=45, help="trials a session (45)")
    add("--seconds", type=float, help="length of a measurement (12)")
    add("--workers", type=int, default=2, help="gunicorn workers of a single host (2)")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured")
    add(
        "--find-largest",
        action="store_true",
        help=f"double and halve until p99 of answers is {MOST_P99_MS:.0f} ms",
    )
    add("--steps", type=int, default=4, help="tries of --find-largest (4)")
    add("--most", type=int, default=8000, help="participants that are never exceeded (8000)")
    add(
        "--think",
        type=float,
        default=1.0,
        dest="quick_thinking",
        help="factor of all think times; 1: as real people take them",
    )
    add("--quick", action="store_true", help="5 participants, short turns, hurried thinking")
    add("--docs", type=Path, help="Markdown page whose figures are replaced, between its marks")
    add("--json", type=Path, help="file for the figures, to be read by a program")  # fmt: skip
    options = parser.parse_args()
    options.mark = "load" if options.task == "category_learning" else f"load {options.task}"
    if options.docs and not options.docs.is_file():  # not after all the minutes
        parser.error(f"--docs: there is no page {options.docs}")
    if options.docs and f"<!-- {options.mark} -->" not in options.docs.read_text("utf-8"):
        parser.error(f"--docs: {options.docs} has no line <!-- {options.mark} -->")
    hurry = options.quick
    options.participants = options.participants or ([5] if hurry else [50, 300, 1000])
    options.seconds = options.seconds or (5.0 if hurry else 12.0)
    options.settle = 1.0 if hurry else 3.0
    options.people, options.rounds = (5, 1) if hurry else (50, 3)
    options.turn_seconds = 2.0 if hurry else 6.0
    options.steps = min(options.steps, 1) if hurry else options.steps
    if hurry and options.quick_thinking == 1.0:
        options.quick_thinking = 0.02
    return options


def main() -> int:
    """Run the benchmark; 1 when something that must hold did not."""
    options = arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else soft, hard))
    results = Results(vars(options))
    for kind in LABELS:
        setups = [name for name in options.setups if name.startswith(kind)]
        if not setups:
            continue
        with ExitStack() as stack:
            server = None
            if kind == "postgresql":
                server = stack.enter_context(running_postgresql())
            for name in setups if "load" in options.parts else ():
                SetupRun(name, options).run(server, results)
            if {"yardstick", "settling"} & set(options.parts):
                results.turns[LABELS[kind]] = yardstick(kind, server, options)
    held = show(results, console)
    if options.json:
        options.json.write_text(json.dumps(plain(results), indent=1), encoding="utf-8")
    if options.docs:
        begin, end = f"<!-- {options.mark} -->\n", f"<!-- end of {options.mark} -->\n"
        replace_in_docs(markdown(results), options.docs, begin, end)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
