"""Dashboard: the items of a study at sight: the images of each item, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.item_table import ShownItem, others, read_items_to_look_at
from diptych.web.dashboard.access import access, pages
from diptych.web.dashboard.drafts import layout_of, needed_draft
from diptych.web.dashboard.studies import read_folder

blueprint = pages("draft_items")
PER_PAGE = 30


@blueprint.get("/studies/<study>/edit/items")
@access("editor", draft=True)
def page(study: str) -> Any:
    """Show the items with their images, those with faults marked; without items, the images."""
    here = needed_draft()
    spec, _ = here.files.spec()
    layout = layout_of(spec)
    if spec is None or spec.items is None or layout is None:
        flash("The task of this study has no items, or study.toml has faults.", "warning")
        return redirect(url_for("dashboard_drafts.index", study=study), 303)
    manifest = spec.items.manifest
    _, faults = read_folder(here.folder)
    mine = [fault for fault in faults if fault.file == manifest]
    items: list[ShownItem] = []
    unreadable = ""
    try:
        text = here.files.read(manifest).text
        items = read_items_to_look_at(text, layout, here.folder, mine)
    except DraftFault as fault:
        unreadable = str(fault)
    faulty = [item for item in items if item.faults]
    only_faulty = "faulty" in request.args
    wanted = faulty if only_faulty else items
    count = max(1, -(-len(wanted) // PER_PAGE))
    number = min(max(request.args.get("page", 1, int), 1), count)
    return render_template(
        "dashboard/draft_items.html",
        manifest=manifest,
        items=wanted[(number - 1) * PER_PAGE : number * PER_PAGE],
        total=len(items),
        faulty=len(faulty),
        only_faulty=only_faulty,
        other_faults=others(mine, items),
        unreadable=unreadable,
        roles=layout.roles,
        number=number,
        count=count,
    )
