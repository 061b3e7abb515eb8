"""Visual knowledge tracing: what does a learner know, and what will they answer next?

The reference implementation of Kondapaneni, Perona and Mac Aodha, Visual Knowledge Tracing
(ECCV 2022), on the tidy tables: sequences, splits by learner, the family of models, training,
evaluation, figures. Importing this package loads no torch.
"""
