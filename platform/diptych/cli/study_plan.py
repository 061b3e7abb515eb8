"""`diptych study plan`: when a study takes new participants, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from diptych.cli.console import console
from diptych.cli.context import with_app

if TYPE_CHECKING:
    from diptych.study.opening_plan import OpeningPlan

NONE = "none"


class Moment(click.ParamType[Any]):
    """A date and time in UTC, as ms since 1970-01-01; `none` takes it away."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the ms, or `none`."""
        if value == NONE or isinstance(value, int):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not like 2030-06-01T09:00 (UTC), nor {NONE}", param, ctx)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


class Count(click.ParamType[Any]):
    """A whole number from 1; `none` takes it away."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or `none`."""
        return value if value == NONE else click.IntRange(1).convert(value, param, ctx)


@click.command(short_help="Show or set when a study opens, ends or pauses.")
@click.argument("name")
@click.option("--opens", type=Moment(), help="Time from which new participants can enter.")
@click.option("--ends", type=Moment(), help="Time from which they cannot.")
@click.option(
    "--end-as", type=click.Choice(["closed", "paused"]), help="State of the study at the end."
)
@click.option("--kept", type=Count(), help="Pause at this number of kept sessions.")
@click.option("--budget/--no-budget", default=None, help="Pause when the budget is reached.")
@with_app
def plan(name: str, budget: bool | None, **given: Any) -> None:
    """Show the dates and limits of the study NAME, or set those that are given.

    \b
      diptych study plan greebles --opens 2030-06-01T09:00 --kept 40
      diptych study plan greebles --opens none

    Times are in UTC, unless they name another zone (2030-06-01T09:00+02:00). `none` takes a date
    or a limit away. The dashboard has the same on the page Opening.
    """
    from diptych.ground.database import now_ms, reading
    from diptych.journey.opening import keep_to_plan
    from diptych.study import opening_plan
    from diptych.study.versions import study_id_of

    study_id = study_id_of(name)
    with reading() as connection:
        before = opening_plan.read(connection, study_id)
    fields = {"opens": "opens_at", "ends": "ends_at", "end_as": "end_state", "kept": "most_kept"}
    changes: dict[str, Any] = {
        fields[option]: None if value == NONE else value
        for option, value in given.items()
        if value is not None
    }
    if budget is not None:
        changes["stops_at_budget"] = budget
    if changes:
        wanted = replace(before, **changes)
        try:
            wanted.check(now_ms())
        except opening_plan.PlanFault as fault:
            raise click.ClickException(str(fault)) from None
        opening_plan.store(study_id, wanted, None)
    state, now = keep_to_plan(study_id)
    _print(name, state, now)


def tell_plan(study_id: int) -> None:
    """Print what keeps people out of a study that was opened just now, if anything does."""
    from diptych.ground.database import now_ms
    from diptych.journey.opening import keep_to_plan

    state, now = keep_to_plan(study_id)
    if now.stopped_because:
        console.print(f"  [yellow]{state}:[/]       {now.stopped_because}", highlight=False)
    elif now.opens_at is not None and now_ms() < now.opens_at:
        console.print(f"  [yellow]opens:[/]        {_moment(now.opens_at, '')}", highlight=False)


def _print(name: str, state: str, now: OpeningPlan) -> None:
    because = f" ({now.stopped_because})" if now.stopped_because else ""
    console.print(f"[bold]{name}[/] is {state}{because}.", highlight=False)
    kept = "no limit" if now.most_kept is None else f"pauses at {now.most_kept:,}"
    lines = {
        "opens": _moment(now.opens_at, "at once"),
        "ends": _moment(now.ends_at, "no end") + (f" ({now.end_state})" if now.ends_at else ""),
        "kept": kept,
        "budget": "pauses when it is reached" if now.stops_at_budget else "no limit",
    }
    for title, words in lines.items():
        console.print(f"  {title:7} {words}", highlight=False)


def _moment(at: int | None, otherwise: str) -> str:
    if at is None:
        return otherwise
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M} UTC"
