"""AWS credentials for the local Mechanical Turk, and none from the machine that runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

GIVEN = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret of the test"}


def environment(nothing: Path) -> dict[str, str]:
    """Variables for a process of its own; `nothing` is an empty folder."""
    return {
        **GIVEN,
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing / "credentials"),
        "AWS_CONFIG_FILE": str(nothing / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def use(monkeypatch: pytest.MonkeyPatch, nothing: Path) -> None:
    """The same for this process, until the test ends."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(nothing).items():
        monkeypatch.setenv(name, value)
