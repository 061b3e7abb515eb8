"""`diptych study …`: make, check, build, open, pause and close studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from diptych.cli import Commands
from diptych.cli.captions_study import from_captions
from diptych.cli.concepts_study import from_concepts
from diptych.cli.console import console, messages
from diptych.cli.context import new_study_folder, study_folder, with_app
from diptych.cli.contrastive_study import from_contrastive
from diptych.cli.grids_study import from_grids
from diptych.cli.json_output import emit, json_option
from diptych.cli.study_plan import plan, tell_plan
from diptych.domain.vocabulary import LIVE
from diptych_analysis.option_types import FINITE, SEED

if TYPE_CHECKING:
    from diptych.overview.checks import Check


@click.group(cls=Commands)
def study() -> None:
    """Make, check, open and close studies."""


study.add_command(from_contrastive)
study.add_command(from_concepts)
study.add_command(from_captions)
study.add_command(from_grids)
study.add_command(plan)


@study.command(short_help="Make the folder of a new study.")
@click.argument("name")
@click.option("--task", default="category_learning", show_default=True, help="Task of the study.")
def new(name: str, task: str) -> None:
    """Make the folder of a new study, with example texts to rewrite."""
    from diptych.authoring.scaffold import make_study

    folder = new_study_folder(name)
    make_study(folder, task)
    console.print(f"Made [bold]{folder}[/]. Write its texts and add its images, then run:")
    console.print(f"  diptych study build {name} && diptych study validate {name}", highlight=False)


@study.command("from-units", short_help="Make a study of the units of a network.")
@click.argument("name")
@click.option(
    "--scores",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder that `diptych mis … --to` wrote.",
)
@click.option(
    "--images",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the images that `diptych mis` used.",
)
@click.option(
    "--model", required=True, help="Network to take from the scores, such as efficientnet-lite0."
)
@click.option(
    "--easiest", default=10, show_default=True, help="Number of units with the highest MIS."
)
@click.option("--random", default=10, show_default=True, help="Number of units at random.")
@click.option(
    "--hardest", default=10, show_default=True, help="Number of units with the lowest MIS."
)
@click.option("--tasks", default=2, show_default=True, help="Test items per unit.")
@click.option(
    "--side", default=224, show_default=True, help="Width and height of the images, in pixels."
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="Seed of all random choices.")
@click.option(
    "--per-participant",
    type=int,
    help="Test trials per participant. By default all items, at most 60.",
)
@click.option(
    "--similarity",
    help="If the folder has several runs of the network: the run with this similarity,",
)
@click.option("--image-set", help="with this set of images,")
@click.option("-N", "n", type=int, help="with this number of items per unit,")
@click.option("-K", "k", type=int, help="with this number of explanations per side,")
@click.option("--queries", help="with these queries (extreme, p2-98),")
@click.option("--scale", type=FINITE, help="or with this scale.")
def from_units(
    name: str, scores: Path, images: Path, model: str, side: int, seed: int,
    per_participant: int | None, easiest: int, random: int, hardest: int, tasks: int, **which: Any,
) -> None:  # fmt: skip
    """Make a study of a network's easiest, random and hardest units.

    NAME becomes the folder of a 2-AFC study, ready to open. The units, items and images come from a
    run of `diptych mis MODEL --images DIR --to SCORES`.
    """
    from diptych.authoring.from_units import UnitsFault, Wanted, make_study_from_units

    folder = new_study_folder(name)
    wanted = Wanted(easiest=easiest, random=random, hardest=hardest, tasks=tasks)
    try:
        with console.status(f"Making {folder} …"):
            make_study_from_units(
                folder, scores, images, model, wanted=wanted, side=side, seed=seed,
                per_participant=per_participant, **which,
            )  # fmt: skip
    except UnitsFault as fault:
        raise click.ClickException(str(fault)) from None
    console.print(f"Made [bold]{folder}[/]: {wanted.tested} units with {wanted.tasks} items each.")
    console.print("Read its texts and study.toml (contact, payment, recruitment), then run:")
    console.print(f"  diptych study preview {name} && diptych study open {name}", highlight=False)


@study.command()
@click.argument("name")
def build(name: str) -> None:
    """Run the study's generator, which draws its stimuli."""
    from diptych.authoring import build_study

    folder = study_folder(name)
    with console.status(f"Drawing the stimuli of {folder.name} …"):
        built = build_study(folder)
    if built:
        console.print(f"Built the stimuli of [bold]{folder.name}[/].")
    else:
        console.print(f"{folder.name} has no generator, so nothing was built.")


@study.command()
@click.argument("name")
@json_option
def validate(name: str, as_json: bool) -> None:
    """Check a study, and list all its mistakes at once."""
    from diptych.authoring import load_study

    folder = study_folder(name)
    with messages.status(f"Reading {folder.name} …"):
        loaded = load_study(folder)
    content, spec = loaded.content, loaded.content.spec
    items = len(content.items) or len(content.stimuli)
    if as_json:
        emit(
            {
                "study": content.name,
                "valid": True,
                "faults": [],
                "task": spec.task.name,
                "phases": dict(spec.phases),
                "stimuli": len(content.stimuli),
                "items": items,
                "conditions": len(spec.conditions),
                "version": content.content_hash[:12],
                "remarks": list(loaded.remarks),
            }
        )
        return
    phases = ", ".join(f"{count} {phase}" for phase, count in spec.phases.items())
    console.print(f"[bold green]✓[/] [bold]{content.name}[/] has no faults.")
    console.print(
        f"  {spec.task.name}: {phases} trials; {len(content.stimuli)} stimuli, "
        f"{items} items; "
        f"{len(spec.conditions)} condition{'' if len(spec.conditions) == 1 else 's'}; "
        f"version {content.content_hash[:12]}"
    )
    _tell_remarks(loaded.remarks)


def _tell_remarks(remarks: Sequence[str]) -> None:
    """Print what is no fault of a folder, but should be known."""
    for remark in remarks:
        console.print(f"  [yellow]![/] {escape(remark)}", highlight=False, soft_wrap=True)


@study.command("list")
@json_option
@with_app
def list_(as_json: bool) -> None:
    """List the studies of this host, with their sessions."""
    from diptych.journey.opening import keep_all_to_plan
    from diptych.study.versions import overview

    keep_all_to_plan()
    rows = [_counts(row) for row in overview()]
    if as_json:
        emit(rows)
        return
    if not rows:
        console.print("No studies yet. `diptych study new NAME` makes one.")
        return
    table = Table("study", "state", "versions", "completed", "under way", "other")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)


def _counts(row: Mapping[str, Any]) -> dict[str, str | int]:
    """Return one line of the list of studies; it counts sessions of people."""
    sessions = row["sessions"]
    done = sessions.get("completed", 0)
    live = sum(sessions.get(s, 0) for s in LIVE)
    return {
        "study": row["name"],
        "state": row["state"],
        "versions": row["versions"],
        "completed": done,
        "under_way": live,
        "other": sum(sessions.values()) - done - live,
    }


@study.command("open")
@click.argument("name")
@with_app
def open_(name: str) -> None:
    """Freeze the current version, and accept participants."""
    _freeze(study_folder(name), opening=True)


@study.command(short_help="Freeze the current version for a preview.")
@click.argument("name")
@with_app
def preview(name: str) -> None:
    """Freeze the current version of the study for a preview, without accepting participants."""
    _freeze(study_folder(name), opening=False)


def _freeze(folder: Path, *, opening: bool) -> None:
    from diptych.accounts import study_keys
    from diptych.authoring import load_study
    from diptych.host import host
    from diptych.recruiters import study_link
    from diptych.study.versions import freeze, study_id_of

    with console.status(f"Freezing {folder.name} …"):
        loaded = load_study(folder)
        _, is_new = freeze(loaded, opening=opening)
        study_id = study_id_of(folder.name)
    version = loaded.content.content_hash[:12]
    what = "a new version" if is_new else "the same version as before"
    console.print(f"[bold]{folder.name}[/] {version} ({what})")
    _tell_remarks(loaded.remarks)
    link = study_link(host().settings, folder.name)
    if opening:
        console.print(f"  participants: {link}", highlight=False, soft_wrap=True)
    key = study_keys.ensure(host().secret, study_id, folder.name, "preview", None)
    console.print(f"  preview:      {link}?preview={key}", highlight=False, soft_wrap=True)
    if opening:
        tell_plan(study_id)
        _tell_what_is_missing(loaded.content, study_id)


def _tell_what_is_missing(content: Any, study_id: int) -> None:
    """Print what the checklist misses: participants may come all the same."""
    from diptych.host import host
    from diptych.overview.readiness import checks

    missing = [c.title for c in checks(host(), content, study_id) if c.state == "missing"]
    if missing:
        console.print(f"  [yellow]missing:[/]      {', '.join(missing)}", highlight=False)
        console.print(f"                `diptych study checklist {content.name}` shows details.")


@study.command(short_help="List or revoke the keys of previews and simulations.")
@click.argument("name")
@click.option("--revoke", metavar="KEY", help="First part of the key to revoke.")
@with_app
def keys(name: str, revoke: str | None) -> None:
    """List the keys of the study NAME, which previews, simulations and machines use.

    \b
      diptych study keys greebles
      diptych study keys greebles --revoke 5f0c0ffee0dd

    A key works until it is revoked, or until its account loses the role that the key needs. Make
    keys on the dashboard, under Recruitment; `diptych study open` makes one for its preview link.
    """
    from datetime import UTC, datetime

    from rich.table import Table

    from diptych.accounts import study_keys
    from diptych.study.versions import study_id_of

    study_id = study_id_of(name)
    if revoke is not None:
        if not study_keys.revoke(study_id, revoke, None):
            raise click.ClickException(
                f"{name} has no key {revoke!r}; `diptych study keys {name}` lists them"
            )
        console.print(f"The key {revoke} is revoked. Its links no longer work.")
        return
    found = study_keys.listed(study_id)
    if not found:
        console.print(f"{name} has no keys.")
        return
    table = Table("key", "for", "by", "made", "last used", "works")
    for key in found:
        made, used = (
            "never" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"
            for at in (key.created_at, key.last_used_at)
        )
        table.add_row(key.name, key.purpose, key.user, made, used, "yes" if key.works else "no")
    console.print(table)


@study.command(short_help="Show the participants' link for each recruiter.")
@click.argument("name")
@with_app
def links(name: str) -> None:
    """Show the participants' link for each recruiter of the open version."""
    from diptych.host import host
    from diptych.study.versions import current_version, frozen

    content = frozen(current_version(name)[1])
    for part in range(1, content.spec.parts + 1):
        if content.spec.parts > 1:
            console.print(f"Part {part}:")
        for recruiter in content.spec.recruitment.recruiters:
            link = host().recruiter(content, recruiter).invitation(name, part)
            console.print(f"{recruiter:10} {link}", highlight=False, markup=False, soft_wrap=True)


@study.command(short_help="Show what to check before you open the study.")
@click.argument("name")
@click.option("--strict", is_flag=True, help="Exit with 1 if something is missing.")
@json_option
@with_app
def checklist(name: str, strict: bool, as_json: bool) -> None:
    """Show what to check before you open the study: texts, time, pay, codes, address.

    The command checks the current folder, not the open version.
    """
    from diptych.authoring import load_study
    from diptych.host import host
    from diptych.overview.readiness import checks
    from diptych.study.versions import UnknownStudy, current_version

    folder = study_folder(name)
    content = load_study(folder).content
    try:
        study_id = current_version(folder.name, preview=True)[0]
    except UnknownStudy:
        study_id = None
    found = checks(host(), content, study_id)
    if as_json:
        emit({"study": content.name, "checks": [asdict(check) for check in found]})
    else:
        _print_checks(found)
    if strict and any(check.state == "missing" for check in found):
        raise click.ClickException("something is missing: complete it before you open the study")


def _print_checks(found: Sequence[Check]) -> None:
    colours = {"done": "green", "look": "yellow", "missing": "red"}
    table = Table.grid(padding=(0, 1))
    table.add_column(width=8)
    for check in found:
        told = escape(f"{check.found} {check.advice}".strip())
        state = f"[{colours[check.state]}]{check.state}[/]"
        table.add_row(state, f"[bold]{check.title}[/]: {told}")
    console.print(table)


def _state_command(name: str, state: str, help_text: str) -> None:
    @study.command(name, help=help_text)
    @click.argument("study_name", metavar="NAME")
    @with_app
    def command(study_name: str) -> None:
        from diptych.study.versions import set_state

        set_state(study_name, state)
        console.print(f"[bold]{study_name}[/] is {state}.")


_state_command("pause", "paused", "Stop new participants for now. Running sessions continue.")
_state_command("close", "closed", "Stop new participants. Running sessions continue.")
