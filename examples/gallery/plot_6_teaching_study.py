"""
A teaching study
================

Does a policy that chooses what a learner sees teach better than a balanced order? Try it on
simulated learners before people take it. The learners here remember exemplars; so does the model
with which the policy traces them.
"""

# %%
# Two policies, ten simulated learners each: mean probability of a right answer about new images,
# after 10, 20 and 30 trials.
import altair as alt
import numpy as np
import pandas as pd

import diptych_analysis as da

cells = {
    "balanced": da.simulate_teaching("exemplar", "none", "balanced", 0, 10),
    "largest error": da.simulate_teaching("exemplar", "exemplar", "largest_error", 0, 10),
}
rows = [
    {"policy": name, "trials": 10 * (place + 1), "right": mean, "se": error}
    for name, cell in cells.items()
    for place, (mean, error) in enumerate(
        zip(cell.right.mean(0), cell.right.std(0, ddof=1) / np.sqrt(len(cell.right)), strict=True)
    )
]
table = pd.DataFrame(rows)
table.round(3)

# %%
table["low"], table["high"] = table["right"] - table["se"], table["right"] + table["se"]
base = alt.Chart(table).encode(x=alt.X("trials:O", axis=alt.Axis(labelAngle=0)), color="policy:N")
points = base.mark_line(point=True).encode(
    y=alt.Y("right:Q", title="right answers about new images", scale=alt.Scale(zero=False))
)
bars = base.mark_rule().encode(y="low:Q", y2="high:Q")
da.plot.Figure((points + bars).properties(width=320, height=240))

# %%
# The same seeds gave both policies the same learners, so the difference is paired. Ten learners are
# few: ``diptych teach`` runs more, and every combination.
difference = cells["largest error"].right[:, -1] - cells["balanced"].right[:, -1]
round(difference.mean(), 3), round(difference.std(ddof=1) / np.sqrt(len(difference)), 3)
