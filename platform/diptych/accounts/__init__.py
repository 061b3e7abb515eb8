"""Researchers' accounts: users, roles, log-ins, API tokens, and the audit log."""
