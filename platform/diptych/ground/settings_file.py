"""A new file of settings: `DIPTYCH_NAME='value'` lines, which systemd, compose and sh read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from diptych.ground.settings import Settings

#: How the connection to a mail server is encrypted, by the beginning of its address.
SECURITY = {"smtp": "starttls", "smtps": "tls", "plain": "none"}
_PORTS = {"smtp": "587", "smtps": "465", "plain": "25"}
HEAD = """\
# Settings of a Diptych host. Only the host and its administrators may read this file.
# Keep a copy of both keys apart from the back-ups; never change them while the host is in use.
"""


class SettingsFileFault(Exception):
    """A file of settings can't be written; the message says why, and what to do."""


def checked(**values: str) -> None:
    """Check values of `Settings`.

    Raises
    ------
    ValueError
        With what is allowed.
    """
    try:
        Settings.model_validate(values)
    except ValidationError as fault:
        message = str(fault.errors()[0]["msg"]).removeprefix("Value error, ")
        raise ValueError(message) from None


def mail_settings(address: str) -> dict[str, str]:
    """Read the address of a mail server, such as `smtp://USER@mail.example.org:587`.

    Parameters
    ----------
    address : str
        `smtp://` stands for STARTTLS, `smtps://` for TLS from the start, `plain://` for no
        encryption. User name and port are optional.

    Returns
    -------
    dict of str
        Fields of `Settings`; without a user none for it. Empty for an empty address.

    Raises
    ------
    ValueError
        When it is no such address, or holds a password.
    """
    if not address:
        return {}
    scheme, mark, rest = address.partition("://")
    if not mark:
        scheme, rest = "smtp", address
    if scheme not in SECURITY:
        raise ValueError(f"{scheme}:// is unknown; allowed are smtp://, smtps:// and plain://")
    user, _, place = rest.rpartition("@")
    if ":" in user:
        raise ValueError("a password does not belong into the address; it is asked for apart")
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, str(parts.port or _PORTS[scheme])
    except ValueError:
        host, port = None, ""
    if not host or parts.path or parts.query or parts.fragment or any(c.isspace() for c in place):
        raise ValueError("expected NAME, NAME:PORT or smtp://USER@NAME:PORT")
    found = {"smtp_host": host, "smtp_port": port, "smtp_security": SECURITY[scheme]}
    checked(**found)
    return found | ({"smtp_user": user} if user else {})


def new_secret() -> str:
    """Make a secret of 64 letters, digits, - and _."""
    return secrets.token_urlsafe(48)


def text_of(settings: Mapping[str, str], others: Mapping[str, str] | None = None) -> str:
    """Write settings as the text of a file.

    Parameters
    ----------
    settings : mapping
        Fields of `Settings` and their values; empty values are left out.
    others : mapping, optional
        Further variables, by their whole names.

    Raises
    ------
    SettingsFileFault
        When a value cannot be written so that systemd, compose and sh read the same.
    """
    named = {f"DIPTYCH_{name.upper()}": value for name, value in settings.items()}
    lines = [HEAD]
    for name, value in (named | dict(others or {})).items():
        if "'" in value or "\\" in value or not value.isprintable():
            raise SettingsFileFault(
                f"{name} holds ', \\ or a line break, which systemd, compose and sh read "
                "differently; use another value"
            )
        if value:
            lines.append(f"{name}='{value}'\n")
    return "".join(lines)


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner can read: all of it, or nothing; never over another.

    Raises
    ------
    SettingsFileFault
        When a file of that name exists, or the folder cannot be written.
    """
    taken = SettingsFileFault(
        f"{path} exists already and was not changed; give another name with --to, or edit it"
    )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists():
            raise taken
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:  # since a moment ago
            raise taken from None
        finally:
            part.unlink()
    except OSError as fault:
        raise SettingsFileFault(f"{path} cannot be written: {fault.strerror}") from None
