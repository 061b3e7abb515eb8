"""One HTML page about exported data sets: its frame (`page`), its figures, and what writes it."""
