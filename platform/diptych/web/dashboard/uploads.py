"""Dashboard: what a browser uploads, piece by piece, for a page that then uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import abort, jsonify, request

from diptych.authoring import new_stimuli
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.uploads import Upload
from diptych.host import host
from diptych.web.dashboard.access import access, pages, user

blueprint = pages("uploads")


@blueprint.post("/uploads")
@access("user")
def begin() -> Any:
    """Begin an upload."""
    return jsonify({"upload": Upload.begin(host().settings, user().id).name}), 201


@blueprint.get("/uploads/<name>")
@access("user")
def there(name: str) -> Any:
    """Tell what of an upload has arrived, for a browser that goes on with it."""
    try:
        arrived = Upload.find(host().settings, user().id, name).there()
    except DraftFault as fault:
        abort(404, str(fault))
    return jsonify(
        {
            "there": {str(number): size for number, size in arrived.sizes.items()},
            "whole": arrived.whole,
            "odd": [{"name": file, "fault": fault} for file, fault in arrived.odd],
        }
    )


@blueprint.post("/uploads/<name>")
@access("user")
def piece(name: str) -> Any:
    """Store pieces of files; the form has number, name, at and size of each, in order.

    Whole images are read at once, so that the page shows odd files while others still arrive.
    """
    form = request.form
    inspect = new_stimuli.inspect if form.get("kind") == "images" else _nothing
    told = []
    try:
        upload = Upload.find(host().settings, user().id, name)
        parts = zip(
            form.getlist("number", int),
            form.getlist("name"),
            form.getlist("at", int),
            form.getlist("size", int),
            request.files.getlist("piece"),
            strict=True,
        )
        for number, file, at, size, data in parts:
            arrived = upload.put(number, file, at, size, data.read(), inspect)
            if arrived is not None and arrived.fault:
                told.append({"name": file, "fault": arrived.fault})
    except ValueError as fault:
        if not isinstance(fault, DraftFault):
            abort(422, "An upload needs number, name, at, size and piece of each file.")
        abort(422, str(fault))
    return jsonify({"odd": told})


def _nothing(path: Path) -> tuple[str, str]:
    return "", ""
