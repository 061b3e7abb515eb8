"""Compare two representations of the same items: what is close in one and not in the other.

A representation is any table with one row per item: the activations of a network's layer, numbers
from a file, the traced states of learners, or an embedding of people's judgements.
"""
