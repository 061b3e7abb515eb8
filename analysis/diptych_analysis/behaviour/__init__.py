"""Who agrees with whom, on which stimuli: people and machines that answer the same question.

A rater is a person, a simulated person or a machine. Each rater chose one of several categories for
each stimulus, or for some of them. `diptych agree` computes everything here and
docs/behaviour.md defines it, with equations and sources.
"""
