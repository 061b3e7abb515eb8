"""Parts of a report that any task with right answers can use: curves, sensitivity, items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report import performance, performance_figures
from diptych_analysis.report.page import Page
from diptych_analysis.report.performance import Spread
from diptych_analysis.report.stimulus_pictures import SCALE, images_of_item
from diptych_analysis.tables import Tables

#: Roles of items whose image stands for the item, in this order; else its first images.
SHOWN_ROLES = ("stimulus", "query_positive", "query", "test", "reference", "before", "after")

#: Columns of items that are no groups, and values of one that is.
NO_GROUPS = ("item_id", "kind", "unit", "role", "place", "stimulus_id", "answer", "study")
MOST_GROUPS = 8


def percent(share: float, digits: int = 1) -> str:
    """Return a share as 12.3 %."""
    return f"{100 * share:.{digits}f} %"


def add_groups(page: Page, trials: pd.DataFrame, tables: Tables) -> None:
    """Add right answers by the columns of items.csv that hold a few words, where there are any."""
    rows = []
    for name in tables.items.columns:
        known = tables.items[name].dropna()
        if name in NO_GROUPS or not known.map(lambda value: isinstance(value, str)).all():
            continue
        if 1 < known.nunique() <= MOST_GROUPS:
            of_item = tables.items.drop_duplicates("item_id").set_index("item_id")[name]
            by = trials["item_id"].map(of_item)
            rows += [
                [str(name), str(value), *_right_of(part)] for value, part in trials.groupby(by)
            ]
    if rows:
        head = ["column", "items", "right", "95 % interval", "answers"]
        page.table("Right answers by the columns of the items (Wilson intervals).", head, rows)


def _right_of(trials: pd.DataFrame) -> list[str]:
    """Return the share of right answers, its interval and the number of answers, as text."""
    right, n = int(trials["correct"].astype(bool).sum()), len(trials)
    low, high = (float(end) for end in wilson(right, n))
    return [percent(right / n), f"{percent(low)} to {percent(high)}", f"{n:,}"]


def add_course(page: Page, trials: pd.DataFrame) -> None:
    """Add right responses and response times over trials, and a panel per participant."""
    chance = performance.chance(trials)
    both = {"training", "test"} <= set(trials["phase"])
    change = "; dashed: change from training to test" if both else ""
    page.add('<div class="row">')
    page.figure(
        performance_figures.overall_curve(trials, chance),
        "Right responses over the session, all classes together (five neighbouring trials pooled; "
        f"band: 95 % Wilson interval; dotted: chance{change}).",
    )
    page.figure(
        performance_figures.times_by_trial(trials),
        "Response times over the session: median and middle half of the sessions.",
    )
    page.add("</div>")
    sessions = trials["session_id"].nunique()
    shown = min(sessions, performance_figures.MOST_PANELS)
    page.figure(
        performance_figures.participant_panels(trials, chance),
        f"Right responses over trials of {shown} of {sessions} participants, best in the test "
        f"first; above each panel: rank and share of right test responses. Dotted: chance{change}.",
    )


def add_sensitivity(page: Page, trials: pd.DataFrame, task: str) -> None:
    """Add d' and criterion per participant, where a task has right answers."""
    test = trials[trials["phase"] == "test"]
    found = performance.sensitivity_by_session(test if len(test) else trials, task)
    if found.empty:
        return
    page.add("<h3>Sensitivity and criterion</h3>")
    rows = []
    for signal, part in found.groupby("signal"):
        d, c = (performance.over_sessions(part[name]) for name in ("d_prime", "criterion"))
        rows.append([str(signal), _cell(d), _cell(c), f"{d.n:,}"])
    page.table(
        "Mean over participants with a 95 % bootstrap interval; test trials, log-linear "
        "correction.",
        ["signal", "d'", "criterion", "participants"],
        rows,
    )
    page.figure(
        performance_figures.sensitivity_dots(found),
        "d' and criterion of each participant (dots) and their mean (orange). Each class in turn "
        "is the signal, all others are noise. A criterion above 0 is a tendency not to choose it."
        if len(rows) > 1
        else "d' and criterion of each participant (dots) and their mean (orange).",
    )


def _cell(spread: Spread) -> str:
    if spread.low != spread.low:
        return f"{spread.mean:.2f}"
    return f"{spread.mean:.2f} ({spread.low:.2f} to {spread.high:.2f})"


def add_reliability(page: Page, trials: pd.DataFrame) -> None:
    """Add the split-half reliability of participants and items."""
    test = trials[trials["phase"] == "test"]
    rows = []
    for column, word in (("session_id", "participants"), ("item_id", "items")):
        found = performance.split_half(test, column)
        if found is not None:
            rows.append([
                word, f"{found.n:,}", f"{found.half:.2f}", f"{found.full:.2f}",
                f"{found.low:.2f} to {found.high:.2f}",
            ])  # fmt: skip
    if rows:
        page.add("<h3>Reliability</h3>")
        page.table(
            "Correlation of random halves of the test answers (200 splits), and the same for all "
            "answers by Spearman and Brown.",
            ["accuracy of", "number", "halves", "all answers", "middle 95 % of splits"],
            rows,
        )


def add_confidence(page: Page, trials: pd.DataFrame) -> None:
    """Say how well confidence separates right from wrong answers, where there is any."""
    test = trials[(trials["phase"] == "test") & (trials["participant_kind"] != "machine")]
    auc = performance.confidence_auc(test)
    if auc is not None:
        page.add(
            f"<p>A right answer has a higher confidence than a wrong one with a probability of "
            f"{auc:.2f} (area under the type 2 ROC curve; 0.5: confidence says nothing).</p>"
        )


def add_hardest(page: Page, trials: pd.DataFrame, tables: Tables) -> None:
    """Add the most frequent confusions, and the hardest items with their images."""
    test = trials[trials["phase"] == "test"]
    known = performance.scored(test)
    if known.empty:
        return
    labels = known["label"].nunique()
    if labels > 2:
        rows = [
            [f"{row.label} → {row.response}", f"{row.n:,}", percent(float(row.share))]
            for row in _rows(performance.confused_pairs(test))
        ]
        if rows:
            page.add("<h3>Most confused classes</h3>")
            head = ["true class → response", "answers", "share of the class"]
            page.table("Wrong test answers.", head, rows)
    hardest = performance.hardest_items(test)
    if hardest.empty:
        counts = known.groupby("item_id").size()
        page.add(
            "<p>Hardest items: no item has at least 3 test answers, one of them wrong (the median "
            f"is {counts.median():g}).</p>"
        )
        return
    page.add("<h3>Hardest items</h3>")
    _items(page, hardest, tables)


def _items(page: Page, hardest: pd.DataFrame, tables: Tables) -> None:
    fixed = bool((hardest["label"] != "").all())
    cells, rows = [], []
    for row in _rows(hardest):
        name, share = _short(str(row.item_id)), percent(row.accuracy, 0)
        below = f"{row.label}, not {row.instead}" if fixed else name
        cells.append((_image(tables, str(row.item_id)), f"{share} of {row.n}", below))
        labels = [str(row.label), row.instead] if fixed else []
        ends = f"{percent(row.low, 0)} to {percent(row.high, 0)}"
        rows.append([name, *labels, f"{row.n:,}", share, ends])
    sheet = page.pictures.captioned(cells) if page.pictures is not None else None
    if sheet is not None:
        what = "the right answer with the most frequent wrong one" if fixed else "the item"
        page.picture(
            sheet,
            "The test items with the fewest right answers, of those with at least 3: share of "
            f"right answers, and {what}.",
            scale=SCALE,
        )
    answers = ["right answer", "most frequent wrong one"] if fixed else []
    head = ["item", *answers, "answers", "right", "95 % interval"]
    page.table("Test items with the fewest right answers.", head, rows)


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Return the rows by their names, whose types depend on the frame."""
    yield from frame.itertuples(index=False)


def _short(item: str) -> str:
    """Cut the hash of a file to 12 digits."""
    return item[:12] if len(item) == 64 else item


def _image(tables: Tables, item: str) -> str:
    """Return the stimulus that stands for an item."""
    rows = images_of_item(tables, item)
    for role in SHOWN_ROLES:
        own = rows[rows["role"] == role]
        if len(own):
            return str(own["stimulus_id"].iloc[0])
    return str(rows["stimulus_id"].iloc[0]) if len(rows) else item
