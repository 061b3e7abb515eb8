"""Alerts to researchers: what is worth one, whether it was sent, and how it is sent."""
