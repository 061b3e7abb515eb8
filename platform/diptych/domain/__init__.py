"""The words and tables that every part of the host shares."""
