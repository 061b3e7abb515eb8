"""The participant's page, and a start page."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, current_app, make_response, render_template

from diptych.studies.versions import UnknownStudy, current_version, frozen

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)
ENTRY = "src/main.ts"


class BundleMissing(Exception):
    """The front end was not bundled."""


@blueprint.get("/s/<study>")
def participant(study: str) -> Response:
    """The page on which a study is taken: the same for everybody, whatever the query."""
    title = "Study"
    try:
        _, version_id, _ = current_version(study, preview=True)
        title = frozen(version_id).spec.title
    except UnknownStudy:
        pass  # the page asks the API, which says so politely
    js, css = _bundle()
    page = render_template(
        "participant.html", study=study, title=title, bundle_js=js, bundle_css=css
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _bundle() -> tuple[str, tuple[str, ...]]:
    """Addresses of script and styles, from the bundler's manifest.

    Raises:
        BundleMissing: when the front end was not bundled.
    """
    manifest = Path(str(current_app.static_folder)) / "dist" / ".vite" / "manifest.json"
    try:
        return _read_manifest(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        raise BundleMissing(
            f"{manifest} is missing; `make frontend` bundles the participant's page"
        ) from None


@lru_cache(maxsize=1)
def _read_manifest(manifest: Path, _modified_ns: int) -> tuple[str, tuple[str, ...]]:
    """Read again when the front end was bundled anew under a running host."""
    entry = json.loads(manifest.read_text())[ENTRY]
    base = "/static/dist/"
    return base + entry["file"], tuple(base + name for name in entry.get("css", ()))
