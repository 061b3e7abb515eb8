"""The option `--column ROLE=NAME` of commands that read a table of trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

#: What a column of a table of trials can mean; `trial_table` says which types they have.
ROLES: Mapping[str, str] = {
    "participant": "who answered; without it, one participant",
    "condition": "condition",
    "test": "level of the test, a number",
    "reference": "level of the reference, a number",
    "answer": "the response",
    "label": "the right answer",
    "correct": "whether the response is right: true, false, 1 or 0",
    "rt": "response time in ms",
    "rt_s": "response time in s",
    "confidence": "confidence, a number",
}


def _columns(context: click.Context, option: click.Parameter, given: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        role, equals, name = (part.strip() for part in text.partition("="))
        if not equals or not name or role not in ROLES:
            raise click.BadParameter(
                f"{text!r}: expected ROLE=NAME; roles are {', '.join(ROLES)}", context, option
            )
        if role in found:
            raise click.BadParameter(f"{role} has two columns: {found[role]}, {name}", context)
        found[role] = name
    return found


column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME",
    callback=_columns,
    help="For a table of trials: which column is the participant, condition, test, reference, "
    "answer, label, correct, rt (ms), rt_s (s) or confidence. Use it once per column; a column "
    "with the name of its role needs none.",
)
