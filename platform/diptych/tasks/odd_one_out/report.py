"""The section of `diptych report` about odd one out: agreement, similarity, right answers."""

from __future__ import annotations

import html
from pathlib import PurePosixPath

import pandas as pd

from diptych.tasks.odd_one_out import report_charts
from diptych.tasks.odd_one_out.choice_agreement import choice_counts, kept_together, pair_agreement
from diptych_analysis.intervals import wilson
from diptych_analysis.report import figures, performance_figures, performance_sections
from diptych_analysis.report.page import Page
from diptych_analysis.report.performance_sections import percent
from diptych_analysis.report.stimulus_pictures import SCALE
from diptych_analysis.tables import Tables

#: Items that are shown with their images, at each end of the agreement, and answers they need.
SHOWN, FEWEST = 4, 3
#: Names that a matrix of similarities has room for, and the share of its pairs that it needs.
MOST_NAMES, COVERED = 20, 0.8


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, tables: Tables) -> None:
    """Add agreement about the odd image, similarity of stimuli, and right answers to a page."""
    page.add("<h3>Choosing the odd one out</h3>")
    answered = trials[trials["chosen"].notna() & trials["choices"].notna()]
    test = answered[answered["phase"] == "test"]
    if test.empty:
        page.add("<p>No test answers.</p>")
        return
    n = int(test["choices"].astype(str).str.count(r"\|").max()) + 1
    _agreement(page, test, n)
    _items(page, test, tables)
    _similarity(page, test, tables, n)
    _places(page, test, n)
    _right(page, answered, n)
    judged = test[test["correct"].notna()]
    if len(judged):
        performance_sections.add_groups(page, judged, tables)
        performance_sections.add_course(page, trials)
        page.figure(figures.response_times(judged), "Response times of right and wrong answers.")
        performance_sections.add_reliability(page, trials)
        performance_sections.add_hardest(page, trials, tables)
    else:
        page.figure(
            performance_figures.times_by_trial(trials),
            "Response times over the session: median and middle half of the sessions.",
        )


def _agreement(page: Page, test: pd.DataFrame, n: int) -> None:
    found = pair_agreement(test)
    if found is None:
        page.add(
            "<p>Agreement: no item has answers of two sessions, so that nothing can be said "
            "about how far participants agree.</p>"
        )
        return
    ends = f" (95 % bootstrap interval over sessions {percent(found.low)} to {percent(found.high)})"
    kappa = (found.mean - 1 / n) / (1 - 1 / n)
    page.add(
        f"<p>Two sessions choose the same image of an item with a probability of "
        f"{percent(found.mean)}{ends if found.low == found.low else ''}; choices at random agree "
        f"with {percent(1 / n)}. Corrected for chance, as kappa with {n} equally probable choices, "
        f"this is {kappa:.2f}. It is the mean over {found.n:,} items.</p>".replace(" %", "\u00a0%")
    )


def _items(page: Page, test: pd.DataFrame, tables: Tables) -> None:
    """Add the choices of all items, and images of those with most and least agreement."""
    counts = choice_counts(test)
    if page.pictures is not None:
        ends = counts[counts["total"] >= FEWEST]
        items = list(dict.fromkeys(ends["item"]))
        half = min(SHOWN, len(items) // 2)
        page.add('<div class="row">')
        for few, word in ((items[:half], "most"), (items[len(items) - half :], "least")):
            _sheet(page, counts, few, tables, word)
        page.add("</div>")
    page.figure(
        report_charts.choices(counts),
        "Choices of each item: the parts of a bar are the shares of the images, the most frequent "
        "first. The longer the first part, the more sessions agree.",
    )


def _sheet(page: Page, counts: pd.DataFrame, items: list[str], tables: Tables, word: str) -> None:
    assert page.pictures is not None
    rows = []
    for item in items:
        own = counts[counts["item"] == item]
        known = tables.items[(tables.items["item_id"] == item) & (tables.items["role"] == "image")]
        images = dict.fromkeys([*own["image"], *known["stimulus_id"].astype(str)])
        shares = dict(zip(own["image"], own["share"], strict=True))
        cells = [(image, percent(shares.get(image, 0.0), 0), "") for image in images]
        heading = f"{item}, {int(own['total'].iloc[0])} answers"
        rows.append((heading, cells))
    sheet = page.pictures.titled(rows) if rows else None
    if sheet is not None:
        page.picture(
            sheet,
            f"Items with the {word} agreement, of those with at least {FEWEST} answers: how often "
            "each image was chosen as the odd one.",
            scale=SCALE,
        )


def _similarity(page: Page, test: pd.DataFrame, tables: Tables, n: int) -> None:
    """Add the matrix of how often two classes, or two images, stayed together."""
    names, kind = _names(tables, test)
    pairs = kept_together(test, names)
    wanted = len(set(names.values()))
    of = wanted * (wanted - 1) // 2
    between = int((pairs["first"] != pairs["second"]).sum())
    page.add("<h3>Similarity</h3>")
    if not 3 <= wanted <= MOST_NAMES or between < COVERED * of:
        page.add(
            f"<p>A matrix of similarities needs 3 to {MOST_NAMES} {kind}, most of whose pairs are "
            f"shown. This study shows {between:,} of the {of:,} pairs of {wanted:,} {kind}.</p>"
        )
        return
    page.figure(
        report_charts.similarity(pairs),
        f"How often two {kind} stayed together: the share of the answers to both in which another "
        f"image was chosen. At random it is {percent((n - 2) / n)}. Similar {kind} are beside each "
        "other (average linkage).",
    )


def _names(tables: Tables, test: pd.DataFrame) -> tuple[dict[str, str], str]:
    """Return the class of each stimulus that was shown, or its file where none has a class."""
    shown = set("|".join(test["choices"].astype(str)).split("|"))
    stimuli = tables.stimuli[tables.stimuli["stimulus_id"].isin(shown)]
    labelled = stimuli[stimuli["label"].notna()]
    if labelled["label"].nunique() > 1:
        return _by_id(labelled, labelled["label"]), "classes"
    files = stimuli["file"].fillna(stimuli["stimulus_id"])
    return _by_id(stimuli, files.map(lambda file: PurePosixPath(str(file)).stem)), "images"


def _by_id(stimuli: pd.DataFrame, names: pd.Series) -> dict[str, str]:
    return dict(zip(stimuli["stimulus_id"].astype(str), names.astype(str), strict=True))


def _places(page: Page, test: pd.DataFrame, n: int) -> None:
    counts = test["response"].astype(str).value_counts()
    rows = []
    for place in range(1, n + 1):
        chosen, total = int(counts.get(str(place), 0)), int(counts.sum())
        low, high = (float(end) for end in wilson(chosen, total))
        rows.append((f"place {place}", chosen / total, low, high, total))
    frame = pd.DataFrame(rows, columns=["place", "share", "low", "high", "answers"])
    page.figure(
        report_charts.places(frame, 1 / n),
        "Share of the answers for each place on the page, with 95 % Wilson intervals; dashed: "
        "no preference for a place.",
    )


def _right(page: Page, answered: pd.DataFrame, n: int) -> None:
    """Add the right answers of each phase whose items have one."""
    rows = []
    words = {"practice": "practice", "test": "test", "catch": "attention checks"}
    for phase, word in words.items():
        judged = answered[(answered["phase"] == phase) & answered["correct"].notna()]
        if len(judged):
            right, of = int(judged["correct"].astype(bool).sum()), len(judged)
            low, high = (float(end) for end in wilson(right, of))
            ends = f"{percent(low)} to {percent(high)}"
            rows.append([word, percent(right / of), ends, f"{of:,}"])
    if rows:
        head = ["phase", "right", "95 % interval", "answers"]
        said = f"Right answers to the items that have one; chance is {percent(1 / n)}."
        page.table(said, head, rows)
    else:
        page.add(f"<p>{html.escape('No item has a right answer.')}</p>")
