"""Dashboard: the page Edit of a study, its folder as a zip file, and folders that become drafts."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import abort, flash, redirect, render_template, send_file, url_for

from diptych import tasks
from diptych.authoring import deleted_drafts, draft_archive, drafts
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.new_stimuli import manifest_of, table_of
from diptych.ground.plugins import UnknownPlugin
from diptych.host import host
from diptych.overview.draft_texts import texts_of
from diptych.overview.readiness import checks
from diptych.study.spec import StudySpec
from diptych.tasks.items import ItemLayout
from diptych.web.dashboard.access import access, pages, study, user
from diptych.web.dashboard.studies import read_folder

blueprint = pages("drafts")


def draft() -> Draft:
    """Return the draft of the study that the address names."""
    return drafts.draft_of(host().settings, study().id, study().name)


def needed_draft() -> Draft:
    """Return the draft; 404 with a reason where its folder is not on this host."""
    found = draft()
    if not (found.folder / "study.toml").is_file():
        abort(
            404,
            f"The study {found.name} has no folder in {host().settings.studies}, so it cannot be "
            "edited here.",
        )
    return found


@blueprint.get("/studies/<study>/edit")
@access("viewer", draft=True)
def index(study: str) -> Any:
    """Show what the study's folder has, what is wrong with it, and the way to opening it."""
    here = draft()
    if not (here.folder / "study.toml").is_file():
        return render_template("dashboard/draft_missing.html", folder=here.folder, name=study)
    loaded, faults = read_folder(here.folder)
    spec, _ = here.files.spec()
    return render_template(
        "dashboard/draft.html",
        name=study,
        folder=here.folder,
        spec=spec,
        faults=[(fault, address_of(here, fault.file)) for fault in faults],
        remarks=() if loaded is None else loaded.remarks,
        texts=texts_of(here.files),
        labels=_labels(here),
        manifest=manifest_of(here),
        items=_items(spec),
        generator=_generator(here, spec),
        checks=[] if loaded is None else checks(host(), loaded.content, here.study_id),
    )


def address_of(here: Draft, file: str) -> str | None:
    """Return the page on which a file of the draft is edited; None for files that are not texts."""
    spec, _ = here.files.spec()
    if file == _items(spec):
        return url_for("dashboard_draft_items.page", study=here.name)
    if file == manifest_of(here):
        return url_for("dashboard_draft_stimuli.page", study=here.name)
    if file in here.files.names():
        return url_for("dashboard_draft_texts.edit", study=here.name, file=file)
    return None


def _labels(here: Draft) -> dict[str, int] | None:
    """Count the stimuli by label; None where the manifest can't be read."""
    try:
        return table_of(here).counts
    except DraftFault:
        return None


def layout_of(spec: StudySpec | None) -> ItemLayout | None:
    """Return the columns of the items, for a study of a task that has them."""
    if spec is None or spec.items is None:
        return None
    try:
        return tasks.REGISTRY.get(spec.task.name).items
    except UnknownPlugin:
        return None


def _items(spec: StudySpec | None) -> str | None:
    """Return the manifest of the items, for a task that has them."""
    if spec is None or spec.items is None or layout_of(spec) is None:
        return None
    return spec.items.manifest


def _generator(here: Draft, spec: StudySpec | None) -> str | None:
    """Return the program that draws the stimuli, where the folder has it."""
    name = None if spec is None else spec.stimuli.generator
    return name if name and (here.folder / name).is_file() else None


@blueprint.get("/studies/<study>/edit/export")
@access("editor", draft=True)
def export(study: str) -> Any:
    """Send the folder as one zip file."""
    here = needed_draft()
    host().settings.home.mkdir(parents=True, exist_ok=True)
    # No name of its own: the file goes when it was sent, also when the connection breaks.
    packed = tempfile.TemporaryFile(dir=host().settings.home)  # noqa: SIM115
    files = draft_archive.write_archive(here.folder, packed)
    packed.seek(0)
    here.note(user(), "draft.export", files=files)
    return send_file(packed, "application/zip", as_attachment=True, download_name=f"{study}.zip")


@blueprint.post("/studies/<study>/edit/delete")
@access("owner", draft=True)
def delete(study: str) -> Any:
    """Delete a draft; it can be restored from the list of studies."""
    try:
        deleted_drafts.delete(host().settings, draft(), user=user())
    except DraftFault as fault:
        abort(409, f"{fault}.")
    flash(f"The draft {study} is deleted. You can restore it below.", "success")
    return redirect(url_for("dashboard_studies.index"), 303)


@blueprint.post("/deleted/<int:place>/restore")
@access("user")
def restore(place: int) -> Any:
    """Make a deleted draft a draft again; only its owners and administrators can."""
    try:
        restored = deleted_drafts.restore(host().settings, place, user=user())
    except LookupError:
        abort(404)
    except DraftFault as fault:
        abort(409, f"{fault}.")
    flash(f"The draft {restored.name} is restored.", "success")
    return redirect(url_for(".index", study=restored.name), 303)


@blueprint.post("/folders/<name>/edit")
@access("admin")
def adopt(name: str) -> Any:
    """Edit a folder of the command line here: the study gets a row, and stays a draft."""
    try:
        made = drafts.adopt(host().settings, name, user=user())
    except DraftFault as fault:
        abort(409, str(fault))
    return redirect(url_for(".index", study=made.name), 303)
