"""Dashboard: the list of studies, one study at a glance, and whether people are let in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from diptych.authoring.deleted_drafts import deleted
from diptych.authoring.drafts import may_make
from diptych.authoring.folder import load_study
from diptych.ground.database import reading
from diptych.host import host
from diptych.journey.previews import NO_SESSION
from diptych.journey.state import image_url
from diptych.overview.readiness import checks
from diptych.overview.studies import last_entered, listed, numbers
from diptych.overview.versions import Version, history, study_folders
from diptych.recruiters import study_link
from diptych.settling.settle import catch_up
from diptych.study.difference import Difference, difference
from diptych.study.faults import Fault, StudyFault
from diptych.study.loaded import LoadedStudy
from diptych.study.spec import StudySpec
from diptych.study.versions import (
    UnknownStudy,
    freeze,
    frozen,
    set_state,
    study_id_of,
    study_state,
)
from diptych.web.dashboard.access import access, pages, study, user
from diptych.web.dashboard.opening import tell_if_stopped

blueprint = pages("studies")
MOST_THUMBNAILS = 24
# What may become of a state, and how the button is called.
NEXT = {
    "draft": (),
    "open": (("paused", "Pause"), ("closed", "Close")),
    "paused": (("open", "Open again"), ("closed", "Close")),
    "closed": (("open", "Open again"),),
}
WORDS = {
    "open": "is open: people who follow a link can enter.",
    "paused": "is paused: new participants cannot enter, running sessions continue.",
    "closed": "is closed: new participants cannot enter, running sessions continue.",
}


@blueprint.get("/studies")
@access("user")
def index() -> str:
    """List the user's studies; for an administrator also the folders that nobody has opened."""
    mine = listed(user())
    known = {each.name for each in mine}
    folders = study_folders(host().settings.studies) if user().is_admin else []
    return render_template(
        "dashboard/studies.html",
        studies=mine,
        folders=[name for name in folders if name not in known],
        studies_folder=host().settings.studies,
        deleted=deleted(host().settings, user()),
        may_make=may_make(host().settings, user()),
    )


@blueprint.get("/studies/<study>")
@access("viewer")
def overview(study: str) -> str:
    """Show one study: what it is, its state, what to look at before people take it."""
    here = _study()
    catch_up(host(), here.id)
    with reading() as connection:
        versions = history(connection, here.id)
        arrived = last_entered(connection, here.id)
    shown = current_or_newest(versions)
    content = frozen(shown.id)
    return render_template(
        "dashboard/study.html",
        content=content,
        spec=content.spec,
        version=shown,
        versions=versions,
        numbers=numbers(here.id),
        last_entered=arrived,
        checks=checks(host(), content, here.id),
        trials_in_words=trials_in_words(content.spec),
        next_states=NEXT[here.state],
        link=study_link(host().settings, here.name),
    )


@blueprint.post("/studies/<study>/state")
@access("editor")
def change_state(study: str) -> Response:
    """Pause, close, or open again."""
    state = request.form.get("state", "")
    if state not in WORDS:
        abort(422, f"{state!r} is not a state; allowed are {', '.join(WORDS)}.")
    try:
        set_state(study, state, user())
    except UnknownStudy:
        flash("No version of it was opened yet: open one first.", "error")
        return _to("dashboard_versions.index", study=study)
    flash(f"{study} {WORDS[state]}", "success")
    tell_if_stopped(_study().id)
    return _to("dashboard_studies.overview", study=study)


@blueprint.get("/studies/<study>/versions/folder")
@access("owner", draft=True)
def folder(study: str) -> Any:
    """Show the study's folder on this host: what would become a new version."""
    return _show_folder(study)


@blueprint.post("/studies/<study>/versions/folder")
@access("owner", draft=True)
def freeze_folder(study: str) -> Any:
    """Freeze the folder as a new version, open to people or for a preview only."""
    return _freeze_folder(study)


@blueprint.get("/folders/<name>")
@access("admin")
def new_folder(name: str) -> Any:
    """Show a study folder that this host has not seen yet."""
    if _is_known(name):
        return _to("dashboard_studies.folder", study=name)
    return _show_folder(name)


@blueprint.post("/folders/<name>")
@access("admin")
def freeze_new_folder(name: str) -> Any:
    """Freeze a study folder that this host has not seen yet."""
    return _freeze_folder(name)


def _show_folder(name: str, status: int = 200) -> Any:
    loaded, faults = read_folder(_folder_of(name))
    compared: Difference | None = None
    versions: list[Version] = []
    study_id: int | None = None
    if _is_known(name):
        study_id = _study().id
        with reading() as connection:
            versions = history(connection, study_id)
        if loaded is not None and versions:
            compared = difference(frozen(current_or_newest(versions).id), loaded.content)
    page = render_template(
        "dashboard/study_folder.html",
        name=name,
        folder=_folder_of(name),
        content=None if loaded is None else loaded.content,
        faults=faults,
        versions=versions,
        shown=current_or_newest(versions) if versions else None,
        old_image=images_of(current_or_newest(versions).id) if versions else None,
        most=MOST_THUMBNAILS,
        frozen_as=_same(versions, loaded),
        compared=compared,
        remarks=() if loaded is None else loaded.remarks,
        checks=[] if loaded is None else checks(host(), loaded.content, study_id),
    )
    return (page, status) if status != 200 else page


def _freeze_folder(name: str) -> Any:
    opening = request.form.get("what") == "open"
    loaded, _ = read_folder(_folder_of(name))
    if loaded is None:
        return _show_folder(name, 422)
    wanted = request.form.get("version", "")
    if wanted and wanted != loaded.content.content_hash:
        # What was looked at is what is opened: the folder may have changed in between.
        flash("The folder changed after you opened this page. Check it again.", "error")
        return _show_folder(name, 409)
    _, is_new = freeze(loaded, opening=opening, user=user())
    short = loaded.content.content_hash[:12]
    what = "A new version" if is_new else "The same version as before"
    end = "is open to people." if opening else "is frozen for previews; people cannot enter."
    flash(f"{what}, {short}, {end}", "success")
    if opening:
        tell_if_stopped(study_id_of(name))
    if request.form.get("then") == "try":
        return _to("dashboard_draft_trial.page", study=name)
    return _to("dashboard_studies.overview", study=name)


def _folder_of(name: str) -> Path:
    """Find the folder of a study, new or known, below the host's own folder of studies."""
    studies = host().settings.studies
    if name not in study_folders(studies) and not _is_known(name):
        abort(404)
    return studies / name


def read_folder(path: Path) -> tuple[LoadedStudy | None, tuple[Fault, ...]]:
    """Read a study folder; return the study, or its faults."""
    if not path.is_dir():
        fault = Fault(str(path), "", "no such folder", "the study's folder, where the host runs")
        return None, (fault,)
    try:
        return load_study(path), ()
    except StudyFault as found:
        return None, found.faults


def _same(versions: list[Version], loaded: LoadedStudy | None) -> Version | None:
    """Find the version that the folder is frozen as already."""
    if loaded is None:
        return None
    return next((v for v in versions if v.content_hash == loaded.content.content_hash), None)


def _is_known(name: str) -> bool:
    try:
        study_state(name)
    except UnknownStudy:
        return False
    return True


def current_or_newest(versions: list[Version]) -> Version:
    """Return the version that people are shown; the newest where none was opened."""
    return next((version for version in versions if version.current), versions[0])


def images_of(version_id: int) -> Callable[[int], str]:
    """Make a function that gives the address of a stimulus of a version by its place."""
    return lambda place: image_url(host(), NO_SESSION, version_id, place)


def trials_in_words(spec: StudySpec) -> str:
    """Return how many trials of each phase: `30 training, 15 test`."""
    return ", ".join(f"{count} {phase}" for phase, count in spec.phases.items() if count)


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(endpoint, **values))  # type: ignore[return-value]


def _study() -> Any:
    return study()
