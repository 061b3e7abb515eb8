"""`diptych simulate`: simulated people, or machines, take a study by the API a browser uses."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from diptych.cli.console import console, messages
from diptych.cli.context import study_folder
from diptych.cli.json_output import emit, json_option
from diptych.cli.tables import progress_bar
from diptych_analysis.option_types import FINITE, SEED, FiniteRange

if TYPE_CHECKING:
    from diptych.simulation.run import Summary


@click.command()
@click.argument("study")
@click.option(
    "-n",
    "--participants",
    "n",
    type=click.IntRange(1),
    help="Number of participants. By default 40, or 1 machine.",
)
@click.option(
    "--observer",
    default="learner",
    show_default=True,
    help="How they answer: learner, noisy, guesser, bot, quitter, repeater, or an observer of the "
    "task. two_afc has viewer (people who follow a network's similarity) and machine, odd_one_out "
    "has machine, comparison has area, hull-bias and machine. psychometric answers by a known "
    "psychometric function of the attribute that the policy chooses by, or that comparison names.",
)
@click.option(
    "--model",
    help="Network that a viewer or a machine follows, such as efficientnet-lite1. For comparison, "
    "a folder of `diptych numerosity train`, or pixels-area, pixels-hull or pixels-intensity.",
)
@click.option(
    "--scale",
    default=0.16,
    show_default=True,
    type=FINITE,
    help="Scale that converts similarities to probabilities.",
)
@click.option(
    "--reading",
    type=click.Choice(["temperature", "product"]),
    default="temperature",
    show_default=True,
    help="Whether the scale divides (temperature) or multiplies (product) the similarity.",
)
@click.option(
    "--threshold",
    type=FiniteRange(0, min_open=True),
    help="For psychometric: typical threshold, in the unit of the policy's attribute. "
    "[default: the middle of the levels]",
)
@click.option(
    "--weber",
    type=FiniteRange(0, min_open=True),
    help="For psychometric: typical Weber fraction. [default: 0.23]",
)
@click.option(
    "--lapse",
    type=FiniteRange(0, 0.5),
    help="For psychometric: lapse rate. [default: 0.02]",
)
@click.option(
    "--spread",
    type=FiniteRange(0),
    help="For psychometric: how much people differ: standard deviation of ln(Weber fraction), and "
    "three times that of ln(threshold). [default: 0.2]",
)
@click.option("--base-url", help="Address of the host. By default DIPTYCH_BASE_URL.")
@click.option(
    "--think",
    default=0.0,
    show_default=True,
    type=FiniteRange(0, 10),
    help="Factor of the thinking times: 1 is real time, 0.1 is ten times faster, 0 is no waiting.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=SEED,
    help="Seed of the participants' traits and choices.",
)
@click.option("--run", help="Name of the run. The name of an interrupted run continues it.")
@click.option(
    "--key", help="Key of the study on a remote host. By default derived from this host's secret."
)
@click.option(
    "--entry",
    "entries",
    multiple=True,
    metavar="KEY=VALUE",
    help="Enter as people of a platform, only on a host on this machine. Give the query of the "
    "entry address, with {person} and {visit} for simulated ids. Can be used several times.",
)
@click.option(
    "--part",
    default="1",
    show_default=True,
    metavar="N|all",
    help="Part of the study. A later part needs --run with the name of the run that took the "
    "first. `all` takes every part in turn. Simulated learners keep what they learned; those of "
    "categories forget a part of it in the days between.",
)
@click.option(
    "--concurrency", default=16, show_default=True, help="Number of participants at the same time."
)
@json_option
def simulate(
    study: str,
    n: int | None,
    observer: str,
    model: str | None,
    scale: float,
    reading: str,
    threshold: float | None,
    weber: float | None,
    lapse: float | None,
    spread: float | None,
    base_url: str | None,
    think: float,
    seed: int,
    run: str | None,
    key: str | None,
    entries: tuple[str, ...],
    part: str,
    concurrency: int,
    as_json: bool,
) -> None:
    """Let simulated participants or a machine take STUDY on a running host.

    Their rows have the kind `simulated` or `machine`, and never count towards conditions or limits
    of people. A machine takes each version of a study once. With --entry they enter as people, to
    test a whole day of data collection: only on a host on this machine.
    """
    from diptych.authoring import load_study
    from diptych.ground.keys import study_key
    from diptych.ground.settings import Settings
    from diptych.simulation import UnknownObserver, observer_class
    from diptych.simulation.entries import read_template
    from diptych.simulation.run import PURPOSES, SimulationFault
    from diptych.simulation.run import simulate as run_simulation
    from diptych_analysis.networks.faults import MachineFault

    folder = study_folder(study)
    settings = Settings.from_environment()
    try:
        kind = observer_class(load_study(folder).content.spec.task.name, observer).kind
        run = _name_run(kind, run, messages if as_json else console)
        n = n or (1 if kind == "machine" else 40)
        with progress_bar(f"{observer}s take {folder.name}") as progress:
            summary = run_simulation(
                base_url or settings.base_url,
                folder,
                n,
                key=key or study_key(settings.secret(), PURPOSES[kind], folder.name),
                observer=observer,
                model=model,
                scale=_scale(scale, reading) if model else None,
                people=_people(threshold=threshold, weber=weber, lapse=lapse, spread=spread),
                think=think,
                seed=seed,
                run=run,
                concurrency=concurrency,
                entry=read_template(entries),
                part=_part(part),
                progress=progress,
            )
    except (SimulationFault, UnknownObserver, MachineFault) as fault:
        hint = ""
        if "link is not valid" in str(fault):
            # The key is made from this installation's secret: another host has another one.
            hint = (
                f"\nDoes the host at {base_url or settings.base_url} use the same DIPTYCH_HOME "
                "or DIPTYCH_SECRET_KEY as this command? For another host, use --base-url and "
                "--key."
            )
        if "connect" in str(fault).lower():
            where = base_url or settings.base_url
            hint = (
                f"\nDoes the host run at {where}? `diptych serve` starts it. For another "
                "address, use --base-url."
            )
        raise click.ClickException(f"{fault}{hint}") from None
    if as_json:
        emit(_as_json(folder.name, kind, summary))
    else:
        _print(kind, summary)
    if summary.failed:
        raise click.ClickException(
            f"{len(summary.failed)} participants did not finish; `--run {summary.run}` "
            "continues with them"
        )


def _part(given: str) -> int | None:
    """Read the part to take; None for all of them."""
    if given == "all":
        return None
    if given.isascii() and given.isdecimal() and 0 < int(given) < 1000:
        return int(given)
    raise click.BadParameter(f"{given!r}: enter a number from 1, or all", param_hint="--part")


def _print(kind: str, summary: Summary) -> None:
    outcomes = ", ".join(f"{count} {name}" for name, count in summary.outcomes.most_common())
    who = (
        f"Machine {summary.run}" if kind == "machine" else f"{len(summary.taken)} simulated people"
    )
    console.print(f"{who} ({outcomes}), {summary.answers:,} answers.", highlight=False)
    for who, why in sorted(summary.failed.items()):
        console.print(f"  [red]{who}[/] did not finish: {why}")


def _as_json(study: str, kind: str, summary: Summary) -> dict[str, Any]:
    return {
        "study": study,
        "kind": kind,
        "run": summary.run,
        "outcomes": dict(summary.outcomes.most_common()),
        "answers": summary.answers,
        "sessions": [asdict(taken) for taken in summary.taken],
        "failed": summary.failed,
    }


def _name_run(kind: str, run: str | None, console: Console) -> str | None:
    """Print and return the name of a run of simulated people; a machine has its own name."""
    if kind == "machine":
        return None
    run = run or secrets.token_hex(4)
    console.print(f"Run [bold]{run}[/]; after an interruption, `--run {run}` continues it.")
    return run


def _people(**given: float | None) -> Any:
    """Return what is known of people's psychometric functions; None where nothing was asked for."""
    from diptych.simulation.psychometric import PeopleFunctions

    known = {name: value for name, value in given.items() if value is not None}
    return PeopleFunctions(**known) if known else None


def _scale(value: float, reading: str) -> Any:
    from diptych_analysis.mis.score import Scale

    return Scale(value, "product" if reading == "product" else "temperature")
