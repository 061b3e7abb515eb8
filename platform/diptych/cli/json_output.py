"""`--json`: what a command found, as JSON on standard output, for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON to standard output. Progress and messages go to standard error.",
)


def json_option(function: F) -> F:
    """Give a command the flag `--json`, as its keyword argument `as_json`.

    Where the command fails because of a study folder, the faults are printed as JSON too:
    `{"study", "valid": false, "faults": [{"file", "key", "found", "allowed"}]}`. The exit code and
    the message on standard error stay as they are without the flag.
    """

    @wraps(function)
    def run(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        try:
            return function(*args, as_json=as_json, **kwargs)
        except Exception as error:
            if as_json:
                _emit_faults(error)
            raise

    return _option(run)  # type: ignore[return-value]


def emit(value: Any) -> None:
    """Print a value as JSON to standard output.

    Parameters
    ----------
    value : object
        Anything that `json` can write.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Bytes: JSON is UTF-8, whatever encoding the terminal has. A file name that is no UTF-8 is
    # written with JSON's own escapes.
    click.echo(text.encode(errors="backslashreplace"))


def _emit_faults(error: Exception) -> None:
    # Imported only on failure, so that the help of a command stays quick.
    from diptych.study.faults import StudyFault

    if isinstance(error, StudyFault):
        faults = [asdict(fault) for fault in error.faults]
        emit({"study": error.study, "valid": False, "faults": faults})
