"""What an answer costs here, in psiTurk, in oTree and in a bare Flask route: in turns, same client.

The first run installs psiTurk and oTree with pip into a cache folder outside of this repository.
Each system serves a new database of its own on the same server. All of them run until the end; one
is asked at a time. CPU is that of its server processes and of the database, divided by answers;
each figure is also given as a ratio to the bare route of the same round. Afterwards every accepted
answer is looked for in the database.

Loopback only (except pip); ends by itself. Client, servers and databases share this machine.

  make bench-peers                                    about five minutes, and the installation
  make bench-peers BENCH_ARGS="--quick"               does it work here? one short round
  make bench-peers BENCH_ARGS="--docs docs/performance.md"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_answers import replace_in_docs
from hosts import LABELS
from peers import otree, psiturk
from peers.environments import default_cache, environment_of, version_in
from peers.own import BareRoute, Diptych
from peers.report import HEAD, Results, faults, markdown, plain, rows
from peers.system import Place, System
from peers.turns import Plan, take_turns
from rich.console import Console
from rich.table import Table
from support.databases import running_postgresql

PEERS = ("psiturk", "otree")
MARKS = ("<!-- peers -->\n", "<!-- end of peers -->\n")
console = Console()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="beside Diptych (all)")
    add("--databases", nargs="+", choices=list(LABELS), default=list(LABELS), help="(both)")
    add("--rounds", type=int, help="turns of each system (5)")
    add("--seconds", type=float, help="length of a turn (4)")
    add("--people", type=int, default=20, help="who answer at once (20)")
    add("--workers", type=int, default=2, help="server processes of each system (2)")
    add("--cache", type=Path, default=default_cache(), help="folder of the installed peers")
    add("--quick", action="store_true", help="one round of a second")
    add("--docs", type=Path, help="Markdown page whose figures are replaced, between its marks")
    add("--json", type=Path, help="file for the figures, to be read by a program")
    options = parser.parse_args()
    if options.docs and not (
        options.docs.is_file() and MARKS[0] in options.docs.read_text(encoding="utf-8")
    ):  # not after all the minutes
        parser.error(f"--docs: {options.docs} has no line {MARKS[0].strip()}")
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (1.0 if options.quick else 4.0)
    return options


def installed(options: argparse.Namespace) -> list[System]:
    """Return the systems that are compared; install the peers that are missing."""
    systems: list[System] = [BareRoute(), Diptych()]
    if "psiturk" in options.peers:
        binaries = environment_of(options.cache, "psiturk", psiturk.INSTALLS, console.print)
        systems.append(psiturk.PsiTurk(binaries, version_in(binaries, "psiturk")))
    if "otree" in options.peers:
        binaries = environment_of(options.cache, "otree", otree.INSTALLS, console.print)
        systems.append(otree.OTree(binaries, version_in(binaries, "otree")))
    return systems


def run(kind: str, results: Results) -> None:
    """Run all turns on one kind of database."""
    with ExitStack() as stack:
        server = stack.enter_context(running_postgresql()) if kind == "postgresql" else None
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="diptych-peers-")))
        place = Place(server, folder, results.workers, results.plan.trials)
        status = stack.enter_context(console.status("starting the servers"))
        running = [(each, stack.enter_context(each.running(place))) for each in results.systems]

        def told(words: str) -> None:
            status.update(f"{LABELS[kind]}, {words}")

        results.busy.append(os.getloadavg()[0])
        results.seen[LABELS[kind]] = take_turns(running, results.plan, told)
    results.busy.append(os.getloadavg()[0])


def main() -> int:
    """Run the benchmark; 1 when an answer failed or is not stored."""
    options = arguments()
    plan = Plan(people=options.people, seconds=options.seconds, rounds=options.rounds)
    results = Results(plan, options.workers, installed(options))
    for kind in options.databases:
        run(kind, results)
    table = Table(*HEAD)
    for row in rows(results):
        table.add_row(*row)
    console.print(table)
    for words in faults(results):
        console.print(f"✗ {words}", markup=False)
    if options.json:
        options.json.write_text(json.dumps(plain(results), indent=1), encoding="utf-8")
    if options.docs:
        replace_in_docs(markdown(results), options.docs, *MARKS)
    return 1 if faults(results) else 0


if __name__ == "__main__":
    sys.exit(main())
