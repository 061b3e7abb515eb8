"""`diptych alerts …`: try the channels, and list what researchers were told."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.table import Table

from diptych.cli import Commands
from diptych.cli.console import console
from diptych.cli.context import with_app


@click.group(cls=Commands)
def alerts() -> None:
    """Try the e-mail and webhook of alerts, and list the alerts."""


@alerts.command(short_help="Send a test by each channel of the settings.")
@with_app
def test() -> None:
    """Send a test message by e-mail and to the webhook, as far as the settings name them.

    Exits with 1 if a message was not sent.
    """
    from diptych.alerts.delivery import send_test
    from diptych.host import host

    results = list(send_test(host().settings))
    if not results:
        raise click.ClickException(
            "no channel is set: set DIPTYCH_SMTP_HOST and DIPTYCH_ALERT_EMAILS, or "
            "DIPTYCH_ALERT_WEBHOOK"
        )
    for channel, fault in results:
        click.echo(f"{channel}: {fault or 'sent'}")
    if any(fault for _, fault in results):
        raise SystemExit(1)


@alerts.command("list", short_help="List the alerts of all studies.")
@with_app
def list_() -> None:
    """List the alerts of all studies: since when, whether they were sent, and until when."""
    from sqlalchemy import select

    from diptych.domain.tables import ALERTS, STUDIES
    from diptych.ground.database import reading

    with reading() as connection:
        rows = connection.execute(
            select(ALERTS, STUDIES.c.name)
            .join(STUDIES, STUDIES.c.id == ALERTS.c.study_id)
            .order_by(ALERTS.c.since.desc())
        ).all()
    if not rows:
        console.print("No alerts.")
        return
    table = Table(box=None)
    for title in ("study", "alert", "since (UTC)", "mail", "webhook", "over", "message"):
        table.add_column(title, no_wrap=title != "message")
    for row in rows:
        since = datetime.fromtimestamp(row.since / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        sent = ("no" if at is None else "sent" for at in (row.mailed_at, row.posted_at))
        over = "no" if row.ended_at is None else "yes"
        table.add_row(row.name, row.kind, since, *sent, over, row.message)
    console.print(table)
