"""
Planning a study's size
=======================

How many responses per unit does a comparison of people and machines need? The noise of HIS limits
the correlation that any machine score can have with it.
"""

# %%
# A pilot: the shares of right responses that 40 units may have.
import altair as alt
import numpy as np

import diptych_analysis as da

pilot = np.random.default_rng(3).beta(9, 3, 40)

# %%
# Responses per unit for a ceiling of 0.9 and of 0.95:
[(wanted, da.answers_needed(pilot, wanted)) for wanted in (0.9, 0.95)]

# %%
# The ceiling for other numbers: its expectation, and the middle 95 % of simulated studies.
plan = da.planning(pilot, [5, 10, 20, 30, 60, 120])
plan.round(3)

# %%
x = alt.X("n:Q", title="responses per unit", scale=alt.Scale(type="log"))
base = alt.Chart(plan)
band = base.mark_area(opacity=0.25).encode(
    x=x, y=alt.Y("low:Q", title="largest correlation", scale=alt.Scale(zero=False)), y2="high:Q"
)
line = base.mark_line(point=True).encode(x=x, y="mean:Q")
da.plot.Figure((band + line).properties(width=380, height=240))

# %%
# Participants for a ceiling of 0.9, if each responds to 20 of the 40 units. Excluded participants
# come on top.
units, each = len(pilot), 20
units * da.answers_needed(pilot, 0.9) / each
