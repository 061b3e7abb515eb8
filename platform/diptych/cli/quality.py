"""`diptych quality`: what the rules of a study find, worked out anew when asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
from rich.table import Table

from diptych.cli.console import console
from diptych.cli.context import with_app
from diptych.cli.json_output import emit, json_option
from diptych.cli.tables import progress_bar
from diptych.domain.vocabulary import JUDGED


@click.command()
@click.argument("study")
@click.option("--recompute", is_flag=True, help="Judge and count every ended session again.")
@click.option(
    "--crowd",
    is_flag=True,
    help="Estimate each participant's accuracy from the answers to shared items (Dawid-Skene), "
    "and judge the sessions again.",
)
@click.option(
    "--who",
    type=click.Choice(JUDGED),
    default="person",
    show_default=True,
    help="Kind of participants.",
)
@json_option
@with_app
def quality(study: str, recompute: bool, crowd: bool, who: str, as_json: bool) -> None:
    """Show how many sessions of STUDY each quality rule flags.

    `[quality]` of study.toml sets rules and thresholds. Rules in `auto` exclude sessions
    automatically. The command never changes a researcher's decision.
    """
    from diptych.accounts import audit
    from diptych.ground.database import reading
    from diptych.host import host
    from diptych.overview.quality import overview
    from diptych.settling import settle
    from diptych.study.versions import study_id_of

    study_id = study_id_of(study)
    estimates = _crowd(study_id, who) if crowd else []
    if recompute or crowd:
        audit.note(None, "quality.recompute", study_id=study_id, detail={"crowd": crowd})
        with progress_bar("sessions") as progress:
            left = settle.resettle(host(), study_id, progress)
    else:
        left = settle.catch_up(host(), study_id)
    with reading() as connection:
        found = overview(connection, study_id, who)
    if as_json:
        emit(_as_json(study, who, found, estimates, left))
        return
    _print(study, found, estimates)
    if left:
        console.print(f"{left:,} ended sessions are not judged yet; the host's log says why.")


def _crowd(study_id: int, who: str) -> list[Any]:
    from diptych.host import host
    from diptych.quality.crowd import CrowdFault, work_out

    try:
        with progress_bar("answers") as progress:
            return list(work_out(host(), study_id, who, progress))
    except CrowdFault as fault:
        raise click.ClickException(str(fault)) from None


def _print(study: str, found: Any, estimates: list[Any]) -> None:
    from diptych.quality.rules import number

    if not found.rules:
        console.print(
            f"{study} has no quality rules: [bold]\\[quality][/] of study.toml sets them."
        )
    else:
        table = Table(title=f"Quality of {study}", title_justify="left")
        for head, justify in (
            ("rule", "left"), ("threshold", "right"), ("decides", "left"), ("judged", "right"),
            ("flagged", "right"), ("share", "right"),
        ):  # fmt: skip
            table.add_column(head, justify=justify)  # type: ignore[arg-type]
        for each in found.rules:
            limit = "–" if each.threshold is None else number(each.threshold) + each.rule.of_unit
            share = f"{each.flagged / each.judged:.1%}" if each.judged else "–"
            decides = "alone" if each.auto else "a hint" if each.rule.soft else "a person"
            judged, flagged = f"{each.judged:,}", f"{each.flagged:,}"
            table.add_row(each.rule.name, limit, decides, judged, flagged, share)
        console.print(table)
    console.print(f"{found.completed:,} completed, {found.excluded:,} of them excluded.")
    if estimates:
        mean = sum(each.accuracy for each in estimates) / len(estimates)
        console.print(
            f"By the crowd: {len(estimates):,} sessions, mean accuracy {mean:.3f}. Set "
            "min_crowd_accuracy in \\[quality] to flag sessions below it."
        )


def _as_json(study: str, who: str, found: Any, estimates: list[Any], left: int) -> dict[str, Any]:
    return {
        "study": study,
        "who": who,
        "completed": found.completed,
        "excluded": found.excluded,
        "not_judged_yet": left,
        "rules": [
            {
                "rule": each.rule.name,
                "threshold": each.threshold,
                "auto": each.auto,
                "soft": each.rule.soft,
                "judged": each.judged,
                "flagged": each.flagged,
            }
            for each in found.rules
        ],
        "crowd": [{**dataclasses.asdict(each), "session": each.public_id} for each in estimates],
    }
