"""The figure of the estimation task: estimates against true numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

COLUMNS = ["number", "answers", "median", "low", "high"]


class Estimates(Figure):
    """Estimates of each true number."""

    name = "estimates"
    title = "Estimates"
    reading = (
        "Each point is the median estimate of one true number, each bar holds the middle half of "
        "its estimates; on the dashed line all estimates are right."
    )

    def count(self, facts: SessionFacts) -> Counts:
        return added(
            *(
                {key(trial["true_number"], float(f"{trial['estimate']:.3g}")): [1]}
                for trial in facts.counted
                if trial["phase"] == "test"
                and trial.get("true_number") is not None
                and trial.get("estimate") is not None
            )
        )

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        by_number: dict[float, list[tuple[float, int]]] = {}
        for name, (n,) in counts.items():
            number, estimate = parts(name)
            if n:
                by_number.setdefault(float(number), []).append((float(estimate), int(n)))
        rows = []
        for number, found in sorted(by_number.items()):
            found.sort()
            quartiles = [quantile(found, share) for share in (0.5, 0.25, 0.75)]
            rows.append((number, sum(n for _, n in found), *quartiles))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.estimation.charts import estimates

        return estimates(frame)


def quantile(counted: list[tuple[float, int]], share: float) -> float:
    """Return the smallest value that at least a share of the counted values does not exceed.

    Parameters
    ----------
    counted : list of (float, int)
        Values in rising order, and how often each occurs.
    share : float
        Between 0 and 1.
    """
    needed = share * sum(n for _, n in counted)
    seen = 0
    for value, n in counted:
        seen += n
        if seen >= needed:
            return value
    return counted[-1][0]
