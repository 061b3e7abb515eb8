"""Progress bars of long commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


def progress_bars(
    console: Any = None, *, elapsed: bool = False, remaining: bool = False
) -> Progress:
    """Make progress bars that disappear at the end: a description, a bar and a count.

    Parameters
    ----------
    console : rich.console.Console or None
        Where they are shown; None: standard error.
    elapsed, remaining : bool
        Whether to show the time so far, and the time left.

    Returns
    -------
    Progress
        A context manager: the bars run inside its block.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn] = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    ]
    if elapsed:
        columns.append(TimeElapsedColumn())
    if remaining:
        columns.append(TimeRemainingColumn())
    return Progress(*columns, console=console or Console(stderr=True), transient=True)
