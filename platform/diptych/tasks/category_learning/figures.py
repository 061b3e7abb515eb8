"""Figures of category learning: learning curves, confusions, scores of the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.shares import of_session, share_of
from diptych.study.content import StudyContent
from diptych_analysis.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

PHASES = ("training", "test")
ORDER = ("practice", *PHASES)
BLOCKS = 6  # a phase is drawn in so many blocks,
LONGEST = 10  # but in none of more trials than these
ALL = "(all classes)"


class LearningCurves(Figure):
    """Share of right answers over the session, a line a class."""

    name = "learning-curves"
    title = "Learning curves"
    reading = (
        "Each line is the share of right first choices about one class in a stretch of trials, "
        "with its 95 % interval; the vertical line is where the test begins."
    )

    def count(self, facts: SessionFacts) -> Counts:
        by_trial: list[Counts] = []
        blocks: dict[str, list[bool]] = {}
        for phase, place, trial in _placed(facts):
            right, label = bool(trial["correct"]), trial["label"]
            by_trial.append({key("trial", phase, label, place): [1, int(right)]})
            first, last = block_of(place, facts.content.spec.trials(phase))
            for name in (label, None):
                blocks.setdefault(key("block", phase, name, first, last), []).append(right)
        return added(*by_trial, {name: of_session(hits) for name, hits in blocks.items()})

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [*_trial_rows(counts), *_block_rows(counts)]
        for row in rows:
            before = content.spec.trials("training") if row["phase"] == "test" else 0
            row["first"] += before
            row["last"] += before
        columns = ["resolution", "phase", "class", "first", "last", "sessions", "answers", "right",
                   "share", "low", "high"]  # fmt: skip
        found = pd.DataFrame(rows, columns=columns)
        found["last_phase"] = found["phase"].map(PHASES.index)
        order = ["resolution", "last_phase", "class", "first"]
        return found.sort_values(order, kind="stable", ignore_index=True).drop(columns="last_phase")

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.category_learning.charts import learning_curves

        return learning_curves(frame, list(content.labels))


def _placed(facts: SessionFacts) -> Iterator[tuple[str, int, Any]]:
    """Yield the answered trials of training and test with their places in the phase, from 1."""
    place = dict.fromkeys(PHASES, 0)
    for trial in facts.trials:
        if trial["phase"] in place:
            place[trial["phase"]] += 1
            if "correct" in trial:
                yield trial["phase"], place[trial["phase"]], trial


def block_of(place: int, trials: int) -> tuple[int, int]:
    """Return the first and last place of the block that a trial of a phase belongs to, from 1."""
    length = max(1, min(-(-trials // BLOCKS), LONGEST))
    first = (place - 1) // length * length + 1
    return first, max(place, min(first + length - 1, trials))


def _trial_rows(counts: Counts) -> Iterator[dict[str, Any]]:
    pooled: list[Counts] = []
    for name, numbers in counts.items():
        what, phase, label, place = [*parts(name), None][:4]
        if what == "trial":
            yield _row("trial", phase, label, place, place, *numbers)
            pooled.append({key(phase, place): numbers})
    for name, numbers in added(*pooled).items():
        phase, place = parts(name)
        yield _row("trial", phase, ALL, place, place, *numbers)


def _row(
    what: str, phase: str, label: str, first: int, last: int, n: float, k: float
) -> dict[str, Any]:
    # A session answers at most once at a place, so that answers are independent.
    low, high = wilson(k, n)
    return {"resolution": what, "phase": phase, "class": label, "first": first, "last": last,
            "sessions": int(n), "answers": int(n), "right": int(k), "share": k / n,
            "low": float(low), "high": float(high)}  # fmt: skip


def _block_rows(counts: Counts) -> Iterator[dict[str, Any]]:
    for name, numbers in counts.items():
        what, phase, label, *span = parts(name)
        if what == "block":
            found = share_of(numbers)
            yield {"resolution": "block", "phase": phase, "class": ALL if label is None else label,
                   "first": span[0], "last": span[1], "sessions": found.sessions,
                   "answers": found.answers, "right": found.right, "share": found.share,
                   "low": found.low, "high": found.high}  # fmt: skip


class Confusion(Figure):
    """What was answered to which class."""

    name = "confusion"
    title = "Confusion matrix"
    reading = (
        "Each row is a true class, each cell the share of its answers that named the column's "
        "class first; a perfect observer fills the diagonal."
    )

    def count(self, facts: SessionFacts) -> Counts:
        return added(*({key(t["phase"], t["label"], t["response"]): [1]} for t in facts.counted))

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        totals: dict[tuple[str, str], float] = {}
        for name, (n,) in counts.items():
            phase, label, _ = parts(name)
            totals[phase, label] = totals.get((phase, label), 0) + n
        rows = []
        for name, (n,) in counts.items():
            phase, label, response = parts(name)
            if n:
                total = totals[phase, label]
                low, high = wilson(n, total)
                rows.append((phase, label, response, int(n), n / total, float(low), float(high)))
        rows.sort(key=lambda row: (ORDER.index(row[0]), row[1], row[2]))
        columns = ["phase", "label", "response", "answers", "share", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.category_learning.charts import confusion

        return confusion(frame, sorted(content.labels))


class TestScores(Figure):
    """Histogram of the sessions' scores in the test."""

    __test__ = False  # for pytest: not a class of tests

    name = "test-scores"
    title = "Scores of the test"
    reading = (
        "Each bar is the number of sessions with this number of right answers in the test. "
        "The dashed line is the expectation for guessing."
    )

    def count(self, facts: SessionFacts) -> Counts:
        test = [bool(t["correct"]) for t in facts.counted if t["phase"] == "test"]
        return {key(sum(test), len(test)): [1]} if test else {}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        from diptych.figures.shares import binomial

        found = {tuple(parts(name)): n for name, (n,) in counts.items() if n}
        rows = []
        for of in sorted({of for _, of in found}):
            sessions = sum(n for (_, o), n in found.items() if o == of)
            guessed = binomial(of, 1 / max(len(content.labels), 1))
            rows += [
                (right, of, right / of, int(found.get((right, of), 0)), sessions * guessed[right])
                for right in range(of + 1)
            ]
        columns = ["right", "of", "share", "sessions", "expected_by_guessing"]
        return pd.DataFrame(rows, columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.category_learning.charts import test_scores

        return test_scores(frame, 1 / max(len(content.labels), 1))
