"""The section of `diptych report` about studies whose trials were chosen by a number."""

from __future__ import annotations

import html
from collections.abc import Sequence

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.estimate import Settings
from diptych_analysis.psychometric.fit import Shape
from diptych_analysis.psychometric.fit_page import add_fits
from diptych_analysis.psychometric.fitted_study import fit_study
from diptych_analysis.psychometric.judgements import TEST, Choices
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables
from diptych_analysis.tables.schema import Judged, TableName

#: Resamples of a report: fewer than of the command, which says more about precision.
RESAMPLES = 400


def judged_columns(tables: Tables) -> dict[str, Judged]:
    """Return the numbers that trials were chosen by, from the data dictionary."""
    places: Sequence[TableName] = ("items", "stimuli", "trials")
    extras = [column for table in places for column in tables.extras.get(table, ())]
    return {column.name: column.judged for column in extras if column.judged is not None}


def add_psychometric(page: Page, tables: Tables, task: str, kind: str) -> None:
    """Add functions of people and groups to a page, for each number that trials were chosen by.

    Parameters
    ----------
    page : Page
        The page.
    tables : Tables
        The data set.
    task : str
        Name of the task whose trials are used.
    kind : str
        Kind of the participants.
    """
    for name, judged in judged_columns(tables).items():
        choices = Choices(
            attribute="" if name == TEST else name,
            positive=judged.positive,
            log=judged.log,
            kinds=(kind,),
            task=task,
        )
        settings = Settings(Shape(judged.guess), resamples=RESAMPLES)
        try:
            found = fit_study(tables, choices, settings)
        except PsychometricFault as fault:
            page.add(f"<p>No psychometric functions of {html.escape(name)}: "
                     f"{html.escape(str(fault))}.</p>")  # fmt: skip
        else:
            add_fits(page, found, f"Psychometric functions of {name}")
