"""Browser plugins of tasks from other packages, served from the package."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, abort

from diptych.ground.plugins import UnknownPlugin
from diptych.tasks.browser_plugin import PluginMissing, plugin_of

blueprint = APIBlueprint("plugins", __name__, enable_openapi=False)


@blueprint.get("/plugins/<task>/<digest>.js")
def plugin(task: str, digest: str) -> Response:
    """Send the plugin of a task, if it still has these bytes."""
    try:
        found = plugin_of(task)
    except (UnknownPlugin, PluginMissing):
        abort(404)
    if found is None or found[0] != digest:
        abort(404)
    response = Response(found[1], mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
