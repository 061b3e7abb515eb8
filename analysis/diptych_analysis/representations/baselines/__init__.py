"""Other ways to explain or measure what two representations share, for comparison with RDX."""
