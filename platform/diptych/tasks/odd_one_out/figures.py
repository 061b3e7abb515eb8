"""Figures of the odd-one-out task: choices of each item, right answers, places on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.right_answers import SHARES, SharesOfRightAnswers, cells_of
from diptych.figures.shares import of_session
from diptych.study.content import StudyContent
from diptych_analysis.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts


class Choices(Figure):
    """Which image of each item participants choose."""

    name = "odd-choices"
    title = "Choices per item"
    reading = (
        "Each bar is one item: its parts are the shares of answers for each image, the most "
        "frequent choice first. The longer the first part, the more participants agree."
    )

    def count(self, facts: SessionFacts) -> Counts:
        return added(
            *(
                {key(t["item_id"], t["chosen"]): [1]}
                for t in facts.counted
                if t["phase"] == "test" and t.get("chosen")
            )
        )

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        files = {stimulus.stimulus_id: stimulus.file for stimulus in reversed(content.stimuli)}
        by_item: dict[str, list[tuple[int, str]]] = {}
        for name, (n,) in counts.items():
            item, chosen = parts(name)
            if n:
                by_item.setdefault(item, []).append((int(n), files.get(chosen, chosen)))
        rows = []
        for item, found in by_item.items():
            total = sum(n for n, _ in found)
            ordered = sorted(found, key=lambda choice: (-choice[0], choice[1]))
            for rank, (n, file) in enumerate(ordered, 1):
                low, high = wilson(n, total)
                rows.append((item, rank, file, n, n / total, float(low), float(high)))
        agreed = {row[0]: row[4] for row in rows if row[1] == 1}
        rows.sort(key=lambda row: (-agreed[row[0]], row[0], row[1]))
        columns = ["item", "rank", "image", "answers", "share", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.odd_one_out.charts import choices

        return choices(frame)


class RightAnswers(SharesOfRightAnswers):
    """How often the odd image is found, for items that have a right answer."""

    name = "odd-right"


class Places(Figure):
    """Whether one place on the page is chosen more often than another."""

    name = "odd-places"
    title = "Places on the page"
    reading = (
        "Each point is the share of answers for one place, from the first to the last image, with "
        "its 95 % interval over sessions; without a preference all lie on the dashed line."
    )

    def count(self, facts: SessionFacts) -> Counts:
        chosen = [t["response"] for t in facts.counted if t.get("response")]
        if not chosen:
            return {}
        places = [str(number + 1) for number in range(images_of(facts.content))]
        return {key(place): of_session([one == place for one in chosen]) for place in places}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        rows = [
            (*parts(name), *cells_of(numbers)) for name, numbers in counts.items() if numbers[1]
        ]
        rows.sort(key=lambda row: int(row[0]))
        return pd.DataFrame(rows, columns=["place", *SHARES])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.figures.share_charts import shares

        data = frame.assign(name="place " + frame["place"], by="place")
        return shares(data, "share of answers", 1 / images_of(content))


def images_of(content: StudyContent) -> int:
    """Return how many images a trial of the study shows: the same number for every item."""
    return max(len(item.stimuli["images"]) for item in content.items.values())
