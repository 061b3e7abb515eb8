"""One session, read as one thing."""
