"""Figures of every study: how long answers and sessions took, and what the quality rules found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.bins import edges, log_bin
from diptych.studies.content import StudyContent
from diptych_analysis.columns import PHASES

if TYPE_CHECKING:
    import pandas as pd

    from diptych.results.facts import SessionFacts


class ResponseTimes(Figure):
    """Histogram of response times on a logarithmic axis, a line a phase."""

    name = "response-times"
    title = "Response times"
    reading = (
        "Each line is the share of a phase's answers that took so long, on a logarithmic axis; "
        "the dashed lines are medians."
    )

    def count(self, facts: SessionFacts) -> Counts:
        if facts.session.kind == "machine":
            return {}  # a machine's time is 0: it says nothing
        return added(*({key(t["phase"], log_bin(t["rt_ms"])): [1]} for t in facts.answered))

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        found = [(*parts(name), n) for name, (n,) in counts.items() if n]
        totals = {phase: sum(n for p, _, n in found if p == phase) for phase in PHASES}
        rows = [
            {"phase": phase, "from_ms": low, "to_ms": high, "answers": int(n),
             "share": n / totals[phase]}
            for phase, number, n in sorted(found, key=lambda row: (PHASES.index(row[0]), row[1]))
            for low, high in [edges(number)]
        ]  # fmt: skip
        columns = ["phase", "from_ms", "to_ms", "answers", "share"]
        return pd.DataFrame(rows, columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.figures.times_charts import response_times

        return response_times(frame)
