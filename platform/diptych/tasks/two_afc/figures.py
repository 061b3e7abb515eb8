"""Figures of the 2-AFC task: human interpretability scores, catch trials, position bias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, key, parts
from diptych.figures.item_groups import groups_of, natural
from diptych.figures.shares import of_session, share_of
from diptych.study.content import FrozenItem, StudyContent

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

SHARES = ["sessions", "answers", "right", "his", "low", "high"]
BIAS_BINS = 20  # from 0 to 1; a bin around 0 and around 1 too
PASS = 0.8  # share of right catch trials, where the study has no rule of its own


class HisPerUnit(Figure):
    """How often people tell what a unit prefers, unit by unit."""

    name = "his-units"
    title = "HIS per unit"
    reading = (
        "Each point is one unit's human interpretability score, the share of right answers in "
        "test trials, with its 95 % interval; the dashed line is chance."
    )

    def count(self, facts: SessionFacts) -> Counts:
        hits: dict[str, list[bool]] = {}
        for item, trial in _tested(facts):
            model = item.attributes.get("model")
            name = key(None if model is None else str(model), item.unit)
            hits.setdefault(name, []).append(bool(trial["correct"]))
        return {name: of_session(found) for name, found in hits.items()}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [(*parts(name), *_shares(numbers)) for name, numbers in counts.items() if numbers[1]]
        rows.sort(key=lambda row: (-row[5], str(row[0]), row[1]))
        return pd.DataFrame(rows, columns=["model", "unit", *SHARES]).dropna(axis=1, how="all")

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.two_afc.charts import his_units

        return his_units(frame)


class HisPerGroup(Figure):
    """The same by condition, and by what the study says of its items."""

    name = "his-groups"
    title = "HIS per group"
    reading = (
        "Each point is the share of right answers in one condition, or about the items that share "
        "an attribute, with its 95 % interval over sessions; the dashed line is chance."
    )

    def count(self, facts: SessionFacts) -> Counts:
        hits: dict[str, list[bool]] = {}
        groups = groups_of(facts.content)
        for trial in facts.counted:
            if trial["phase"] == "test":
                own = {"all": "all", "condition": facts.session.condition}
                own |= groups.get(trial["item_id"], {})
            else:
                own = {"kind": trial["phase"]}
            for by, group in own.items():
                hits.setdefault(key(by, group), []).append(bool(trial["correct"]))
        return {name: of_session(found) for name, found in hits.items()}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [(*parts(name), *_shares(numbers)) for name, numbers in counts.items() if numbers[1]]
        conditions = sum(row[0] == "condition" for row in rows)
        rows = [row for row in rows if row[0] != "condition" or conditions > 1]
        first = ["all", "condition", "kind"]
        rows.sort(
            key=lambda row: (
                first.index(row[0]) if row[0] in first else len(first),
                row[0],
                natural(row[1]),
            )
        )
        return pd.DataFrame(rows, columns=["by", "group", *SHARES])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.two_afc.charts import his_groups

        return his_groups(frame)


class CatchTrials(Figure):
    """How many of the obvious trials the sessions got right."""

    name = "catch-trials"
    title = "Catch trials"
    reading = (
        "Each bar is the number of sessions with that share of right catch trials; sessions left "
        "of the dashed line have not passed."
    )

    def count(self, facts: SessionFacts) -> Counts:
        catch = [bool(t["correct"]) for t in facts.counted if t["phase"] == "catch"]
        return {key(sum(catch), len(catch)): [1]} if catch else {}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        found = sorted((of, right, int(n)) for name, (n,) in counts.items() if n
                       for right, of in [parts(name)])  # fmt: skip
        needed = needed_of_catch(content)
        rows = [(right, of, right / of, n, right / of >= needed) for of, right, n in found]
        return pd.DataFrame(rows, columns=["right", "of", "share", "sessions", "passed"])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.two_afc.charts import catch_trials

        return catch_trials(frame, needed_of_catch(content))


class PositionBias(Figure):
    """Whether one place is chosen more often than the other."""

    name = "position-bias"
    title = "Position bias"
    reading = (
        "Each bar is the number of sessions that chose the top image in that share of their "
        "answers; people without a preference gather around the dashed line."
    )

    def count(self, facts: SessionFacts) -> Counts:
        answers = facts.counted
        if not answers:
            return {}
        chosen = [t["response"] == "top" for t in answers]
        share = sum(chosen) / len(chosen)
        found = {
            key("session", round(share * BIAS_BINS)): [1.0],
            key("top", None): of_session(chosen),
        }
        for side in ("top", "bottom"):
            right = [bool(t["correct"]) for t in answers if t["label"] == side]
            if right:
                found[key("right", side)] = of_session(right)
        return found

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for name, numbers in counts.items():
            what, of = parts(name)
            if what == "session":
                rows.append({"measure": "sessions", "from": max(of - 0.5, 0) / BIAS_BINS,
                             "to": min(of + 0.5, BIAS_BINS) / BIAS_BINS,
                             "sessions": int(numbers[0])})  # fmt: skip
                continue
            found = share_of(numbers)
            measure = "top chosen" if what == "top" else f"right where the {of} was right"
            rows.append({"measure": measure, "sessions": found.sessions, "answers": found.answers,
                         "share": found.share, "low": found.low, "high": found.high})  # fmt: skip
        rows.sort(key=lambda row: (row["measure"] != "sessions", row["measure"], row.get("from")))
        columns = ["measure", "from", "to", "sessions", "answers", "share", "low", "high"]
        return pd.DataFrame([row for row in rows if row["sessions"]], columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.two_afc.charts import position_bias

        return position_bias(frame)


def _tested(facts: SessionFacts) -> Iterator[tuple[FrozenItem, Mapping[str, Any]]]:
    """Yield the answered test trials, with their items."""
    for trial in facts.counted:
        if trial["phase"] == "test":
            yield facts.content.items[trial["item_id"]], trial


def _shares(numbers: Any) -> tuple[Any, ...]:
    found = share_of(numbers)
    return (found.sessions, found.answers, found.right, found.share, found.low, found.high)


def needed_of_catch(content: StudyContent) -> float:
    """Return the share of right catch trials that the study asks for."""
    own = content.spec.quality.min_catch_accuracy
    return PASS if own is None else own
