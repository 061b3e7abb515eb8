"""The section of `diptych report` about pointing: hits, and words that are not there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report import performance_figures
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, _tables: Tables) -> None:
    """Add how often clicks hit the word, and how often its absence was seen."""
    test = trials[(trials["phase"] == "test") & trials["response"].isin(["place", "absent"])]
    page.add("<h3>Pointing to words</h3>")
    judged = test[test["correct"].notna() & test["label"].isin(["place", "absent"])]
    if not len(judged):
        page.add("<p>No answer to a word whose place is known.</p>")
        return
    there, absent = (judged[judged["label"] == label] for label in ("place", "absent"))
    if len(there):
        missed = there["response"] == "absent"
        page.add(
            f"<p>Words in the image: {_share(there['correct'])} of the answers are on the word, "
            f"and {_share(missed)} say that it is not there.</p>"
        )
    if len(absent):
        page.add(
            f"<p>Words not in the image: {_share(absent['correct'])} of the answers say so.</p>"
        )
    page.figure(
        _chart(judged),
        "Answers to each word, in images that show it and in images that do not.",
    )
    page.figure(
        performance_figures.times_by_trial(trials),
        "Response times over the session: median and middle half of the sessions.",
    )


def _share(found: pd.Series[Any]) -> str:
    hits, n = int(found.astype(bool).sum()), len(found)
    low, high = wilson(hits, n)
    return f"{hits / n:.1%} of {n:,} ({low:.1%} to {high:.1%})".replace("%", " %")


def _chart(judged: pd.DataFrame) -> Any:
    from diptych.tasks.point.charts import pointing
    from diptych.tasks.point.figures import outcome

    data = pd.DataFrame(
        {
            "word": judged["word"],
            "shown": judged["label"].map({"place": "in the image", "absent": "not in the image"}),
            "outcome": [outcome(row) for row in judged.to_dict("records")],
        }
    )
    by = ["word", "shown", "outcome"]
    frame = data.groupby(by).size().rename("answers").reset_index()
    frame["share"] = frame["answers"] / frame.groupby(by[:2])["answers"].transform("sum")
    return pointing(frame)
