"""Dashboard: the figures of a study, each loaded by a request of its own, and as files."""

from __future__ import annotations

from typing import Any, cast

from apiflask import abort
from flask import Response, flash, make_response, redirect, render_template, request, url_for

from diptych.domain.vocabulary import KIND_WORDS, KINDS
from diptych.figures import kept_results
from diptych.host import host
from diptych.overview import figures
from diptych.overview.figures import FORMS, SCOPES, Shown
from diptych.settling.settle import catch_up
from diptych.web.dashboard import access as rules
from diptych.web.dashboard.access import access, pages

blueprint = pages("figures")
THEMES = ("light", "dark")
MOST_ROWS = 300  # of a figure's table on the page; the CSV has all


@blueprint.get("/studies/<study>/figures")
@access("viewer")
def page(study: str) -> str:
    """Show all figures of the study, drawn by the browser as they come into view."""
    here = rules.study()
    catch_up(host(), here.id)
    kind, scope = _chosen("who", KINDS), _chosen("scope", SCOPES)
    shown = figures.all_of(here.id, kind, scope)
    return render_template(
        "dashboard/figures.html",
        figures=[figure for figure in shown if figure.result is None],
        results=[figure for figure in shown if figure.result is not None],
        sessions=max((figure.sessions for figure in shown if figure.result is None), default=0),
        kind=kind,
        scope=scope,
        whose=KIND_WORDS[kind],
        can_draw=figures.can_draw(),
    )


@blueprint.get("/studies/<study>/figures/<name>.<any(json,png,svg,csv):form>")
@access("viewer", token=True)
def figure(study: str, name: str, form: str) -> Response:
    """Send one figure: its Vega-Lite specification, a picture, or its table as CSV."""
    found, kind, scope = _found(name)
    theme = cast(Any, _chosen("theme", THEMES))
    about = study if found.result is not None else f"{study}, {KIND_WORDS[kind]}"
    response = _unless_known(f"{found.mark}-{form}-{theme}")
    if response is not None:
        return response
    try:
        body = found.written(form, theme, about)
    except figures.NoDrawing as fault:
        abort(409, f"This host cannot draw figures: {fault}.")
    response = make_response(body)
    response.mimetype = FORMS[form]
    if form != "json":
        whose = "" if found.result is not None else f"-{kind}-{scope}"
        file = f"{study}-{name}{whose}.{form}"
        response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return _marked(response, f"{found.mark}-{form}-{theme}")


@blueprint.get("/studies/<study>/figures/<name>/table")
@access("viewer")
def table(study: str, name: str) -> Response:
    """Show what a figure shows, as a table: within the page, or as a separate page."""
    found, _, _ = _found(name)
    part = "part" if request.headers.get("HX-Request") else "page"
    known = _unless_known(f"{found.mark}-table-{part}")
    if known is not None:
        return known
    frame = found.frame()
    rows = [
        [_cell(cell) for cell in row]
        for row in frame.head(MOST_ROWS).itertuples(index=False, name=None)
    ]
    body = render_template(
        "dashboard/figure_table.html",
        within="dashboard/base.html" if part == "page" else "dashboard/figure_part.html",
        figure=found,
        columns=[str(column).replace("_", " ") for column in frame.columns],
        rows=rows,
        left=len(frame) - len(rows),
    )
    response = _marked(make_response(body), f"{found.mark}-table-{part}")
    response.vary.add("HX-Request")
    return response


@blueprint.post("/studies/<study>/figures/results")
@access("editor")
def remove_result(study: str) -> Response:
    """Take a kept result off the page."""
    name = request.form.get("name", "")
    if not kept_results.remove(rules.study().id, name, rules.user()):
        abort(404, f"There is no result {name!r}. It may have been removed.")
    flash(f"The result {name} was removed.", "success")
    return cast(Response, redirect(url_for("dashboard_figures.page", study=study)))


def _found(name: str) -> tuple[Shown, str, str]:
    kind, scope = _chosen("who", KINDS), _chosen("scope", SCOPES)
    found = figures.one_of(rules.study().id, kind, scope, name)
    if found is None:
        abort(404, f"This study has no figure {name!r}.")
    if found.empty:
        abort(404, f"Nothing was counted for the figure {name!r} yet.")
    return found, kind, scope


def _chosen(name: str, allowed: tuple[str, ...]) -> str:
    """Read a choice of the address; the first of the allowed ones where it names none."""
    default = "kept" if name == "scope" else allowed[0]
    value = request.args.get(name, default)
    if value not in allowed:
        abort(400, f"{name}: {value!r} is not one of {', '.join(allowed)}.")
    return value


def _unless_known(mark: str) -> Response | None:
    """Send nothing to a browser that has it already."""
    return _marked(Response(status=304), mark) if request.if_none_match.contains(mark) else None


def _marked(response: Response, mark: str) -> Response:
    response.set_etag(mark)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _cell(cell: Any) -> tuple[str, bool]:
    """Write a cell as text, and say whether it is a number."""
    if figures.missing(cell):
        return "–", False
    if isinstance(cell, bool) or type(cell).__name__ == "bool":
        return ("yes" if cell else "no"), False
    if isinstance(cell, str):
        return cell, False
    value = float(cell)
    text = f"{value:,.0f}" if value.is_integer() and abs(value) >= 2 else f"{value:.3g}"
    return text.replace("-", "−"), True
