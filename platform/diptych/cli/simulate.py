"""`diptych simulate`: simulated people take a study through the same API as a browser."""

from __future__ import annotations

import secrets

import click
from rich.console import Console

from diptych.cli.context import study_folder
from diptych.cli.tables import progress_bar
from diptych.settings import Settings

console = Console()


@click.command()
@click.argument("study")
@click.option("-n", "--participants", "n", default=40, show_default=True, help="How many.")
@click.option(
    "--observer",
    default="learner",
    show_default=True,
    help="How they answer: learner, noisy, guesser, bot, or what the task's plug-in has.",
)
@click.option("--base-url", help="Address of the host; by default DIPTYCH_BASE_URL.")
@click.option(
    "--think",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 10),
    help="Factor of thinking times: 1 real, 0.1 ten times faster, 0 none.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of traits and choices.")
@click.option("--run", help="Name of the run; that of an interrupted run goes on with it.")
@click.option(
    "--key", help="Key of the study on a remote host; by default made from this host's secret."
)
@click.option("--concurrency", default=16, show_default=True, help="Participants at a time.")
def simulate(
    study: str,
    n: int,
    observer: str,
    base_url: str | None,
    think: float,
    seed: int,
    run: str | None,
    key: str | None,
    concurrency: int,
) -> None:
    """Let simulated people take STUDY on a running host.

    Their rows are marked `simulated` and never count towards conditions or limits of people.
    """
    from diptych.keys import study_key
    from diptych.observers import UnknownObserver
    from diptych.simulate import SimulationFault
    from diptych.simulate import simulate as run_simulation

    folder = study_folder(study)
    settings = Settings.from_environment()
    run = run or secrets.token_hex(4)
    console.print(f"Run [bold]{run}[/]; after an interruption `--run {run}` goes on with it.")
    try:
        with progress_bar(f"{observer}s take {folder.name}") as progress:
            summary = run_simulation(
                base_url or settings.base_url,
                folder,
                n,
                key=key or study_key(settings.secret(), "simulate", folder.name),
                observer=observer,
                think=think,
                seed=seed,
                run=run,
                concurrency=concurrency,
                progress=progress,
            )
    except (SimulationFault, UnknownObserver) as fault:
        raise click.ClickException(str(fault)) from None
    outcomes = ", ".join(f"{count} {name}" for name, count in summary.outcomes.most_common())
    console.print(
        f"{len(summary.taken)} simulated participants ({outcomes}), {summary.answers:,} answers."
    )
    for who, why in sorted(summary.failed.items()):
        console.print(f"  [red]{who}[/] did not come to an end: {why}")
    if summary.failed:
        raise click.ClickException(
            f"{len(summary.failed)} participants are left; `--run {summary.run}` goes on with them"
        )
