"""Decisions about sessions, the ledger, and what is sent to a recruiter's platform."""
