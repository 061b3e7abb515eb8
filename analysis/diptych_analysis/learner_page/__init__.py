"""One page about learners: what each knows over time, and what they do not see."""
