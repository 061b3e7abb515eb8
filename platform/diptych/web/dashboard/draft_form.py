"""Dashboard: study.toml as a form, with faults beside the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from diptych.authoring import study_form, study_toml
from diptych.authoring.draft_folder import DraftConflict, DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.study_form import StudyForm
from diptych.study.faults import Fault
from diptych.web.dashboard.access import access, pages, user
from diptych.web.dashboard.drafts import needed_draft
from diptych.web.dashboard.studies import read_folder

blueprint = pages("draft_form")
#: What fields of the form are called: not the names of its buttons.
PREFIX = "key:"


@blueprint.get("/studies/<study>/edit/form")
@access("editor", draft=True)
def page(study: str) -> Any:
    """Show every key of the study's settings."""
    here = needed_draft()
    try:
        return _page(here)
    except DraftFault as fault:
        flash(f"The form needs a study.toml without faults of its form. {fault}.", "error")
        text = url_for("dashboard_draft_texts.edit", study=study, file=study_toml.FILE)
        return redirect(text, 303)


@blueprint.post("/studies/<study>/edit/form")
@access("editor", draft=True)
def save(study: str) -> Any:
    """Save what was typed; also add a table, or take one out."""
    here = needed_draft()
    given = {
        name.removeprefix(PREFIX): "\n".join(request.form.getlist(name))
        for name in request.form
        if name.startswith(PREFIX)
    }
    now = here.files.read(study_toml.FILE)
    try:
        text = study_form.changed(now.text, given)
        anchor = ""
        if name := request.form.get("add"):
            text, anchor = study_form.with_table(text, name), name
        if name := request.form.get("drop"):
            table, _, number = name.rpartition(".")
            text = study_form.without_table(text, table, int(number) if number.isdigit() else -1)
            anchor = table
        here.write(study_toml.FILE, text, seen=request.form.get("seen", ""), user=user())
    except DraftConflict:
        return _page(here, typed=given), 409
    except DraftFault as fault:
        abort(422, f"{fault}.")
    flash("The settings are saved.", "success")
    return redirect(url_for(".page", study=study, _anchor=anchor or None), 303)


def _page(here: Draft, typed: Mapping[str, str] | None = None) -> str:
    now = here.files.read(study_toml.FILE)
    form = study_form.form_of(now.text)
    _, faults = read_folder(here.folder)
    own = [fault for fault in faults if fault.file == study_toml.FILE]
    beside, others = _beside(form, own)
    shown = typed or {}
    differing = [
        (field.key, field.value, shown[field.key])
        for group in form.groups
        for field in group.fields
        if field.key in shown and shown[field.key].strip() != field.value.strip()
    ]
    return render_template(
        "dashboard/draft_form.html",
        form=form,
        seen=now.digest,
        faults=beside,
        others=others,
        typed=shown,
        conflict=typed is not None,
        differing=differing,
        prefix=PREFIX,
    )


def _beside(form: StudyForm, faults: Sequence[Fault]) -> tuple[dict[str, list[Fault]], list[Fault]]:
    """Sort faults by the field that they belong to; others belong to no field."""
    beside: dict[str, list[Fault]] = {}
    others: list[Fault] = []
    for fault in faults:
        parts = fault.key.split(".")
        keys = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        key = next((key for key in keys if form.find(key) is not None), None)
        if key is None:
            others.append(fault)
        else:
            beside.setdefault(key, []).append(fault)
    return beside, others
