"""The columns of the tidy tables: a file for each group of tables."""
