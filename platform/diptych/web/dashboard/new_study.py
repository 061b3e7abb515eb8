"""Dashboard: make a study from a template, from another study, or from a zip file."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for

from diptych.authoring import drafts, scaffold
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.drafts import Draft
from diptych.authoring.uploads import Upload
from diptych.host import host
from diptych.overview.studies import Listed, listed
from diptych.web.dashboard.access import access, pages, user

blueprint = pages("new_study")


@blueprint.get("/new")
@access("user")
def page() -> Any:
    """Show the three ways to a new study."""
    return _page()


@blueprint.post("/new")
@access("user")
def from_template() -> Any:
    """Make a study from the template of a task."""
    return _made(
        lambda name: drafts.new_from_template(
            host().settings,
            name,
            request.form.get("task", ""),
            title=request.form.get("title", ""),
            own_images=request.form.get("images") != "drawn",
            user=_maker(),
        )
    )


@blueprint.post("/new/clone")
@access("user")
def from_study() -> Any:
    """Make a study from the folder of another one that the user may edit."""
    of = request.form.get("of", "")
    if of not in {each.name for each in _to_copy()}:
        abort(404)
    return _made(
        lambda name: drafts.clone(
            host().settings, name, host().settings.studies / of, user=_maker()
        )
    )


@blueprint.post("/new/import")
@access("user")
def from_archive() -> Any:
    """Make a study from an uploaded zip file."""

    def make(name: str) -> Draft:
        maker = _maker()
        upload = Upload.find(host().settings, maker.id, request.form.get("upload", ""))
        files = upload.files()
        if len(files) != 1:
            raise DraftFault("Choose one zip file.")
        made = drafts.import_archive(host().settings, name, files[0].path, user=maker)
        upload.discard()
        return made

    return _made(make)


def _maker() -> Any:
    """Return the user, who may make studies."""
    if not drafts.may_make(host().settings, user()):
        abort(403, "Only administrators make studies on this host. Ask one of them.")
    return user()


def _made(make: Any) -> Any:
    """Make a study of the name in the form, and lead to it; show the form again on a fault."""
    name = request.form.get("name", "").strip()
    try:
        made = make(name)
    except DraftFault as fault:
        return _page(fault=str(fault), name=name, way=request.path.rpartition("/")[2]), 422
    return redirect(url_for("dashboard_drafts.index", study=made.name), 303)


def _to_copy() -> list[Listed]:
    """List the studies that the user may edit, and that have a folder here."""
    studies = host().settings.studies
    return [
        each
        for each in listed(user())
        if each.role in ("editor", "owner") and (studies / each.name / "study.toml").is_file()
    ]


def _page(**shown: Any) -> str:
    _maker()
    return render_template(
        "dashboard/new_study.html",
        tasks=scaffold.descriptions(),
        copied=[(each.name, each.title or each.name) for each in _to_copy()],
        task=request.form.get("task", "category_learning"),
        of=request.form.get("of") or request.args.get("of", ""),
        megabytes=host().settings.upload_megabytes,
        **shown,
    )
