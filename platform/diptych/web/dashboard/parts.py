"""Dashboard: who is due for a later part of a study, who came back, and who did not."""

from __future__ import annotations

import csv
import io

from flask import Response, abort, render_template, request

from diptych.accounts import audit
from diptych.domain.vocabulary import KIND_WORDS, KINDS
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview import parts
from diptych.settling import settle
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages, user

blueprint = pages("parts")
#: Participants that the page lists; the file has all.
MOST_LISTED = 100


@blueprint.get("/studies/<study>/parts")
@access("viewer")
def page(study: str) -> str:
    """Show who came back by part and condition, and who is due now."""
    kind = request.args.get("who", "person")
    if kind not in KINDS:
        abort(400, f"who: {kind!r} is not one of {', '.join(KINDS)}")
    study_id = rules.study().id
    settle.catch_up(host(), study_id)
    with reading() as connection:
        turns = parts.turns(host(), connection, study_id, kind)
    due = parts.due(turns)
    return render_template(
        "dashboard/parts.html",
        kind=kind,
        who=KIND_WORDS[kind],
        returns=parts.returns(turns),
        due=due[:MOST_LISTED],
        all_due=len(due),
        waiting=sum(turn.state == "waiting" for turn in turns),
        may_see_ids=rules.study().allows("editor"),
    )


@blueprint.get("/studies/<study>/parts/due.csv")
@access("viewer", token=True)
def due_list(study: str) -> Response:
    """Send the list of participants to remind; with `?ids=1` their platform ids, for editors."""
    with_ids = request.args.get("ids") == "1"
    study_id = rules.study().id
    if with_ids:
        if not rules.study().allows("editor"):
            abort(403, "Platform ids are for editors and owners of the study.")
        audit.note(user(), "export.ids", study_id=study_id, detail={"to": "list of who is due"})
    with reading() as connection:
        due = parts.due(parts.turns(host(), connection, study_id))
        rows = parts.list_rows(connection, due, with_ids=with_ids)
    names = [name for name in parts.COLUMNS if with_ids or name != "platform_id"]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{study}-due.csv"'
    return response
