"""Visual knowledge tracing: what a learner knows, and what they will answer next.

The reference implementation of Kondapaneni, Perona and Mac Aodha, Visual Knowledge Tracing
(ECCV 2022), on the tidy tables: sequences, splits by learner, the family of models, training,
evaluation, figures. Importing this package loads no torch.
"""
