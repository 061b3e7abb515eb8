"""A figure that tasks share: right answers by phase, condition and group of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych import tasks
from diptych.figures import Counts, Figure, key, parts
from diptych.figures.item_groups import groups_of, natural
from diptych.figures.shares import of_session, share_of
from diptych.study.content import StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

#: Columns of `cells_of`.
SHARES = ["sessions", "answers", "chosen", "share", "low", "high"]


class SharesOfRightAnswers(Figure):
    """How often the right answer is given, for items that have one; a task names its own."""

    title = "Right answers"
    reading = (
        "Each point is the share of right answers in one phase or condition, or about the items "
        "that share an attribute, with its 95 % interval over sessions; the dashed line is chance."
    )

    def count(self, facts: SessionFacts) -> Counts:
        """Count the right answers of one session, by group."""
        hits: dict[str, list[bool]] = {}
        groups = groups_of(facts.content)
        for trial in facts.counted:
            if trial["correct"] is None:
                continue
            own = {"phase": trial["phase"]}
            if trial["phase"] == "test":
                own |= {"condition": facts.session.condition, **groups.get(trial["item_id"], {})}
            for by, group in own.items():
                hits.setdefault(key(by, group), []).append(bool(trial["correct"]))
        return {name: of_session(found) for name, found in hits.items()}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Make one row per group, with a 95 % interval."""
        import pandas as pd

        rows = [
            (*parts(name), *cells_of(numbers)) for name, numbers in counts.items() if numbers[1]
        ]
        conditions = sum(row[0] == "condition" for row in rows)
        rows = [row for row in rows if row[0] != "condition" or conditions > 1]
        first = {"phase": 0, "condition": 1}
        rows.sort(key=lambda row: (first.get(row[0], 2), row[0], natural(str(row[1]))))
        return pd.DataFrame(rows, columns=["by", "group", *SHARES])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the shares beside chance."""
        from diptych.figures.share_charts import shares

        data = frame.assign(name=frame["by"] + ": " + frame["group"].astype(str))
        return shares(data, "share of right answers", chance_of(content))


def cells_of(numbers: Any) -> tuple[Any, ...]:
    """Return the cells of `SHARES` from counts of `of_session`."""
    found = share_of(numbers)
    return (found.sessions, found.answers, found.right, found.share, found.low, found.high)


def chance_of(content: StudyContent) -> float | None:
    """Return the share of right answers by guessing in a study's first condition, if it has one."""
    task = tasks.REGISTRY.get(content.spec.task.name)
    return task(content, content.spec.conditions[0]).chance()
