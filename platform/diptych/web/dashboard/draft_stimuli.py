"""Dashboard: the images of a study as a table, and images that are added by upload."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, render_template, request, url_for

from diptych.authoring import new_stimuli
from diptych.authoring.draft_folder import DraftConflict, DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.folder_files import is_file
from diptych.authoring.new_stimuli import manifest_of
from diptych.authoring.stimulus_table import StimulusTable, read_table
from diptych.authoring.uploads import Upload
from diptych.host import host
from diptych.web.dashboard.access import access, pages, user
from diptych.web.dashboard.drafts import needed_draft

blueprint = pages("draft_stimuli")
PER_PAGE = 60
#: Files that a report of an upload names; the rest is counted.
MOST_NAMED = 200


@blueprint.get("/studies/<study>/edit/stimuli")
@access("editor", draft=True)
def page(study: str) -> Any:
    """Show the images with their labels, and the place to drop others."""
    here = needed_draft()
    before = here.files.read(manifest_of(here))
    table, fault = StimulusTable(("file", "label"), ()), ""
    try:
        table = read_table(before.text)
    except DraftFault as found:
        fault = str(found)
    label = request.args.get("label")
    rows = [row for row in table.rows if label is None or row["label"] == label]
    count = max(1, -(-len(rows) // PER_PAGE))
    number = min(max(request.args.get("page", 1, int), 1), count)
    shown = rows[(number - 1) * PER_PAGE : number * PER_PAGE]
    return render_template(
        "dashboard/draft_stimuli.html",
        table=table,
        attributes=[name for name in table.columns if name not in ("file", "label")],
        rows=[(row, is_file(here.folder, row["file"])) for row in shown],
        found=len(rows),
        label=label,
        number=number,
        count=count,
        seen=before.digest,
        manifest=before.name,
        fault=fault,
        megabytes=host().settings.upload_megabytes,
    )


@blueprint.post("/studies/<study>/edit/stimuli")
@access("editor", draft=True)
def change(study: str) -> Any:
    """Give the chosen images another label, or take them out of the study."""
    here = needed_draft()
    chosen = frozenset(request.form.getlist("file"))
    back = url_for(".page", study=study) + "?" + urlencode(request.args.to_dict())
    if not chosen:
        flash("Choose at least one image.", "error")
        return redirect(back, 303)
    try:
        flash(_change(here, chosen), "success")
    except DraftConflict:
        flash(
            "The table was changed after you opened this page. Nothing was saved: look again.",
            "error",
        )
    except DraftFault as fault:
        flash(f"Nothing was saved: {fault}.", "error")
    return redirect(back, 303)


def _change(here: Draft, chosen: frozenset[str]) -> str:
    """Change the rows of some files as the form says; return what was done."""
    manifest, seen = manifest_of(here), request.form.get("seen", "")
    table = new_stimuli.table_of(here)
    count = len(chosen & table.files)
    if request.form.get("what") == "remove":
        changed, done = table.without(chosen), {"removed": count}
        said = f"Taken out: {_images(count)}. The files stay in the folder."
    else:
        label = request.form.get("label", "").strip()
        changed, done = table.relabelled(chosen, label), {"relabelled": count}
        said = f"{_images(count)} now {'has' if count == 1 else 'have'} the label “{label}”."
    here.files.write(manifest, changed.text(), seen=seen, by=user().name)
    here.note(user(), "draft.stimuli", manifest, **done)
    return said


@blueprint.get("/studies/<study>/edit/stimuli/upload/<name>")
@access("editor", draft=True)
def report(study: str, name: str) -> Any:
    """Show what an upload consists of, before anything is written."""
    here, upload = needed_draft(), _upload(name)
    label = request.args.get("label", "").strip()
    try:
        found = new_stimuli.sort(here, upload.files(), label)
    except DraftFault as fault:
        flash(str(fault), "error")
        return redirect(url_for(".page", study=study), 303)
    return render_template(
        "dashboard/draft_upload.html", upload=name, found=found, label=label, most=MOST_NAMED
    )


@blueprint.post("/studies/<study>/edit/stimuli/upload/<name>")
@access("editor", draft=True)
def add(study: str, name: str) -> Any:
    """Add the good images of an upload, or discard the upload."""
    here, upload = needed_draft(), _upload(name)
    if "discard" in request.form:
        upload.discard()
        flash("The upload is discarded. Nothing was added.", "success")
        return redirect(url_for(".page", study=study), 303)
    try:
        found = new_stimuli.sort(here, upload.files(), request.form.get("label", "").strip())
        added = new_stimuli.add(here, found.good, user=user())
    except DraftFault as fault:
        flash(f"Nothing was added: {fault}.", "error")
        return redirect(url_for(".page", study=study), 303)
    upload.discard()
    flash(f"Added: {_images(added)}.", "success")
    return redirect(url_for(".page", study=study), 303)


def _upload(name: str) -> Upload:
    try:
        return Upload.find(host().settings, user().id, name)
    except DraftFault as fault:
        abort(404, str(fault))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
