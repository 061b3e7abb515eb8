"""`diptych mturk …`: HITs of a study on Amazon Mechanical Turk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import click
from rich.table import Table

from diptych.cli import Commands
from diptych.cli.console import console
from diptych.cli.context import with_app
from diptych_analysis.option_types import FiniteRange


@click.group(cls=Commands)
def mturk() -> None:
    """Offer studies on Amazon Mechanical Turk (its sandbox, unless DIPTYCH_MTURK_SANDBOX=false)."""


@mturk.group()
def hit() -> None:
    """Create, list, extend and expire the HITs of a study."""


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """Tell in words what can't be done."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from diptych.mturk.offer import HitFault
        from diptych.recruiters.platform import PlatformFault

        try:
            return function(*args, **kwargs)
        except (HitFault, PlatformFault) as fault:
            raise click.ClickException(str(fault)) from None

    return run


@hit.command()
@click.argument("study")
@click.option("--assignments", type=click.IntRange(1), required=True, help="Number of workers.")
@click.option(
    "--split",
    is_flag=True,
    help="Create several HITs of at most 9 workers each, below the higher fee.",
)
@click.option(
    "--part",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Part of the study. Workers see a later part after `diptych parts invite`.",
)
@click.option("--yes", is_flag=True, help="Do not ask before creating it.")
@with_app
@_told
def create(study: str, assignments: int, split: bool, part: int, yes: bool) -> None:
    """Offer an open study to workers. Shows the cost and asks before creating the HIT."""
    from diptych.host import host
    from diptych.mturk.hits import create_hit
    from diptych.mturk.offer import preview_hit

    plan = preview_hit(host(), study, assignments, split=split, part=part)
    _show(plan)
    if not yes:
        click.confirm("Create it?", abort=True)
    for made in create_hit(host(), study, assignments, split=split, part=part):
        console.print(f"[bold green]✓[/] {made.id}: {made.assignments} assignment(s)")
        console.print(f"  {made.workers_url}", highlight=False, soft_wrap=True)


def _show(plan: Any) -> None:
    from diptych.ground.money import in_words

    offer, cost = plan.offer, plan.cost
    where = "the sandbox (no real money)" if offer.sandbox else "[bold]production[/]"
    console.print(f"[bold]{offer.title}[/] on {where}: {offer.url}", soft_wrap=True)
    console.print(
        f"  {len(cost.hits)} HIT(s), {cost.assignments} assignment(s) of "
        f"{in_words(cost.reward, 'USD')}; {offer.duration // 60} min to submit, "
        f"{offer.lifetime / 3600:g} h to accept, automatic approval after "
        f"{offer.auto_approval / 3600:g} h",
        soft_wrap=True,
    )
    console.print(
        f"  rewards {in_words(cost.rewards, 'USD')} + Amazon's fees "
        f"{in_words(cost.fees, 'USD')} = [bold]{in_words(cost.total, 'USD')}[/], without "
        "bonuses and their fee of 20 %",
        soft_wrap=True,
    )
    for warning in plan.warnings:
        console.print(f"  [yellow]![/] {warning}", soft_wrap=True)


@hit.command("list")
@click.argument("study")
@with_app
@_told
def list_(study: str) -> None:
    """List the HITs of a study with their current state on MTurk."""
    from diptych.ground.money import in_words
    from diptych.host import host
    from diptych.mturk.hits import hits

    found = hits(host(), study)
    if not found:
        where = "sandbox" if host().settings.mturk_sandbox else "production"
        console.print(f"No HITs of {study} on MTurk's {where}.")
        return
    table = Table()
    table.add_column("HIT", no_wrap=True)
    for title in ("status", "reward", "workers", "free", "under way", "decided", "until (UTC)"):
        table.add_column(title)
    for each in found:
        until = datetime.fromtimestamp(each.expires_at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        counts = (each.assignments, each.available, each.pending, each.decided)
        table.add_row(each.id, each.status, in_words(each.reward, "USD"), *map(str, counts), until)
    console.print(table)


@hit.command()
@click.argument("study")
@click.argument("hits", metavar="HIT...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All HITs of the study.")
@with_app
@_told
def expire(study: str, hits: tuple[str, ...], every: bool) -> None:
    """Stop workers from accepting these HITs. Workers who accepted one may still finish."""
    from diptych.host import host
    from diptych.mturk import hits as mturk_hits
    from diptych.mturk.changes import expire_hit

    if every == bool(hits):
        raise click.UsageError("name the HITs, or use --all")
    if every:
        live = mturk_hits.hits(host(), study)
        hits = tuple(each.id for each in live if each.status in ("Assignable", "Unassignable"))
    for hit_id in hits:
        expire_hit(host(), study, hit_id)
        console.print(f"[bold green]✓[/] {hit_id} has expired.")


@hit.command()
@click.argument("study")
@click.argument("hit_id", metavar="HIT")
@click.option(
    "--assignments", type=click.IntRange(0), default=0, help="Number of additional workers."
)
@click.option(
    "--hours",
    type=FiniteRange(0),
    default=0.0,
    help="Hours from now for which the HIT stays open.",
)
@with_app
@_told
def extend(study: str, hit_id: str, assignments: int, hours: float) -> None:
    """Offer a HIT to more workers, or for longer."""
    from diptych.host import host
    from diptych.mturk.changes import extend_hit

    extend_hit(host(), study, hit_id, assignments=assignments, hours=hours)
    console.print(f"[bold green]✓[/] {hit_id} is extended.")


@mturk.command(short_help="Give the qualification to all participants.")
@click.argument("study")
@with_app
@_told
def qualify(study: str) -> None:
    """Give all participants the qualification that hides the study's HITs from them.

    The host does so at the end of each session. This command repeats what failed.
    """
    from diptych.host import host
    from diptych.mturk.qualification import catch_up
    from diptych.study.versions import current_version

    number = catch_up(host(), current_version(study, preview=True)[0])
    console.print(f"[bold green]✓[/] {number} worker(s) have the qualification now.")
