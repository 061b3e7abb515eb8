"""`diptych study …`: make, check, build, open, pause and close studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from diptych.cli import Commands
from diptych.cli.context import study_folder, with_app
from diptych.cli.json_output import emit, json_option
from diptych.domain.vocabulary import LIVE

if TYPE_CHECKING:
    from diptych.overview.checklist import Check

console = Console()
messages = Console(stderr=True)


@click.group(cls=Commands)
def study() -> None:
    """Make, check, open and close studies."""


@study.command(short_help="Make the folder of a new study.")
@click.argument("name")
@click.option(
    "--task", default="category_learning", show_default=True, help="Kind of trial of the study."
)
def new(name: str, task: str) -> None:
    """Make the folder of a new study, ready to validate, with texts to rewrite."""
    from diptych.authoring.scaffold import make_study

    folder = _new_folder(name)
    make_study(folder, task)
    console.print(f"Made [bold]{folder}[/]. Write its texts and put its images in place, then:")
    console.print(f"  diptych study build {name} && diptych study validate {name}", highlight=False)


def _new_folder(name: str) -> Path:
    """Where a new study goes: in the studies folder itself, never beside or below it."""
    from diptych.authoring.folder import NAME, NAMES
    from diptych.ground.settings import Settings

    if not NAME.fullmatch(name):
        raise click.ClickException(f"{name!r} can't name a study: a name of {NAMES}, is allowed")
    return Settings.from_environment().studies / name


@study.command("from-units")
@click.argument("name")
@click.option(
    "--scores", required=True, type=click.Path(path_type=Path), help="Folder of `diptych mis`."
)
@click.option(
    "--images", required=True, type=click.Path(path_type=Path), help="The images that were scored."
)
@click.option("--model", required=True, help="Network in the scores, such as efficientnet-lite0.")
@click.option("--easiest", default=10, show_default=True, help="Units of the highest MIS.")
@click.option("--random", default=10, show_default=True, help="Units drawn from all.")
@click.option("--hardest", default=10, show_default=True, help="Units of the lowest MIS.")
@click.option("--tasks", default=2, show_default=True, help="Test items a unit.")
@click.option("--side", default=224, show_default=True, help="Side of the images, in pixels.")
@click.option("--seed", default=0, show_default=True, help="Seed of all that is drawn.")
@click.option(
    "--per-participant",
    type=int,
    help="Test trials of one participant; by default all items, but 60 at most.",
)
@click.option("--similarity", help="Run to take, where several have scored the network: by this,")
@click.option("--image-set", help="by these images,")
@click.option("-N", "n", type=int, help="by so many tasks a unit,")
@click.option("-K", "k", type=int, help="by so many explanations a side,")
@click.option("--queries", help="by queries from here (extreme, p2-98),")
@click.option("--scale", type=float, help="or by this scale.")
def from_units(
    name: str, scores: Path, images: Path, model: str, side: int, seed: int,
    per_participant: int | None, easiest: int, random: int, hardest: int, tasks: int, **which: Any,
) -> None:  # fmt: skip
    """Make a study of a network's easiest, random and hardest units.

    NAME becomes a 2-AFC study folder, ready to open. What it is made of is what `diptych mis MODEL
    --images DIR --to SCORES` has written.
    """
    from diptych.authoring.from_units import UnitsFault, Wanted, make_study_from_units

    folder = _new_folder(name)
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
    console.print("Read its texts and study.toml (contact, payment, recruitment), then:")
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
        console.print(f"{folder.name} has no generator: nothing to build.")


@study.command()
@click.argument("name")
@json_option
def validate(name: str, as_json: bool) -> None:
    """Check a study and tell every fault in one go."""
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
    """What is no fault of a folder, but should be known."""
    for remark in remarks:
        console.print(f"  [yellow]![/] {escape(remark)}", highlight=False, soft_wrap=True)


@study.command("list")
@json_option
@with_app
def list_(as_json: bool) -> None:
    """Every study this host knows, with its sessions."""
    from diptych.study.versions import overview

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
    """One line of the list of studies; it counts sessions of people."""
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
    """Freeze the study as it stands and let participants in."""
    _freeze(study_folder(name), opening=True)


@study.command(short_help="Freeze the study as it stands for a preview.")
@click.argument("name")
@with_app
def preview(name: str) -> None:
    """Freeze the study as it stands for a preview, without letting anybody in."""
    _freeze(study_folder(name), opening=False)


def _freeze(folder: Path, *, opening: bool) -> None:
    from diptych.accounts import study_keys
    from diptych.authoring import load_study
    from diptych.host import host
    from diptych.study.versions import freeze, study_id_of

    with console.status(f"Freezing {folder.name} …"):
        loaded = load_study(folder)
        _, is_new = freeze(loaded, opening=opening)
        study_id = study_id_of(folder.name)
    version = loaded.content.content_hash[:12]
    what = "a new version" if is_new else "the same version as before"
    console.print(f"[bold]{folder.name}[/] {version} ({what})")
    _tell_remarks(loaded.remarks)
    link = f"{host().settings.base_url.rstrip('/')}/s/{folder.name}"
    if opening:
        console.print(f"  participants: {link}", highlight=False, soft_wrap=True)
    key = study_keys.ensure(host().secret, study_id, folder.name, "preview", None)
    console.print(f"  preview:      {link}?preview={key}", highlight=False, soft_wrap=True)
    if opening:
        _tell_what_is_missing(loaded.content, study_id)


def _tell_what_is_missing(content: Any, study_id: int) -> None:
    """People may be let in whatever the checklist says; but nobody should do it unawares."""
    from diptych.host import host
    from diptych.overview.readiness import checks

    missing = [c.title for c in checks(host(), content, study_id) if c.state == "missing"]
    if missing:
        console.print(f"  [yellow]missing:[/]      {', '.join(missing)}", highlight=False)
        console.print(f"                `diptych study checklist {content.name}` says more.")


@study.command(short_help="Keys for trying a study: list them, revoke one.")
@click.argument("name")
@click.option("--revoke", metavar="KEY", help="First part of the key that is to be useless.")
@with_app
def keys(name: str, revoke: str | None) -> None:
    """List the keys by which the study NAME is taken as a preview, simulated or by a machine.

    \b
      diptych study keys greebles
      diptych study keys greebles --revoke 5f0c0ffee0dd

    A key works for as long as its account may do what it allows, and until it is revoked. Keys are
    made on the dashboard under Recruitment; `diptych study open` makes one for its preview link.
    """
    from datetime import UTC, datetime

    from rich.table import Table

    from diptych.accounts import study_keys
    from diptych.study.versions import study_id_of

    study_id = study_id_of(name)
    if revoke is not None:
        if not study_keys.revoke(study_id, revoke, None):
            raise click.ClickException(f"{name} has no key {revoke!r}: `diptych study keys {name}`")
        console.print(f"The key {revoke} is revoked: its links lead nowhere.")
        return
    found = study_keys.listed(study_id)
    if not found:
        console.print(f"Nobody has a key of {name}.")
        return
    table = Table("key", "for", "by", "made", "last used", "works")
    for key in found:
        made, used = (
            "never" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"
            for at in (key.created_at, key.last_used_at)
        )
        table.add_row(key.name, key.purpose, key.user, made, used, "yes" if key.works else "no")
    console.print(table)


@study.command(short_help="Where to send people: a link for each recruiter.")
@click.argument("name")
@with_app
def links(name: str) -> None:
    """Where to send people: one link for each recruiter of the study, as it is open now."""
    from diptych.host import host
    from diptych.study.versions import current_version, frozen

    content = frozen(current_version(name)[1])
    for recruiter in content.spec.recruitment.recruiters:
        link = host().recruiter(content, recruiter).invitation(name)
        console.print(f"{recruiter:10} {link}", highlight=False, markup=False, soft_wrap=True)


@study.command(short_help="What to look at before people are let in.")
@click.argument("name")
@click.option("--strict", is_flag=True, help="Exit with 1 while something is missing.")
@json_option
@with_app
def checklist(name: str, strict: bool, as_json: bool) -> None:
    """What to look at before people are let in: texts, time, pay, codes, address.

    Looks at the folder as it stands.
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
        raise click.ClickException("something is missing before people can be let in")


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


_state_command("pause", "paused", "Let nobody new in for now; running sessions go on.")
_state_command("close", "closed", "Let nobody new in any more; running sessions go on.")
