"""What researchers see of participants: the table of sessions, and one session whole."""
