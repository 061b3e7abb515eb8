"""Faults of data and requests, and how commands show them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


class AnalysisFault(ValueError):
    """Data or a request that can't be used: names what, where, and what is allowed."""


@contextmanager
def fault_lines(stopped: str | None = None) -> Iterator[None]:
    """Show a fault as one line on the terminal, and no traceback.

    Parameters
    ----------
    stopped : str, optional
        What to say when Ctrl-C stops the command, which then exits with status 130.
    """
    try:
        yield
    except AnalysisFault as fault:
        raise click.ClickException(str(fault)) from fault
    except KeyboardInterrupt:
        if stopped is None:
            raise
        click.echo(f"\nStopped. {stopped}", err=True)
        raise SystemExit(130) from None
