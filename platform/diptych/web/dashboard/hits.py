"""Dashboard: the HITs of a study on Mechanical Turk, as they stand there now."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from diptych.host import host
from diptych.mturk import changes, hits
from diptych.mturk.offer import HitFault
from diptych.recruiters.platform import PlatformFault
from diptych.web.dashboard.access import access, pages, user
from diptych.web.dashboard.access import study as opened

blueprint = pages("hits")
MOST_WORKERS, MOST_HOURS = 1000, 24 * 365


@blueprint.get("/studies/<study>/recruitment/hits")
@access("viewer")
def index(study: str) -> str:
    """List the HITs with MTurk's numbers; with the host's own where MTurk does not answer."""
    found, fault = hits.placed(host(), opened().id), ""
    # A study that never was on MTurk asks nothing of it, unless somebody wants to know.
    if found or request.args.get("look"):
        try:
            found = hits.hits(host(), study)
        except PlatformFault as why:
            fault = str(why)
    return render_template(
        "dashboard/hits.html",
        hits=found,
        choices=[(hit.id, hit.id) for hit in found if hit.status not in hits.NOT_THERE],
        fault=fault,
        sandbox=host().settings.mturk_sandbox,
        token=secrets.token_hex(12),
        most_workers=MOST_WORKERS,
        most_hours=MOST_HOURS,
    )


@blueprint.post("/studies/<study>/recruitment/hits/expire")
@access("editor")
def expire(study: str) -> Any:
    """Let nobody accept a HIT any more."""
    hit = request.form.get("hit", "")

    def change() -> None:
        changes.expire_hit(host(), study, hit, user=user())

    return _changed(study, change, f"{hit} has expired. Workers who accepted it may still finish.")


@blueprint.post("/studies/<study>/recruitment/hits/extend")
@access("editor")
def extend(study: str) -> Any:
    """Offer a HIT to more workers, or for longer; a form that is sent twice extends once."""
    hit = request.form.get("hit", "")

    def change() -> None:
        changes.extend_hit(
            host(),
            study,
            hit,
            assignments=_number("assignments", MOST_WORKERS),
            hours=_number("hours", MOST_HOURS),
            user=user(),
            token=request.form.get("token") or None,
        )

    return _changed(study, change, f"{hit} is extended.")


def _number(name: str, most: int) -> int:
    given = request.form.get(name, "").strip() or "0"
    # So long a text is no number to Python either.
    if not given.isascii() or not given.isdigit() or len(given) > 18 or int(given) > most:
        raise HitFault(f"{given[:30]!r} is not allowed for {name}: enter a number from 0 to {most}")
    return int(given)


def _changed(study: str, change: Callable[[], None], done: str) -> Any:
    try:
        change()
    except (HitFault, PlatformFault) as fault:
        flash(f"Nothing was done: {fault}.", "error")
    else:
        flash(done, "success")
    return redirect(url_for("dashboard_hits.index", study=study))
