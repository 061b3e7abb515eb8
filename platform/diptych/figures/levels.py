"""The psychometric function of a study whose policy chooses levels of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, key, parts
from diptych.figures.shares import of_session, share_of
from diptych.sessions.judged_levels import judged_level
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

COLUMNS = ["condition", "level", "sessions", "answers", "positive", "share", "low", "high"]


class LevelFunction(Figure):
    """Share of positive answers at each level, with a function fitted to them."""

    name = "levels"
    title = "Psychometric function"
    reading = (
        "Each point is the share of positive answers at one level of the test, larger points for "
        "more answers, with its 95 % interval over sessions. Each line is a function fitted to all "
        "answers of a condition together; `diptych psychometric` fits each participant."
    )

    @classmethod
    def applies(cls, content: StudyContent) -> bool:
        """Say whether a policy of the study chooses levels."""
        return any(judged_level(content, each.name) for each in content.spec.conditions)

    def count(self, facts: SessionFacts) -> Counts:
        """Count the answers of one session at each level."""
        content, condition = facts.content, facts.session.condition
        found = None if condition is None else judged_level(content, condition)
        if found is None:
            return {}
        name, judged = found
        numbers = numbers_of(content, name)
        hits: dict[str, list[bool]] = {}
        for trial in facts.counted:
            level = numbers.get(trial.get("item_id") or trial.get("stimulus_id"))
            positive = trial["correct"]
            if judged.positive:
                positive = trial.get("response") == judged.positive
            if trial["phase"] == "test" and level is not None and positive is not None:
                hits.setdefault(key(condition, level), []).append(bool(positive))
        return {at: of_session(answers) for at, answers in hits.items()}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Make one row per condition and level."""
        import pandas as pd

        rows: list[tuple[Any, ...]] = []
        for name, numbers in counts.items():
            if numbers[1]:
                found = share_of(numbers)
                rows.append((*parts(name), found.sessions, found.answers, found.right, found.share,
                             found.low, found.high))  # fmt: skip
        rows.sort(key=lambda row: (str(row[0]), float(row[1])))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the answers and the fitted functions."""
        from diptych.figures.level_charts import function

        found = [judged_level(content, each.name) for each in content.spec.conditions]
        name, judged = next(each for each in found if each is not None)
        return function(frame, name, judged)


def numbers_of(content: StudyContent, attribute: str) -> dict[str | None, float]:
    """Return the attribute of each item, or of each stimulus where the study has no items."""
    of = {
        **{each.stimulus_id: each.attributes.get(attribute) for each in content.stimuli},
        **{name: each.attributes.get(attribute) for name, each in content.items.items()},
    }
    return {name: float(at) for name, at in of.items() if isinstance(at, int | float)}
