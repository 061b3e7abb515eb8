"""Whether an installation is as it should be: for `/readyz` and `diptych doctor`.

Every check answers with a `Finding`: what was looked at, how it is, and what to do about it.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, select

from diptych import migrate
from diptych.alerts.channels import mail_fault
from diptych.domain.tables import STUDIES, USERS
from diptych.findings import Finding
from diptych.ground import clocks
from diptych.ground.settings import Settings
from diptych.reachability import reachable

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEAST_FREE_MB = 500
LEAST_SECRET = 32
LEAST_WORKERS = 2
MOST_HOURS = 48
MAIL_TIMEOUT_S = 5.0
_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes one"
_APART_S = 2.0


def is_public(settings: Settings) -> bool:
    """Say whether people from outside reach the host: its address is not this machine's own."""
    return (urlsplit(settings.base_url).hostname or "") not in LOOPBACK


def secret_fault(settings: Settings) -> str | None:
    """Say why a secret is not good enough for a host that people from outside reach."""
    if not is_public(settings):
        return None
    # On one machine with SQLite it is made at random, and kept beside the database.
    if not settings.secret_key and not settings.sqlalchemy_url.startswith("sqlite"):
        return (
            "DIPTYCH_SECRET_KEY is empty, and with PostgreSQL every host needs the same one: "
            f"{_MAKE_ONE}"
        )
    for name in ("secret_key", "identity_key", "metrics_token"):
        given = getattr(settings, name)
        if given and (len(given) < LEAST_SECRET or len(set(given)) < 10):
            return (
                f"DIPTYCH_{name.upper()} is too weak: at least {LEAST_SECRET} random characters; "
                f"{_MAKE_ONE}"
            )
    return None


def readiness(engine: Engine, settings: Settings) -> list[Finding]:
    """Check what a host needs before participants come: database, tables, room on the disk."""
    return [database(engine), tables(engine, settings), disk(settings)]


def examine(engine: Engine, settings: Settings, static: Path) -> Iterator[Finding]:
    """Run every check, one after the other."""
    yield address(settings)
    if is_public(settings):
        yield reachable(settings)
    yield secret(settings)
    yield proxies(settings)
    yield database(engine)
    yield tables(engine, settings)
    yield connections(engine, settings)
    yield clock(engine)
    yield disk(settings)
    yield bundle(static)
    yield studies(engine, settings)
    yield accounts(engine)
    yield mail(settings)
    yield dump_program(engine) or backups(settings)


def database(engine: Engine) -> Finding:
    """Check that the database answers, and keeps what it says it keeps."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                version = connection.exec_driver_sql("SHOW server_version").scalar_one()
                for name in ("fsync", "synchronous_commit", "full_page_writes"):
                    value = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                    if value == "off":
                        return Finding(
                            "database",
                            "fault",
                            f"PostgreSQL {version} has {name} = off",
                            f"Set {name} = on. Otherwise a power failure can lose answers "
                            "that the host confirmed.",
                        )
                return Finding("database", "ok", f"PostgreSQL {version}")
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    except Exception as fault:
        reason = str(getattr(fault, "orig", fault)).strip().splitlines()
        return Finding(
            "database",
            "fault",
            f"does not answer: {reason[0] if reason else type(fault).__name__}",
            "Start the database, or correct DIPTYCH_DATABASE_URL.",
        )
    if mode != "wal":
        return Finding(
            "database",
            "fault",
            f"SQLite uses the mode {mode} instead of WAL",
            "Move DIPTYCH_HOME to a local disk: network file systems do not lock files reliably.",
        )
    return Finding("database", "ok", "SQLite in WAL mode")


def _quietly(check: Callable[[], Finding], subject: str) -> Finding:
    """Run a check that needs the database; say so shortly where there is none."""
    try:
        return check()
    except Exception:
        return Finding(subject, "fault", "could not be checked", "Fix the database first.")


def tables(engine: Engine, settings: Settings) -> Finding:
    """Check that the tables are those of this version."""

    def check() -> Finding:
        current, head = migrate.revisions(engine, settings.sqlalchemy_url)
        if current == head:
            return Finding("tables", "ok", f"at revision {head}")
        if current is None:
            return Finding(
                "tables",
                "fault",
                "none yet",
                "`diptych serve` or `diptych db upgrade` makes them.",
            )
        return Finding(
            "tables",
            "fault",
            f"at revision {current}, but this version needs {head}",
            "Run `diptych backup`, then `diptych db upgrade`.",
        )

    return _quietly(check, "tables")


def connections(engine: Engine, settings: Settings) -> Finding:
    """Check that the database admits as many connections as the hosts' workers may open."""

    def check() -> Finding:
        if engine.dialect.name == "sqlite":
            return Finding("connections", "ok", "SQLite has no limit")
        with engine.connect() as connection:
            allowed, reserved = (
                int(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
                for name in ("max_connections", "superuser_reserved_connections")
            )
        # As `database.engine_options` sets it: the pool, and as many again for a moment.
        most = 2 * settings.pool_size
        room = (allowed - reserved) // most
        text = (
            f"{allowed} allowed: enough for {room} workers of all hosts together, with at most "
            f"{most} per worker"
        )
        if room >= LEAST_WORKERS:
            return Finding("connections", "ok", text)
        return Finding(
            "connections",
            "warning",
            text,
            "Raise max_connections of PostgreSQL, or lower DIPTYCH_POOL_SIZE.",
        )

    return _quietly(check, "connections")


def clock(engine: Engine) -> Finding:
    """Check that this machine's clock agrees with the database's: both write times into tables."""

    def check() -> Finding:
        if engine.dialect.name == "sqlite":
            return Finding("clock", "ok", "one machine, one clock")
        apart = clocks.apart_s(engine)
        if apart < _APART_S:
            return Finding("clock", "ok", f"{apart * 1000:.0f} ms away from the database's clock")
        return Finding(
            "clock",
            "warning",
            f"{apart:.0f} s away from the database's clock",
            "Synchronise both machines with a time server (chrony, systemd-timesyncd).",
        )

    return _quietly(check, "clock")


def disk(settings: Settings) -> Finding:
    """Check that the host can write: there is room on the disk."""
    folder = settings.home
    while not folder.exists():
        folder = folder.parent.resolve() if folder.parent == folder else folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < LEAST_FREE_MB:
        return Finding(
            "disk",
            "fault",
            f"{free:,} MB free at {settings.home}",
            f"Free some space: the host needs at least {LEAST_FREE_MB} MB.",
        )
    return Finding("disk", "ok", f"{free:,} MB free at {settings.home}")


def address(settings: Settings) -> Finding:
    """Check that participants get an address that works for them, over HTTPS."""
    if not is_public(settings):
        return Finding(
            "address",
            "warning",
            f"{settings.base_url} works only on this machine",
            "Set DIPTYCH_BASE_URL to the address that participants use.",
        )
    if not settings.base_url.startswith("https://"):
        return Finding(
            "address",
            "fault",
            f"{settings.base_url} is not encrypted",
            "Serve it over HTTPS with nginx or another proxy. MTurk requires HTTPS.",
        )
    return Finding("address", "ok", settings.base_url)


def secret(settings: Settings) -> Finding:
    """Check that the signing secret is strong, and that only the host can read it."""
    fault = secret_fault(settings)
    if fault:
        return Finding("secret", "fault", "missing or weak", fault)
    if settings.secret_key:
        return Finding("secret", "ok", "from the environment")
    path = settings.home / "secret.key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding(
            "secret", "fault", f"other users can read {path}", f"Run `chmod 600 {path}`."
        )
    return Finding(
        "secret",
        "ok",
        f"{path}, made by the host; keep a copy, but not in the folder of the back-ups",
    )


def proxies(settings: Settings) -> Finding:
    """Check that the host knows of a proxy before it."""
    if is_public(settings) and not settings.proxy_hops:
        return Finding(
            "proxies",
            "warning",
            "DIPTYCH_PROXY_HOPS says that no proxy is in front of the host",
            "If nginx or a load balancer is in front of the host, set DIPTYCH_PROXY_HOPS to "
            "the number of proxies.",
        )
    return Finding("proxies", "ok", f"{settings.proxy_hops} in front of the host")


def bundle(static: Path) -> Finding:
    """Check that the participant's page was bundled."""
    if (static / "dist" / ".vite" / "manifest.json").exists():
        return Finding("pages", "ok", "bundled")
    return Finding(
        "pages", "fault", "the participant's page is not bundled", "Run `make frontend`."
    )


def studies(engine: Engine, settings: Settings) -> Finding:
    """Check that some study is open."""

    def check() -> Finding:
        with engine.connect() as connection:
            states = list(connection.execute(select(STUDIES.c.state)).scalars())
        if "open" in states:
            return Finding("studies", "ok", f"{states.count('open')} open of {len(states)}")
        return Finding(
            "studies",
            "warning",
            "no study is open",
            f"Open one of {settings.studies} with `diptych study open NAME`.",
        )

    return _quietly(check, "studies")


def accounts(engine: Engine) -> Finding:
    """Check that a person can log in."""

    def check() -> Finding:
        with engine.connect() as connection:
            admins = connection.execute(
                select(USERS.c.id).where(
                    USERS.c.is_admin,
                    USERS.c.password_hash.is_not(None),
                    USERS.c.disabled_at.is_(None),
                )
            ).all()
        if admins:
            return Finding(
                "accounts", "ok", f"{len(admins)} administrator{'' if len(admins) == 1 else 's'}"
            )
        return Finding(
            "accounts",
            "warning",
            "no account can log in to the dashboard",
            "Use the link that `diptych serve` prints, or run `diptych user add NAME --admin`.",
        )

    return _quietly(check, "accounts")


def mail(settings: Settings) -> Finding:
    """Check that the mail server would take an alert; sends none."""
    server, recipients = bool(settings.smtp_host), bool(settings.alert_recipients)
    if not server and not recipients:
        return Finding("e-mail", "ok", "no mail server: the host sends no alerts by e-mail")
    if not (server and recipients):
        missing = "DIPTYCH_ALERT_EMAILS" if server else "DIPTYCH_SMTP_HOST"
        return Finding("e-mail", "warning", f"no alerts: {missing} is empty", f"Set {missing}.")
    fault = mail_fault(settings, MAIL_TIMEOUT_S)
    if fault is not None:
        return Finding("e-mail", "warning", *fault)
    some = len(settings.alert_recipients)
    who = "1 recipient" if some == 1 else f"{some} recipients"
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    return Finding("e-mail", "ok", f"{where} accepts e-mails to {who}; nothing was sent")


def dump_program(engine: Engine) -> Finding | None:
    """Find what is wrong with `pg_dump`: an older one refuses a newer PostgreSQL."""
    program = shutil.which("pg_dump")
    if engine.dialect.name != "postgresql" or program is None:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+", told.stdout)
    try:
        with engine.connect() as connection:
            number = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    except Exception:
        return None  # the check of the database says so
    server = int(number) // 10_000
    if found is None or int(found[0]) >= server:
        return None
    return Finding(
        "back-ups",
        "warning",
        f"{program} belongs to PostgreSQL {found[0]}, which is too old for a database of "
        f"version {server}",
        f"`diptych backup` fails. Install the client programs of PostgreSQL {server} or newer.",
    )


def backups(settings: Settings) -> Finding:
    """Check that what back-ups need is installed, and that one was made not long ago."""
    missing = [name for name in ("pg_dump", "pg_restore") if shutil.which(name) is None]
    if missing and not settings.sqlalchemy_url.startswith("sqlite"):
        return Finding(
            "back-ups",
            "warning",
            f"{' and '.join(missing)} not found",
            "Install PostgreSQL's client programs, or make back-ups on another machine.",
        )
    made = [path.stat().st_mtime for path in (settings.home / "backups").glob("*.zip")]
    hours = (time.time() - max(made)) / 3600 if made else None
    if hours is not None and hours < MOST_HOURS:
        return Finding("back-ups", "ok", f"the last back-up is {hours:.0f} hours old")
    return Finding(
        "back-ups",
        "warning",
        f"no back-up in {settings.home / 'backups'}"
        if hours is None
        else f"the last back-up is {hours / 24:.0f} days old",
        "Run `diptych backup` every night with a timer (docs/deploy.md).",
    )
