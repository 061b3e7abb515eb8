"""Tiny worlds in which the truth is known: scenes, captions, masks and models trained on them."""
