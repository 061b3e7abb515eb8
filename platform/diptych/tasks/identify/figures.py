"""Figures of the identify task: what was answered to what, and right answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.right_answers import SharesOfRightAnswers
from diptych.study.content import StudyContent
from diptych_analysis.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

COLUMNS = ["label", "response", "answers", "share", "low", "high"]


class Confusion(Figure):
    """What was answered to which right answer."""

    name = "identify-confusion"
    title = "Confusion matrix"
    reading = (
        "Each row is a right answer, each cell the share of its test answers that chose the "
        "column; a perfect observer fills the diagonal."
    )

    def count(self, facts: SessionFacts) -> Counts:
        return added(
            *(
                {key(trial["label"], trial["response"]): [1]}
                for trial in facts.counted
                if trial["phase"] == "test" and trial.get("label") and trial.get("response")
            )
        )

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        totals: dict[str, float] = {}
        for name, (n,) in counts.items():
            totals[parts(name)[0]] = totals.get(parts(name)[0], 0) + n
        labels = list(content.spec.task.parameters["labels"])
        rows = []
        for name, (n,) in counts.items():
            label, response = parts(name)
            if n:
                low, high = wilson(n, totals[label])
                share = n / totals[label]
                rows.append((label, response, int(n), share, float(low), float(high)))
        rows.sort(key=lambda row: (labels.index(row[0]), labels.index(row[1])))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.identify.charts import confusion

        return confusion(frame, list(content.spec.task.parameters["labels"]))


class RightAnswers(SharesOfRightAnswers):
    """How often the answer is right, for items that have a right answer."""

    name = "identify-right"
