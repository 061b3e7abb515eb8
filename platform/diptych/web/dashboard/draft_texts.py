"""Dashboard: edit one text of a study, with what participants see of it, and earlier texts."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from diptych.authoring import study_toml, text_pictures
from diptych.authoring.draft_folder import DraftConflict, DraftFault, TextFile
from diptych.authoring.draft_history import OUTSIDE
from diptych.authoring.drafts import Draft
from diptych.authoring.folder import faults_with
from diptych.authoring.folder_files import is_file
from diptych.authoring.toml_lines import line_of
from diptych.images import ImageFault, read_servable
from diptych.journey.previews import lowered
from diptych.overview.draft_texts import PURPOSES
from diptych.study import texts
from diptych.study.difference import compare_lines
from diptych.web.dashboard.access import access, pages, user
from diptych.web.dashboard.drafts import needed_draft

blueprint = pages("draft_texts")
#: Longest text that a form can send: the host accepts 256 kB, and letters become up to nine bytes.
MOST_IN_FORM = 200_000


@blueprint.get("/studies/<study>/edit/file/<file>")
@access("editor", draft=True)
def edit(study: str, file: str) -> Any:
    """Show a text in an editor."""
    here = needed_draft()
    return _page(here, _read(here, file))


@blueprint.post("/studies/<study>/edit/file/<file>")
@access("editor", draft=True)
def save(study: str, file: str) -> Any:
    """Save a text, unless it was changed since the editor was opened."""
    here = needed_draft()
    seen, text = request.form.get("seen", ""), request.form.get("text", "").replace("\r\n", "\n")
    _read(here, file)
    try:
        if "remove" in request.form:
            here.remove(file, seen=seen, user=user())
            flash(f"{file} is removed. Participants see the default text.", "success")
            return redirect(url_for("dashboard_drafts.index", study=study), 303)
        here.write(file, text, seen=seen, user=user())
    except DraftConflict as conflict:
        return _page(here, conflict.current, mine=text), 409
    except DraftFault as fault:
        return _page(here, _read(here, file), mine=text, fault=f"{fault}."), 422
    flash(f"{file} is saved.", "success")
    return redirect(url_for(".edit", study=study, file=file), 303)


@blueprint.post("/studies/<study>/edit/file/<file>/look")
@access("editor", draft=True)
def look(study: str, file: str) -> Any:
    """Return what the text in the editor comes to: how participants see it, or its faults."""
    here = needed_draft()
    _read(here, file)
    return _panel(here, file, request.form.get("text", ""))


@blueprint.get("/studies/<study>/edit/file/<file>/history")
@access("editor", draft=True)
def history(study: str, file: str) -> Any:
    """List earlier texts; show how one differs from the text of now."""
    here = needed_draft()
    now = _read(here, file)
    kept = here.files.history(file)
    number = request.args.get("n", None, int)
    chosen = next((each for each in kept if each.number == number), None)
    return render_template(
        "dashboard/draft_history.html",
        file=file,
        now=now,
        kept=kept,
        chosen=chosen,
        lines=[] if chosen is None else list(compare_lines(chosen.text, now.text)),
    )


@blueprint.post("/studies/<study>/edit/file/<file>/history")
@access("editor", draft=True)
def restore(study: str, file: str) -> Any:
    """Make an earlier text the text of now; the text of now stays in the history."""
    here = needed_draft()
    now = _read(here, file)
    kept = here.files.earlier(file, request.form.get("n", 0, int))
    if kept is None:
        abort(404, "This earlier text is no longer kept.")
    try:
        here.write(file, kept.text, seen=request.form.get("seen", now.digest), user=user())
    except DraftConflict:
        flash(f"{file} was changed after you opened this page. Look again.", "error")
        return redirect(url_for(".history", study=study, file=file, n=kept.number), 303)
    flash(f"{file} is as it was. The text before is in the list of earlier texts.", "success")
    return redirect(url_for(".edit", study=study, file=file), 303)


@blueprint.get("/studies/<study>/edit/picture/<path:file>")
@access("editor", draft=True)
def picture(study: str, file: str) -> Response:
    """Send an image of the folder, as participants would get it."""
    here = needed_draft()
    if not is_file(here.folder, file):
        abort(404)
    path = here.folder / file
    try:
        _, image = read_servable(path, path.stat().st_mtime_ns)
    except (ImageFault, OSError):
        abort(404)
    response = Response(image.encode(), mimetype=image.media_type)
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _read(here: Draft, file: str) -> TextFile:
    if file not in here.files.names():
        abort(404)
    try:
        return here.files.read(file)
    except DraftFault as fault:
        abort(409, f"{fault}.")


def _page(here: Draft, now: TextFile, *, mine: str | None = None, fault: str = "") -> str:
    """Show the editor.

    Parameters
    ----------
    here : Draft
        The study.
    now : TextFile
        The file as it is on the disk.
    mine : str | None
        What the user has typed, where it was not saved.
    fault : str
        Why it was not saved; empty when the file was changed meanwhile.
    """
    name = now.name
    text = now.text if mine is None else mine
    newest = here.files.history(name)[:1]
    known = newest and newest[0].text == now.text and newest[0].by != OUTSIDE
    return render_template(
        "dashboard/draft_text.html",
        file=name,
        text=text,
        seen=now.digest,
        exists=bool(now.digest),
        too_long=len(now.text.encode()) > MOST_IN_FORM,
        conflict=mine is not None and not fault,
        lines=[] if mine is None else list(compare_lines(now.text, mine)),
        by=newest[0].by if known else None,
        fault=fault,
        optional=here.files.optional(name),
        purpose=PURPOSES.get(name.removesuffix(".md").partition("_part")[0], ""),
        panel=_panel(here, name, text),
    )


def _panel(here: Draft, name: str, text: str) -> str:
    """Render what is beside the editor."""
    if name == study_toml.FILE:
        faults = faults_with(here.folder, text.encode("utf-8", "replace"))
        lines = [
            (line_of(text, fault.key, fault.found), fault)
            for fault in faults
            if fault.file == study_toml.FILE
        ]
        return render_template("dashboard/draft_faults.html", faults=lines)
    if not name.endswith(".md"):
        return ""
    spec, _ = here.files.spec()
    return render_template(
        "dashboard/draft_look.html",
        pages=_seen(here, name, text),
        language="en" if spec is None else spec.language,
    )


def _seen(here: Draft, name: str, text: str) -> list[str]:
    """Return the pages of a text as HTML, as participants see them."""
    named = text_pictures.named(text)
    addresses = {
        source: url_for(".picture", study=here.name, file=file)
        for source, file in named.items()
        if is_file(here.folder, file)
    }
    moved = text_pictures.moved(text, addresses)
    if name.startswith("instructions"):
        return [lowered(texts.html(part), 1) for part in texts.split(moved)]
    return [lowered(texts.html(moved), 1)] if moved.strip() else []
