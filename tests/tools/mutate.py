"""Mutation tests: whether the tests of a module fail when the module is changed.

A mutant is the checkout with one small change in one file: `<` for `<=`, a condition left out, a
number one higher. The tests that reach the module run against it in a copy of the checkout. They
kill the mutant when one fails; a mutant that survives shows what no test checks, or a change that
makes no difference.

Modules, their sources and their tests are declared in `mutants.toml`. Each module is tested with a
seeded sample of its mutants. The changes are those of cosmic-ray's operators for binary, unary and
comparison signs, `and`/`or`, `not`, `True`/`False`, `break`/`continue`, numbers (one more, one
less), exceptions that are caught and loops that do not run, and six that `mutation_operators` adds.
Docstrings, types, decorators, asserts, log calls, and the words and numbers of error messages are
not changed.
"""

from __future__ import annotations

import argparse
import queue
import shlex
import signal
import sys
import threading
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mutation_points import Mutant, mutants_of, sample
from mutation_runs import (
    Result,
    RunFault,
    Worker,
    append_result,
    read_results,
    workers,
)
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from support.checkout import ROOT, hash_of

MODULES = Path(__file__).with_name("mutants.toml")
#: Time limit of a test against a mutant: so many times its time without a mutant, and so many s.
PATIENCE, GRACE_S = 4.0, 20.0
#: Time limit of a test without a mutant, and of a test that did not run then, s.
LONGEST_S, OTHER_S = 1200.0, 120.0
COLOURS = {"-": "red", "+": "green", "@": "cyan"}
EPILOG = """\
examples:
  mutate.py                                   all modules; a run that was stopped goes on
  mutate.py --only ledger --only sending      two of them
  mutate.py --list                            show the sample, run nothing
  mutate.py --lane check                      fewer tests: without servers and PostgreSQL
  mutate.py --pytest-args='-k "not killed"'   fewer tests still
  mutate.py --survivors .test-runs/mutants-gate.jsonl
                                              after new tests: those that survived before
  mutate.py --mutants ledger.py:spent         those whose names contain this

A result holds for the module's sources and tests as they were; when one of them changes, the
mutant runs again. The name of a mutant is FILE:FUNCTION:OPERATOR:NUMBER.
"""
console = Console()


@dataclass(frozen=True)
class Module:
    """A module under test.

    Attributes
    ----------
    name : str
        As in `mutants.toml`.
    sources : dict of str to str
        Sources by path.
    tests : tuple of str
        Paths of the test files, in the order in which they run.
    mutants : tuple of Mutant
        All mutants.
    key : str
        Hash of the sources, the tests and the choice among them.
    """

    name: str
    sources: dict[str, str]
    tests: tuple[str, ...]
    mutants: tuple[Mutant, ...]
    key: str


def read_modules(file: Path, only: Sequence[str], choice: Sequence[str]) -> list[Module]:
    """Read the declared modules, or only some; `choice` chooses among their tests.

    Raises
    ------
    RunFault
        A module, a source or a test file does not exist.
    """
    declared = tomllib.loads(file.read_text(encoding="utf-8"))
    if unknown := [name for name in only if name not in declared]:
        raise RunFault(f"no module {unknown[0]!r}: there are {', '.join(declared)}")
    modules = []
    for name in only or declared:
        sources: dict[str, str] = {}
        for pattern in declared[name]["sources"]:
            paths = sorted(ROOT.glob(pattern))
            if not paths:
                raise RunFault(f"{file.name}: module {name}: no source {pattern}")
            for path in paths:
                sources[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        for test in declared[name]["tests"]:
            if not (ROOT / test).is_file():
                raise RunFault(f"{file.name}: module {name}: no test file {test}")
        mutants = [each for source in sources for each in mutants_of(ROOT / source, source)]
        tests = declared[name]["tests"]
        key = hash_of(map(Path, (*sources, *tests)), *choice)[:16]
        modules.append(Module(name, sources, tuple(tests), tuple(mutants), key))
    return modules


def choose(module: Module, options: argparse.Namespace) -> list[Mutant]:
    """Choose mutants of a module: those that are named, those that survived, or the sample."""
    if options.survivors is not None:
        last = {each.id: each for each in read_results(options.survivors)}
        return [m for m in module.mutants if m.id in last and last[m.id].survived]
    if options.mutants:
        named = [m for m in module.mutants if any(name in m.id for name in options.mutants)]
        return sample(named, module.sources, len(named), options.seed)
    return sample(module.mutants, module.sources, options.number, options.seed)


def pytest_arguments(module: Module, choice: Sequence[str]) -> list[str]:
    """Return the arguments of pytest for a module's tests."""
    # Asserts as they are: rewritten ones say more, but the rewriting takes a second.
    return ["-x", "-q", "-p", "no:randomly", "--assert=plain", *choice, *module.tests]


def run_without_mutant(module: Module, worker: Worker, choice: Sequence[str]) -> dict[str, float]:
    """Run a module's tests without a mutant; return their time limits against a mutant, s.

    Raises
    ------
    RunFault
        The tests fail.
    """
    run = worker.run(pytest_arguments(module, choice), {}, LONGEST_S)
    if run.code != 0:
        console.print(worker.output()[-6000:], markup=False, highlight=False)
        why = "took too long" if run.code is None else f"failed at {run.failed or 'the start'}"
        raise RunFault(f"the tests of {module.name} {why} without a mutant: fix them first")
    console.print(f"{module.name}: {run.passed} tests pass without a mutant in {run.seconds:.1f} s")
    return {test: PATIENCE * seconds + GRACE_S for test, seconds in run.test_seconds.items()}


def run_mutant(
    module: Module,
    mutant: Mutant,
    worker: Worker,
    choice: Sequence[str],
    limits: dict[str, float],
) -> Result:
    """Run a module's tests against a mutant."""
    source = module.sources[mutant.file]
    code = mutant.code(source)
    assert code is not None
    with worker.changed(mutant.file, code):
        run = worker.run(pytest_arguments(module, choice), limits, OTHER_S)
    outcome = {0: "survived", None: "time"}.get(run.code, "killed")
    return Result(
        id=mutant.id,
        key=module.key,
        module=module.name,
        file=mutant.file,
        line=mutant.line,
        operator=mutant.operator,
        outcome=outcome,
        by=run.failed,
        seconds=run.seconds,
        diff=mutant.diff(source, code),
    )


def run_all(
    chosen: Sequence[tuple[Module, list[Mutant]]], options: argparse.Namespace, file: Path
) -> None:
    """Run mutants of each module in parallel, and append their results to a file.

    Raises
    ------
    RunFault
        The tests of a module fail without a mutant.
    """
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    lock = threading.Lock()
    with (
        ThreadPoolExecutor(options.jobs) as pool,
        workers(options.jobs) as copies,  # end before the pool waits for what they run
        Progress(*columns, TimeRemainingColumn(), console=console) as bar,
    ):
        free: queue.Queue[Worker] = queue.Queue()
        for worker in copies:
            free.put(worker)
        whole = bar.add_task("mutants", total=sum(len(mutants) for _, mutants in chosen))
        for module, mutants in chosen:
            bar.update(whole, description=f"{module.name}: without a mutant")
            limits = run_without_mutant(module, copies[0], options.choice)
            bar.update(whole, description=module.name)

            def one(
                mutant: Mutant, module: Module = module, limits: dict[str, float] = limits
            ) -> None:
                worker = free.get()
                try:
                    result = run_mutant(module, mutant, worker, options.choice, limits)
                finally:
                    free.put(worker)
                with lock:
                    append_result(file, result)
                    if result.survived:
                        bar.console.print(f"survived: {result.id}", soft_wrap=True)
                bar.advance(whole)

            list(pool.map(one, mutants))


def show_results(chosen: Sequence[tuple[Module, list[Mutant]]], results: dict[str, Result]) -> None:
    """Print a table by module, then each survivor with its change."""
    table = Table(
        "module", "possible", "mutants", "killed", "of these by time", "survived", "share"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    survivors: list[Result] = []
    for module, mutants in chosen:
        ended = [results[mutant.id] for mutant in mutants if mutant.id in results]
        alive = [result for result in ended if result.survived]
        survivors += alive
        killed = len(ended) - len(alive)
        share = f"{killed / len(ended):.1%}" if ended else "-"
        late = sum(result.outcome == "time" for result in ended)
        row = (len(module.mutants), len(ended), killed, late, len(alive))
        table.add_row(module.name, *map(str, row), share)
    for result in survivors:
        console.print(f"\n{result.file}:{result.line}  {result.id}", markup=False, soft_wrap=True)
        for line in result.diff.splitlines():
            console.print(line, style=COLOURS.get(line[:1]), markup=False, highlight=False,
                          soft_wrap=True)  # fmt: skip
    console.print(table)


def show_sample(chosen: Sequence[tuple[Module, list[Mutant]]]) -> None:
    """Print what would run."""
    for module, mutants in chosen:
        console.print(
            f"\n{module.name}: {len(mutants)} of {len(module.mutants)} mutants; "
            f"tests: {' '.join(module.tests)}",
            soft_wrap=True,
        )
        for mutant in mutants:
            where = f"  {mutant.file}:{mutant.line}  {mutant.id}"
            console.print(where, markup=False, highlight=False, soft_wrap=True)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n\nModules")[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", metavar="MODULE", action="append", default=[], help="run one module; repeatable"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--mutants", metavar="ID", nargs="+", help="run those whose names contain one of these"
    )
    which.add_argument(
        "--survivors", metavar="FILE", type=Path, help="run those that survived in these results"
    )
    parser.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    parser.add_argument("--number", type=int, default=40, help="sample per module (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (default: 2)")
    parser.add_argument("--lane", default="gate", help="lane of the tests (default: gate)")
    parser.add_argument("--pytest-args", default="", help="more arguments of pytest, in one string")
    parser.add_argument(
        "--results", metavar="FILE", type=Path,
        help="append results here (default: .test-runs/mutants-LANE.jsonl)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.number < 1 or options.jobs < 1:
        parser.error("--number and --jobs must be at least 1")
    if options.survivors is not None and not options.survivors.is_file():
        parser.error(f"--survivors: no file {options.survivors}")
    options.choice = [f"--lane={options.lane}", *shlex.split(options.pytest_args)]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run mutants and show the results; return the exit code."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file = options.results or ROOT / ".test-runs" / f"mutants-{options.lane}.jsonl"
    try:
        modules = read_modules(MODULES, options.only, options.choice)
        chosen = [(module, choose(module, options)) for module in modules]
        chosen = [(module, mutants) for module, mutants in chosen if mutants]
        if not chosen:
            raise RunFault("no mutant is chosen")
        if options.list:
            show_sample(chosen)
            return 0
        keys = {module.name: module.key for module, _ in chosen}
        known = {each.id for each in read_results(file) if each.key == keys.get(each.module)}
        # Mutants chosen by name, and survivors, run again.
        again = bool(options.mutants) or options.survivors is not None
        left = [(m, [each for each in some if again or each.id not in known]) for m, some in chosen]
        left = [(module, mutants) for module, mutants in left if mutants]
        if left:
            run_all(left, options, file)
        results = {r.id: r for r in read_results(file) if r.key == keys.get(r.module)}
        show_results(chosen, results)
    except RunFault as fault:
        console.print(f"error: {fault}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
