"""What the dashboard reads: studies, versions, checklist, live view, quality, ledger."""
