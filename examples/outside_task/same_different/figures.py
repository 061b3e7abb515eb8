"""A figure of the dashboard: how often participants say "same"."""

import altair as alt
import pandas as pd

from diptych.figures import Figure, added, key, parts
from diptych_analysis.intervals import wilson


class Shares(Figure):
    """How often participants say "same" to each kind of pair."""

    name = "same-different"
    title = "Answers by pair"
    reading = "Each bar is one kind of pair: the share of answers that say the two are the same."

    def count(self, facts):
        return added(
            *({key(row["label"]): [1, row["response"] == "same"]} for row in facts.counted)
        )

    def frame(self, counts, content):
        rows = []
        for name, (answers, same) in sorted(counts.items()):
            low, high = wilson(int(same), int(answers))
            rows.append((*parts(name), answers, same / answers, float(low), float(high)))
        return pd.DataFrame(rows, columns=["pair", "answers", "same", "low", "high"])

    def chart(self, frame, content):
        share = alt.X("same:Q", title='answers "same"', scale=alt.Scale(domain=[0, 1]))
        pair = alt.Y("pair:N", title=None)
        bars = alt.Chart(frame).mark_bar().encode(x=share, y=pair)
        return bars + alt.Chart(frame).mark_rule().encode(x="low:Q", x2="high:Q", y=pair)
