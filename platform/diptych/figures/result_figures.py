"""Figures of kept results: predicted against observed learning, HIS against MIS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from diptych.figures.kept_results import Result
from diptych_analysis.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

OBSERVED = "observed"


class ResultFigure(ABC):
    """How one kind of result is shown.

    Attributes
    ----------
    title : ClassVar[str]
        Its heading.
    reading : ClassVar[str]
        One sentence on how it is read.
    """

    title: ClassVar[str]
    reading: ClassVar[str]

    @abstractmethod
    def frame(self, result: Result) -> pd.DataFrame:
        """Return the result as a tidy table."""

    @abstractmethod
    def chart(self, frame: pd.DataFrame, result: Result) -> Any:
        """Draw the table as an Altair chart of a single view, without a size in x."""


class PredictedLearning(ResultFigure):
    """Share of right answers by trial, as it was and as each model expected it."""

    title = "Predicted against observed learning"
    reading = (
        "Points are the share of right answers at each trial, with 95 % Wilson intervals. Each "
        "line is the prediction of a tracing model for the same learners, which it had not seen "
        "in training."
    )

    def frame(self, result: Result) -> pd.DataFrame:
        """Return one row per series (observed, or a model), phase, class and trial."""
        import pandas as pd

        rows: list[tuple[Any, ...]] = []
        for number, (name, model) in enumerate(result.data["models"].items()):
            for row in model["learning"]:
                key = (row["phase"], row["trial"], row["class"] or "(all classes)", row["n"])
                if number == 0:  # the models are asked about the same sessions
                    low, high = wilson(row["right"], row["n"])
                    share = row["right"] / row["n"]
                    rows.append((OBSERVED, *key, share, float(low), float(high)))
                rows.append((name, *key, row["predicted"], None, None))
        columns = ["series", "phase", "trial", "class", "sessions", "share", "low", "high"]
        found = pd.DataFrame(rows, columns=columns).astype({"low": float, "high": float})
        return found.sort_values(["series", "class", "trial"], kind="stable", ignore_index=True)

    def chart(self, frame: pd.DataFrame, result: Result) -> Any:
        """Draw predicted and observed learning."""
        from diptych.figures.result_charts import predicted_learning

        return predicted_learning(frame, result.data)


class HisAgainstMis(ResultFigure):
    """People's scores of units beside the machine's."""

    title = "HIS against MIS"
    reading = (
        "Each point is a unit, with the 95 % Wilson interval of its HIS. On the diagonal, people "
        "and machine agree. No score can be expected to exceed the noise ceiling."
    )

    def frame(self, result: Result) -> pd.DataFrame:
        """Return one row per unit with its HIS, interval and MIS."""
        import pandas as pd

        weighted = result.data["score"] != "HIS"
        own = ("weighted", "weighted_low", "weighted_high") if weighted else ("his", "low", "high")
        rows = [
            (unit["model"], unit["unit"], unit["group"], unit["n"], *(unit[name] for name in own),
             unit["mis"], unit["calibrated_on"])
            for unit in result.data["units"]
        ]  # fmt: skip
        columns = ["model", "unit", "group", "answers", "his", "low", "high", "mis", "fitted_on"]
        found = pd.DataFrame(rows, columns=columns)
        found = found.sort_values("his", ascending=False, kind="stable", ignore_index=True)
        return found.drop(columns=[c for c in ("model", "group") if found[c].isna().all()])

    def chart(self, frame: pd.DataFrame, result: Result) -> Any:
        """Draw HIS against MIS."""
        from diptych.figures.result_charts import his_against_mis

        return his_against_mis(frame, result.data)


FIGURES: dict[str, ResultFigure] = {
    "tracing": PredictedLearning(),
    "agreement": HisAgainstMis(),
}
