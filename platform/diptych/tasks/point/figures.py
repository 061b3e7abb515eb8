"""The figure of the point task: how each word was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

COLUMNS = ["word", "shown", "outcome", "answers", "share"]
#: Outcomes in the order of the bars.
OUTCOMES = ("on the word", "not there: right", "elsewhere", "not there: wrong")


class Pointing(Figure):
    """Answers to each word: on it, beside it, or "not there"."""

    name = "pointing"
    title = "Pointing"
    reading = (
        "Each bar holds the test answers to one word, in images that show it and in images that "
        "do not; the blue and green parts are right."
    )

    def count(self, facts: SessionFacts) -> Counts:
        return added(
            *(
                {key(trial["word"], trial["label"], outcome(trial)): [1]}
                for trial in facts.counted
                if trial["phase"] == "test" and trial.get("label") and trial.get("response")
            )
        )

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        totals: dict[tuple[str, str], float] = {}
        for name, (n,) in counts.items():
            word, label, _ = parts(name)
            totals[word, label] = totals.get((word, label), 0) + n
        rows = []
        for name, (n,) in counts.items():
            word, label, found = parts(name)
            if n:
                shown = "in the image" if label == "place" else "not in the image"
                rows.append((word, shown, found, int(n), n / totals[word, label]))
        rows.sort(key=lambda row: (row[1], row[0], OUTCOMES.index(row[2])))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.point.charts import pointing

        return pointing(frame)


def outcome(trial: Any) -> str:
    """Name what an answer was: one of `OUTCOMES`."""
    if trial["response"] == "absent":
        return OUTCOMES[1] if trial["correct"] else OUTCOMES[3]
    return OUTCOMES[0] if trial["correct"] else OUTCOMES[2]
