"""The figures of the machine-interpretability analyses, one question a file."""
