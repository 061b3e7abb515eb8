"""What is computed from embeddings and counts, one analysis per file."""
