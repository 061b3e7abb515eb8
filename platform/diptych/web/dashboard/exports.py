"""Dashboard: the tables of a study, to keep or to read from a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, cast

from flask import Response, abort, render_template, request, stream_with_context, url_for

from diptych.accounts import audit
from diptych.export.large_exports import Busy, Wanted, export
from diptych.export.tables import IDENTITIES, open_tables
from diptych.ground.database import reading
from diptych.host import host
from diptych.overview.quality import recorded
from diptych.study.versions import UnknownStudy
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages, user
from diptych_analysis.tables.layout import FORMAT_CHOICES, FORMATS, table_file
from diptych_analysis.tables.schema import DESCRIPTIONS, TABLES, Column
from diptych_analysis.tables.values import text_of

blueprint = pages("exports")
#: The page of a table shows so many rows, of so many sessions: it costs the same for any study.
MOST_ROWS, FIRST_SESSIONS = 20, 20
_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@blueprint.get("/studies/<study>/export")
@access("viewer")
def page(study: str) -> str:
    """Show what can be exported, in which form."""
    with reading() as connection:
        sessions = recorded(connection, rules.study().id)
    return render_template(
        "dashboard/export.html",
        tables=DESCRIPTIONS,
        sessions=sessions,
        may_see_ids=rules.study().allows("editor"),
        base=f"{host().settings.base_url}{url_for('.page', study=study)}",
    )


@blueprint.get("/studies/<study>/export/data")
@access("viewer")
def data(study: str) -> str:
    """Show the first rows of a table, and what its columns mean."""
    table = request.args.get("table", "sessions")
    if table not in TABLES:
        abort(404, f"There is no table {table!r}; there are {', '.join(TABLES)}.")
    with open_tables(host(), study, FIRST_SESSIONS) as tables:
        columns = tables.columns[table]
        batches = tables.batches(table)
        each = chain.from_iterable(batch.rows(*(c.name for c in columns)) for batch in batches)
        rows = list(islice(each, MOST_ROWS))
    return render_template(
        "dashboard/data.html",
        tables=DESCRIPTIONS,
        table=table,
        columns=columns,
        rows=_cells(columns, rows),
        first_sessions=FIRST_SESSIONS,
        most_rows=MOST_ROWS,
    )


def _cells(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> list[list[str]]:
    """Write rows as the CSV file has them, but numbers short."""
    return [
        [_short(column, text_of(column, cell)) for column, cell in zip(columns, row, strict=True)]
        for row in rows
    ]


def _short(column: Column, text: str) -> str:
    return f"{float(text):.6g}" if column.type == "number" and text else text


@blueprint.post("/studies/<study>/export")
@access("viewer")
def download(study: str) -> Response:
    """Send the chosen tables as one zip archive, while it is written."""
    names = [n for n in TABLES if n in request.form.getlist("table")]
    format_ = request.form.get("format", "csv")
    if format_ not in FORMAT_CHOICES:
        abort(400, f"format: {format_!r} is not one of {', '.join(FORMAT_CHOICES)}")
    with_ids = "ids" in request.form
    if not names and not with_ids:
        abort(400, "Choose at least one table.")
    if with_ids:
        _allow_ids("a zip archive")
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    name = f"{study}-{day}{'-with-ids' if with_ids else ''}.zip"
    wanted = Wanted(
        study=study,
        tables=tuple(names),
        formats=FORMAT_CHOICES[format_],
        with_ids=with_ids,
        excel="excel" in request.form,
    )
    return _sent(wanted, name, "application/zip")


@blueprint.get("/studies/<study>/export/<file>")
@access("viewer", token=True)
def one(study: str, file: str) -> Response:
    """Send one table as a file: `trials.parquet`, `sessions.csv?excel=1`, …; also for scripts."""
    name, _, format_ = file.rpartition(".")
    if format_ not in FORMATS or name not in (*TABLES, IDENTITIES):
        files = f"{', '.join((*TABLES, IDENTITIES))}, each as {' or '.join(FORMATS)}"
        abort(404, f"There is no {file!r}; there are {files}.")
    if name == IDENTITIES:
        _allow_ids(file)
    excel = request.args.get("excel") == "1"
    wanted = Wanted(study=study, tables=(name,), formats=(format_,), packed=False, excel=excel)
    saved_as = f"{study}-{file}" if name == IDENTITIES else table_file(study, name, format_)
    return _sent(wanted, saved_as, _TYPES[format_])


def _allow_ids(how: str) -> None:
    """Let editors and owners take platform ids, and record first who takes them."""
    if not rules.study().allows("editor"):
        abort(403, "Platform ids are for editors and owners of the study.")
    audit.note(user(), "export.ids", study_id=rules.study().id, detail={"to": how})


def _sent(wanted: Wanted, name: str, type_: str) -> Response:
    """Send a file while it is made."""
    stream = stream_with_context(_begun(export(host(), wanted)))
    response = Response(cast(Any, stream), mimetype=None, content_type=type_)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    # A proxy that waits for the whole file would keep what is not to be kept.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first of the chunks at once, so that faults are reported before anything is sent."""
    try:
        first = next(chunks, b"")
    except UnknownStudy:
        abort(404, "This study has no version yet, so there is nothing to export.")
    except Busy:
        abort(
            409,
            "This host is preparing another large download. It prepares one at a time, so "
            "that participants do not wait. Try again when the other is done.",
        )

    def all_of_them() -> Iterator[bytes]:
        try:
            yield first
            yield from chunks
        finally:
            # Also when the browser has gone away: the database is let go of.
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    return all_of_them()
