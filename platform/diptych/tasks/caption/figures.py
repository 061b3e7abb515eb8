"""The figure of the caption task: which words are named how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.study.content import StudyContent
from diptych_analysis.tables.schema import LIST_SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts

COLUMNS = ["word", "answers", "share"]
#: Words of a sentence that are counted: short ones say little.
SHORTEST = 3
_TOTAL = "\0"


class NamedWords(Figure):
    """How many captions name each word."""

    name = "named-words"
    title = "Words of captions"
    reading = (
        "Each bar is the share of test captions that hold a word: of ticked words all, of "
        "sentences those of three letters or more."
    )

    def count(self, facts: SessionFacts) -> Counts:
        found = []
        for trial in facts.counted:
            if trial["phase"] == "test" and trial.get("response"):
                words = words_of(trial.get("words"), trial.get("caption"))
                found.append({key(_TOTAL): [1], **{key(word): [1] for word in words}})
        return added(*found)

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        import pandas as pd

        named = {parts(name)[0]: int(n) for name, (n,) in counts.items()}
        total = named.pop(_TOTAL, 0)
        rows = [(word, n, n / total) for word, n in named.items() if n and total]
        rows.sort(key=lambda row: (-row[1], row[0]))
        return pd.DataFrame(rows, columns=COLUMNS)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        from diptych.tasks.caption.charts import named_words

        return named_words(frame)


def words_of(ticked: Any, caption: Any) -> set[str]:
    """Return the different words of an answer: those ticked, or those of a sentence.

    Tables hold ticked words in one cell.
    """
    if isinstance(ticked, str) and ticked:
        return set(ticked.split(LIST_SEPARATOR))
    if isinstance(ticked, list | tuple) and ticked:
        return set(ticked)
    if not isinstance(caption, str):
        return set()
    plain = "".join(letter if letter.isalnum() else " " for letter in caption.casefold())
    return {word for word in plain.split() if len(word) >= SHORTEST}
