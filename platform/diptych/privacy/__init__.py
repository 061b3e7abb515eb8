"""How long personal data are kept, and how they are deleted."""
