"""From the database to the tidy tables, as files or as a stream."""
