"""Dashboard: the versions of a study, what differs between them, and what participants see."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from diptych.accounts import study_keys
from diptych.ground.database import reading
from diptych.host import host
from diptych.journey import previews
from diptych.journey.state import image_url
from diptych.overview.versions import Version, find_version, history
from diptych.recruiters import PART
from diptych.settling.settle import catch_up
from diptych.study.difference import difference
from diptych.study.versions import frozen, open_version
from diptych.web.dashboard.access import access, pages, study, user
from diptych.web.dashboard.navigation import home
from diptych.web.dashboard.opening import tell_if_stopped
from diptych.web.dashboard.studies import MOST_THUMBNAILS, current_or_newest, images_of

blueprint = pages("versions")
MOST_TRIALS = 24


@blueprint.get("/studies/<study>/versions")
@access("viewer")
def index(study: str) -> str:
    """List every version, the newest first, with the sessions that were shown it."""
    catch_up(host(), _study().id)
    versions = _versions(counted=True)
    return render_template(
        "dashboard/versions.html",
        versions=versions,
        participants=f"{home()}/{study}/participants",
    )


@blueprint.post("/studies/<study>/versions/open")
@access("owner")
def open_again(study: str) -> Response:
    """Let people in to a version that is frozen, be it an older one."""
    version = _find(_versions(), request.form.get("version", ""))
    open_version(_study().id, version.id, user())
    flash(f"Version {version.short} is open. New participants see this version.", "success")
    tell_if_stopped(_study().id)
    return redirect(url_for("dashboard_studies.overview", study=study))  # type: ignore[return-value]


@blueprint.get("/studies/<study>/versions/difference")
@access("viewer")
def compare(study: str) -> str:
    """Show what differs between two versions."""
    versions = _versions()
    old, new = _two(versions)
    before, after = frozen(old.id), frozen(new.id)
    return render_template(
        "dashboard/version_difference.html",
        versions=versions,
        old=old,
        new=new,
        found=difference(before, after),
        most=MOST_THUMBNAILS,
        old_image=images_of(old.id),
        new_image=images_of(new.id),
    )


@blueprint.get("/studies/<study>/versions/preview")
@access("viewer")
def preview(study: str) -> str:
    """Show every page that participants see, and some trials drawn from a seed."""
    versions = _versions()
    given = request.args.get("version", "")
    version = _find(versions, given) if given else current_or_newest(versions)
    whole = frozen(version.id)
    part = _number("part", 1, 1, whole.spec.parts)
    content = whole.of_part(part)
    conditions = [condition.name for condition in content.spec.conditions]
    condition = request.args.get("condition") or conditions[0]
    if condition not in conditions:
        abort(404, f"There is no condition {condition!r}; there are {', '.join(conditions)}.")
    seed = _number("seed", 1, 0, 2**31 - 1)
    count = _number("n", 6, 1, MOST_TRIALS)
    return render_template(
        "dashboard/preview.html",
        versions=versions,
        version=version,
        content=content,
        condition_options=[(name, name) for name in conditions],
        condition=condition,
        seed=seed,
        count=count,
        most=MOST_TRIALS,
        part=part,
        part_options=[(number, f"Part {number}") for number in range(1, whole.spec.parts + 1)],
        participant_pages=previews.pages(host(), version.id, content, part),
        image_of=partial(image_url, host(), previews.NO_SESSION, version.id),
        trials=previews.trials(host(), version.id, content, condition, seed, count, part),
    )


@blueprint.post("/studies/<study>/versions/preview/take")
@access("viewer")
def take(study: str) -> Any:
    """Lead to the participant's page, with the user's own preview key."""
    here = _study()
    key = study_keys.ensure(host().secret, here.id, study, "preview", user())
    part = request.form.get(PART, "1")
    query: dict[str, Any] = {"preview": key} | ({} if part == "1" else {PART: part})
    return redirect(url_for("pages.participant", study=study, **query), 303)


def _study() -> Any:
    return study()


def _versions(*, counted: bool = False) -> list[Version]:
    with reading() as connection:
        return history(connection, _study().id, counted=counted)


def _find(versions: list[Version], prefix: str) -> Version:
    found = find_version(versions, prefix)
    if found is None:
        abort(404, f"This study has no version {prefix!r}.")
    return found


def _two(versions: list[Version]) -> tuple[Version, Version]:
    """Find the versions an address asks to compare; by default the newest and the one before it."""
    new = request.args.get("new", "")
    after = _find(versions, new) if new else versions[0]
    old = request.args.get("old", "")
    if old:
        return _find(versions, old), after
    earlier = versions[versions.index(after) + 1 :]
    return (earlier[0] if earlier else after), after


def _number(name: str, default: int, least: int, most: int) -> int:
    """Read a whole number of the address, held between two bounds."""
    try:
        return min(max(int(request.args.get(name, default)), least), most)
    except ValueError:
        return default
