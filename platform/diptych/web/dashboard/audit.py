"""Dashboard: the audit log, of one study for its owner, of everything for an administrator."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, render_template, request

from diptych.accounts import audit
from diptych.web.dashboard import access as who
from diptych.web.dashboard.access import access, pages

blueprint = pages("audit")
SIZE = 50


@blueprint.get("/audit")
@access("admin")
def everything() -> Any:
    """Show every entry."""
    return _page(None)


@blueprint.get("/studies/<study>/audit")
@access("owner", draft=True)
def of_study(study: str) -> Any:
    """Show what was done to this study."""
    return _page(who.study().id)


def _page(study_id: int | None) -> str:
    search = request.args.get("search", "").strip()[:100]
    page = audit.read(
        study_id=study_id, search=search, before=_key("before"), after=_key("after"), size=SIZE
    )
    return render_template(
        "dashboard/audit.html",
        page=page,
        search=search,
        everywhere=study_id is None,
        newer=_address(search, after=page.newer),
        older=_address(search, before=page.older),
        paged="before" in request.args or "after" in request.args,
    )


def _key(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        abort(404)
    return int(given)


def _address(search: str, **key: int | None) -> str | None:
    if None in key.values():
        return None
    query = urlencode({**({"search": search} if search else {}), **key})
    return f"{request.script_root}{request.path}?{query}"
