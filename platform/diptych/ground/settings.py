"""Everything that is set from outside, in one class: each field is one environment variable."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

_LOOPBACK_ORIGIN = re.compile(
    r"https?://(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?"
)
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
#: What the paths of the host's own pages begin with: a proxy may cut the prefix off or leave it,
#: and both are told apart by how a path begins.
OWN_PATHS = frozenset(
    (
        "a",
        "api",
        "dashboard",
        "healthz",
        "hooks",
        "i",
        "metrics",
        "plugins",
        "readyz",
        "s",
        "static",
    )
)


class SettingsFault(Exception):
    """An environment variable has a value that Diptych can't use."""


class Settings(BaseModel):
    """Settings of one host; each field is read from the variable `DIPTYCH_<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        "",
        max_length=80,
        description="Name of this host, in the subjects of alerts. Empty: Diptych.",
    )
    home: Path = Field(Path("instance"), description="Folder for database, secret key and caches.")
    database_url: str = Field(
        "", description="SQLAlchemy URL. Empty: SQLite in `home`. `postgresql://…` for PostgreSQL."
    )
    secret_key: str = Field(
        "",
        description="Secret that signs tokens and keys. Empty: the host makes one and stores it in "
        "`home/secret.key`.",
    )
    identity_key: str = Field(
        "",
        repr=False,
        description="Secret that encrypts platform ids in the database. Empty: derived from the "
        "secret key. If you lose it, the ids cannot be read and you cannot pay "
        "anyone.",
    )
    studies: Path = Field(Path("studies"), description="Folder with the study folders.")
    base_url: str = Field(
        "http://127.0.0.1:8000",
        description="Public address of this host. It may end with a path: "
        "`https://lab.example.org/study`.",
    )
    prolific_token: str = Field(
        "",
        repr=False,
        description="Token of the Prolific API. The host uses it to check arrivals, to decide "
        "and to pay.",
    )
    prolific_token_file: Path | None = Field(
        None,
        description="File with the token of the Prolific API, readable only by the host. Use it "
        "instead of the variable.",
    )
    prolific_api: str = Field(
        "https://api.prolific.com/api/v1", description="Base address of the Prolific API."
    )
    prolific_webhook_secret: str = Field(
        "",
        repr=False,
        description="Secret of Prolific's webhooks (/hooks/prolific). Empty: the host ignores "
        "webhooks.",
    )
    payment_grace_minutes: float = Field(
        60,
        ge=0,
        description="Minutes before an order in doubt that the platform does not show counts as "
        "failed.",
    )
    mturk_sandbox: bool = Field(
        True,
        description="Whether HITs and payments go to MTurk's sandbox, which uses no real money.",
    )
    mturk_endpoint: str = Field(
        "", description="Another address for MTurk's API, for tests with a local server."
    )
    mturk_region: str = Field(
        "us-east-1", description="AWS region of MTurk. MTurk has only this one."
    )
    smtp_host: str = Field(
        "", description="Mail server for alerts ([how](alerts.md)). Empty: no e-mail."
    )
    smtp_port: int = Field(587, ge=1, le=65_535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is encrypted."
    )
    smtp_user: str = Field("", description="User name at the mail server. Empty: no log-in.")
    smtp_password: str = Field("", repr=False, description="Password at the mail server.")
    smtp_from: str = Field(
        "", description="Sender of the e-mails. Empty: the first address of the recipients."
    )
    alert_emails: str = Field(
        "", description="Recipients of alerts, separated by commas. Empty: no e-mail."
    )
    alert_webhook: str = Field(
        "", repr=False, description="Address that alerts are posted to. Empty: none."
    )
    alert_webhook_format: Literal["json", "slack", "teams", "ntfy"] = Field(
        "json", description="Format of the posts: that of Slack, Teams or ntfy, or plain JSON."
    )
    alert_quiet_hours: float = Field(
        24,
        ge=0,
        le=8_760,
        description="Hours without a new participant after which an open study with free places "
        "gets an alert. 0: no such alert.",
    )
    alert_dropout_percent: float = Field(
        40,
        gt=0,
        le=100,
        description="Share of the last 20 participants (at least 10) who left before the end, in "
        "percent, from which on a study gets an alert. 100: no such alert.",
    )
    mturk_extra_origins: str = Field(
        "",
        description="More origins, separated by commas, that may show the study in a frame and "
        "receive its form, as MTurk does. For tests: only loopback addresses.",
    )
    pay_floor: float = Field(
        0,
        ge=0,
        description="Smallest pay per hour, in the study's currency, that the checklist accepts. "
        "0: Prolific's minimum and recommended pay, for GBP and USD.",
    )
    log: Literal["text", "json", "quiet"] = Field(
        "quiet",
        description="One line per request on standard error, for people (`text`) or programs "
        "(`json`). `quiet`: only errors. No line contains an id of a person.",
    )
    metrics_token: str = Field(
        "",
        repr=False,
        description="Bearer token for `/metrics` (Prometheus). Empty: no such page.",
    )
    proxy_hops: int = Field(
        0, ge=0, le=5, description="Number of proxies in front of the host (X-Forwarded-*)."
    )
    token_days: float = Field(
        30, gt=0, description="Days after which a participant's token ends, in every study."
    )
    limit_requests: int = Field(
        3000,
        ge=0,
        description="Requests per minute that a worker process accepts from one session. 0: no "
        "limit.",
    )
    limit_entries: int = Field(
        1500,
        ge=0,
        description="Entries per minute that a worker process accepts from one address. A whole "
        "campus can share an address. Entries with a key of the study (simulated, "
        "previews) do not count. 0: no limit.",
    )
    limit_guesses: int = Field(
        120,
        ge=0,
        description="Wrong tokens and keys per minute that a worker process accepts from one "
        "address. 0: no limit. Passwords have a separate limit, in the database.",
    )
    new_studies: Literal["users", "admins"] = Field(
        "users",
        description="Who makes studies on the dashboard: every account (`users`), or only "
        "administrators (`admins`).",
    )
    upload_megabytes: int = Field(
        1000,
        ge=1,
        description="Largest upload on the dashboard, in MB: the images that are added at once, or "
        "a zip file and what is in it.",
    )
    pool_size: int = Field(10, ge=1, description="Database connections per worker process.")
    prepared_statements: bool = Field(
        True,
        description="Whether PostgreSQL keeps prepared statements for each connection. `false` "
        "behind PgBouncer in transaction mode.",
    )

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        value = value.rstrip("/")
        try:
            parts = urlsplit(value)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not _ADDRESS.fullmatch(value):
            raise ValueError(
                "must start with http:// or https:// and a name; a port and a path of "
                "letters, digits and . _ ~ - may follow, but no ? or #; for example "
                "https://lab.example.org/study"
            )
        first = parts.path.split("/")[1] if parts.path else ""
        if first in OWN_PATHS:
            raise ValueError(
                f"the path cannot start with /{first}, which Diptych uses for its own pages; "
                "choose another path, such as /study"
            )
        return value

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of printable characters")
        return value

    @field_validator("alert_webhook")
    @classmethod
    def _is_a_web_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value

    @field_validator("mturk_extra_origins")
    @classmethod
    def _only_loopback(cls, value: str) -> str:
        for origin in filter(None, (part.strip() for part in value.split(","))):
            # To the letter: what stands here becomes a part of the Content-Security-Policy.
            if not _LOOPBACK_ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin on this machine; only loopback origins such "
                    "as http://localhost:8001 are allowed, for tests"
                )
        return value

    @property
    def prefix(self) -> str:
        """The path of `base_url`, which every address of this host begins with; `""` for none."""
        return _path_of(self.base_url)

    @property
    def upload_bytes(self) -> int:
        """Largest upload on the dashboard, in bytes."""
        return self.upload_megabytes * 1_000_000

    @property
    def mturk_origins(self) -> tuple[str, ...]:
        """The further origins of local trials."""
        parts = (part.strip() for part in self.mturk_extra_origins.split(","))
        return tuple(part for part in parts if part)

    @property
    def alert_recipients(self) -> tuple[str, ...]:
        """The addresses that alerts are sent to."""
        parts = (part.strip() for part in self.alert_emails.split(","))
        return tuple(part for part in parts if part)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises
        ------
        SettingsFault
            Naming every variable that can't be used and what is allowed.
        """
        given = {
            name: environ[f"DIPTYCH_{name.upper()}"]
            for name in cls.model_fields
            if environ.get(f"DIPTYCH_{name.upper()}")
        }
        try:
            return cls.model_validate(given)
        except ValidationError as fault:
            lines = [
                f"DIPTYCH_{str(e['loc'][0]).upper()} is {e['input']!r}: {e['msg']}"
                for e in fault.errors()
            ]
            raise SettingsFault("\n".join(lines)) from None

    def prolific_secret(self) -> str:
        """Read the token of the Prolific API, each time from its file; empty where none is set.

        Raises
        ------
        SettingsFault
            When the file can't be read or is empty.
        """
        if self.prolific_token or self.prolific_token_file is None:
            return self.prolific_token
        try:
            token = self.prolific_token_file.read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise SettingsFault(
                f"DIPTYCH_PROLIFIC_TOKEN_FILE cannot be read ({fault.strerror}): check the "
                "path and its permissions"
            ) from None
        if not token:
            raise SettingsFault(
                "DIPTYCH_PROLIFIC_TOKEN_FILE names an empty file: write the token of the "
                "Prolific API into it"
            )
        return token

    @property
    def sqlalchemy_url(self) -> str:
        """The database URL with its driver named (psycopg 3 for PostgreSQL)."""
        if not self.database_url:
            return f"sqlite:///{(self.home / 'diptych.sqlite3').resolve()}"
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    def key_of_identities(self) -> bytes:
        """Return the secret that platform ids are sealed with."""
        return self.identity_key.encode() if self.identity_key else self.secret()

    def secret(self) -> bytes:
        """Return the signing secret; without one, make a file that only the owner can read."""
        if self.secret_key:
            return self.secret_key.encode()
        path = self.home / "secret.key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return path.read_bytes()
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_bytes()


@lru_cache(maxsize=16)  # it is asked for with the address of every image
def _path_of(base_url: str) -> str:
    return urlsplit(base_url).path.rstrip("/")
