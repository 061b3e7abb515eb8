"""`diptych teach`: choose what to show, tried on simulated learners."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from diptych_analysis.option_types import NEW_FILE, NEW_FOLDER, SEED
from diptych_analysis.progress import progress_bars
from diptych_analysis.teaching.names import LEARNERS, POLICIES, REWARDS, TARGETS, TRACERS

if TYPE_CHECKING:
    from diptych_analysis.teaching.experiment import Row
    from diptych_analysis.teaching.replay import Replay


# What an output calls the participants of a kind.
WHOSE = {"person": "People", "simulated": "Simulated learners", "machine": "Machines"}
F = TypeVar("F", bound=Callable[..., Any])


class Names(click.ParamType[tuple[str, ...]]):
    """A list of names, separated by commas."""

    name = "names"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Read the names; each must be allowed."""
        names = value if isinstance(value, tuple) else tuple(value.split(","))
        for name in names:
            if name not in self.allowed:
                self.fail(f"{name!r}; allowed are {', '.join(self.allowed)}", param, ctx)
        return tuple(dict.fromkeys(names))


def _names(flag: str, allowed: tuple[str, ...], text: str) -> Callable[[F], F]:
    return click.option(
        flag, type=Names(allowed), default=",".join(allowed), show_default=True, help=text
    )


@click.group()
def teach() -> None:
    """Choose the image that helps a learner most, and test how well that works."""


@teach.command()
@_names("--learners", LEARNERS, "Families of simulated learners.")
@_names("--tracers", TRACERS, "Families of the tracer's particles; mixed: of all.")
@_names("--policies", POLICIES, "Policies. random and balanced always run.")
@click.option(
    "--seeds",
    default=200,
    show_default=True,
    type=click.IntRange(2),
    help="Simulated learners per cell; the same ones for every policy.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--to",
    type=NEW_FOLDER,
    required=True,
    help="Folder of table.md, results.json and figure.svg.",
)
@click.option(
    "--json",
    "json_file",
    type=NEW_FILE,
    help="Write the results into another file too.",
)
def simulate(
    learners: tuple[str, ...],
    tracers: tuple[str, ...],
    policies: tuple[str, ...],
    seeds: int,
    workers: int,
    to: Path,
    json_file: Path | None,
) -> None:
    """Teach simulated learners, and compare policies.

    \b
      diptych teach simulate --to out                    minutes on one core
      diptych teach simulate --seeds 20 --to out         a first look

    Each learner sees 30 images of three classes with feedback. The table shows their mean
    probability of the true class on 30 unseen images after 10, 20 and 30 trials.
    """
    from diptych_analysis.teaching.experiment import combinations, joined, run_cells, summarise

    plan, parts = combinations(learners, tracers, policies), []
    with _progress(len(plan) * seeds) as advance:
        for part in run_cells(plan, seeds, workers):
            parts.append(part)
            advance(len(part.right))
    rows = list(summarise(joined(plan, parts)))
    results = json.dumps({"simulated": True, "rows": [row.as_dict() for row in rows]}, indent=1)
    for file in filter(None, (to / "results.json", json_file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(results + "\n", encoding="utf-8")
    table = markdown_table(rows)
    (to / "table.md").write_text(table, encoding="utf-8")
    click.echo(table)
    _draw(rows, to)


@teach.command()
@_names("--learners", LEARNERS, "Families of simulated learners.")
@click.option(
    "--seeds", default=100, show_default=True, type=click.IntRange(2), help="Learners per cell."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--to", type=NEW_FOLDER, required=True, help="Folder of diagnosis.md and diagnosis.json."
)
def diagnose(learners: tuple[str, ...], seeds: int, workers: int, to: Path) -> None:
    """Test the diagnosis on simulated learners, some with a planted gap.

    \b
      diptych teach diagnose --to out                    minutes on one core

    Each learner sees 60 images of four classes with feedback: two attributes of two values. A
    learner sees everything, or is blind to one attribute, or cannot tell two classes apart. The
    table shows how often the diagnosis is right after 20, 30, 45 and 60 answers.
    """
    from diptych_analysis.teaching.gaps import PLANTED, gap_rows, gap_table, run_all_gaps

    parts = []
    with _progress(len(learners) * len(PLANTED) * seeds) as advance:
        for part in run_all_gaps(learners, seeds, workers):
            parts.append(part)
            advance(len(part[-1]))
    rows = gap_rows(parts)
    results = {"simulated": True, "rows": [row.as_dict() for row in rows]}
    to.mkdir(parents=True, exist_ok=True)
    (to / "diagnosis.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = gap_table(rows)
    (to / "diagnosis.md").write_text(table, encoding="utf-8")
    click.echo(table)


def _draw(rows: list[Row], to: Path) -> None:
    from diptych_analysis.charts import save
    from diptych_analysis.teaching.figures import policies_figure

    chart = policies_figure(rows)
    for suffix in ("svg", "png"):
        save(chart, to / f"figure.{suffix}")
    click.echo(f"Results: {to / 'results.json'}, figure: {to / 'figure.svg'}")


def markdown_table(rows: list[Row]) -> str:
    """Return the table in Markdown, one line per learner, tracer and policy."""
    head = "learner, tracer, policy, 10, 20, 30, s.e., over random, over balanced, fallbacks"
    columns = head.split(", ")
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for row in rows:
        means = " | ".join(f"{mean:.3f}" for mean in row.mean)
        over = " | ".join(
            f"{gap:+.3f} ± {error:.3f}" if row.policy != name else "–"
            for name, gap, error in (
                ("random", row.over_random, row.over_random_se),
                ("balanced", row.over_balanced, row.over_balanced_se),
            )
        )
        names = " | ".join((row.learner, row.tracer, row.policy))
        lines.append(
            f"| {names} | {means} | {row.standard_error[-1]:.3f} | {over} | {row.fallbacks:.1f} |"
        )
    return "\n".join(lines) + "\n"


@teach.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_names(
    "--targets",
    TARGETS,
    "Policies to evaluate: greedy takes the highest score, worst the lowest, uniform any image.",
)
@click.option(
    "--reward",
    type=click.Choice(REWARDS),
    default="next",
    show_default=True,
    help="next: right answers in the trial after each choice. test: right answers in the test.",
)
@click.option("--json", "json_file", type=NEW_FILE, help="JSON file for the results.")
def offline(folder: Path, targets: tuple[str, ...], reward: str, json_file: Path | None) -> None:
    """Estimate from an export what other policies would have achieved.

    FOLDER is an export with the table `choices`. The estimates weight each reward by inverse
    propensity (ips), or also divide by the sum of the weights (snips). A small effective size means
    that the sessions say little about the target.
    """
    from diptych_analysis.tables import TableFault, read_tables
    from diptych_analysis.teaching.offline import OfflineFault, evaluate

    try:
        tables = read_tables(folder)
        found = {target: evaluate(tables, target, reward) for target in targets}
    except (TableFault, OfflineFault) as fault:
        raise click.ClickException(str(fault)) from None
    lines = ["| target | estimate | value | s.e. | effective size | rewards |", f"|{' --- |' * 6}"]
    for target, estimates in found.items():
        for name, each in estimates.items():
            lines.append(
                f"| {target} | {name} | {each.value:.3f} | {each.standard_error:.3f} "
                f"| {each.effective_size:.1f} | {each.size} |"
            )
    click.echo("\n".join(lines))
    if json_file is not None:
        as_json = {t: {n: e.as_dict() for n, e in each.items()} for t, each in found.items()}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"reward": reward, "targets": as_json}, indent=1)
        json_file.write_text(text + "\n", encoding="utf-8")


@teach.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--condition", required=True, help="The condition whose images were drawn at random.")
@click.option("--tracer", type=click.Choice(TRACERS), default="mixed", show_default=True)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Of folds and bootstrap.")
@click.option("--json", "json_file", type=NEW_FILE, help="JSON file for the results.")
def replay(folder: Path, condition: str, tracer: str, seed: int, json_file: Path | None) -> None:
    """Ask what expected_gain would have shown to real learners.

    \b
      diptych import explain-teach DIR --to out
      diptych teach replay out --condition random

    FOLDER is an export or an import of a finished study with the phases training and test. The
    images are not needed: the replay chooses among classes. It also compares the test accuracy of
    all conditions.
    """
    from dataclasses import asdict

    from diptych_analysis.tables import TableFault, read_tables
    from diptych_analysis.teaching.replay import ReplayFault, replay_study

    try:
        tables = read_tables(folder)
        with _progress(int((tables.sessions["condition"] == condition).sum())) as advance:
            found = replay_study(
                tables, condition, family=tracer, seed=seed, advance=lambda: advance(1)
            )
    except (TableFault, ReplayFault) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(replay_table(found))
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def replay_table(found: Replay) -> str:
    """Return the results of a replay in Markdown."""
    lines = ["| condition | learners | test accuracy | minus the first |", f"|{' --- |' * 4}"]
    for arm in found.arms:
        low, high = arm.interval
        least, most = arm.difference_interval
        over = "–" if arm is found.arms[0] else f"{arm.difference:+.3f} ({least:+.3f}, {most:+.3f})"
        lines.append(
            f"| {arm.condition} | {arm.learners} | {arm.accuracy:.3f} ({low:.3f}, {high:.3f}) "
            f"| {over} |"
        )
    lines += ["", "| choice of the class | right in the next trial | s.e. | effective size |"]
    lines.append(f"|{' --- |' * 4}")
    for name, each in found.estimates.items():
        lines.append(
            f"| {name} | {each.value:.3f} | {each.standard_error:.3f} | {each.effective_size:.0f} |"
        )
    low, high = found.standing_interval
    lines += [
        "",
        f"Trials scored: {found.steps}. Correlation over learners of how well the shown classes",
        f"scored with test accuracy: {found.standing:+.2f} ({low:+.2f}, {high:+.2f}). Tracer over",
        f"the rate of right answers: {found.advantage:+.3f} nats an answer.",
    ]
    return "\n".join(lines)


@teach.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--control", default="random", show_default=True, help="Condition to compare the others with."
)
@click.option(
    "--block",
    default=10,
    show_default=True,
    type=click.IntRange(1),
    help="Training trials per block.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["person", "simulated", "machine"]),
    help="Kind of participants; use it once per kind. By default people if the tables have any, "
    "else simulated participants, else machines.",
)
@click.option("--excluded", is_flag=True, help="Also use excluded sessions.")
@click.option("--seed", default=0, show_default=True, type=SEED, help="Of the bootstrap.")
@click.option("--to", type=NEW_FOLDER, help="Folder for arms.md, arms.json, arms.svg and arms.png.")
def arms(
    folder: Path,
    control: str,
    block: int,
    kinds: tuple[str, ...],
    excluded: bool,
    seed: int,
    to: Path | None,
) -> None:
    """Compare how the conditions of a study taught, and what lasted.

    \b
      diptych export my_study --to out
      diptych teach arms out --to arms

    FOLDER is an export of a study with training and test, of one or several parts. The table shows
    the share of right answers by block of training, in the test of part 1, and in the tests of
    later parts: for items of the training (same), and for items that were not shown before (new).
    Intervals are 95 % bootstrap intervals over learners. `change` is part 2 new minus test.
    """
    from diptych_analysis.tables import TableFault, read_tables
    from diptych_analysis.teaching.arms import ArmsFault, arms_table, as_json, compare_arms

    try:
        tables = read_tables(folder)
        chosen = kinds or tables.whose(["completed"])
        rows = compare_arms(
            tables, chosen, control=control, block=block, excluded=excluded, seed=seed
        )
    except (TableFault, ArmsFault) as fault:
        raise click.ClickException(str(fault)) from None
    whose = " and ".join(WHOSE[kind] for kind in chosen)
    text = f"{whose}; 95 % intervals.\n\n{arms_table(rows)}\n"
    click.echo(text)
    if to is None:
        return
    from diptych_analysis.charts import save
    from diptych_analysis.teaching.figures import arms_figure

    to.mkdir(parents=True, exist_ok=True)
    (to / "arms.md").write_text(text, encoding="utf-8")
    results = json.dumps(as_json(rows, chosen, control), indent=1)
    (to / "arms.json").write_text(results + "\n", encoding="utf-8")
    chart = arms_figure(rows, whose)
    for suffix in ("svg", "png"):
        save(chart, to / f"arms.{suffix}")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield what adds lessons to it."""
    with progress_bars(remaining=True) as bars:
        task = bars.add_task("lessons", total=total)
        yield lambda lessons: bars.advance(task, lessons)
