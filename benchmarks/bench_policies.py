"""An adaptive policy beside a planned one: what participants wait for after each answer.

One host has a study for each of the two policies, alike in everything else. A crowd with think
times (bench_load.py) takes the planned study, then the adaptive one, in turns, the same number of
people each time, so that both meet the same machine. Client, host and database share it.

  PYTHONPATH=tests python benchmarks/bench_policies.py
  PYTHONPATH=tests python benchmarks/bench_policies.py --policy quest_plus --participants 300
  PYTHONPATH=tests python benchmarks/bench_policies.py --policy expected_gain --participants 100
  PYTHONPATH=tests python benchmarks/bench_policies.py --quick         does it work here?
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench_answers import replace_in_docs
from crowd_load import Crowd
from hosts import LABELS, Hosts, Prepared, not_kept, prepared_with, running
from knowledge import Knowledge
from load import percentile
from load_study import write_study
from processes import Meter
from standing import Standing
from support.databases import running_postgresql
from support.rows import query
from support.tiny_studies import CLASSES
from think import PACES

from diptych.ground.settings import Settings

#: So many who have come at once are given a second more until they are measured.
CALM = 100
#: So many begin, unmeasured.
WARMING = 20


@dataclass(frozen=True)
class Comparison:
    """A policy that follows answers, and the planned one that it is held against.

    Attributes
    ----------
    task : str
        Whose studies are taken.
    adaptive, planned : Mapping[str, Any]
        `[policy]` of both.
    most_p99_ms : float
        p99 of adaptive answers that a machine with nothing else to do must keep, ms.
    images, features : int
        Of the study: least number of images, and of numbers that describe each.
    skill : float or None
        Share of right answers of people who know the classes; None where all guess.
    """

    task: str
    adaptive: Mapping[str, Any]
    planned: Mapping[str, Any]
    most_p99_ms: float = 100.0
    images: int = 0
    features: int = 0
    skill: float | None = None


#: What `--policy` may name.
COMPARISONS = {
    "quest_plus": Comparison(
        "category_learning",
        {
            "name": "quest_plus", "attribute": "size", "log": True, "positive": CLASSES[-1],
            "widths": [0.1, 0.2, 0.3, 0.4, 0.6, 1.0],
        },
        {"name": "constant_stimuli", "attribute": "size", "log": True},
    ),
    # Whoever guesses is soon not traced any more, which costs less than it should.
    "expected_gain": Comparison(
        "category_learning",
        {"name": "expected_gain", "features": "z_"},
        {"name": "balanced"},
        most_p99_ms=30.0,
        images=500,
        features=16,
        skill=0.8,
    ),
}  # fmt: skip


@dataclass
class Arm:
    """One of both studies.

    Attributes
    ----------
    name : str
        Of the policy and its study.
    times : list of float
        Seconds of every answer in the windows.
    errors : dict[str, int]
        What went wrong, by what it was.
    seconds, server_cpu : float
        Length of the windows, and CPU time of the host in them.
    requests : int
        Of every kind.
    """

    name: str
    times: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    server_cpu: float = 0.0
    requests: int = 0

    def p(self, share: float) -> float:
        """Return the ms that a share of the answers did not exceed."""
        return percentile(self.times, share)

    def row(self) -> list[str]:
        """Return the cells of the table."""
        errors = sum(self.errors.values())
        cpu = 1000 * self.server_cpu / max(len(self.times), 1)
        return [
            self.name, f"{len(self.times):,}", f"{len(self.times) / self.seconds:.0f}",
            *(f"{self.p(share):.0f}" for share in (0.5, 0.95, 0.99)), f"{cpu:.1f}",
            f"{self.requests / max(len(self.times), 1):.1f}", str(errors),
        ]  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Return the figures for JSON; times in ms."""
        shares = {str(share): self.p(share) for share in (0.5, 0.95, 0.99)}
        return {"policy": self.name, "answers": len(self.times), "answer_ms": shares,
                "errors": self.errors, "seconds": self.seconds}  # fmt: skip


HEAD = ["policy", "answers", "answers/s", "p50 ms", "p95 ms", "p99 ms",
        "server CPU ms an answer", "requests an answer", "errors"]  # fmt: skip


async def turns(
    crowds: Mapping[str, Crowd], hosts: Hosts, options: argparse.Namespace
) -> dict[str, Arm]:
    """Measure both arms in turns; the first of a round is the last of the next."""
    arms = {name: Arm(name) for name in crowds}
    meter = Meter(hosts.programs)
    for crowd in crowds.values():  # nobody is measured on a host that has just begun
        await crowd.become(min(WARMING, options.participants))
        await asyncio.sleep(options.settle)
        await crowd.leave()
    for number in range(options.rounds):
        for name in list(crowds) if number % 2 == 0 else reversed(list(crowds)):
            crowd, arm = crowds[name], arms[name]
            await crowd.become(options.participants)
            await asyncio.sleep(options.settle + options.participants / CALM)
            seen = await crowd.measure(options.seconds, meter)
            await crowd.leave()
            arm.times += seen.answers
            arm.seconds += seen.seconds
            arm.server_cpu += seen.cpu["server"]
            arm.requests += seen.requests
            for what, many in seen.errors.items():
                arm.errors[what] = arm.errors.get(what, 0) + many
            print(f"round {number + 1}, {name}: p99 {seen.p(0.99):.0f} ms", file=sys.stderr)
    return arms


@dataclass(frozen=True)
class Found:
    """What a run has shown.

    Attributes
    ----------
    arms : dict[str, Arm]
        Study -> its figures, the planned one first.
    wrong : list of str
        Answers that are not kept.
    choices, traced : int
        Choices of policies that trace, and those that used the tracer.
    """

    arms: dict[str, Arm]
    wrong: list[str]
    choices: int
    traced: int


def measured(on: Prepared, options: argparse.Namespace) -> Found:
    """Run one host and both crowds."""
    chosen = COMPARISONS[options.policy]
    pace = PACES[chosen.task]
    told = options.trials * 2 // 3
    fresh = pace.before_trials() / pace.whole(options.trials, told)
    names = [path.name for path in sorted((on.folder / "studies").iterdir(), reverse=True)]
    known: dict[str, Knowledge | None] = dict.fromkeys(names)
    if chosen.skill is not None:
        known = {name: Knowledge.of(on.app, name, chosen.skill) for name in names}
    standings = {name: Standing(on.settings, on.app, name, known[name]) for name in names}
    with running(on, 1, options.workers) as hosts:
        crowds = {
            name: Crowd(hosts.port, name, pace, standing, options.think, fresh, known[name])
            for name, standing in standings.items()
        }
        gc.freeze()
        arms = asyncio.run(turns(crowds, hosts, options))
    wrong = [line for crowd in crowds.values() for line in not_kept(on.settings, crowd.books)]
    return Found(arms, wrong, *traced(on.settings))


def traced(settings: Settings) -> tuple[int, int]:
    """Count the stored choices of policies that trace, and those among them that used the tracer.

    Those before the fifth answer do not count: there is no tracer yet.
    """
    rows = query(settings, "SELECT choice FROM trials WHERE choice IS NOT NULL AND trial_index > 4")
    choices = [json.loads(each) if isinstance(each, str) else each for (each,) in rows]
    choices = [each for each in choices if each]  # JSON null
    return len(choices), sum(each["fallback"] is None for each in choices)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--policy", choices=list(COMPARISONS), default="quest_plus", help="the adaptive one")
    add("--participants", type=int, help="at once (300)")
    add("--database", choices=list(LABELS), default="sqlite", help="of the host (sqlite)")
    add("--workers", type=int, default=2, help="gunicorn workers (2)")
    add("--trials", type=int, default=45, help="trials a session (45)")
    add("--rounds", type=int, help="windows of each arm (2)")
    add("--seconds", type=float, help="length of a window (15)")
    add("--quick", action="store_true", help="5 participants, short windows, hurried thinking")
    add("--docs", type=Path, help="Markdown page whose figures are replaced, between its marks")
    add("--json", type=Path, help="file for the figures, to be read by a program")
    options = parser.parse_args()
    quick = options.quick
    options.participants = options.participants or (5 if quick else 300)
    options.rounds = options.rounds or (1 if quick else 2)
    options.seconds = options.seconds or (4.0 if quick else 15.0)
    options.settle, options.think = (1.0, 0.02) if quick else (3.0, 1.0)
    return options


def main() -> int:
    """Run the benchmark; 1 when an answer failed or was lost."""
    options = arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else soft, hard))
    chosen, busy = COMPARISONS[options.policy], os.getloadavg()[1]

    def write(studies: Path) -> list[Path]:
        return [
            write_study(studies, chosen.task, options.trials, name=f"{prefix}_{policy['name']}",
                        policy=policy, images=chosen.images, features=chosen.features)
            for prefix, policy in (("planned", chosen.planned), ("adaptive", chosen.adaptive))
        ]  # fmt: skip

    with ExitStack() as stack:
        server = None
        if options.database == "postgresql":
            server = stack.enter_context(running_postgresql())
        found = measured(stack.enter_context(prepared_with(server, write)), options)
    lines = report(found, options, busy)
    print("\n".join(lines))
    print("\n".join(found.wrong[:5]), file=sys.stderr)
    if options.docs:
        mark = f"policies {options.policy}"
        begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
        replace_in_docs("\n".join(lines), options.docs, begin, end)
    if options.json:
        told = {"arms": [arm.plain() for arm in found.arms.values()], "wrong": found.wrong,
                "choices": found.choices, "traced": found.traced}  # fmt: skip
        options.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return int(bool(found.wrong) or any(arm.errors for arm in found.arms.values()))


def report(found: Found, options: argparse.Namespace, busy: float) -> list[str]:
    """Write the table and what follows from it, as lines of Markdown."""
    planned, adaptive = found.arms.values()
    p99, ratio = adaptive.p(0.99), adaptive.p(0.99) / planned.p(0.99)
    most = COMPARISONS[options.policy].most_p99_ms
    held = "below" if p99 < most else "not below"
    cores = os.cpu_count()
    return [
        f"{options.participants:,} participants at once, {options.trials} trials a session, "
        f"{options.rounds} windows of {options.seconds:.0f} s for each policy in turn; one host "
        f"with {options.workers} workers on {LABELS[options.database]}; client, host and database "
        f"on the same {cores} cores. The machine's load average was {busy:.1f} before.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "| --- |" + " ---: |" * (len(HEAD) - 1),
        *("| " + " | ".join(arm.row()) + " |" for arm in found.arms.values()),
        "",
        f"p99 of adaptive answers is {p99:.0f} ms, {held} {most:.0f} ms, and {ratio:.2f} "
        "times that of planned ones."
        + (f" {found.traced / found.choices:.0%} of the choices after five answers used the tracer."
           if found.choices else ""),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
