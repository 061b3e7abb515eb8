"""A comparison in other forms: tables for the terminal, JSON, CSV, a page."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis import charts
from diptych_analysis.agreement import figures
from diptych_analysis.agreement.compare import Agreement
from diptych_analysis.agreement.correlation import Correlation
from diptych_analysis.report.page import Page

SHOWN = 20
Rows = list[list[str]]
#: Title, header and rows of a table; the first column is text, the others are numbers.
Plain = tuple[str, list[str], Rows]


def _number(value: float | None, form: str = ".2f") -> str:
    return "" if value is None or math.isnan(value) else figures.minus(format(value, form))


def _range(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"{_number(low)} to {_number(high)}"


def source_words(about: Mapping[str, Any]) -> str:
    """Return where the MIS comes from and which scale it has, in one line."""
    told = [str(about["source"])]
    if "similarity" in about:
        told.append(f"similarity {about['similarity']}")
    if "n" in about and "k" in about:
        told.append(f"N = {about['n']}, K = {about['k']}")
    if "scale" in about:
        told.append(f"alpha = {float(about['scale']):.3g} as {about.get('scale_reading', '?')}")
    if "calibrated_on" in about:
        told.append(f"calibrated on the HIS of {about['calibrated_on']} units, left out below")
    elif about.get("calibrated") is not None and "scale" in about:
        told.append("calibrated" if about["calibrated"] else "not calibrated")
    return ", ".join(told)


def whose_words(found: Agreement) -> str:
    """Return `1,200 answers of 60 simulated sessions about 40 units`."""
    sessions = " and ".join(
        f"{n:,} {'sessions of people' if kind == 'person' else f'{kind} sessions'}"
        for kind, n in sorted(found.kinds.items())
    )
    return f"{found.answers:,} answers in {sessions} about {len(found.units):,} units"


def _correlations(found: Agreement) -> Plain:
    rows: Rows = []

    def add(what: str, got: Correlation | None) -> None:
        if got is not None:
            for name, one in (("Pearson", got.pearson), ("Spearman", got.spearman)):
                rows.append([f"{name} over {got.n} {what}", _number(one.value),
                             _range(one.low, one.high)])  # fmt: skip

    add("units", found.correlation)
    add("models", found.models_correlation)
    if found.ceilings is not None:
        c = found.ceilings
        for words, one in (
            ("noise ceiling, Pearson", c.oracle),
            ("noise ceiling, Spearman", c.oracle_spearman),
            ("this MIS with simulated HIS, Pearson", c.score),
            ("this MIS with simulated HIS, Spearman", c.score_spearman),
        ):
            rows.append([words, _number(one.mean), _range(one.low, one.high)])
        rows.append(["noise ceiling, Pearson, closed form", _number(c.expected), ""])
        rows.append(["highest Pearson possible (reliability)", _number(c.reliability), ""])
        if c.needed is not None:
            words = f"answers per unit for a ceiling of {found.choices.wanted:g}"
            rows.append([words, f"{c.needed:,}", ""])
    his = figures.his_word(found)
    return (f"{his[0].upper()}{his[1:]} and MIS", ["", "value", "95 %"], rows)


def _groups(found: Agreement) -> Iterator[Plain]:
    if found.groups is None:
        return
    rows = [
        [g.group, str(g.units), f"{g.n:,}", _number(g.mean), _range(g.low, g.high),
         _number(getattr(g, "mis", None)), _range(g.pooled_low, g.pooled_high)]
        for g in figures.named_rows(found.groups.table)
    ]  # fmt: skip
    head = [
        "",
        "units",
        "answers",
        f"mean {figures.his_word(found)}",
        "95 % of units",
        "mean MIS",
        "95 % of answers",
    ]
    yield ("Groups of units", head, rows)
    rows = [
        [f"{t.second} against {t.first}", _number(t.difference, "+.2f"), _number(t.better),
         _number(t.u, "g"), figures.p_words(t.p_holm)]
        for t in figures.named_rows(found.groups.tests)
    ]  # fmt: skip
    yield ("Mann-Whitney, Holm", ["", "difference", "P(higher)", "U", "p"], rows)


def _models(found: Agreement) -> Iterator[Plain]:
    if found.models is not None:
        rows = [
            [str(m.model), str(m.units), f"{m.n:,}", _number(m.mean), _range(m.low, m.high),
             _number(m.mis)]
            for m in figures.named_rows(found.models.sort_values("mean", ascending=False))
        ]  # fmt: skip
        head = [
            "",
            "units",
            "answers",
            f"mean {figures.his_word(found)}",
            "95 % of units",
            "mean MIS",
        ]
        yield ("Models", head, rows)


def _machines(found: Agreement) -> Iterator[Plain]:
    if not found.machines.empty:
        rows = [
            [m.machine, str(m.units), f"{m.n:,}", _number(m.mis, ".3f"), f"{m.accuracy:.1%}",
             _number(m.pearson_his), _number(m.pearson_mis)]
            for m in figures.named_rows(found.machines)
        ]  # fmt: skip
        head = ["", "units", "answers", "MIS", "right", "r with HIS", "r with MIS"]
        yield ("Machines that took the study", head, rows)


def plain_tables(found: Agreement) -> Iterator[Plain]:
    """Yield the tables that terminal and page show; `units_table` makes that of single units."""
    yield _correlations(found)
    yield from _groups(found)
    yield from _models(found)
    yield from _machines(found)


def units_table(found: Agreement, most: int | None = SHOWN) -> Plain:
    """Return the units with the highest and the lowest HIS, best first."""
    score = found.choices.score
    units = found.units.sort_values([score, "n"], ascending=False, kind="stable")
    title = f"{len(units)} units"
    if most is not None and len(units) > most:
        units = pd.concat([units.head(most // 2), units.tail(most // 2)])
        title += f", the {most // 2} of highest and of lowest HIS"
    low, high = ("low", "high") if score == "his" else ("weighted_low", "weighted_high")
    machines = _by_unit(found)
    several = "model" in units.columns and units["model"].nunique() > 1
    named = ["model", "unit"] if several else ["unit"]
    rows = []
    for index, unit in units.iterrows():
        name = " ".join(str(unit[column]) for column in named)
        row = [name, str(unit.get("group") or ""), str(unit["n"]), _number(unit[score]),
               _range(unit[low], unit[high]), _number(unit["mis"])]  # fmt: skip
        rows.append([*row, *(_number(by_unit.get(index)) for by_unit in machines.values())])
    head = [
        "",
        "group",
        "n",
        figures.his_word(found),
        "95 %",
        "MIS",
        *(figures.short(m, 24) for m in machines),
    ]
    if "group" not in units.columns:
        head, rows = head[:1] + head[2:], [row[:1] + row[2:] for row in rows]
    return (title, head, rows)


def _by_unit(found: Agreement) -> dict[str, dict[Any, float]]:
    """Map machine -> row of `found.units` -> its score of the unit; at most three machines."""
    scores: dict[str, dict[Any, float]] = {}
    if found.machine_units.empty:
        return scores
    key = [name for name in ("model", "unit") if name in found.units.columns]
    place = {tuple(names): i for i, *names in found.units[key].itertuples(name=None)}
    for machine, part in list(found.machine_units.groupby("machine"))[:3]:
        rows = part[[*key, "machine_mis"]].itertuples(index=False, name=None)
        scores[str(machine)] = {place[tuple(names)]: value for *names, value in rows}
    return scores


def terminal(found: Agreement) -> Iterator[Any]:
    """Yield what `diptych correlate` prints: rich tables, and notes."""
    from rich.table import Table
    from rich.text import Text

    yield Text(f"{whose_words(found)}\nMIS: {source_words(found.about)}")
    for title, head, rows in (*plain_tables(found), units_table(found)):
        table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
        for i, name in enumerate(head):
            table.add_column(name, justify="right" if i else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        yield table
    for note in found.notes:
        yield Text(f"Note: {note}", style="yellow")


def as_json(found: Agreement) -> dict[str, Any]:
    """Return everything, in plain values; what is not defined is null."""
    c, chosen, groups = found.ceilings, found.choices, found.groups
    described: dict[str, Any] = {
        "name": found.name,
        "participants": found.kinds,
        "statuses": list(chosen.statuses),
        "excluded_sessions_used": chosen.excluded,
        "conditions": None if chosen.conditions is None else list(chosen.conditions),
        "score": "confidence-weighted HIS" if chosen.weighted else "HIS",
        "sessions": found.sessions,
        "answers": found.answers,
        "mis": found.about,
        "units_compared": len(found.compared),
        "correlation": found.correlation and found.correlation.described(),
        "ceilings": c
        and {
            "oracle": c.oracle.described(),
            "oracle_spearman": c.oracle_spearman.described(),
            "score": c.score.described(),
            "score_spearman": c.score_spearman.described(),
            "expected": c.expected,
            "reliability": c.reliability,
            "seed": chosen.seed,
        },
        "answers_needed": c and {"ceiling": chosen.wanted, "answers_a_unit": c.needed},
        "models": _records(found.models),
        "models_correlation": found.models_correlation and found.models_correlation.described(),
        "groups": _records(None if groups is None else groups.table),
        "group_tests": _records(None if groups is None else groups.tests),
        "machines": _records(found.machines),
        "units": _records(found.units),
        "notes": found.notes,
    }
    clean: dict[str, Any] = _clean(described)
    return clean


def _records(frame: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    return (
        None
        if frame is None
        else [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]
    )


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    if value is None or isinstance(value, str | bool):
        return value
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def as_csv(found: Agreement) -> str:
    """Write the units as CSV, one per row; machines that took the study: columns `machine:NAME`."""
    units = found.units.copy()
    for machine, scores in _by_unit(found).items():
        units[f"machine:{machine}"] = units.index.map(scores)
    return units.to_csv(index=False)


def charts_of(found: Agreement) -> Iterator[tuple[str, Any, str]]:
    """Name, figure and caption of every figure that there is."""
    whose = {"people": "people", "simulated": "simulated participants"}
    who = " and ".join(whose.get(w, w) for w in figures.who(found).split(" and "))
    kind = "Confidence-weighted HIS" if found.choices.weighted else "HIS"
    hollow = " Hollow: units that the MIS was calibrated on." if found.choices.calibrate else ""
    yield (
        "units",
        figures.units_figure(found),
        f"{kind} ({who}) against MIS, one point per unit, with 95 % Wilson intervals. On the "
        f"line, both are the same.{hollow} Intervals of the correlations: percentile bootstrap "
        "over units.",
    )
    if found.models is not None:
        yield (
            "models",
            figures.models_figure(found),
            f"Means over the units of each model, with 95 % intervals of the mean {kind}.",
        )
    if found.groups is not None:
        yield (
            "groups",
            figures.groups_figure(found),
            "Units chosen by their MIS (pale points), and their means with 95 % intervals over "
            "units. The p values are from Mann-Whitney tests, with Holm's correction.",
        )
    if found.machines is not None and not found.machine_units.empty:
        yield (
            "machines",
            figures.machines_figure(found),
            f"The same trials taken by machines: HIS ({who}) against the mean probability that the "
            "machine gave to the right query.",
        )
    planned = figures.planning_figure(found)
    if planned is not None:
        yield (
            "planning",
            planned,
            "How well a perfect score could correlate with HIS, by answers a unit: closed form "
            "(line), mean and 95 % range of simulations (points, band), for units that differ as "
            "these do once the noise of few answers is taken out.",
        )


def add_section(page: Page, found: Agreement) -> None:
    """Add the comparison to a page: what was compared, tables, figures, notes."""
    page.add(
        f'<p class="about">{html.escape(whose_words(found))}. MIS: '
        f"{html.escape(source_words(found.about))}.</p>"
    )
    tables = list(plain_tables(found))
    if len(found.units) <= SHOWN:
        tables.append(units_table(found))
    for title, head, rows in tables:
        if rows:
            page.add(f"<h4>{html.escape(title)}</h4>{_html(head, rows)}")
    page.add('<div class="row">')
    for _, chart, caption in charts_of(found):
        page.figure(chart, caption)
    page.add("</div>")
    if found.notes:
        page.add("<ul>" + "".join(f"<li>{html.escape(n)}</li>" for n in found.notes) + "</ul>")


def _html(head: list[str], rows: Rows) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def write_page(found: Agreement, folder: Path) -> Path:
    """Write `folder`/index.html, units.csv and figures/*.png and *.svg; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units.csv").write_text(as_csv(found), encoding="utf-8")
    page = Page()
    add_section(page, found)
    for name, chart, _ in charts_of(found):
        for suffix in ("png", "svg"):
            charts.save(chart, folder / "figures" / f"{name}.{suffix}")
    file = folder / "index.html"
    simulated = set(found.kinds) == {"simulated"}
    title = f"HIS and MIS: {found.name}"
    file.write_text(page.render(title, simulated), encoding="utf-8")
    return file
