"""`diptych doctor`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from diptych.cli.json_output import emit, json_option

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "red")}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check this installation, and say what to fix.

    The checks cover settings, public address, secret, database, tables, connections, clock, disk,
    pages, studies, accounts, the mail server and back-ups. The command changes nothing and sends
    nothing. The exit code is 1 if a check fails; warnings do not count.
    """
    from diptych import installation
    from diptych.app import create_app
    from diptych.ground.database import db
    from diptych.ground.settings import Settings

    settings = Settings.from_environment()
    app = create_app(settings, checked=False)
    with app.app_context():
        findings = list(installation.examine(db.engine, settings, Path(str(app.static_folder))))
    if as_json:
        emit([asdict(finding) for finding in findings])
    else:
        table = Table(box=None, show_header=False, padding=(0, 1))
        for found in findings:
            mark, colour = _MARKS[found.grade]
            table.add_row(f"[{colour}]{mark}[/]", found.subject, found.text)
            if found.mend:
                table.add_row("", "", f"[dim]→ {found.mend}[/]")
        Console().print(table)
    sys.exit(any(found.grade == "fault" for found in findings))
