"""The section of `diptych report` about 2-AFC: right answers by unit, and HIS beside MIS."""

from __future__ import annotations

import html

import pandas as pd

from diptych_analysis.report import figures, performance_sections
from diptych_analysis.report.page import KIND_WORDS, Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, everybody: pd.DataFrame, tables: Tables) -> None:
    """Add right answers and response times to a page, and HIS beside the MIS of the items."""
    test = trials[trials["phase"] == "test"]
    if "difficulty" in tables.items.columns:
        known = tables.items.drop_duplicates("item_id").set_index("item_id")["difficulty"]
        test = test.assign(difficulty=test["item_id"].map(known))
    right = figures.proportions(test.assign(all="all"), "all").iloc[0]
    page.add("<h3>Telling what a unit prefers</h3>")
    page.add(
        f"<p>{right['accuracy']:.1%} of {int(right['n']):,} test answers are right "
        f"(95 % Wilson interval {right['low']:.1%} to {right['high']:.1%}; chance is 50 %).</p>"
    )
    page.figure(
        figures.by_unit(test),
        "Right answers for each unit with 95 % Wilson intervals; chance dashed.",
    )
    page.add('<div class="row">')
    page.figure(figures.by_difficulty(test), "Right answers by the difficulty of the item.")
    if not (test["participant_kind"] == "machine").all():  # which answer with probabilities
        page.figure(figures.by_confidence(test), "Right answers by the confidence given (1 to 3).")
    page.add("</div>")
    performance_sections.add_confidence(page, trials)
    performance_sections.add_course(page, trials)
    page.figure(figures.response_times(test), "Response times of right and wrong answers.")
    performance_sections.add_sensitivity(page, trials, "two_afc")
    performance_sections.add_reliability(page, trials)
    performance_sections.add_hardest(page, trials, tables)
    if "mis" in tables.items.columns:
        _agreement(page, everybody[everybody["phase"] == "test"], tables)


def _agreement(page: Page, test: pd.DataFrame, tables: Tables) -> None:
    """Show HIS beside the MIS that the items carry; people and simulated participants apart."""
    from diptych_analysis.agreement.compare import Choices, compare
    from diptych_analysis.agreement.faults import AgreementFault
    from diptych_analysis.agreement.his import HUMAN
    from diptych_analysis.agreement.results import add_section

    for kind in (kind for kind in HUMAN if kind in set(test["participant_kind"])):
        page.add(f"<h3>HIS of {KIND_WORDS[kind]} beside the machine's MIS</h3>")
        try:
            add_section(page, compare(tables, choices=Choices(kinds=(kind,)), strict=False))
        except AgreementFault as fault:
            page.add(f"<p>{html.escape(str(fault))}</p>")
