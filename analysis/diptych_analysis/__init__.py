"""Offline analysis of the tidy tables: tracing models, machine scores, and their agreement.

Never imports `diptych` or Flask: everything here starts from the tables (`tables.py`).
"""
