"""
People against machines
=======================

Do people find the units interpretable that a machine finds interpretable? Correlate the share of
right responses per unit (HIS) with the machine's score (MIS), and see how far noise lets any score
go. People here are simulated: the truth of each unit is known.
"""

# %%
# 60 units: the machine's score is a noisy view of how interpretable each unit is, and 30 simulated
# participants respond to each.
import altair as alt
import numpy as np
import pandas as pd

import diptych_analysis as da

rng = np.random.default_rng(2)
truth = rng.beta(8, 3, 60)
machine = np.clip(truth + rng.normal(0, 0.06, 60), 0, 1)
people = rng.binomial(30, truth) / 30

# %%
found = da.correlate(machine, people)
found

# %%
# Even a perfect score would not correlate perfectly with 30 responses per unit.
ceiling = da.noise_ceiling(people, 30)
round(ceiling.mean, 3), round(ceiling.low, 3), round(ceiling.high, 3)

# %%
# Altair draws any other figure; ``Figure`` writes it for a paper.
data = pd.DataFrame({"MIS": machine, "HIS": people})
points = alt.Chart(data).mark_circle(size=60).encode(
    x=alt.X("MIS", scale=alt.Scale(zero=False), title="machine (MIS)"),
    y=alt.Y("HIS", scale=alt.Scale(zero=False), title="simulated people (HIS)"),
)  # fmt: skip
da.plot.Figure(points.properties(width=320, height=280))
