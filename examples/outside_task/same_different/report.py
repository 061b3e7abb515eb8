"""The section of `diptych report` about this task."""

from diptych_analysis.intervals import wilson


def section(page, trials, everybody, tables):
    """Add the share of right answers to a page."""
    right, n = int(trials["correct"].sum()), len(trials)
    low, high = wilson(right, n)
    page.add("<h3>Same or different</h3>")
    page.add(
        f"<p>{right / n:.1%} of {n:,} answers are right (95 % Wilson interval {low:.1%} to "
        f"{high:.1%}; chance is 50 %).</p>"
    )
