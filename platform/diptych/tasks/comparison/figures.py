"""Figures of the comparison task: psychometric curve, right answers, preferred places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.right_answers import SHARES, SharesOfRightAnswers, cells_of
from diptych.figures.shares import of_session
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts


class PsychometricCurve(Figure):
    """How often the test display is chosen along the attribute that the study varies."""

    name = "comparison-curve"
    title = "Psychometric curve"
    reading = (
        "Each point is the share of test trials at one level that chose the test display, with "
        "its 95 % interval over sessions; the line is the psychometric function of all answers."
    )

    def count(self, facts: SessionFacts) -> Counts:
        attribute = facts.content.spec.task.parameters.get("attribute", "")
        chosen: dict[str, list[bool]] = {}
        for trial in facts.counted:
            level = facts.content.items[trial["item_id"]].attributes.get(attribute)
            role = trial.get("chosen_role")
            if trial["phase"] == "test" and role and isinstance(level, int | float):
                chosen.setdefault(key(float(level)), []).append(role == "test")
        return {name: of_session(found) for name, found in chosen.items()}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [
            (*parts(name), *cells_of(numbers)) for name, numbers in counts.items() if numbers[1]
        ]
        return pd.DataFrame(sorted(rows), columns=["level", *SHARES])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.comparison.charts import curve

        return curve(frame, content.spec.task.parameters.get("attribute", ""))


class RightAnswers(SharesOfRightAnswers):
    """How often the answer is right, for items that have a right answer."""

    name = "comparison-right"


class Places(Figure):
    """Whether one place is chosen more often than the other."""

    name = "comparison-places"
    title = "Places"
    reading = (
        "Each point is the share of answers that chose one place, with its 95 % interval over "
        "sessions; without a preference both lie on the dashed line."
    )

    def count(self, facts: SessionFacts) -> Counts:
        said = [trial["response"] for trial in facts.counted if trial.get("response")]
        if not said:
            return {}
        places = ("left", "right") if {"left", "right"} & set(said) else ("first", "second")
        return added(*({key(at): of_session([one == at for one in said])} for at in places))

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [
            (*parts(name), *cells_of(numbers)) for name, numbers in counts.items() if numbers[1]
        ]
        return pd.DataFrame(sorted(rows), columns=["place", *SHARES])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.figures.share_charts import shares

        return shares(frame.assign(name=frame["place"], by="place"), "share of answers", 0.5)
